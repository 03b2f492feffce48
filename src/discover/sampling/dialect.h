#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/csv.h"

namespace tarn::discover {

/// How delimited text is written. `options` reads it as ingest will.
struct Dialect {
  format::CsvOptions options;
  std::size_t columns = 1;  ///< Fields of most records.
  double agreement = 0;     ///< Share of the records that have that many.
  bool header = false;
  std::vector<std::string> names;    ///< Of the header; empty when there is none.
  std::vector<std::string> remarks;  ///< For the contract's comments.
};

/// Chooses delimiter, quote and escape by how consistently the records fall into columns, then preamble,
/// comment lines and header. Nothing when no delimiter parts the text into two columns or more. `text` is
/// UTF-8, a beginning of the file.
std::optional<Dialect> detect_dialect(std::string_view text);

/// The character that lines are commented out with, where there are such lines; else '\0'.
char detect_comment(std::string_view text);

/// Decides whether `first` is a header of the records that follow it: names, not values.
bool is_header(const std::vector<std::string>& first, const std::vector<std::vector<std::string>>& rest);

}  // namespace tarn::discover
