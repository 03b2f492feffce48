#pragma once

#include <cstdint>

namespace tarn::engine {

/// The types that a column or a parameter can have.
enum class TypeId : std::uint8_t {
  kUnknown,  ///< Of a parameter whose surroundings say nothing, and of what depends on it.
  kBoolean,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kInt128,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kUint128,
  kBignum,
  kFloat,
  kDouble,
  kDecimal,
  kDate,
  kTime,
  kTimeTz,
  kTimestamp,  ///< Of any precision.
  kTimestampTz,
  kInterval,
  kText,  ///< Enumerations as well.
  kJson,
  kUuid,
  kBinary,
  kBits,
  kList,
  kNested,  ///< Structs, maps and unions.
};

/// A type as far as protocols need to tell them apart.
struct ColumnType {
  TypeId id = TypeId::kUnknown;
  std::uint8_t width = 0;  ///< Of decimals: all digits, and those behind the point.
  std::uint8_t scale = 0;
  TypeId element = TypeId::kUnknown;  ///< Of lists.

  bool operator==(const ColumnType&) const = default;
};

}  // namespace tarn::engine
