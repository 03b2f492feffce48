#include "query/views/type_sql.h"

#include <fmt/format.h>

#include "engine/source_place.h"

namespace tarn::query {
namespace {

using engine::quote_identifier;
using iceberg::NestedField;
using iceberg::Type;
using iceberg::TypeId;

std::string struct_sql(const Type& type) {
  std::string sql = "STRUCT(";
  for (const NestedField& field : type.fields()) {
    if (sql.back() != '(') sql += ", ";
    sql += quote_identifier(field.name) + " " + type_sql(field.type);
  }
  return sql + ")";
}

const NestedField* find_id(const Type& type, std::int32_t id) {
  for (const NestedField& field : type.fields()) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

/// A name for a lambda's parameter that no deeper one repeats.
std::string parameter_name(std::int32_t id) {
  return fmt::format("_tarn_{}", id);
}

std::string remap_struct(std::string_view expression, const Type& from, const Type& to) {
  std::string fields;
  for (const NestedField& field : to.fields()) {
    const NestedField* old = find_id(from, field.id);
    const std::string value =
        old == nullptr
            ? fmt::format("CAST(NULL AS {})", type_sql(field.type))
            : remap_sql(fmt::format("struct_extract({}, {})", expression, engine::quote_literal(old->name)),
                        old->type, field.type);
    fields += fmt::format("{}{} := {}", fields.empty() ? "" : ", ", quote_identifier(field.name), value);
  }
  return fmt::format("CASE WHEN {} IS NULL THEN NULL ELSE struct_pack({}) END", expression, fields);
}

}  // namespace

std::string type_sql(const Type& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
      return "BOOLEAN";
    case TypeId::kInt:
      return "INTEGER";
    case TypeId::kLong:
      return "BIGINT";
    case TypeId::kFloat:
      return "FLOAT";
    case TypeId::kDouble:
      return "DOUBLE";
    case TypeId::kDecimal:
      return fmt::format("DECIMAL({},{})", type.precision(), type.scale());
    case TypeId::kDate:
      return "DATE";
    case TypeId::kTime:
      return "TIME";
    case TypeId::kTimestamp:
      return "TIMESTAMP";
    case TypeId::kTimestamptz:
      return "TIMESTAMPTZ";
    case TypeId::kString:
      return "VARCHAR";
    case TypeId::kUuid:
      return "UUID";
    case TypeId::kFixed:
    case TypeId::kBinary:
      return "BLOB";
    case TypeId::kStruct:
      return struct_sql(type);
    case TypeId::kList:
      return type_sql(type.element().type) + "[]";
    case TypeId::kLater:  // for people; scan_sql() refuses such a column
      return type.to_string();
    case TypeId::kMap:
      return fmt::format("MAP({}, {})", type_sql(type.key().type), type_sql(type.value().type));
  }
  return "VARCHAR";
}

std::string remap_sql(std::string_view expression, const Type& from, const Type& to) {
  if (from.id() == TypeId::kStruct && to.id() == TypeId::kStruct) return remap_struct(expression, from, to);
  if (from.id() == TypeId::kList && to.id() == TypeId::kList) {
    const std::string element = parameter_name(to.element().id);
    return fmt::format("list_transform({}, lambda {}: {})", expression, element,
                       remap_sql(element, from.element().type, to.element().type));
  }
  return fmt::format("CAST({} AS {})", expression, type_sql(to));
}

bool names_agree(const Type& from, const Type& to) {
  if (from.id() != to.id() || !from.is_nested()) return true;
  if (from.id() != TypeId::kStruct) {
    for (std::size_t i = 0; i < from.fields().size(); ++i) {
      if (!names_agree(from.fields()[i].type, to.fields()[i].type)) return false;
    }
    return true;
  }
  for (const NestedField& old : from.fields()) {
    for (const NestedField& field : to.fields()) {
      if ((old.id == field.id) != (old.name == field.name)) return false;
      if (old.id == field.id && !names_agree(old.type, field.type)) return false;
    }
  }
  return true;
}

engine::ColumnType column_type(const iceberg::Type& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
      return {.id = engine::TypeId::kBoolean};
    case TypeId::kInt:
      return {.id = engine::TypeId::kInt32};
    case TypeId::kLong:
      return {.id = engine::TypeId::kInt64};
    case TypeId::kFloat:
      return {.id = engine::TypeId::kFloat};
    case TypeId::kDouble:
      return {.id = engine::TypeId::kDouble};
    case TypeId::kDecimal:
      return {.id = engine::TypeId::kDecimal,
              .width = static_cast<std::uint8_t>(type.precision()),
              .scale = static_cast<std::uint8_t>(type.scale())};
    case TypeId::kDate:
      return {.id = engine::TypeId::kDate};
    case TypeId::kTime:
      return {.id = engine::TypeId::kTime};
    case TypeId::kTimestamp:
      return {.id = engine::TypeId::kTimestamp};
    case TypeId::kTimestamptz:
      return {.id = engine::TypeId::kTimestampTz};
    case TypeId::kUuid:
      return {.id = engine::TypeId::kUuid};
    case TypeId::kFixed:
    case TypeId::kBinary:
      return {.id = engine::TypeId::kBinary};
    case TypeId::kList:
      return {.id = engine::TypeId::kList, .element = column_type(type.element().type).id};
    case TypeId::kStruct:
    case TypeId::kMap:
      return {.id = engine::TypeId::kNested};
    case TypeId::kString:
    case TypeId::kLater:
      return {.id = engine::TypeId::kText};
  }
  return {.id = engine::TypeId::kText};
}

}  // namespace tarn::query
