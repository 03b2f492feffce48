#include "query/postgres/type_oids.h"

#include <array>

namespace tarn::query::postgres {
namespace {

constexpr std::array kTypes = {
    Type{kBoolOid, "bool", 1, 'B', 1000, "BOOLEAN"},
    Type{kByteaOid, "bytea", -1, 'U', 1001, "BLOB"},
    Type{18, "char", 1, 'Z', 1002, ""},
    Type{19, "name", 64, 'S', 1003, ""},
    Type{kInt8Oid, "int8", 8, 'N', 1016, "BIGINT"},
    Type{kInt2Oid, "int2", 2, 'N', 1005, "SMALLINT"},
    Type{kInt2VectorOid, "int2vector", -1, 'A', 1006, ""},
    Type{kInt4Oid, "int4", 4, 'N', 1007, "INTEGER"},
    Type{24, "regproc", 4, 'N', 1008, ""},
    Type{kTextOid, "text", -1, 'S', 1009, ""},
    Type{kOidOid, "oid", 4, 'N', 1028, "UINTEGER"},
    Type{28, "xid", 4, 'U', 1011, ""},
    Type{30, "oidvector", -1, 'A', 1013, ""},
    Type{kJsonOid, "json", -1, 'U', 199, ""},
    Type{kFloat4Oid, "float4", 4, 'N', 1021, "FLOAT"},
    Type{kFloat8Oid, "float8", 8, 'N', 1022, "DOUBLE"},
    Type{kUnknownOid, "unknown", -2, 'X', 0, ""},
    Type{1042, "bpchar", -1, 'S', 1014, ""},
    Type{1043, "varchar", -1, 'S', 1015, ""},
    Type{kDateOid, "date", 4, 'D', 1182, "DATE"},
    Type{kTimeOid, "time", 8, 'D', 1183, "TIME"},
    Type{kTimestampOid, "timestamp", 8, 'D', 1115, "TIMESTAMP"},
    Type{kTimestampTzOid, "timestamptz", 8, 'D', 1185, "TIMESTAMPTZ"},
    Type{kIntervalOid, "interval", 16, 'T', 1187, "INTERVAL"},
    Type{1266, "timetz", 12, 'D', 1270, ""},
    Type{1560, "bit", -1, 'V', 1561, ""},
    Type{1562, "varbit", -1, 'V', 1563, ""},
    Type{kNumericOid, "numeric", -1, 'N', 1231, ""},
    Type{2205, "regclass", 4, 'N', 2210, ""},
    Type{2206, "regtype", 4, 'N', 2211, ""},
    Type{2249, "record", -1, 'P', 2287, ""},
    Type{2276, "any", 4, 'P', 0, ""},
    Type{2277, "anyarray", -1, 'P', 0, ""},
    Type{2278, "void", 4, 'P', 0, ""},
    Type{kUuidOid, "uuid", 16, 'U', 2951, "UUID"},
    Type{3802, "jsonb", -1, 'U', 3807, ""},
};

std::uint32_t scalar_oid(engine::TypeId id) {
  using engine::TypeId;
  switch (id) {
    case TypeId::kBoolean:
      return kBoolOid;
    case TypeId::kInt8:
    case TypeId::kUint8:
    case TypeId::kInt16:
      return kInt2Oid;
    case TypeId::kUint16:
    case TypeId::kInt32:
      return kInt4Oid;
    case TypeId::kInt64:
      return kInt8Oid;
    case TypeId::kUint32:  // What the system catalog's numbers are.
      return kOidOid;
    case TypeId::kUint64:
    case TypeId::kInt128:
    case TypeId::kUint128:
    case TypeId::kBignum:
    case TypeId::kDecimal:
      return kNumericOid;
    case TypeId::kFloat:
      return kFloat4Oid;
    case TypeId::kDouble:
      return kFloat8Oid;
    case TypeId::kDate:
      return kDateOid;
    case TypeId::kTime:
      return kTimeOid;
    case TypeId::kTimestamp:
      return kTimestampOid;
    case TypeId::kTimestampTz:
      return kTimestampTzOid;
    case TypeId::kInterval:
      return kIntervalOid;
    case TypeId::kUuid:
      return kUuidOid;
    case TypeId::kBinary:
      return kByteaOid;
    case TypeId::kJson:
    case TypeId::kNested:
    case TypeId::kList:
      return kJsonOid;
    case TypeId::kUnknown:
    case TypeId::kTimeTz:
    case TypeId::kText:
    case TypeId::kBits:
      return kTextOid;
  }
  return kTextOid;
}

}  // namespace

std::span<const Type> types() {
  return kTypes;
}

const Type* find_type(std::uint32_t oid) {
  for (const Type& type : kTypes) {
    if (type.oid == oid) return &type;
  }
  return nullptr;
}

const Type* array_element(std::uint32_t oid) {
  for (const Type& type : kTypes) {
    if (type.array == oid && oid != 0) return &type;
  }
  return nullptr;
}

WireType wire_type(const engine::ColumnType& type) {
  using engine::TypeId;
  // Nothing but the system catalog has it, to tell vectors from arrays.
  if (type.id == TypeId::kList && type.element == TypeId::kUint16)
    return {.oid = kInt2VectorOid, .size = -1, .modifier = -1, .element = kInt2Oid};
  const bool is_array =
      type.id == TypeId::kList && type.element != TypeId::kList && type.element != TypeId::kNested;
  const std::uint32_t scalar = scalar_oid(is_array ? type.element : type.id);
  const Type* const found = find_type(scalar);
  if (is_array) return {.oid = found->array, .size = -1, .modifier = -1, .element = scalar};
  WireType wire{.oid = scalar, .size = found->size};
  if (type.id == TypeId::kDecimal) wire.modifier = ((type.width << 16) | type.scale) + 4;
  return wire;
}

}  // namespace tarn::query::postgres
