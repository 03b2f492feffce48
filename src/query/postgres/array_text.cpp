#include "query/postgres/array_text.h"

#include <utility>

namespace tarn::query::postgres {

std::optional<std::vector<std::optional<std::string>>> parse_array(std::string_view text) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<std::optional<std::string>> elements;
  std::size_t at = 0;
  while (at < text.size()) {
    std::string element;
    bool was_quoted = false;
    bool is_inside = false;
    for (; at < text.size() && (is_inside || text[at] != ','); ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) {
        element += text[++at];
      } else if (text[at] == '"') {
        is_inside = !is_inside;
        was_quoted = true;
      } else if (!is_inside && (text[at] == '{' || text[at] == '}')) {
        return std::nullopt;
      } else {
        element += text[at];
      }
    }
    if (is_inside) return std::nullopt;
    ++at;
    if (!was_quoted && (element == "NULL" || element == "null")) {
      elements.emplace_back();
    } else {
      elements.emplace_back(std::move(element));
    }
  }
  return elements;
}

}  // namespace tarn::query::postgres
