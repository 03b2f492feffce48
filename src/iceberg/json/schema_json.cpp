#include <fmt/format.h>

#include <utility>

#include "iceberg/errors.h"
#include "iceberg/json/codec.h"

namespace tarn::iceberg {
namespace {

Json fields_json(std::span<const NestedField> fields) {
  Json list = Json::array();
  for (const NestedField& field : fields) {
    Json item = {
        {"id", field.id}, {"name", field.name}, {"required", field.required}, {"type", json_of(field.type)}};
    if (field.doc) item["doc"] = *field.doc;
    if (field.initial_default) item["initial-default"] = Json::parse(*field.initial_default, nullptr, false);
    if (field.write_default) item["write-default"] = Json::parse(*field.write_default, nullptr, false);
    list.push_back(std::move(item));
  }
  return list;
}

Result<NestedField> field_from(const JsonView& view, int depth) {
  NestedField field;
  TARN_ASSIGN_OR_RETURN(field.id, view.int32("id"));
  TARN_ASSIGN_OR_RETURN(field.name, view.text("name"));
  TARN_ASSIGN_OR_RETURN(field.required, view.boolean("required"));
  TARN_ASSIGN_OR_RETURN(const JsonView type, view.member("type"));
  TARN_ASSIGN_OR_RETURN(field.type, type_from(type, depth + 1));
  TARN_ASSIGN_OR_RETURN(field.doc, view.optional_text("doc"));
  if (const auto value = view.find("initial-default")) field.initial_default = dump_json(value->json());
  if (const auto value = view.find("write-default")) field.write_default = dump_json(value->json());
  return field;
}

Result<std::vector<NestedField>> fields_from(const JsonView& view, int depth) {
  TARN_ASSIGN_OR_RETURN(const JsonView list, view.member("fields"));
  TARN_RETURN_IF_ERROR(list.expect_array());
  std::vector<NestedField> fields;
  fields.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    TARN_ASSIGN_OR_RETURN(NestedField field, field_from(list.element(i), depth));
    fields.push_back(std::move(field));
  }
  return fields;
}

/// A list's element, a map's key or value: "element-id", "element-required", "element".
Result<NestedField> part_from(const JsonView& view, const std::string& name, bool always_required,
                              int depth) {
  NestedField part{.name = name, .required = true};
  TARN_ASSIGN_OR_RETURN(part.id, view.int32(name + "-id"));
  if (!always_required) {
    TARN_ASSIGN_OR_RETURN(part.required, view.boolean(name + "-required"));
  }
  TARN_ASSIGN_OR_RETURN(const JsonView type, view.member(name));
  TARN_ASSIGN_OR_RETURN(part.type, type_from(type, depth + 1));
  return part;
}

}  // namespace

Json json_of(const Type& type) {
  switch (type.id()) {
    case TypeId::kStruct:
      return {{"type", "struct"}, {"fields", fields_json(type.fields())}};
    case TypeId::kList:
      return {{"type", "list"},
              {"element-id", type.element().id},
              {"element-required", type.element().required},
              {"element", json_of(type.element().type)}};
    case TypeId::kMap:
      return {{"type", "map"},
              {"key-id", type.key().id},
              {"key", json_of(type.key().type)},
              {"value-id", type.value().id},
              {"value-required", type.value().required},
              {"value", json_of(type.value().type)}};
    default:
      return type.to_string();
  }
}

Json json_of(const Schema& schema) {
  Json json = {{"type", "struct"}, {"schema-id", schema.id()}, {"fields", fields_json(schema.fields())}};
  if (!schema.identifier_field_ids().empty()) json["identifier-field-ids"] = schema.identifier_field_ids();
  return json;
}

Result<Type> type_from(const JsonView& view, int depth) {
  if (depth > kMaxTypeDepth) return view.wrong("types are nested too deeply");
  if (view.json().is_string()) {
    auto type = Type::parse(view.json().get_ref<const std::string&>());
    if (!type.ok())
      return Error(type.error().code(), fmt::format("{}: {}", view.path(), type.error().message()));
    return type;
  }
  TARN_RETURN_IF_ERROR(view.expect_object());
  TARN_ASSIGN_OR_RETURN(const std::string kind, view.text("type"));
  if (kind == "struct") {
    TARN_ASSIGN_OR_RETURN(std::vector<NestedField> fields, fields_from(view, depth));
    return Type::structure(std::move(fields));
  }
  if (kind == "list") {
    TARN_ASSIGN_OR_RETURN(NestedField element, part_from(view, "element", false, depth));
    return Type::list(std::move(element));
  }
  if (kind == "map") {
    TARN_ASSIGN_OR_RETURN(NestedField key, part_from(view, "key", true, depth));
    TARN_ASSIGN_OR_RETURN(NestedField value, part_from(view, "value", false, depth));
    return Type::map(std::move(key), std::move(value));
  }
  return view.wrong(fmt::format("`{}` is not struct, list or map", kind));
}

Result<Schema> schema_from(const JsonView& outer, std::int32_t default_schema_id) {
  const JsonView view = outer.with_code(kBadSchema);
  TARN_RETURN_IF_ERROR(view.expect_object());
  Schema::Parts parts;
  TARN_ASSIGN_OR_RETURN(const std::optional<std::int32_t> id, view.optional_int32("schema-id"));
  parts.schema_id = id.value_or(default_schema_id);
  TARN_ASSIGN_OR_RETURN(parts.fields, fields_from(view, 0));
  if (const auto ids = view.find("identifier-field-ids")) {
    TARN_ASSIGN_OR_RETURN(parts.identifier_field_ids, ids->as_int32_list());
  }
  auto schema = Schema::make(std::move(parts));
  if (!schema.ok()) return view.wrong(schema.error().message());
  return schema;
}

Result<Schema> Schema::from_json(std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return schema_from(JsonView(value, kBadSchema));
}

std::string Schema::to_json() const {
  return dump_json(json_of(*this));
}

}  // namespace tarn::iceberg
