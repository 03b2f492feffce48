#include "discover/sampling/fixed_layout.h"

#include <algorithm>
#include <map>

#include "discover/sampling/dialect.h"
#include "format/encoding.h"
#include "format/values.h"

namespace tarn::discover {
namespace {

constexpr std::size_t kMaxLines = 500;
constexpr std::size_t kMaxLength = 4000;

bool is_start(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

/// Which characters are blank in every line.
std::vector<bool> blank_columns(const std::vector<std::string_view>& lines, std::size_t length) {
  std::vector<bool> blank(length, true);
  for (const std::string_view line : lines) {
    std::size_t character = 0;
    for (std::size_t i = 0; i < line.size() && character < length; ++i) {
      if (!is_start(line[i])) continue;
      if (line[i] != ' ') blank[character] = false;
      ++character;
    }
  }
  return blank;
}

std::vector<project::CharacterRange> ranges_of(const std::vector<bool>& blank) {
  std::vector<project::CharacterRange> ranges;
  for (std::size_t i = 0; i < blank.size(); ++i) {
    const bool begins = !blank[i] && (i == 0 || blank[i - 1]);
    const auto position = static_cast<std::uint32_t>(i + 1);
    if (begins) ranges.push_back({position, position});
    if (!ranges.empty() && !blank[i]) ranges.back().last = position;
  }
  // Values may be longer than those seen: each column reaches to the blank before the next one.
  for (std::size_t i = 0; i + 1 < ranges.size(); ++i) ranges[i].last = ranges[i + 1].first - 1;
  if (!ranges.empty()) ranges.back().last = static_cast<std::uint32_t>(blank.size());
  return ranges;
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text, std::size_t limit) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < limit) {
    const std::size_t end = text.find_first_of("\r\n");
    if (end != 0) lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string cut(std::string_view line, const project::CharacterRange& range) {
  std::uint32_t character = 0;
  std::size_t begin = line.size();
  std::size_t end = line.size();
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!is_start(line[i])) continue;
    ++character;
    if (character == range.first) begin = i;
    if (character == range.last + 1) {
      end = i;
      break;
    }
  }
  return std::string(format::trim_blanks(line.substr(begin, end - std::min(begin, end))));
}

std::optional<FixedLayout> detect_fixed(std::string_view text) {
  const std::vector<std::string_view> all = lines_of(text, kMaxLines);
  std::map<std::size_t, std::size_t> lengths;
  for (const std::string_view line : all) ++lengths[format::count_characters(line)];
  if (all.size() < 3) return std::nullopt;
  const auto most = std::ranges::max_element(lengths, {}, [](const auto& entry) { return entry.second; });
  const std::size_t length = most->first;
  if (most->second * 10 < all.size() * 9 || length < 4 || length > kMaxLength) return std::nullopt;
  std::vector<std::string_view> lines;
  for (const std::string_view line : all) {
    if (format::count_characters(line) == length) lines.push_back(line);
  }
  FixedLayout layout;
  layout.ranges = ranges_of(blank_columns(lines, length));
  if (layout.ranges.size() < 2 || layout.ranges.size() > length / 2) return std::nullopt;
  std::vector<std::vector<std::string>> rows;
  for (const std::string_view line : lines) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const project::CharacterRange& range : layout.ranges) row.push_back(cut(line, range));
  }
  const std::vector<std::vector<std::string>> rest(rows.begin() + 1, rows.end());
  if (lines.front() == all.front() && is_header(rows.front(), rest)) {
    layout.names = rows.front();
    layout.skip_rows = 1;
  }
  return layout;
}

}  // namespace tarn::discover
