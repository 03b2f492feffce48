#pragma once

#include <string_view>

namespace tarn::flight {

/// Whether a name fits a pattern of Flight SQL and JDBC: `%` stands for any characters, `_` for one of
/// UTF-8's, `\` before one of these for itself. Case counts.
bool matches_like(std::string_view pattern, std::string_view name);

}  // namespace tarn::flight
