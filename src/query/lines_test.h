#pragma once

#include <string_view>
#include <vector>

namespace tarn::query {

/// The lines of a text that are not empty.
inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end != 0) lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace tarn::query
