#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "engine/cell.h"
#include "engine/duckdb/scalar_text.h"
#include "engine/duckdb/vector_view.h"
#include "engine/utf8.h"

namespace tarn::engine {
namespace {

using internal::VectorView;

void append_value(const VectorView& vector, std::size_t row, std::string& out);

void append_base64(std::string_view bytes, std::string& out) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
  }
}

void append_list(const VectorView& vector, std::size_t row, std::string& out) {
  const duckdb_list_entry entry = vector.elements(row);
  out += '[';
  for (std::uint64_t i = 0; i < entry.length; ++i) {
    if (i != 0) out += ',';
    append_value(vector.children[0], entry.offset + i, out);
  }
  out += ']';
}

void append_map(const VectorView& vector, std::size_t row, std::string& out) {
  const duckdb_list_entry entry = vector.elements(row);
  const bool text_keys = vector.children[0].type->id == DUCKDB_TYPE_VARCHAR;
  out += text_keys ? '{' : '[';
  for (std::uint64_t i = 0; i < entry.length; ++i) {
    if (i != 0) out += ',';
    if (!text_keys) out += "{\"key\":";
    append_value(vector.children[0], entry.offset + i, out);
    out += text_keys ? ":" : ",\"value\":";
    append_value(vector.children[1], entry.offset + i, out);
    if (!text_keys) out += '}';
  }
  out += text_keys ? '}' : ']';
}

void append_struct(const VectorView& vector, std::size_t row, std::string& out) {
  out += '{';
  for (std::size_t i = 0; i < vector.children.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(vector.type->names[i], out);
    out += ':';
    append_value(vector.children[i], row, out);
  }
  out += '}';
}

void append_scalar_json(const VectorView& vector, std::size_t row, std::string& out) {
  const duckdb_type id = vector.type->id;
  if (id == DUCKDB_TYPE_BLOB || id == DUCKDB_TYPE_GEOMETRY) {
    out += '"';
    append_base64(vector.bytes(row), out);
    out += '"';
    return;
  }
  std::string text;
  internal::append_scalar(vector, row, 'T', text);
  const ColumnKind kind = vector.type->kind();
  const bool number =
      kind == ColumnKind::kNumber && text.find_first_not_of("0123456789+-.e") == std::string::npos;
  if (number || kind == ColumnKind::kBoolean) {
    out += text;
  } else {
    append_json_string(text, out);
  }
}

void append_value(const VectorView& vector, std::size_t row, std::string& out) {
  if (vector.is_null(row)) {
    out += "null";
    return;
  }
  switch (vector.type->id) {
    case DUCKDB_TYPE_SQLNULL:
      out += "null";
      return;
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
      return append_list(vector, row, out);
    case DUCKDB_TYPE_MAP:
      return append_map(vector, row, out);
    case DUCKDB_TYPE_STRUCT:
      return append_struct(vector, row, out);
    case DUCKDB_TYPE_UNION:
      return append_value(vector.children[1 + vector.children[0].value<std::uint8_t>(row)], row, out);
    default:
      return append_scalar_json(vector, row, out);
  }
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_sequence_length(text, i);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    } else if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  out += '"';
}

void Cell::append_json(std::string& out) const {
  append_value(*vector_, row_, out);
}

}  // namespace tarn::engine
