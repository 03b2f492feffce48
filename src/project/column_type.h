#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::project {

enum class TypeKind : std::uint8_t {
  kBoolean,
  kInt,      ///< 32 bits, signed.
  kLong,     ///< 64 bits, signed.
  kDecimal,  ///< precision 1 … 38, scale 0 … precision.
  kDouble,
  kString,
  kDate,
  kTime,         ///< Microseconds of a day.
  kTimestamp,    ///< Microseconds, no zone.
  kTimestamptz,  ///< Microseconds in UTC.
  kUuid,
  kBinary,
  kStruct,  ///< Only as the element of a list: `list<struct>`, whose members are ColumnSpec::columns.
  kList,    ///< Of a scalar or of kStruct, never of a list.
};

/// The type of a column as a contract names it. A small value; it knows nothing of Iceberg or Arrow.
struct ColumnType {
  TypeKind kind = TypeKind::kString;
  TypeKind element = TypeKind::kString;  ///< Of kList: what it holds; otherwise unused (kString).
  std::uint8_t precision = 0;            ///< Of kDecimal, or of a list of kDecimal.
  std::uint8_t scale = 0;

  bool is_list() const { return kind == TypeKind::kList; }
  bool is_list_of_struct() const { return is_list() && element == TypeKind::kStruct; }
  bool is_scalar() const { return kind != TypeKind::kList && kind != TypeKind::kStruct; }
  bool is_integer() const { return kind == TypeKind::kInt || kind == TypeKind::kLong; }
  bool is_number() const { return is_integer() || kind == TypeKind::kDecimal || kind == TypeKind::kDouble; }
  /// date, time, timestamp or timestamptz.
  bool is_temporal() const;
  /// The type of a list's elements; of a scalar, itself.
  ColumnType element_type() const;

  bool operator==(const ColumnType&) const = default;
};

/// "decimal(10,2)", "list<struct>": what parse_column_type() reads.
std::string to_string(const ColumnType& type);

/// Reads a type as a contract writes it; blanks are ignored. `contract.bad_type` with a hint where a name of
/// another system (`varchar`, `integer`, `datetime`, `float`) has an equivalent here.
Result<ColumnType> parse_column_type(std::string_view text);

}  // namespace tarn::project
