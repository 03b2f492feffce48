#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tarn::engine {

/// The length in bytes of the well-formed UTF-8 sequence at `at` < text.size(), 1 … 4, or 0 when the bytes
/// there are not one (Unicode 15, table 3-7).
std::size_t utf8_sequence_length(std::string_view text, std::size_t at);

/// `text` with every byte that is not part of a well-formed sequence replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

}  // namespace tarn::engine
