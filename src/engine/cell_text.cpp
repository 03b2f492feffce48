#include <algorithm>
#include <cctype>
#include <string_view>

#include "engine/cell.h"
#include "engine/duckdb/scalar_text.h"
#include "engine/duckdb/vector_view.h"

namespace tarn::engine {
namespace {

using internal::VectorView;

void append_value(const VectorView& vector, std::size_t row, bool nested, std::string& out);

/// Inside of lists and structs a text that could be mistaken for something else stands in quotes.
bool needs_quotes(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
  if (text.find_first_of("{}[](),:=\"'\\\n\t") != std::string_view::npos) return true;
  return text.size() == 4 && std::ranges::equal(text, std::string_view("null"), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

void append_quoted(std::string_view text, std::string& out) {
  out += '\'';
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

void append_list(const VectorView& vector, std::size_t row, std::string& out) {
  const duckdb_list_entry entry = vector.elements(row);
  out += '[';
  for (std::uint64_t i = 0; i < entry.length; ++i) {
    if (i != 0) out += ", ";
    append_value(vector.children[0], entry.offset + i, true, out);
  }
  out += ']';
}

void append_map(const VectorView& vector, std::size_t row, std::string& out) {
  const duckdb_list_entry entry = vector.elements(row);
  out += '{';
  for (std::uint64_t i = 0; i < entry.length; ++i) {
    if (i != 0) out += ", ";
    append_value(vector.children[0], entry.offset + i, true, out);
    out += '=';
    append_value(vector.children[1], entry.offset + i, true, out);
  }
  out += '}';
}

void append_struct(const VectorView& vector, std::size_t row, std::string& out) {
  out += '{';
  for (std::size_t i = 0; i < vector.children.size(); ++i) {
    if (i != 0) out += ", ";
    append_quoted(vector.type->names[i], out);
    out += ": ";
    append_value(vector.children[i], row, true, out);
  }
  out += '}';
}

void append_value(const VectorView& vector, std::size_t row, bool nested, std::string& out) {
  if (vector.is_null(row)) {
    out += "NULL";
    return;
  }
  switch (vector.type->id) {
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
      return append_list(vector, row, out);
    case DUCKDB_TYPE_MAP:
      return append_map(vector, row, out);
    case DUCKDB_TYPE_STRUCT:
      return append_struct(vector, row, out);
    case DUCKDB_TYPE_UNION:
      return append_value(vector.children[1 + vector.children[0].value<std::uint8_t>(row)], row, nested, out);
    case DUCKDB_TYPE_VARCHAR:
      if (nested && needs_quotes(vector.bytes(row))) return append_quoted(vector.bytes(row), out);
      [[fallthrough]];
    default:
      return internal::append_scalar(vector, row, ' ', out);
  }
}

}  // namespace

void Cell::append_text(std::string& out) const {
  append_value(*vector_, row_, false, out);
}

}  // namespace tarn::engine
