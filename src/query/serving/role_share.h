#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tarn::query {

/// How many statements of a role's users run at once.
struct RoleShare {
  std::string role;
  std::size_t limit = 1;
};

/// What roles leave to the statements of a user.
struct SessionLimits {
  std::vector<RoleShare> shares = {};     ///< Each of them holds.
  std::int64_t statement_timeout_ms = 0;  ///< 0: without end.

  /// The shorter one of this and another, either of which may be without end.
  std::int64_t timeout_with(std::int64_t other_ms) const {
    if (statement_timeout_ms == 0 || other_ms == 0) return statement_timeout_ms + other_ms;
    return statement_timeout_ms < other_ms ? statement_timeout_ms : other_ms;
  }
};

}  // namespace tarn::query
