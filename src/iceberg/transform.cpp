#include "iceberg/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <utility>

#include "base/civil_time.h"
#include "iceberg/binary/single_value.h"
#include "iceberg/errors.h"
#include "iceberg/json/text_encoding.h"

namespace tarn::iceberg {
namespace {

constexpr std::array<std::pair<std::string_view, TransformKind>, 6> kNames = {
    {{"identity", TransformKind::kIdentity},
     {"year", TransformKind::kYear},
     {"month", TransformKind::kMonth},
     {"day", TransformKind::kDay},
     {"hour", TransformKind::kHour},
     {"void", TransformKind::kVoid}}};

Result<std::int32_t> parse_parameter(std::string_view text, std::size_t prefix_length) {
  const std::string_view digits = text.substr(prefix_length, text.size() - prefix_length - 1);
  std::int32_t value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc() || end != digits.data() + digits.size() || value < 1)
    return Error(kBadTransform, fmt::format("`{}` needs a whole number of at least 1", text));
  return value;
}

template <typename T>
T floor_div(T value, T divisor) {
  const T quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

bool is_timestamp(TypeId id) {
  return id == TypeId::kTimestamp || id == TypeId::kTimestamptz;
}

bool applies(TransformKind kind, TypeId id) {
  switch (kind) {
    case TransformKind::kBucket:
      return id != TypeId::kBoolean && id != TypeId::kFloat && id != TypeId::kDouble;
    case TransformKind::kTruncate:
      return id == TypeId::kInt || id == TypeId::kLong || id == TypeId::kDecimal || id == TypeId::kString ||
             id == TypeId::kBinary;
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
      return id == TypeId::kDate || is_timestamp(id);
    case TransformKind::kHour:
      return is_timestamp(id);
    default:
      return true;
  }
}

std::int32_t bucket_hash(const Literal& value) {
  switch (value.type().id()) {
    case TypeId::kInt:
    case TypeId::kDate:
      return bucket_hash_int64(value.get<std::int32_t>());
    case TypeId::kLong:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return bucket_hash_int64(value.get<std::int64_t>());
    case TypeId::kDecimal:
      return bucket_hash_decimal(value.get<Int128>());
    default:
      return bucket_hash_bytes(value.to_binary());
  }
}

Literal truncated(const Literal& value, std::int32_t width) {
  switch (value.type().id()) {
    case TypeId::kInt:
      return Literal::int32(truncate_int32(value.get<std::int32_t>(), width));
    case TypeId::kLong:
      return Literal::int64(truncate_int64(value.get<std::int64_t>(), width));
    case TypeId::kDecimal: {
      const Int128 unscaled = value.get<Int128>();
      return Literal::decimal(value.type(), unscaled - ((unscaled % width) + width) % width);
    }
    case TypeId::kString:
      return Literal::string(std::string(truncate_utf8(value.get<std::string>(), width)));
    default:
      return Literal::binary(value.get<std::string>().substr(0, static_cast<std::size_t>(width)));
  }
}

std::int32_t days_of(const Literal& value) {
  return value.type().id() == TypeId::kDate ? value.get<std::int32_t>()
                                            : days_of_micros(value.get<std::int64_t>());
}

}  // namespace

Result<Transform> Transform::parse(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const auto& [name, kind] : kNames)
    if (lower == name) return Transform(kind);
  for (const auto& [prefix, kind] :
       {std::pair<std::string_view, TransformKind>{"bucket[", TransformKind::kBucket},
        {"truncate[", TransformKind::kTruncate}}) {
    if (!lower.starts_with(prefix) || !lower.ends_with(']')) continue;
    TARN_ASSIGN_OR_RETURN(const std::int32_t parameter, parse_parameter(lower, prefix.size()));
    return Transform(kind, parameter);
  }
  if (text.empty()) return Error(kBadTransform, "a transform has a name");
  Transform unknown(TransformKind::kUnknown);
  unknown.unknown_text_ = std::string(text);
  return unknown;
}

std::string Transform::to_string() const {
  if (kind_ == TransformKind::kBucket) return fmt::format("bucket[{}]", parameter_);
  if (kind_ == TransformKind::kTruncate) return fmt::format("truncate[{}]", parameter_);
  for (const auto& [name, kind] : kNames)
    if (kind == kind_) return std::string(name);
  return unknown_text_;
}

Result<Type> Transform::result_type(const Type& source) const {
  if (kind_ == TransformKind::kUnknown)
    return Error(kBadTransform, fmt::format("the transform `{}` is not known", unknown_text_));
  if ((kind_ == TransformKind::kBucket || kind_ == TransformKind::kTruncate) && parameter_ < 1)
    return Error(kBadTransform, fmt::format("`{}` needs a whole number of at least 1", to_string()));
  const TypeId id = source.is_nanoseconds() ? TypeId::kTimestamp : source.id();
  if (!source.is_primitive() || !applies(kind_, id)) {
    return Error(kBadTransform,
                 fmt::format("`{}` cannot be applied to the type {}", to_string(), source.to_string()));
  }
  switch (kind_) {
    case TransformKind::kBucket:
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kHour:
      return Type::int32();
    // The reference writes days as dates, which are the same ints.
    case TransformKind::kDay:
      return Type::date();
    default:
      return source;
  }
}

