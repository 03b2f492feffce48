#include "iceberg/literal.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <utility>

#include "base/civil_time.h"
#include "base/hash.h"
#include "iceberg/errors.h"
#include "iceberg/json/text_encoding.h"

namespace tarn::iceberg {
namespace {

/// Orders as IEEE 754's totalOrder: the bits of negative numbers are turned round.
std::int64_t total_order(double value) {
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits ^ static_cast<std::int64_t>(static_cast<std::uint64_t>(bits >> 63) >> 1U);
}

std::int32_t total_order(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits ^ static_cast<std::int32_t>(static_cast<std::uint32_t>(bits >> 31) >> 1U);
}

std::size_t alternative_of(TypeId id) {
  switch (id) {
    case TypeId::kBoolean:
      return 0;
    case TypeId::kInt:
    case TypeId::kDate:
      return 1;
    case TypeId::kLong:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return 2;
    case TypeId::kFloat:
      return 3;
    case TypeId::kDouble:
      return 4;
    case TypeId::kDecimal:
      return 5;
    case TypeId::kUuid:
      return 6;
    case TypeId::kString:
    case TypeId::kFixed:
    case TypeId::kBinary:
      return 7;
    default:
      return std::variant_npos;
  }
}

bool fits_precision(Int128 unscaled, std::int32_t precision) {
  Int128 limit = 1;
  for (std::int32_t i = 0; i < precision && i < 38; ++i) limit *= 10;
  return unscaled < limit && unscaled > -limit;
}

std::string decimal_text(Int128 unscaled, std::int32_t scale) {
  const bool negative = unscaled < 0;
  // The digits of the least value cannot be negated, so that they are taken one by one.
  std::string digits;
  do {
    const int digit = static_cast<int>(unscaled % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    unscaled /= 10;
  } while (unscaled != 0);
  while (digits.size() <= static_cast<std::size_t>(scale)) digits.push_back('0');
  std::string text(digits.rbegin(), digits.rend());
  if (scale > 0) text.insert(text.size() - static_cast<std::size_t>(scale), 1, '.');
  return negative ? "-" + text : text;
}

std::string uuid_text(const Uuid& uuid) {
  std::string hex = to_hex({reinterpret_cast<const char*>(uuid.data()), uuid.size()});
  for (const std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, 1, '-');
  return hex;
}

}  // namespace

Literal Literal::fixed(std::string v) {
  const Type type = Type::fixed(static_cast<std::int32_t>(v.size()));
  return Literal(type, std::move(v));
}

Result<Literal> Literal::make(Type type, Value value) {
  if (value.index() != alternative_of(type.id()))
    return Error(kBadValue, fmt::format("the value is not of the type {}", type.to_string()));
  if (type.id() == TypeId::kString && !is_utf8(std::get<std::string>(value)))
    return Error(kBadValue, "the string is not UTF-8");
  if (type.id() == TypeId::kFixed &&
      std::get<std::string>(value).size() != static_cast<std::size_t>(type.length())) {
    return Error(kBadValue,
                 fmt::format("{} bytes are no {}", std::get<std::string>(value).size(), type.to_string()));
  }
  if (type.id() == TypeId::kDecimal && !fits_precision(std::get<Int128>(value), type.precision()))
    return Error(kBadValue, fmt::format("the value has more digits than {}", type.to_string()));
  return Literal(std::move(type), std::move(value));
}

std::string Literal::to_string() const {
  switch (type_.id()) {
    case TypeId::kBoolean:
      return get<bool>() ? "true" : "false";
    case TypeId::kInt:
      return fmt::format("{}", get<std::int32_t>());
    case TypeId::kLong:
      return fmt::format("{}", get<std::int64_t>());
    case TypeId::kFloat:
      return fmt::format("{}", get<float>());
    case TypeId::kDouble:
      return fmt::format("{}", get<double>());
    case TypeId::kDecimal:
      return decimal_text(get<Int128>(), type_.scale());
    case TypeId::kDate:
      return format_date(get<std::int32_t>());
    case TypeId::kTime:
      return format_time(get<std::int64_t>());
    case TypeId::kTimestamp:
      return format_timestamp(get<std::int64_t>());
    case TypeId::kTimestamptz:
      return format_timestamp(get<std::int64_t>()) + "+00:00";
    case TypeId::kString:
      return get<std::string>();
    case TypeId::kUuid:
      return uuid_text(get<Uuid>());
    default:
      return to_base64(get<std::string>());
  }
}

bool Literal::operator==(const Literal& other) const {
  return type_ == other.type_ && compare(*this, other) == std::partial_ordering::equivalent;
}

std::partial_ordering compare(const Literal& a, const Literal& b) {
  if (a.type() != b.type() || a.value().index() != b.value().index()) return std::partial_ordering::unordered;
  return std::visit(
      [&](const auto& left) -> std::partial_ordering {
        using T = std::decay_t<decltype(left)>;
        const T& right = b.get<T>();
        if constexpr (std::is_floating_point_v<T>) {
          return total_order(left) <=> total_order(right);
        } else if constexpr (std::is_same_v<T, Int128>) {
          return left < right
                     ? std::partial_ordering::less
                     : (left > right ? std::partial_ordering::greater : std::partial_ordering::equivalent);
        } else {
          return left <=> right;  // std::string compares as unsigned bytes.
        }
      },
      a.value());
}

Literal truncated_lower_bound(const Literal& value, int width) {
  const auto limit = static_cast<std::size_t>(width < 1 ? 1 : width);
  if (value.type().id() == TypeId::kBinary && value.get<std::string>().size() > limit)
    return Literal::binary(value.get<std::string>().substr(0, limit));
  if (value.type().id() != TypeId::kString) return value;
  const std::string& text = value.get<std::string>();
  std::size_t at = 0;
  for (std::size_t i = 0; i < limit && at < text.size(); ++i) at += code_point_length(text, at).value_or(1);
  return at >= text.size() ? value : Literal::string(text.substr(0, at));
}

namespace {

std::optional<Literal> next_binary(std::string bytes) {
  while (!bytes.empty()) {
    const auto last = static_cast<std::uint8_t>(bytes.back());
    bytes.pop_back();
    if (last == 0xff) continue;
    bytes.push_back(static_cast<char>(last + 1));
    return Literal::binary(std::move(bytes));
  }
  return std::nullopt;
}

std::optional<Literal> next_string(std::string text) {
  while (!text.empty()) {
    std::size_t at = text.size() - 1;
    while (at > 0 && (static_cast<std::uint8_t>(text[at]) & 0xc0U) == 0x80U) --at;
    const char32_t code_point = code_point_at(text, at);
    text.resize(at);
    if (code_point >= 0x10ffff) continue;
    append_utf8(text, code_point + 1 == 0xd800 ? 0xe000 : code_point + 1);
    return Literal::string(std::move(text));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Literal> truncated_upper_bound(const Literal& value, int width) {
  if (value.type().id() != TypeId::kString && value.type().id() != TypeId::kBinary) return value;
  const Literal cut = truncated_lower_bound(value, width);
  if (cut.get<std::string>().size() == value.get<std::string>().size()) return value;
  if (value.type().id() == TypeId::kString) return next_string(cut.get<std::string>());
  return next_binary(cut.get<std::string>());
}

}  // namespace tarn::iceberg
