#pragma once

#include <string_view>

namespace tarn::query {

/// Whether users may call a function of the engine in an expression: a scalar one, an aggregate, a macro or
/// an operator. All overloads of a name are one. Case does not count, as in SQL.
bool is_allowed_function(std::string_view name);

/// Whether users may call it in FROM.
bool is_allowed_table_function(std::string_view name);

}  // namespace tarn::query
