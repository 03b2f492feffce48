#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::query {

/// What a user's statement is.
enum class ServedKind : std::uint8_t {
  kRows,             ///< Answers with rows: for check_tree().
  kUse,              ///< USE schema.
  kTransaction,      ///< BEGIN, COMMIT, ROLLBACK.
  kCreateTemporary,  ///< CREATE TEMP TABLE name AS rows.
  kDropTemporary,    ///< DROP TABLE of such a table.
};

struct ServedStatement {
  ServedKind kind = ServedKind::kRows;
  std::size_t rows_begin = 0;  ///< Where the statement of rows begins that check_tree() is for.
};

/// Tells a user's statement by its first words; all that is not named above is refused. `temporary` are the
/// session's own tables, in lower case. Errors: sql.not_allowed, with its place in `sql`.
Result<ServedStatement> served_statement(std::string_view sql, const std::set<std::string>& temporary);

}  // namespace tarn::query
