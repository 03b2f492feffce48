#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/column_spec.h"

namespace tarn::discover {

/// Columns of a fixed-width text, in characters.
struct FixedLayout {
  std::vector<project::CharacterRange> ranges;
  std::vector<std::string> names;  ///< From a header line; empty when there is none.
  std::uint32_t skip_rows = 0;     ///< The header line.
};

/// Nothing unless nine lines of ten have one length and blanks part them at the same places. `text` is UTF-8.
std::optional<FixedLayout> detect_fixed(std::string_view text);

/// The characters of `line` that a range covers, without blanks around them.
std::string cut(std::string_view line, const project::CharacterRange& range);

/// Lines without their ends, at most `limit`.
std::vector<std::string_view> lines_of(std::string_view text, std::size_t limit);

}  // namespace tarn::discover
