#include "engine/duckdb/type_node.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "engine/errors.h"
#include "engine/source_place.h"

namespace tarn::engine::internal {
namespace {

struct LogicalType {
  explicit LogicalType(duckdb_logical_type taken) : handle(taken) {}
  ~LogicalType() { duckdb_destroy_logical_type(&handle); }
  LogicalType(const LogicalType&) = delete;
  LogicalType& operator=(const LogicalType&) = delete;
  duckdb_logical_type handle;
};

std::string take(char* text) {
  std::string taken = text == nullptr ? "" : text;
  duckdb_free(text);
  return taken;
}

struct Name {
  duckdb_type id;
  std::string_view sql;
  ColumnKind kind;
  TypeId precise;
};

constexpr std::array kNames = {
    Name{DUCKDB_TYPE_BOOLEAN, "BOOLEAN", ColumnKind::kBoolean, TypeId::kBoolean},
    Name{DUCKDB_TYPE_TINYINT, "TINYINT", ColumnKind::kNumber, TypeId::kInt8},
    Name{DUCKDB_TYPE_SMALLINT, "SMALLINT", ColumnKind::kNumber, TypeId::kInt16},
    Name{DUCKDB_TYPE_INTEGER, "INTEGER", ColumnKind::kNumber, TypeId::kInt32},
    Name{DUCKDB_TYPE_BIGINT, "BIGINT", ColumnKind::kNumber, TypeId::kInt64},
    Name{DUCKDB_TYPE_UTINYINT, "UTINYINT", ColumnKind::kNumber, TypeId::kUint8},
    Name{DUCKDB_TYPE_USMALLINT, "USMALLINT", ColumnKind::kNumber, TypeId::kUint16},
    Name{DUCKDB_TYPE_UINTEGER, "UINTEGER", ColumnKind::kNumber, TypeId::kUint32},
    Name{DUCKDB_TYPE_UBIGINT, "UBIGINT", ColumnKind::kNumber, TypeId::kUint64},
    Name{DUCKDB_TYPE_HUGEINT, "HUGEINT", ColumnKind::kNumber, TypeId::kInt128},
    Name{DUCKDB_TYPE_UHUGEINT, "UHUGEINT", ColumnKind::kNumber, TypeId::kUint128},
    Name{DUCKDB_TYPE_BIGNUM, "BIGNUM", ColumnKind::kNumber, TypeId::kBignum},
    Name{DUCKDB_TYPE_FLOAT, "FLOAT", ColumnKind::kNumber, TypeId::kFloat},
    Name{DUCKDB_TYPE_DOUBLE, "DOUBLE", ColumnKind::kNumber, TypeId::kDouble},
    Name{DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP", ColumnKind::kTemporal, TypeId::kTimestamp},
    Name{DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S", ColumnKind::kTemporal, TypeId::kTimestamp},
    Name{DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS", ColumnKind::kTemporal, TypeId::kTimestamp},
    Name{DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS", ColumnKind::kTemporal, TypeId::kTimestamp},
    Name{DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE", ColumnKind::kTemporal, TypeId::kTimestampTz},
    Name{DUCKDB_TYPE_DATE, "DATE", ColumnKind::kTemporal, TypeId::kDate},
    Name{DUCKDB_TYPE_TIME, "TIME", ColumnKind::kTemporal, TypeId::kTime},
    Name{DUCKDB_TYPE_TIME_NS, "TIME_NS", ColumnKind::kTemporal, TypeId::kTime},
    Name{DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE", ColumnKind::kTemporal, TypeId::kTimeTz},
    Name{DUCKDB_TYPE_INTERVAL, "INTERVAL", ColumnKind::kTemporal, TypeId::kInterval},
    Name{DUCKDB_TYPE_VARCHAR, "VARCHAR", ColumnKind::kText, TypeId::kText},
    Name{DUCKDB_TYPE_UUID, "UUID", ColumnKind::kText, TypeId::kUuid},
    Name{DUCKDB_TYPE_BLOB, "BLOB", ColumnKind::kBinary, TypeId::kBinary},
    Name{DUCKDB_TYPE_GEOMETRY, "GEOMETRY", ColumnKind::kBinary, TypeId::kBinary},
    Name{DUCKDB_TYPE_BIT, "BIT", ColumnKind::kText, TypeId::kBits},
    Name{DUCKDB_TYPE_SQLNULL, "NULL", ColumnKind::kText, TypeId::kText},
};

const Name* find_name(duckdb_type id) {
  for (const Name& name : kNames) {
    if (name.id == id) return &name;
  }
  return nullptr;
}

Status add_child(TypeNode& node, duckdb_logical_type taken) {
  const LogicalType child(taken);
  TARN_ASSIGN_OR_RETURN(TypeNode read, read_type(child.handle));
  node.children.push_back(std::move(read));
  return ok_status();
}

Status read_enum(TypeNode& node, duckdb_logical_type type) {
  node.storage = duckdb_enum_internal_type(type);
  const std::uint32_t count = duckdb_enum_dictionary_size(type);
  node.names.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) node.names.push_back(take(duckdb_enum_dictionary_value(type, i)));
  return ok_status();
}

Status read_struct(TypeNode& node, duckdb_logical_type type) {
  const idx_t count = duckdb_struct_type_child_count(type);
  for (idx_t i = 0; i < count; ++i) {
    node.names.push_back(take(duckdb_struct_type_child_name(type, i)));
    TARN_RETURN_IF_ERROR(add_child(node, duckdb_struct_type_child_type(type, i)));
  }
  return ok_status();
}

Status read_union(TypeNode& node, duckdb_logical_type type) {
  const idx_t count = duckdb_union_type_member_count(type);
  for (idx_t i = 0; i < count; ++i) {
    node.names.push_back(take(duckdb_union_type_member_name(type, i)));
    TARN_RETURN_IF_ERROR(add_child(node, duckdb_union_type_member_type(type, i)));
  }
  return ok_status();
}

}  // namespace

Result<TypeNode> read_type(duckdb_logical_type type) {
  TypeNode node;
  node.id = duckdb_get_type_id(type);
  switch (node.id) {
    case DUCKDB_TYPE_VARCHAR:
      node.is_json = take(duckdb_logical_type_get_alias(type)) == "JSON";
      break;
    case DUCKDB_TYPE_DECIMAL:
      node.width = duckdb_decimal_width(type);
      node.scale = duckdb_decimal_scale(type);
      node.storage = duckdb_decimal_internal_type(type);
      break;
    case DUCKDB_TYPE_ENUM:
      TARN_RETURN_IF_ERROR(read_enum(node, type));
      break;
    case DUCKDB_TYPE_LIST:
      TARN_RETURN_IF_ERROR(add_child(node, duckdb_list_type_child_type(type)));
      break;
    case DUCKDB_TYPE_ARRAY:
      node.array_size = duckdb_array_type_array_size(type);
      TARN_RETURN_IF_ERROR(add_child(node, duckdb_array_type_child_type(type)));
      break;
    case DUCKDB_TYPE_MAP:
      TARN_RETURN_IF_ERROR(add_child(node, duckdb_map_type_key_type(type)));
      TARN_RETURN_IF_ERROR(add_child(node, duckdb_map_type_value_type(type)));
      break;
    case DUCKDB_TYPE_STRUCT:
      TARN_RETURN_IF_ERROR(read_struct(node, type));
      break;
    case DUCKDB_TYPE_UNION:
      TARN_RETURN_IF_ERROR(read_union(node, type));
      break;
    default:
      if (find_name(node.id) == nullptr) {
        return Error(kUnsupportedType,
                     fmt::format("a value of the engine's type {} cannot be sent", static_cast<int>(node.id)))
            .with_hint("cast it to VARCHAR or JSON");
      }
  }
  return node;
}

std::string TypeNode::to_sql() const {
  switch (id) {
    case DUCKDB_TYPE_DECIMAL:
      return fmt::format("DECIMAL({},{})", width, scale);
    case DUCKDB_TYPE_LIST:
      return children[0].to_sql() + "[]";
    case DUCKDB_TYPE_ARRAY:
      return fmt::format("{}[{}]", children[0].to_sql(), array_size);
    case DUCKDB_TYPE_MAP:
      return fmt::format("MAP({}, {})", children[0].to_sql(), children[1].to_sql());
    case DUCKDB_TYPE_ENUM: {
      std::string text = "ENUM(";
      for (std::size_t i = 0; i < names.size() && i < 8; ++i)
        text += (i == 0 ? "" : ", ") + quote_literal(names[i]);
      return text + (names.size() > 8 ? ", …)" : ")");
    }
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_UNION: {
      std::string text = id == DUCKDB_TYPE_STRUCT ? "STRUCT(" : "UNION(";
      for (std::size_t i = 0; i < children.size(); ++i) {
        text += (i == 0 ? "" : ", ") + quote_identifier(names[i]) + " " + children[i].to_sql();
      }
      return text + ")";
    }
    default: {
      const Name* name = find_name(id);
      return std::string(name == nullptr ? "UNKNOWN" : name->sql);
    }
  }
}

ColumnKind TypeNode::kind() const {
  switch (id) {
    case DUCKDB_TYPE_DECIMAL:
      return ColumnKind::kNumber;
    case DUCKDB_TYPE_ENUM:
      return ColumnKind::kText;
    default: {
      const Name* name = find_name(id);
      return name == nullptr ? ColumnKind::kNested : name->kind;
    }
  }
}

ColumnType TypeNode::precise() const {
  switch (id) {
    case DUCKDB_TYPE_DECIMAL:
      return {.id = TypeId::kDecimal, .width = width, .scale = scale};
    case DUCKDB_TYPE_ENUM:
      return {.id = TypeId::kText};
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
      return {.id = TypeId::kList, .element = children[0].precise().id};
    default: {
      const Name* name = find_name(id);
      if (name == nullptr) return {.id = TypeId::kNested};
      return {.id = is_json ? TypeId::kJson : name->precise};
    }
  }
}

}  // namespace tarn::engine::internal
