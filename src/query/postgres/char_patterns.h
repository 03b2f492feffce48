#pragma once

#include <string>
#include <string_view>

namespace tarn::query::postgres {

/// `to_char`'s pattern for times as strftime()'s: "YYYY-MM-DD HH24:MI" is "%Y-%m-%d %H:%M".
std::string strftime_pattern(std::string_view pattern);
/// `to_char`'s pattern for numbers as format()'s: "FM999,990.00" is "{:,.2f}". Empty for other patterns.
std::string number_pattern(std::string_view pattern);

}  // namespace tarn::query::postgres
