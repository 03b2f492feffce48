#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace tarn {

/// The text with `A` … `Z` in lower case and everything else as it is, whatever the locale.
inline std::string to_lower_ascii(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lowered;
}

}  // namespace tarn
