#pragma once

#include <vector>

#include "base/error.h"
#include "engine/connection.h"
#include "query/access/principal.h"

namespace tarn::query {

/// What is wrong with a policy that the project's own checks cannot tell: row filters that are not one
/// condition, and attributes that users of a role do not have. Errors have the place of the filter.
std::vector<Error> check_policy(std::shared_ptr<const AccessPolicy> policy, engine::Connection& connection);

}  // namespace tarn::query
