#include "engine/source_place.h"

#include <algorithm>

namespace tarn::engine {
namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::uint32_t count_characters(std::string_view text) {
  return static_cast<std::uint32_t>(std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

/// The bytes of the word, quoted identifier or character that starts at `offset`, with its dotted parts.
std::size_t word_length(std::string_view line, std::size_t offset) {
  std::size_t end = offset;
  while (end < line.size()) {
    if (line[end] == '"') {
      const std::size_t close = line.find('"', end + 1);
      if (close == std::string_view::npos) break;
      end = close + 1;
    } else if (is_word(line[end])) {
      while (end < line.size() && is_word(line[end])) ++end;
    } else {
      break;
    }
    if (end + 1 >= line.size() || line[end] != '.' || (line[end + 1] != '"' && !is_word(line[end + 1])))
      break;
    ++end;
  }
  return std::max<std::size_t>(end - offset, 1);
}

std::string quote(std::string_view text, char mark) {
  std::string quoted(1, mark);
  for (const char c : text) {
    if (c == mark) quoted += mark;
    quoted += c;
  }
  quoted += mark;
  return quoted;
}

}  // namespace

SourceSpan span_at(std::string_view text, std::size_t offset, std::size_t length_bytes,
                   std::string_view source) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const std::size_t newline = before.rfind('\n');
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  std::string_view line = text.substr(start, text.find('\n', start) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t column = std::min(offset - start, line.size());
  const std::size_t length = length_bytes != 0 ? length_bytes : word_length(line, column);
  SourceSpan span;
  span.file = std::string(source);
  span.line = static_cast<std::uint32_t>(std::ranges::count(before, '\n')) + 1;
  span.column = count_characters(line.substr(0, column)) + 1;
  span.length = std::max(count_characters(line.substr(column, length)), 1U);
  span.line_text = std::string(line);
  return span;
}

std::size_t offset_of(std::string_view text, const SourceSpan& span) {
  std::size_t offset = 0;
  for (std::uint32_t line = 1; line < span.line; ++line) {
    const std::size_t newline = text.find('\n', offset);
    if (newline == std::string_view::npos) return text.size();
    offset = newline + 1;
  }
  for (std::uint32_t column = 1; column < span.column && offset < text.size(); ++column) {
    ++offset;
    while (offset < text.size() && is_continuation(text[offset])) ++offset;
  }
  return offset;
}

std::string quote_identifier(std::string_view name) {
  return quote(name, '"');
}

std::string quote_literal(std::string_view text) {
  return quote(text, '\'');
}

}  // namespace tarn::engine
