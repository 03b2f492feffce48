#include "discover/column_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "project/feed_spec.h"

namespace tarn::discover {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// German and French letters that headers have, as two or one of ASCII; the rest becomes a gap.
std::string fold_letters(std::string_view text) {
  struct Folded {
    std::string_view letter;
    std::string_view ascii;
  };
  static constexpr Folded kLetters[] = {
      {"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"}, {"Ä", "Ae"},      {"Ö", "Oe"},
      {"Ü", "Ue"}, {"é", "e"},  {"è", "e"},  {"ê", "e"},  {"à", "a"},       {"â", "a"},
      {"á", "a"},  {"ç", "c"},  {"ñ", "n"},  {"ó", "o"},  {"ô", "o"},       {"í", "i"},
      {"ú", "u"},  {"É", "E"},  {"å", "a"},  {"ø", "o"},  {"#", " number"}, {"%", " percent"}};
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto found = std::ranges::find_if(
        kLetters, [&](const Folded& letter) { return text.substr(i).starts_with(letter.letter); });
    if (found == std::end(kLetters)) {
      out += text[i++];
    } else {
      out += found->ascii;
      i += found->letter.size();
    }
  }
  return out;
}

}  // namespace

std::string snake_case(std::string_view original) {
  const std::string text = fold_letters(original);
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() < 60; ++i) {
    const char c = text[i];
    if (!is_upper(c) && !is_lower(c) && !is_digit(c)) {
      if (!out.empty() && out.back() != '_') out += '_';
      continue;
    }
    const bool after_lower = i > 0 && (is_lower(text[i - 1]) || is_digit(text[i - 1]));
    const bool ends_capitals = i > 0 && is_upper(text[i - 1]) && i + 1 < text.size() && is_lower(text[i + 1]);
    if (is_upper(c) && (after_lower || ends_capitals) && !out.empty() && out.back() != '_') out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  if (out.empty()) return "column";
  if (is_digit(out.front())) out.insert(0, "c_");
  return out;
}

std::vector<std::string> words_of(std::string_view snake) {
  std::vector<std::string> words;
  while (!snake.empty()) {
    const std::size_t end = snake.find('_');
    if (end != 0) words.emplace_back(snake.substr(0, end));
    if (end == std::string_view::npos) break;
    snake.remove_prefix(end + 1);
  }
  return words;
}

std::string take_name(std::set<std::string>& taken, std::string wanted) {
  if (taken.insert(wanted).second) return wanted;
  for (std::size_t number = 2;; ++number) {
    std::string next = fmt::format("{}_{}", wanted, number);
    if (taken.insert(next).second) return next;
  }
}

}  // namespace tarn::discover
