#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "s3/location.h"

namespace tarn::s3 {

/// What temporary credentials are for.
enum class Reach : std::uint8_t { kRead, kWrite };

/// The IAM policy that narrows temporary credentials to what lies below `place`: reading and listing there,
/// for kWrite writing and removing, and nothing else. `partition` is that of the ARNs: "aws", "aws-cn".
///
/// Errors: io.bad_location, of a whole bucket, and of keys with letters that policies take for patterns or
/// variables (`*`, `?`, `$`) or that are not plain ASCII.
Result<std::string> session_policy(const Place& place, Reach reach, std::string_view partition);

}  // namespace tarn::s3
