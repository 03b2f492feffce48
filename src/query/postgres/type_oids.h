#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/column_type.h"

namespace tarn::query::postgres {

/// A type by its number in PostgreSQL, which is the same in every installation (PostgreSQL 15,
/// `pg_type.dat`).
struct Type {
  std::uint32_t oid = 0;
  std::string_view name = {};
  std::int16_t size = -1;  ///< Bytes; -1: varies.
  char category = 'S';     ///< `typcategory`.
  std::uint32_t array = 0;
  std::string_view sql = {};  ///< What the engine calls it; empty: nothing.
};

inline constexpr std::uint32_t kBoolOid = 16;
inline constexpr std::uint32_t kByteaOid = 17;
inline constexpr std::uint32_t kInt8Oid = 20;
inline constexpr std::uint32_t kInt2Oid = 21;
inline constexpr std::uint32_t kInt2VectorOid = 22;
inline constexpr std::uint32_t kInt4Oid = 23;
inline constexpr std::uint32_t kTextOid = 25;
inline constexpr std::uint32_t kOidOid = 26;
inline constexpr std::uint32_t kJsonOid = 114;
inline constexpr std::uint32_t kFloat4Oid = 700;
inline constexpr std::uint32_t kFloat8Oid = 701;
inline constexpr std::uint32_t kUnknownOid = 705;
inline constexpr std::uint32_t kDateOid = 1082;
inline constexpr std::uint32_t kTimeOid = 1083;
inline constexpr std::uint32_t kTimestampOid = 1114;
inline constexpr std::uint32_t kTimestampTzOid = 1184;
inline constexpr std::uint32_t kIntervalOid = 1186;
inline constexpr std::uint32_t kNumericOid = 1700;
inline constexpr std::uint32_t kUuidOid = 2950;

/// Every type but arrays.
std::span<const Type> types();
/// Null for other numbers; arrays are found by array_element().
const Type* find_type(std::uint32_t oid);
/// The type whose arrays have this number; null for other numbers.
const Type* array_element(std::uint32_t oid);

/// What a value of the engine's type is to a PostgreSQL client: nested values are `json`, lists of scalars
/// arrays, what PostgreSQL has not (and what is not known) `text`.
struct WireType {
  std::uint32_t oid = kTextOid;
  std::int16_t size = -1;
  std::int32_t modifier = -1;  ///< Precision and scale of a numeric.
  std::uint32_t element = 0;   ///< Of arrays.

  bool operator==(const WireType&) const = default;
};
WireType wire_type(const engine::ColumnType& type);

}  // namespace tarn::query::postgres
