#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "engine/utf8.h"

namespace tarn::cli {
namespace {

using Range = std::pair<char32_t, char32_t>;

/// Combining marks and other characters without a width of their own, the blocks that occur in practice.
constexpr std::array kZeroWidth = {Range{0x300, 0x36F},   Range{0x483, 0x489},   Range{0x591, 0x5BD},
                                   Range{0x610, 0x61A},   Range{0x64B, 0x65F},   Range{0x6D6, 0x6DC},
                                   Range{0x93C, 0x93C},   Range{0x941, 0x948},   Range{0xE31, 0xE31},
                                   Range{0xE34, 0xE3A},   Range{0xE47, 0xE4E},   Range{0x1AB0, 0x1AFF},
                                   Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200F}, Range{0x20D0, 0x20F0},
                                   Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xE0100, 0xE01EF}};
/// Wide and full-width characters (Unicode Standard Annex 11), by blocks.
constexpr std::array kWide = {Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},
                              Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},
                              Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
                              Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
                              Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

template <std::size_t N>
bool contains(const std::array<Range, N>& ranges, char32_t c) {
  const auto at = std::ranges::lower_bound(ranges, c, {}, [](const Range& range) { return range.second; });
  return at != ranges.end() && at->first <= c;
}

char32_t decode(std::string_view text, std::size_t at, std::size_t length) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[at + i]));
  };
  if (length == 1) return byte(0);
  char32_t c = byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) c = c << 6U | (byte(i) & 0x3FU);
  return c;
}

struct Step {
  std::size_t bytes;
  std::size_t width;
};

Step step_at(std::string_view text, std::size_t at) {
  const std::size_t length = engine::utf8_sequence_length(text, at);
  if (length <= 1) return {1, 1};
  const char32_t c = decode(text, at, length);
  return {length, contains(kZeroWidth, c) ? 0U : contains(kWide, c) ? 2U : 1U};
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    std::ranges::transform(value, value.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

Terminal Terminal::of(int descriptor) {
  Terminal terminal;
  terminal.is_tty = isatty(descriptor) == 1;
  terminal.unicode = locale_is_utf8();
  terminal.color = terminal.is_tty && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  if (terminal.is_tty) {
    winsize size{};
    terminal.width = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }
  return terminal;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Step step = step_at(text, i);
    width += step.width;
    i += step.bytes;
  }
  return width;
}

std::string fit_width(std::string_view text, std::size_t width, bool unicode) {
  if (display_width(text) <= width) return std::string(text);
  const std::string_view ellipsis = unicode ? "…" : "~";
  std::size_t used = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const Step step = step_at(text, end);
    if (used + step.width + 1 > width) break;
    used += step.width;
    end += step.bytes;
  }
  std::string cut(text.substr(0, end));
  return width == 0 ? "" : cut.append(ellipsis);
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = engine::utf8_sequence_length(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1_control = length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte == '\n') {
      shown += "\\n";
    } else if (byte == '\t') {
      shown += "\\t";
    } else if (byte == '\r') {
      shown += "\\r";
    } else if (byte < 0x20 || byte == 0x7F || length == 0) {
      shown += fmt::format("\\x{:02X}", byte);
    } else if (c1_control) {
      shown += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[i + 1]));
    } else {
      shown += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return shown;
}

}  // namespace tarn::cli
