#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// The statements and definitions of this library in PostgreSQL's words.
namespace tarn::state {

/// What stands for `$1`, `$2` … of a statement.
struct ServerParameter {
  std::size_t bound = 0;  ///< Position among the values of bind(), from 0.
  bool is_glob = false;   ///< The value is a pattern of GLOB: see glob_regex().
};

struct ServerText {
  std::string sql;
  std::vector<ServerParameter> parameters;
  std::size_t known = 0;  ///< How many values bind() may give; those that no placeholder names are dropped.
};

/// `?` and `?3` become `$1` …; `x GLOB ?` becomes a match of the bytes of x.
ServerText to_server_text(std::string_view sql);

/// SQLite's GLOB (`*`, `?`, `[a-z]`, `[^a-z]`, by characters of UTF-8) as a regular expression of PostgreSQL
/// over `encode(…, 'hex')`. state.failed for a list of more than some thousand characters.
Result<std::string> glob_regex(std::string_view glob);

/// CREATE TABLE, CREATE INDEX and ALTER TABLE of migrations.cpp. Whole numbers are BIGINT, text and blobs
/// BYTEA: file names need not be UTF-8, a property may hold NUL, and bytes compare as SQLite compares text,
/// whatever the database's encoding and locale are.
std::string to_server_definition(std::string_view ddl);

}  // namespace tarn::state
