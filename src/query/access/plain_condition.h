#pragma once

#include <string_view>

namespace tarn::query {

/// Whether a condition surely cannot fail on any row: columns compared with texts (`a = 'x'`, `a IN ('x',
/// 'y')`, `a BETWEEN 'x' AND 'y'`, `a IS NULL`), joined by AND, OR, NOT and parentheses. A text takes the
/// column's type when the statement is bound. All else may fail, such as a cast of a column.
bool is_plain_condition(std::string_view sql);

}  // namespace tarn::query
