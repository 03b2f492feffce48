#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "s3/location.h"

namespace tarn::s3 {

/// The IAM policy that narrows temporary credentials to what lies below `place`: reading, writing, removing
/// and listing there, and nothing else. `partition` is that of the ARNs: "aws", "aws-cn".
///
/// Errors: io.bad_location, of a whole bucket, and of keys with letters that policies take for patterns or
/// variables (`*`, `?`, `$`) or that are not plain ASCII.
Result<std::string> session_policy(const Place& place, std::string_view partition);

}  // namespace tarn::s3
