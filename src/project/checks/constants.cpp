#include "project/checks/constants.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/civil_time.h"
#include "project/checks/time_pattern.h"
#include "project/errors.h"

namespace tarn::project {

std::strong_ordering DecimalDigits::operator<=>(const DecimalDigits& other) const {
  if (negative != other.negative)
    return negative ? std::strong_ordering::less : std::strong_ordering::greater;
  const std::strong_ordering order = digits <=> other.digits;
  return negative ? 0 <=> order : order;
}

namespace {

Error not_a_value(std::string_view text, const ColumnSpec& column, std::string hint) {
  return Error(kBadConstant, fmt::format("`{}` is not a value of `{}`, which is {}", text, *column.name,
                                         to_string(column.type->element_type())))
      .with_hint(std::move(hint));
}

/// Digits, sign and fraction with the column's marks taken out; nothing when it is not a plain number.
std::optional<std::string> plain_number(std::string_view text, const ColumnSpec& column) {
  std::string number;
  for (const char c : text) {
    if (column.thousands_mark && c == *column.thousands_mark) continue;
    if (c == '.' && column.decimal_mark != '.') return std::nullopt;
    number += c == column.decimal_mark ? '.' : c;
  }
  if (number.starts_with('+')) number.erase(0, 1);
  return number;
}

Result<Constant> read_integer(std::string_view text, const ColumnSpec& column, TypeKind kind) {
  std::int64_t value = 0;
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    return not_a_value(text, column, "write a whole number");
  }
  const bool fits = kind == TypeKind::kLong || (value >= INT32_MIN && value <= INT32_MAX);
  if (error != std::errc() || !fits) {
    return not_a_value(text, column,
                       kind == TypeKind::kInt ? "it needs `type: long`" : "it needs `type: decimal(38,0)`");
  }
  return Constant(value);
}

Result<Constant> read_decimal(std::string_view text, const ColumnSpec& column) {
  static const RE2 kNumber("(-?)0*([0-9]*)(?:\\.([0-9]*?)0*)?");
  const auto number = plain_number(text, column);
  std::string sign, whole, fraction;
  const bool has_digit = number && number->find_first_of("0123456789") != std::string::npos;
  if (!has_digit || !RE2::FullMatch(*number, kNumber, &sign, &whole, &fraction)) {
    return not_a_value(text, column,
                       fmt::format("write a number with `{}` before its fraction", column.decimal_mark));
  }
  const std::size_t scale = column.type->scale;
  const std::size_t places = column.type->precision - scale;
  if (fraction.size() > scale || whole.size() > places) {
    return not_a_value(text, column,
                       fmt::format("it has room for {} digits before and {} behind the mark", places, scale));
  }
  const bool zero = whole.empty() && fraction.empty();
  return Constant(DecimalDigits{!sign.empty() && !zero, std::string(places - whole.size(), '0') + whole +
                                                            fraction +
                                                            std::string(scale - fraction.size(), '0')});
}

Result<Constant> read_double(std::string_view text, const ColumnSpec& column) {
  const auto number = plain_number(text, column);
  double value = 0;
  if (number && !number->empty()) {
    const auto [end, error] = std::from_chars(number->data(), number->data() + number->size(), value);
    if (error == std::errc() && end == number->data() + number->size() && std::isfinite(value))
      return Constant(value);
  }
  return not_a_value(text, column,
                     fmt::format("write a number with `{}` before its fraction", column.decimal_mark));
}

Result<Constant> read_boolean(std::string_view text, const ColumnSpec& column) {
  const auto holds = [&](const std::vector<std::string>& words) {
    return std::ranges::find(words, text) != words.end();
  };
  if (!column.format.true_values.empty() || !column.format.false_values.empty()) {
    if (holds(column.format.true_values)) return Constant(std::int64_t{1});
    if (holds(column.format.false_values)) return Constant(std::int64_t{0});
    return not_a_value(text, column, "write one of the words of its `format:`");
  }
  static const RE2 kWords("(?i)(true|t|1|yes|y)|false|f|0|no|n");
  std::string yes;
  if (RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kWords, &yes)) {
    return Constant(std::int64_t{yes.empty() ? 0 : 1});
  }
  return not_a_value(text, column, "write true or false, in quotes");
}

Result<Constant> read_moment(std::string_view text, const ColumnSpec& column, TypeKind kind) {
  const bool zoned = kind != TypeKind::kTimestamptz || !column.timezone->empty();
  if (column.format.patterns.empty()) {
    if (const auto micros = read_iso_time(text, kind, zoned)) return Constant(*micros);
    static constexpr std::array<std::string_view, 4> kExamples = {
        "2024-03-01", "12:30:00", "2024-03-01T12:30:00", "2024-03-01T12:30:00Z"};
    const auto index = static_cast<std::size_t>(kind) - static_cast<std::size_t>(TypeKind::kDate);
    return not_a_value(text, column, fmt::format("write it as in `{}`", kExamples[index]));
  }
  for (const auto& pattern : column.format.patterns) {
    const Result<TimePattern> compiled = TimePattern::compile(*pattern, kind);
    if (!compiled) continue;
    if (const auto micros = compiled->read(text)) return Constant(*micros);
  }
  return not_a_value(text, column,
                     fmt::format("write it as its format says: `{}`", *column.format.patterns.front()));
}

Result<Constant> read_bytes(std::string_view text, const ColumnSpec& column, TypeKind kind) {
  static const RE2 kUuid("(?:urn:uuid:)?\\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\\}?");
  static const RE2 kHex("(?:0x|\\\\x)?(?:[0-9a-fA-F]{2})*");
  static const RE2 kBase64("[A-Za-z0-9+/\\s]*={0,2}");
  const re2::StringPiece piece(text.data(), text.size());
  if (kind == TypeKind::kUuid && !RE2::FullMatch(piece, kUuid)) {
    return not_a_value(text, column, "write it as in `123e4567-e89b-12d3-a456-426614174000`");
  }
  if (kind == TypeKind::kBinary &&
      !RE2::FullMatch(piece, column.format.binary == BinaryText::kHex ? kHex : kBase64)) {
    return not_a_value(
        text, column, column.format.binary == BinaryText::kHex ? "write hexadecimal digits" : "write base64");
  }
  return Constant(std::string(text));
}

}  // namespace

Result<Constant> read_constant(std::string_view text, const ColumnSpec& column) {
  const TypeKind kind = column.type->element_type().kind;
  switch (kind) {
    case TypeKind::kBoolean:
      return read_boolean(text, column);
    case TypeKind::kInt:
    case TypeKind::kLong:
      return read_integer(text, column, kind);
    case TypeKind::kDecimal:
      return read_decimal(text, column);
    case TypeKind::kDouble:
      return read_double(text, column);
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return read_moment(text, column, kind);
    default:
      return read_bytes(text, column, kind);
  }
}

Status check_time_pattern(std::string_view pattern, TypeKind kind) {
  TARN_RETURN_IF_ERROR(TimePattern::compile(pattern, kind));
  return ok_status();
}

}  // namespace tarn::project
