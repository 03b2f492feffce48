#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include "pgwire/values/values.h"

namespace tarn::pgwire {
namespace {

using engine::Cell;
using engine::ColumnType;
using engine::TypeId;
using query::postgres::WireType;

void append_float(double value, bool is_single, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char digits[64];
  const auto end = is_single ? std::to_chars(digits, std::end(digits), static_cast<float>(value)).ptr
                             : std::to_chars(digits, std::end(digits), value).ptr;
  out.append(digits, end);
}

void append_hex(std::string_view bytes, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

void append_interval(const engine::Interval& interval, std::string& out) {
  const std::size_t start = out.size();
  bool was_negative = false;
  // A positive part behind a negative one says so (interval_out).
  const auto part = [&](std::int32_t count, std::string_view unit) {
    if (count == 0) return;
    fmt::format_to(std::back_inserter(out), "{}{}{} {}{}", out.size() == start ? "" : " ",
                   was_negative && count > 0 ? "+" : "", count, unit, count == 1 ? "" : "s");
    was_negative = count < 0;
  };
  part(interval.months / 12, "year");
  part(interval.months % 12, "mon");
  part(interval.days, "day");
  if (interval.micros == 0 && out.size() != start) return;
  const bool is_negative = interval.micros < 0;
  if (out.size() != start) out += ' ';
  if (is_negative)
    out += '-';
  else if (was_negative)
    out += '+';
  const std::uint64_t micros = is_negative ? -static_cast<std::uint64_t>(interval.micros)
                                           : static_cast<std::uint64_t>(interval.micros);
  const std::uint64_t seconds = micros / 1'000'000;
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (micros % 1'000'000 == 0) return;
  std::string fraction = fmt::format(".{:06}", micros % 1'000'000);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  out += fraction;
}

void append_temporal(const Cell& cell, std::string& out) {
  const std::size_t start = out.size();
  cell.append_text(out);
  // "0044-03-15 (BC) 00:00:00" is "0044-03-15 00:00:00 BC".
  const std::size_t era = out.find(" (BC)", start);
  if (era == std::string::npos) return;
  out.erase(era, 5);
  out += " BC";
}

bool needs_quotes(std::string_view element) {
  return element.empty() || element.find_first_of("{}\", \\\t\n\r\v\f") != std::string_view::npos ||
         (element.size() == 4 && (element[0] | 32) == 'n' && (element[1] | 32) == 'u' &&
          (element[2] | 32) == 'l' && (element[3] | 32) == 'l');
}

/// `1 3` (int2vectorout).
void append_vector(const Cell& cell, std::string& out) {
  for (std::size_t i = 0; i < cell.element_count(); ++i)
    fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "" : " ",
                   cell.element(i).as_int64().value_or(0));
}

void append_array(const Cell& cell, const ColumnType& type, std::string& out) {
  out += '{';
  std::string element;
  for (std::size_t i = 0; i < cell.element_count(); ++i) {
    if (i != 0) out += ',';
    const Cell one = cell.element(i);
    if (one.is_null()) {
      out += "NULL";
      continue;
    }
    element.clear();
    append_text(one, {.id = type.element}, query::postgres::wire_type({.id = type.element}), element);
    if (!needs_quotes(element)) {
      out += element;
      continue;
    }
    out += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  out += '}';
}

}  // namespace

void append_text(const Cell& cell, const ColumnType& type, const WireType& wire, std::string& out) {
  switch (type.id) {
    case TypeId::kBoolean:
      out += cell.as_int64().value_or(0) != 0 ? 't' : 'f';
      return;
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
      fmt::format_to(std::back_inserter(out), "{}", cell.as_int64().value_or(0));
      return;
    case TypeId::kFloat:
    case TypeId::kDouble:
      return append_float(cell.as_double().value_or(0), type.id == TypeId::kFloat, out);
    case TypeId::kBinary:
      return append_hex(cell.as_bytes().value_or(""), out);
    case TypeId::kInterval:
      return append_interval(cell.as_interval().value_or(engine::Interval{}), out);
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return append_temporal(cell, out);
    case TypeId::kList:
      if (wire.oid == query::postgres::kInt2VectorOid) return append_vector(cell, out);
      if (wire.element != 0) return append_array(cell, type, out);
      return cell.append_json(out);
    case TypeId::kNested:
      return cell.append_json(out);
    default:
      return cell.append_text(out);
  }
}

}  // namespace tarn::pgwire