Result<std::optional<Literal>> Transform::apply(const std::optional<Literal>& value) const {
  if (!value || kind_ == TransformKind::kVoid) return std::optional<Literal>();
  TARN_RETURN_IF_ERROR(result_type(value->type()));
  switch (kind_) {
    case TransformKind::kBucket:
      return std::optional(Literal::int32(bucket_of(bucket_hash(*value), parameter_)));
    case TransformKind::kTruncate:
      return std::optional(truncated(*value, parameter_));
    case TransformKind::kYear:
      return std::optional(Literal::int32(years_since_epoch(days_of(*value))));
    case TransformKind::kMonth:
      return std::optional(Literal::int32(months_since_epoch(days_of(*value))));
    case TransformKind::kDay:
      return std::optional(Literal::date(days_of(*value)));
    case TransformKind::kHour:
      return std::optional(Literal::int32(hours_of_micros(value->get<std::int64_t>())));
    default:
      return value;
  }
}

std::string Transform::to_human(const std::optional<Literal>& value) const {
  if (!value) return "null";
  const auto* number = std::get_if<std::int32_t>(&value->value());
  if (number == nullptr) return value->to_string();
  switch (kind_) {
    case TransformKind::kYear:
      return fmt::format("{:04}", std::int64_t{*number} + 1970);
    case TransformKind::kMonth: {
      const std::int64_t year = floor_div<std::int64_t>(*number, 12) + 1970;
      return fmt::format("{:04}-{:02}", year, floor_div<std::int64_t>(*number, 12) * -12 + *number + 1);
    }
    case TransformKind::kDay:
      return format_date(*number);
    case TransformKind::kHour: {
      const std::int32_t day = floor_div(*number, 24);
      return fmt::format("{}-{:02}", format_date(day), *number - day * 24);
    }
    default:
      return value->to_string();
  }
}

std::int32_t bucket_hash_bytes(std::string_view bytes) {
  constexpr std::uint32_t kFirst = 0xcc9e2d51;
  constexpr std::uint32_t kSecond = 0x1b873593;
  std::uint32_t hash = 0;
  const auto mix = [&](std::uint32_t block) { return std::rotl(block * kFirst, 15) * kSecond; };
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    hash ^= mix(static_cast<std::uint32_t>(from_little_endian(bytes.substr(at, 4))));
    hash = std::rotl(hash, 13) * 5 + 0xe6546b64;
  }
  if (at < bytes.size()) hash ^= mix(static_cast<std::uint32_t>(from_little_endian(bytes.substr(at))));
  hash ^= static_cast<std::uint32_t>(bytes.size());
  hash = (hash ^ (hash >> 16U)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13U)) * 0xc2b2ae35;
  return static_cast<std::int32_t>(hash ^ (hash >> 16U));
}

std::int32_t bucket_hash_int64(std::int64_t value) {
  std::array<char, 8> bytes;
  auto bits = static_cast<std::uint64_t>(value);
  for (char& byte : bytes) {
    byte = static_cast<char>(static_cast<std::uint8_t>(bits));
    bits >>= 8U;
  }
  return bucket_hash_bytes({bytes.data(), bytes.size()});
}

std::int32_t bucket_hash_decimal(Int128 unscaled) {
  return bucket_hash_bytes(min_big_endian(unscaled));
}

std::int32_t truncate_int32(std::int32_t value, std::int32_t width) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(truncate_int64(value, width)));
}

std::int64_t truncate_int64(std::int64_t value, std::int64_t width) {
  const std::int64_t rest = value % width;
  const auto positive = static_cast<std::uint64_t>(rest < 0 ? rest + width : rest);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) - positive);
}

std::string_view truncate_utf8(std::string_view text, std::int32_t width) {
  if (text.size() <= static_cast<std::size_t>(width)) return text;
  std::size_t at = 0;
  for (std::int32_t i = 0; i < width && at < text.size(); ++i) at += code_point_length(text, at).value_or(1);
  return text.substr(0, at);
}

std::int32_t years_since_epoch(std::int32_t days) {
  return floor_div(months_since_epoch(days), 12);
}

std::int32_t months_since_epoch(std::int32_t days) {
  // Eras of 400 years from 0000-03-01, so that leap days end a year. Wider than std::chrono's years.
  const std::int64_t shifted = std::int64_t{days} + 719468;
  const std::int64_t era = floor_div<std::int64_t>(shifted, 146097);
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t months_from_march = (5 * day_of_year + 2) / 153;
  return static_cast<std::int32_t>((era * 400 + year_of_era - 1970) * 12 + months_from_march + 2);
}

std::int32_t days_of_micros(std::int64_t micros) {
  return static_cast<std::int32_t>(floor_div(micros, kMicrosPerDay));
}

std::int32_t hours_of_micros(std::int64_t micros) {
  return static_cast<std::int32_t>(floor_div(micros, kMicrosPerDay / 24));
}

}  // namespace tarn::iceberg
