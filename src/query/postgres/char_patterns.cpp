#include "query/postgres/char_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tarn::query::postgres {

std::string strftime_pattern(std::string_view pattern) {
  // The longest first: "MONTH" before "MON" before "MM".
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 25> kParts = {
      {{"YYYY", "%Y"}, {"yyyy", "%Y"}, {"Month", "%B"}, {"MONTH", "%B"}, {"HH24", "%H"},
       {"hh24", "%H"}, {"HH12", "%I"}, {"Mon", "%b"},   {"MON", "%b"},   {"mon", "%b"},
       {"Day", "%A"},  {"DAY", "%A"},  {"DDD", "%j"},   {"IYYY", "%G"},  {"IW", "%V"},
       {"YY", "%y"},   {"MM", "%m"},   {"mm", "%m"},    {"DD", "%d"},    {"dd", "%d"},
       {"Dy", "%a"},   {"DY", "%a"},   {"HH", "%I"},    {"MI", "%M"},    {"SS", "%S"}}};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOthers = {
      {{"mi", "%M"}, {"ss", "%S"}, {"MS", "%g"}, {"US", "%f"}, {"AM", "%p"}, {"PM", "%p"}, {"FM", ""}}};
  std::string made;
  while (!pattern.empty()) {
    if (pattern.starts_with('"')) {
      const std::size_t end = std::min(pattern.find('"', 1), pattern.size());
      made += pattern.substr(1, end - 1);
      pattern.remove_prefix(std::min(end + 1, pattern.size()));
      continue;
    }
    const auto matches = [&](const auto& part) { return pattern.starts_with(part.first); };
    const std::pair<std::string_view, std::string_view>* part = nullptr;
    if (const auto found = std::ranges::find_if(kParts, matches); found != kParts.end()) part = &*found;
    if (const auto found = std::ranges::find_if(kOthers, matches); part == nullptr && found != kOthers.end())
      part = &*found;
    if (part != nullptr) {
      made += part->second;
      pattern.remove_prefix(part->first.size());
      continue;
    }
    if (pattern.front() == '%') made += '%';
    made += pattern.front();
    pattern.remove_prefix(1);
  }
  return made;
}

std::string number_pattern(std::string_view pattern) {
  if (pattern.starts_with("FM")) pattern.remove_prefix(2);
  if (pattern.empty() || pattern.find_first_not_of("90,.") != std::string_view::npos) return "";
  const std::size_t point = std::min(pattern.find('.'), pattern.size());
  const std::size_t decimals = point == pattern.size() ? 0 : pattern.size() - point - 1;
  const bool has_groups = pattern.find(',') != std::string_view::npos;
  return fmt::format("{{:{}.{}f}}", has_groups ? "," : "", decimals);
}

}  // namespace tarn::query::postgres
