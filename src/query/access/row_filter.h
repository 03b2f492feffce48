#pragma once

#include <string_view>

#include "base/result.h"
#include "engine/connection.h"
#include "iceberg/schema.h"
#include "query/access/principal.h"

namespace tarn::query {

/// That a filter is one condition over a table's own columns, with functions that users may call, and without
/// subqueries. Errors: access.bad_filter.
Status check_filter(engine::Connection& connection, std::string_view filter);

/// A SELECT of what a policy leaves of `rows`, a SELECT of a table's rows under the names of `schema`, which
/// may be a former one: rows first, then columns and masks. The policy is about the columns of `present`; a
/// column that is no more is not seen, and a renamed one has the rights of its present name. What a user's
/// own expressions are evaluated on has passed the policy, whatever the engine's optimizer does: see
/// engine::kBarrier.
std::string policy_sql(std::string_view rows, const iceberg::Schema& schema, const TablePolicy& policy,
                       const iceberg::Schema& present);

}  // namespace tarn::query
