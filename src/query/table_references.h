#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/lexer.h"

namespace tarn::query {

/// What an AT clause asks for.
struct TimeTravel {
  enum class Kind : std::uint8_t { kVersion, kTimestamp, kTag, kBranch };
  Kind kind = Kind::kVersion;
  std::string expression;  ///< SQL, as it is written behind `=>`.
};

/// Names joined with dots that may be a table: `curated.encounter`, `"a.b".t`, `t`. Whether one is a table,
/// only the catalog knows; a column with its table's alias looks just the same.
struct NameChain {
  std::vector<std::string> parts;
  std::vector<std::size_t> part_ends;  ///< Where each part ends in the statement.
  std::size_t begin = 0;
  std::size_t end = 0;
  /// The AT clause behind it, when there is one: its place and what it says.
  bool has_at = false;
  std::size_t at_begin = 0;
  std::size_t at_end = 0;
  TimeTravel at;
};

/// Every chain of a statement in its order. Errors: sql.bad_time_travel (with its place in `sql`).
Result<std::vector<NameChain>> find_names(std::string_view sql);

}  // namespace tarn::query
