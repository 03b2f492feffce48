#include "iceberg/filter/value_range.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>

#include "base/civil_time.h"

namespace tarn::iceberg {
namespace {

constexpr std::int64_t kMicrosPerHour = 3600 * kMicrosPerSecond;

bool is_float(const Type& type) {
  return type.id() == TypeId::kFloat || type.id() == TypeId::kDouble;
}

std::optional<Literal> bound_of(const ColumnMap<std::string>& bounds, std::int32_t id, const Type& type) {
  const std::string* bytes = bounds.find(id);
  if (bytes == nullptr) return std::nullopt;
  auto value = Literal::from_binary(type, *bytes);
  // A bound that cannot be read, or is NaN, says nothing.
  if (!value.ok() || is_nan(*value)) return std::nullopt;
  return std::move(value).value();
}

bool keeps_order(TransformKind kind) {
  switch (kind) {
    case TransformKind::kIdentity:
    case TransformKind::kTruncate:
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
    case TransformKind::kHour:
      return true;
    default:
      return false;
  }
}

std::optional<std::int64_t> first_day(const Transform& transform, std::int64_t unit) {
  if (transform.kind() == TransformKind::kDay) return unit;
  const bool months = transform.kind() == TransformKind::kMonth;
  const std::int64_t year = months ? (unit >= 0 ? unit : unit - 11) / 12 : unit;
  const std::int64_t month = months ? unit - year * 12 : 0;
  // Beyond these years no bound is known, which is safe.
  if (year < -30'000 || year > 30'000) return std::nullopt;
  return days_from_civil({static_cast<std::int32_t>(year + 1970), static_cast<std::uint32_t>(month + 1), 1});
}

// The least value of the column in a unit of time: days or microseconds.
std::optional<std::int64_t> first_of_unit(const Transform& transform, const Type& source, std::int64_t unit) {
  constexpr std::int64_t kMaxDays = std::numeric_limits<std::int64_t>::max() / kMicrosPerDay - 1;
  if (transform.kind() == TransformKind::kHour) return unit * kMicrosPerHour;
  const auto day = first_day(transform, unit);
  if (!day || source.id() == TypeId::kDate) return day;
  if (*day < -kMaxDays || *day > kMaxDays) return std::nullopt;
  return *day * kMicrosPerDay;
}

std::optional<Literal> literal_of(const Type& source, std::optional<std::int64_t> value) {
  if (!value) return std::nullopt;
  Literal::Value stored = *value;
  if (source.id() == TypeId::kDate) {
    if (*value < std::numeric_limits<std::int32_t>::min() ||
        *value > std::numeric_limits<std::int32_t>::max())
      return std::nullopt;
    stored = static_cast<std::int32_t>(*value);
  }
  auto made = Literal::make(source, stored);
  if (!made.ok()) return std::nullopt;
  return std::move(made).value();
}

// The greatest value that is cut to `value`.
std::optional<Literal> last_truncated_to(const Literal& value, std::int32_t width) {
  switch (value.type().id()) {
    case TypeId::kInt: {
      const std::int64_t last = std::int64_t{value.get<std::int32_t>()} + width - 1;
      return Literal::int32(
          static_cast<std::int32_t>(std::min<std::int64_t>(last, std::numeric_limits<std::int32_t>::max())));
    }
    case TypeId::kLong: {
      std::int64_t last = 0;
      if (__builtin_add_overflow(value.get<std::int64_t>(), std::int64_t{width} - 1, &last))
        last = std::numeric_limits<std::int64_t>::max();
      return Literal::int64(last);
    }
    case TypeId::kDecimal:
      return Literal::decimal(value.type(), value.get<Int128>() + width - 1);
    case TypeId::kString:
    case TypeId::kBinary: {
      // A shorter one was not cut; a longer one begins with it, and is below what follows it.
      const std::string longer = value.get<std::string>() + "a";
      const Literal sample =
          value.type().id() == TypeId::kString ? Literal::string(longer) : Literal::binary(longer);
      const Literal cut = truncated_lower_bound(sample, width);
      return cut == sample ? std::optional(value) : truncated_upper_bound(sample, width);
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::int64_t> unit_of(const std::optional<Literal>& value) {
  const auto* unit = value ? std::get_if<std::int32_t>(&value->value()) : nullptr;
  return unit == nullptr ? std::nullopt : std::optional<std::int64_t>(*unit);
}

}  // namespace

bool is_nan(const Literal& value) {
  if (value.type().id() == TypeId::kFloat) return std::isnan(value.get<float>());
  return value.type().id() == TypeId::kDouble && std::isnan(value.get<double>());
}

void ValueRange::narrow(const ValueRange& other, const Type& type) {
  const auto fits = [&](const std::optional<Literal>& bound) { return bound && bound->type() == type; };
  if (fits(other.lower) && (!lower || compare(*other.lower, *lower) > 0)) lower = other.lower;
  if (fits(other.upper) && (!upper || compare(*other.upper, *upper) < 0)) upper = other.upper;
  only_nulls = only_nulls || other.only_nulls;
  no_nulls = no_nulls || other.no_nulls;
  only_nans = only_nans || other.only_nans;
  no_nans = no_nans || other.no_nans;
}

bool ValueRange::may_hold(const Literal& value) const {
  if (only_nulls || only_nans) return false;
  return !(lower && compare(value, *lower) < 0) && !(upper && compare(value, *upper) > 0);
}

bool ValueRange::is_only(const Literal& value) const {
  return no_nulls && no_nans && lower && upper && compare(*lower, value) == 0 && compare(*upper, value) == 0;
}

ValueRange range_of_metrics(const DataFile& file, std::int32_t column_id, const Type& type) {
  ValueRange range;
  // Java's writers ordered uuids by signed halves.
  if (type.id() != TypeId::kUuid) {
    range.lower = bound_of(file.lower_bounds, column_id, type);
    range.upper = bound_of(file.upper_bounds, column_id, type);
  }
  const std::int64_t* values = file.value_counts.find(column_id);
  const std::int64_t* nulls = file.null_value_counts.find(column_id);
  const std::int64_t* nans = file.nan_value_counts.find(column_id);
  range.no_nulls = nulls != nullptr && *nulls == 0;
  range.only_nulls = nulls != nullptr && values != nullptr && *values == *nulls;
  range.no_nans = !is_float(type) || (nans != nullptr && *nans == 0);
  range.only_nans = is_float(type) && nans != nullptr && values != nullptr && *values == *nans;
  return range;
}

ValueRange range_before(const Transform& transform, const Type& source, const ValueRange& transformed) {
  const TransformKind kind = transform.kind();
  if (kind == TransformKind::kIdentity) return transformed;
  ValueRange range;
  range.no_nans = !is_float(source);
  if (kind == TransformKind::kVoid || kind == TransformKind::kUnknown) return range;
  // A transform of null is null, and of nothing else.
  range.only_nulls = transformed.only_nulls;
  range.no_nulls = transformed.no_nulls;
  if (!keeps_order(kind)) return range;
  if (kind == TransformKind::kTruncate) {
    range.lower = transformed.lower;
    if (transformed.upper) range.upper = last_truncated_to(*transformed.upper, transform.parameter());
    return range;
  }
  if (auto unit = unit_of(transformed.lower)) {
    // Early writers rounded times before 1970 up.
    if (*unit <= 0) *unit -= 1;
    range.lower = literal_of(source, first_of_unit(transform, source, *unit));
  }
  if (const auto unit = unit_of(transformed.upper)) {
    auto end = first_of_unit(transform, source, *unit + 1);
    if (end) *end -= 1;
    range.upper = literal_of(source, end);
  }
  return range;
}

ValueRange range_after(const Transform& transform, const ValueRange& source) {
  if (transform.kind() == TransformKind::kIdentity) return source;
  ValueRange range;
  range.no_nans = true;
  if (transform.kind() == TransformKind::kVoid) return range;
  range.only_nulls = source.only_nulls;
  range.no_nulls = source.no_nulls;
  if (!keeps_order(transform.kind())) return range;
  const auto apply = [&](const std::optional<Literal>& bound) -> std::optional<Literal> {
    auto result = transform.apply(bound);
    return result.ok() ? std::move(result).value() : std::nullopt;
  };
  range.lower = apply(source.lower);
  range.upper = apply(source.upper);
  return range;
}

}  // namespace tarn::iceberg
