#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::query {

/// What a session may do besides reading tables.
struct StatementRights {
  bool copy_to_files = false;      ///< COPY … TO 'file'.
  bool settings = false;           ///< SET, RESET, PRAGMA, CALL.
  bool temporary_objects = false;  ///< CREATE TEMP TABLE | VIEW | MACRO … and changes of those.
  bool writes = false;             ///< Changes of the lake's tables, as far as the user's roles allow them.
};

/// Looks at a statement's first words. Allowed to all: SELECT, WITH, FROM, VALUES, TABLE, DESCRIBE, SHOW,
/// SUMMARIZE, EXPLAIN, PREPARE, EXECUTE, DEALLOCATE, PIVOT, UNPIVOT, USE and transactions. `temporary` are
/// the session's own objects, in lower case. Errors: sql.read_only, sql.not_allowed, with their place in
/// `sql`.
Status check_statement(std::string_view sql, const StatementRights& rights,
                       const std::set<std::string>& temporary);

/// Whether a statement makes, changes or drops a temporary object of the session.
bool changes_temporary(std::string_view sql, const std::set<std::string>& temporary);

/// The name, in lower case, that CREATE TEMP … makes; empty for other statements.
std::string created_temporary(std::string_view sql);

}  // namespace tarn::query
