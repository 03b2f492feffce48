#include "catalog/names.h"

#include <fmt/format.h>

#include "catalog/errors.h"

namespace tarn::catalog {
namespace {

constexpr std::size_t kMaxLevelBytes = 255;
constexpr std::size_t kMaxLevels = 32;
constexpr std::size_t kMaxFolderBytes = 200;
constexpr std::string_view kEscapedDot = "\\.";

// The length of the UTF-8 sequence at the start of `text`; 0 when it is none (RFC 3629, section 4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t index = 1; index < length; ++index)
    if ((byte(index) & 0xc0) != 0x80) return 0;
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) > 0x9f;
  const bool beyond = first == 0xf4 && byte(1) > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

// What is wrong with one level; null when nothing is.
const char* fault_of(std::string_view level) {
  if (level.empty()) return "a part of it is empty";
  if (level.size() > kMaxLevelBytes) return "a part of it is longer than 255 bytes";
  for (std::size_t at = 0; at < level.size();) {
    const std::size_t length = utf8_length(level.substr(at));
    if (length == 0) return "it is not UTF-8";
    const auto byte = static_cast<unsigned char>(level[at]);
    // U+0080 to U+009F are control characters too.
    const bool high_control = byte == 0xc2 && static_cast<unsigned char>(level[at + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || high_control) return "it has a control character";
    if (byte == '\\') return "it has a backslash";
    at += length;
  }
  return level == "." || level == ".." ? "a part of it is `.` or `..`" : nullptr;
}

// A name as it may be shown in a message: without what a terminal might obey.
std::string shown(std::string_view name) {
  std::string text;
  for (const char letter : name.substr(0, 80)) text += letter >= 0x20 && letter < 0x7f ? letter : '?';
  return text + (name.size() > 80 ? "…" : "");
}

bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
}

}  // namespace

Status check_namespace_name(std::string_view name) {
  const std::vector<std::string> levels = namespace_levels(name);
  const char* fault = levels.size() > kMaxLevels ? "it has more than 32 levels" : nullptr;
  for (std::size_t index = 0; index < levels.size() && fault == nullptr; ++index)
    fault = fault_of(levels[index]);
  if (fault == nullptr) return ok_status();
  return Error(kBadName, fmt::format("`{}` cannot name a namespace: {}", shown(name), fault));
}

Status check_table_name(const TableName& table) {
  TARN_RETURN_IF_ERROR(check_namespace_name(table.schema));
  const char* fault = fault_of(table.name);
  if (fault == nullptr) return ok_status();
  return Error(kBadName, fmt::format("`{}` cannot name a table: {}", shown(table.name), fault));
}

std::vector<std::string> namespace_levels(std::string_view name) {
  std::vector<std::string> levels(1);
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] == '.') {
      levels.emplace_back();
    } else {
      if (name.substr(at).starts_with(kEscapedDot)) ++at;
      levels.back() += name[at];
    }
  }
  return levels;
}

Result<std::string> namespace_name(std::span<const std::string> levels) {
  if (levels.empty() || levels.size() > kMaxLevels) return Error(kBadName, "a namespace has 1 to 32 levels");
  std::string name;
  for (std::size_t index = 0; index < levels.size(); ++index) {
    if (const char* fault = fault_of(levels[index]); fault != nullptr)
      return Error(kBadName, fmt::format("`{}` cannot name a namespace: {}", shown(levels[index]), fault));
    if (index > 0) name += '.';
    for (const char letter : levels[index]) {
      if (letter == '.') name += '\\';
      name += letter;
    }
  }
  return name;
}

std::string_view parent_namespace(std::string_view name) {
  std::size_t dot = name.rfind('.');
  while (dot != std::string_view::npos && dot > 0 && name[dot - 1] == '\\') dot = name.rfind('.', dot - 1);
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

std::string folder_name(std::string_view name) {
  std::string folder(name.substr(0, kMaxFolderBytes));
  char former = '.';  // So that no folder is hidden, `.` or `..`.
  for (char& letter : folder) {
    if (!is_plain(letter) || (letter == '.' && former == '.')) letter = '_';
    former = letter;
  }
  return folder;
}

bool folder_name_is_lossy(std::string_view name) {
  return folder_name(name) != name;
}

}  // namespace tarn::catalog
