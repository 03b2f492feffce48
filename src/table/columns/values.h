#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <arrow/array.h>

#include "base/result.h"
#include "iceberg/literal.h"
#include "iceberg/types.h"

/// Typed access to the values of a column. Inside of `table` only. A column has the type that
/// to_arrow_type() gives its Iceberg type.
namespace tarn::table {

/// Errors: table.batch_mismatch unless the array is what `type` demands.
Status check_column(const arrow::Array& array, const iceberg::Type& type);

/// The value of a row, nothing for null. Requires a checked column of a primitive type.
Result<std::optional<iceberg::Literal>> literal_at(const arrow::Array& array, const iceberg::Type& type,
                                                   std::int64_t row);

template <typename T>
struct FixedValues {
  explicit FixedValues(const arrow::Array& array) : values(array.data()->GetValues<T>(1)) {}
  T operator()(std::int64_t row) const { return values[row]; }
  const T* values;
};

struct BooleanValues {
  explicit BooleanValues(const arrow::Array& from) : array(static_cast<const arrow::BooleanArray&>(from)) {}
  bool operator()(std::int64_t row) const { return array.Value(row); }
  const arrow::BooleanArray& array;
};

struct DecimalValues {
  explicit DecimalValues(const arrow::Array& from)
      : array(static_cast<const arrow::FixedSizeBinaryArray&>(from)) {}
  iceberg::Int128 operator()(std::int64_t row) const {
    iceberg::Int128 value = 0;
    std::memcpy(&value, array.GetValue(row), sizeof(value));  // Arrow's is little-endian, as is the machine
    return value;
  }
  const arrow::FixedSizeBinaryArray& array;
};

struct BytesValues {
  explicit BytesValues(const arrow::Array& from) : array(static_cast<const arrow::BinaryArray&>(from)) {}
  std::string_view operator()(std::int64_t row) const { return array.GetView(row); }
  const arrow::BinaryArray& array;
};

struct FixedBytesValues {
  explicit FixedBytesValues(const arrow::Array& from)
      : array(static_cast<const arrow::FixedSizeBinaryArray&>(from)) {}
  std::string_view operator()(std::int64_t row) const { return array.GetView(row); }
  const arrow::FixedSizeBinaryArray& array;
};

/// Calls `visit` with the accessor that fits a primitive type.
template <typename Visit>
auto visit_values(const arrow::Array& array, const iceberg::Type& type, Visit&& visit) {
  using iceberg::TypeId;
  switch (type.id()) {
    case TypeId::kBoolean:
      return visit(BooleanValues(array));
    case TypeId::kInt:
    case TypeId::kDate:
      return visit(FixedValues<std::int32_t>(array));
    case TypeId::kFloat:
      return visit(FixedValues<float>(array));
    case TypeId::kDouble:
      return visit(FixedValues<double>(array));
    case TypeId::kDecimal:
      return visit(DecimalValues(array));
    case TypeId::kString:
    case TypeId::kBinary:
      return visit(BytesValues(array));
    case TypeId::kUuid:
    case TypeId::kFixed:
      return visit(FixedBytesValues(array));
    default:
      return visit(FixedValues<std::int64_t>(array));
  }
}

}  // namespace tarn::table
