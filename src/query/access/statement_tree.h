#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/connection.h"

namespace tarn::query {

/// What a user's statement may name besides its own common table expressions.
struct AllowedNames {
  /// Relations by schema and name; an empty schema is none written. In lower case.
  std::set<std::pair<std::string, std::string>> relations = {};
  /// Functions besides those of allowed_functions.h, in lower case: what a protocol's layer defines itself.
  std::set<std::string, std::less<>> functions = {};
  /// Where those are; the search path must lead there first.
  std::string function_schema = "tarn_pg";
};

/// Checks one statement of rows (SELECT, VALUES, FROM, DESCRIBE, SUMMARIZE, PIVOT) as the engine itself
/// parsed it: each node, expression, relation and function must be one that is known and allowed, and all
/// else is refused, so that what a later version of the engine adds is refused too. Errors: sql.not_allowed,
/// sql.unknown_table (for what may not be named just as for what does not exist), sql.syntax, with their
/// place in `sql`.
Status check_tree(engine::Connection& connection, std::string_view sql, const AllowedNames& allowed);

}  // namespace tarn::query
