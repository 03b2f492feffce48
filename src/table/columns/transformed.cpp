#include "table/columns/transformed.h"

#include <bit>
#include <type_traits>
#include <utility>

#include "iceberg/errors.h"
#include "table/columns/values.h"

namespace tarn::table {
namespace {

using iceberg::Int128;
using iceberg::Transform;
using iceberg::TransformKind;
using iceberg::Type;
using iceberg::TypeId;

/// Bits of an IEEE number as an integer of the same order.
std::int64_t ordered_bits(double value) {
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits < 0 ? bits ^ INT64_MAX : bits;
}
std::int64_t ordered_bits(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits < 0 ? bits ^ INT32_MAX : bits;
}

template <typename Out, typename Values, typename Apply>
TransformedColumn map_rows(const arrow::Array& array, const Values& values, Apply&& apply) {
  std::vector<Out> out(static_cast<std::size_t>(array.length()));
  std::vector<std::uint8_t> nulls;
  if (array.null_count() == 0) {
    for (std::size_t row = 0; row < out.size(); ++row)
      out[row] = apply(values(static_cast<std::int64_t>(row)));
  } else {
    nulls.resize(out.size());
    for (std::size_t row = 0; row < out.size(); ++row) {
      nulls[row] = array.IsNull(static_cast<std::int64_t>(row)) ? 1 : 0;
      if (nulls[row] == 0) out[row] = apply(values(static_cast<std::int64_t>(row)));
    }
  }
  return {std::move(out), std::move(nulls)};
}

TransformedColumn identity(const arrow::Array& array, const Type& type) {
  return visit_values(array, type, [&](const auto& values) {
    using Value = std::decay_t<decltype(values(0))>;
    if constexpr (std::is_same_v<Value, std::string_view> || std::is_same_v<Value, Int128>) {
      return map_rows<Value>(array, values, [](Value value) { return value; });
    } else if constexpr (std::is_floating_point_v<Value>) {
      return map_rows<std::int64_t>(array, values, [](Value value) { return ordered_bits(value); });
    } else {
      return map_rows<std::int64_t>(array, values, [](Value value) { return std::int64_t{value}; });
    }
  });
}

TransformedColumn bucket(const arrow::Array& array, const Type& type, std::int32_t count) {
  return visit_values(array, type, [&](const auto& values) {
    using Value = std::decay_t<decltype(values(0))>;
    return map_rows<std::int64_t>(array, values, [count](Value value) -> std::int64_t {
      if constexpr (std::is_same_v<Value, std::string_view>) {
        return iceberg::bucket_of(iceberg::bucket_hash_bytes(value), count);
      } else if constexpr (std::is_same_v<Value, Int128>) {
        return iceberg::bucket_of(iceberg::bucket_hash_decimal(value), count);
      } else {
        return iceberg::bucket_of(iceberg::bucket_hash_int64(static_cast<std::int64_t>(value)), count);
      }
    });
  });
}

/// Rounded down to a multiple of `width`.
Int128 truncate_decimal(Int128 value, std::int32_t width) {
  return value - (((value % width) + width) % width);
}

TransformedColumn truncate(const arrow::Array& array, const Type& type, std::int32_t width) {
  switch (type.id()) {
    case TypeId::kInt:
      return map_rows<std::int64_t>(array, FixedValues<std::int32_t>(array), [width](std::int32_t value) {
        return std::int64_t{iceberg::truncate_int32(value, width)};
      });
    case TypeId::kLong:
      return map_rows<std::int64_t>(array, FixedValues<std::int64_t>(array), [width](std::int64_t value) {
        return iceberg::truncate_int64(value, width);
      });
    case TypeId::kDecimal:
      return map_rows<Int128>(array, DecimalValues(array),
                              [width](Int128 value) { return truncate_decimal(value, width); });
    case TypeId::kString:
      return map_rows<std::string_view>(array, BytesValues(array), [width](std::string_view value) {
        return iceberg::truncate_utf8(value, width);
      });
    default:
      return map_rows<std::string_view>(array, BytesValues(array), [width](std::string_view value) {
        return value.substr(0, static_cast<std::size_t>(width));
      });
  }
}

TransformedColumn time_part(const arrow::Array& array, const Type& type, TransformKind kind) {
  const auto of_days = [kind](std::int32_t days) -> std::int64_t {
    if (kind == TransformKind::kYear) return iceberg::years_since_epoch(days);
    if (kind == TransformKind::kMonth) return iceberg::months_since_epoch(days);
    return days;
  };
  if (type.id() == TypeId::kDate)
    return map_rows<std::int64_t>(array, FixedValues<std::int32_t>(array), of_days);
  const FixedValues<std::int64_t> micros(array);
  if (kind == TransformKind::kHour)
    return map_rows<std::int64_t>(
        array, micros, [](std::int64_t value) { return std::int64_t{iceberg::hours_of_micros(value)}; });
  return map_rows<std::int64_t>(array, micros,
                                [&](std::int64_t value) { return of_days(iceberg::days_of_micros(value)); });
}

}  // namespace

Result<TransformedColumn> transform_column(const arrow::Array& array, const Type& type,
                                           const Transform& transform) {
  TARN_RETURN_IF_ERROR(check_column(array, type));
  TARN_RETURN_IF_ERROR(transform.result_type(type));
  switch (transform.kind()) {
    case TransformKind::kIdentity:
      return identity(array, type);
    case TransformKind::kBucket:
      return bucket(array, type, transform.parameter());
    case TransformKind::kTruncate:
      return truncate(array, type, transform.parameter());
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
    case TransformKind::kHour:
      return time_part(array, type, transform.kind());
    case TransformKind::kVoid: {
      const auto rows = static_cast<std::size_t>(array.length());
      return TransformedColumn{std::vector<std::int64_t>(rows), std::vector<std::uint8_t>(rows, 1)};
    }
    case TransformKind::kUnknown:
      break;
  }
  return Error(iceberg::kBadTransform, "`" + transform.to_string() + "` cannot be applied to rows");
}

}  // namespace tarn::table
