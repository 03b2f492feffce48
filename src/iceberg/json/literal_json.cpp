#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/civil_time.h"
#include "base/hash.h"
#include "iceberg/errors.h"
#include "iceberg/json/codec.h"
#include "iceberg/json/text_encoding.h"

namespace tarn::iceberg {
namespace {

/// Reads a text from the left, remembering whether all of it fitted so far.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ = take(c) && ok_; }
  /// Exactly `count` digits.
  std::int32_t digits(std::size_t count) {
    std::int32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_.empty() || text_.front() < '0' || text_.front() > '9') {
        ok_ = false;
        return 0;
      }
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value;
  }
  std::size_t leading_digits() const {
    std::size_t count = 0;
    while (count < text_.size() && text_[count] >= '0' && text_[count] <= '9') ++count;
    return count;
  }
  bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

std::optional<std::int32_t> scan_date(Scanner& scan) {
  CivilDate date;
  const bool negative = scan.take('-');
  const bool signed_year = negative || scan.take('+');
  date.year = scan.digits(
      signed_year ? std::min<std::size_t>(std::max<std::size_t>(scan.leading_digits(), 4), 6) : 4);
  if (negative) date.year = -date.year;
  scan.expect('-');
  date.month = static_cast<std::uint32_t>(scan.digits(2));
  scan.expect('-');
  date.day = static_cast<std::uint32_t>(scan.digits(2));
  if (!scan.ok()) return std::nullopt;
  return days_from_civil(date);
}

std::optional<std::int64_t> scan_time(Scanner& scan) {
  const std::int64_t hour = scan.digits(2);
  scan.expect(':');
  const std::int64_t minute = scan.digits(2);
  std::int64_t second = 0;
  std::int64_t micros = 0;
  if (scan.take(':')) {
    second = scan.digits(2);
    if (scan.take('.')) {
      const std::size_t count = scan.leading_digits();
      if (count < 1 || count > 6) return std::nullopt;
      micros = scan.digits(count);
      for (std::size_t i = count; i < 6; ++i) micros *= 10;
    }
  }
  if (!scan.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + micros;
}

std::optional<std::int64_t> scan_offset(Scanner& scan) {
  if (scan.take('Z')) return 0;
  const bool west = scan.take('-');
  if (!west) scan.expect('+');
  const std::int64_t hour = scan.digits(2);
  scan.expect(':');
  const std::int64_t minute = scan.digits(2);
  if (!scan.ok() || hour > 18 || minute > 59) return std::nullopt;
  return (west ? -1 : 1) * (hour * 60 + minute) * 60 * kMicrosPerSecond;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text, bool zoned) {
  Scanner scan(text);
  const auto days = scan_date(scan);
  scan.expect('T');
  if (!days || !scan.ok()) return std::nullopt;
  const auto time = scan_time(scan);
  if (!time) return std::nullopt;
  std::int64_t micros = *days * kMicrosPerDay + *time;
  if (zoned) {
    const auto offset = scan_offset(scan);
    if (!offset) return std::nullopt;
    micros -= *offset;
  }
  if (!scan.done()) return std::nullopt;
  return micros;
}

std::optional<Int128> parse_decimal(std::string_view text, std::int32_t scale) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Int128 value = 0;
  int digits = 0;
  std::int32_t fraction = -1;
  for (const char c : text) {
    if (c == '.' && fraction < 0) {
      fraction = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    if (value != 0 || c != '0') ++digits;
    if (digits > 38) return std::nullopt;
    value = value * 10 + (c - '0');
    if (fraction >= 0) ++fraction;
  }
  if (text.empty() || text == ".") return std::nullopt;
  const std::int32_t missing = scale - std::max(fraction, 0);
  if (missing < 0) return std::nullopt;
  for (std::int32_t i = 0; i < missing; ++i) {
    if (value != 0 && ++digits > 38) return std::nullopt;
    value *= 10;
  }
  return negative ? -value : value;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  std::string hex;
  if (text.size() != 36) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if ((text[i] == '-') != dash) return std::nullopt;
    if (!dash) hex.push_back(text[i]);
  }
  const auto bytes = from_hex(hex);
  if (!bytes) return std::nullopt;
  Uuid uuid;
  std::copy(bytes->begin(), bytes->end(), uuid.begin());
  return uuid;
}

std::string micros_text(std::int64_t micros_of_second) {
  return fmt::format(".{:06}", micros_of_second);
}

std::string time_json(std::int64_t micros) {
  const std::int64_t fraction = micros % kMicrosPerSecond;
  return format_time(micros - fraction) + micros_text(fraction);
}

std::string timestamp_json(std::int64_t micros) {
  const std::int64_t fraction = (micros % kMicrosPerSecond + kMicrosPerSecond) % kMicrosPerSecond;
  // The whole second below the least value does not fit, so that the fraction is cut off the text there.
  if (micros < std::numeric_limits<std::int64_t>::min() + kMicrosPerSecond) return format_timestamp(micros);
  return format_timestamp(micros - fraction) + micros_text(fraction);
}

Json number_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

std::optional<double> number_from(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

/// The types whose JSON is a string.
std::optional<Literal> from_text(const Type& type, const std::string& text) {
  const auto literal = [&](auto value) -> std::optional<Literal> {
    if (!value) return std::nullopt;
    auto made = Literal::make(type, *std::move(value));
    if (!made.ok()) return std::nullopt;
    return std::move(made).value();
  };
  switch (type.id()) {
    case TypeId::kDecimal:
      return literal(parse_decimal(text, type.scale()));
    case TypeId::kDate: {
      Scanner scan(text);
      const auto days = scan_date(scan);
      return literal(scan.done() ? days : std::nullopt);
    }
    case TypeId::kTime: {
      Scanner scan(text);
      const auto micros = scan_time(scan);
      return literal(scan.done() ? micros : std::nullopt);
    }
    case TypeId::kTimestamp:
      return literal(parse_timestamp(text, false));
    case TypeId::kTimestamptz:
      return literal(parse_timestamp(text, true));
    case TypeId::kUuid:
      return literal(parse_uuid(text));
    case TypeId::kString:
      return literal(std::optional(text));
    case TypeId::kFixed:
    case TypeId::kBinary:
      return literal(from_hex(text));
    default:
      return std::nullopt;
  }
}

}  // namespace

Json json_of(const Literal& literal) {
  switch (literal.type().id()) {
    case TypeId::kBoolean:
      return literal.get<bool>();
    case TypeId::kInt:
      return literal.get<std::int32_t>();
    case TypeId::kLong:
      return literal.get<std::int64_t>();
    case TypeId::kFloat:
      return number_json(double{literal.get<float>()});
    case TypeId::kDouble:
      return number_json(literal.get<double>());
    case TypeId::kTime:
      return time_json(literal.get<std::int64_t>());
    case TypeId::kTimestamp:
      return timestamp_json(literal.get<std::int64_t>());
    case TypeId::kTimestamptz:
      return timestamp_json(literal.get<std::int64_t>()) + "+00:00";
    case TypeId::kFixed:
    case TypeId::kBinary:
      return to_hex(literal.get<std::string>());
    default:
      return literal.to_string();
  }
}

Result<Literal> literal_from(const Type& type, const JsonView& view) {
  const Json& json = view.json();
  const auto wrong = [&] { return view.wrong(fmt::format("the value is no {}", type.to_string())); };
  switch (type.id()) {
    case TypeId::kBoolean:
      if (!json.is_boolean()) return wrong();
      return Literal::boolean(json.get<bool>());
    case TypeId::kInt: {
      TARN_ASSIGN_OR_RETURN(const std::int32_t value, view.as_int32());
      return Literal::int32(value);
    }
    case TypeId::kLong: {
      TARN_ASSIGN_OR_RETURN(const std::int64_t value, view.as_int64());
      return Literal::int64(value);
    }
    case TypeId::kFloat:
    case TypeId::kDouble: {
      const auto value = number_from(json);
      if (!value) return wrong();
      if (type.id() == TypeId::kDouble) return Literal::float64(*value);
      if (std::isfinite(*value) && std::fabs(*value) > double{std::numeric_limits<float>::max()})
        return wrong();
      return Literal::float32(static_cast<float>(*value));
    }
    default:
      break;
  }
  if (!json.is_string()) return wrong();
  auto literal = from_text(type, json.get_ref<const std::string&>());
  if (!literal) return wrong();
  return *std::move(literal);
}

std::string Literal::to_json() const {
  return dump_json(json_of(*this));
}

Result<Literal> Literal::from_json(const Type& type, std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return literal_from(type, JsonView(value, kBadValue));
}

}  // namespace tarn::iceberg
