#include "flight/metadata/like_pattern.h"

#include <algorithm>

#include "engine/utf8.h"

namespace tarn::flight {
namespace {

/// Bytes of the character at `at`; what is not UTF-8 counts byte by byte.
std::size_t character(std::string_view text, std::size_t at) {
  return std::max<std::size_t>(engine::utf8_sequence_length(text, at), 1);
}

}  // namespace

bool matches_like(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  // Where the last `%` was, and how far the name goes that it stands for: the only place to go back to.
  std::size_t any = std::string_view::npos;
  std::size_t any_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      any = ++p;
      any_end = n;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      n += character(name, n);
      continue;
    }
    const bool is_escape = p + 1 < pattern.size() && pattern[p] == '\\';
    const std::size_t literal = p + (is_escape ? 1 : 0);
    if (literal < pattern.size() && pattern[literal] == name[n]) {
      p = literal + 1;
      ++n;
      continue;
    }
    if (any == std::string_view::npos) return false;
    any_end += character(name, any_end);
    p = any;
    n = any_end;
  }
  return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '%'; });
}

}  // namespace tarn::flight
