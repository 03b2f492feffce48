#pragma once

#include <string>
#include <vector>

#include "discover/column_profile.h"
#include "project/column_spec.h"

namespace tarn::discover {

/// What the values of the other columns tell about this one.
struct GuessContext {
  bool month_first = false;  ///< Dates of other columns are surely month first.
};

/// A column as its values suggest it.
struct ColumnGuess {
  project::ColumnSpec column;             ///< Named; `from` is the caller's.
  std::vector<std::string> null_markers;  ///< Seen and taken for null; "" not among them.
  std::vector<std::string> text_markers;  ///< Seen, but kept as text.
  std::vector<std::string> remarks;       ///< For the contract's comments.
  std::uint64_t filled = 0;               ///< Values that are not null.
  bool never_null = false;
  bool unique = false;         ///< No value stood there twice, at least two did.
  bool month_is_sure = false;  ///< A pattern that only reads month first, or only day first.
};

/// Guesses type, format, nulls, required, identifying from all sampled values. `name` is a column name.
ColumnGuess guess_column(const std::string& name, const ColumnProfile& profile, const GuessContext& context);

}  // namespace tarn::discover
