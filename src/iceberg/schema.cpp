#include "iceberg/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

struct Place {
  const NestedField* field = nullptr;
  std::string full_name;
  bool repeated = false;        ///< Within a list or map.
  bool under_optional = false;  ///< A parent may be null.
};

struct Surroundings {
  std::string prefix;
  bool repeated = false;
  bool under_optional = false;
  int depth = 0;
};

Error bad_schema(std::string message) {
  return Error(kBadSchema, std::move(message));
}

Status check_limits(const Type& type, const std::string& name) {
  if (type.id() == TypeId::kDecimal && (type.precision() < 1 || type.precision() > 38 || type.scale() < 0 ||
                                        type.scale() > type.precision())) {
    return bad_schema(fmt::format("`{}`: {} is beyond the limits of a decimal", name, type.to_string()));
  }
  if (type.id() == TypeId::kFixed && type.length() < 1)
    return bad_schema(fmt::format("`{}`: a fixed has at least one byte", name));
  return {};
}

}  // namespace

struct Schema::Index {
  std::int32_t schema_id = 0;
  Type root = Type::structure({});
  std::vector<std::int32_t> identifier_field_ids;
  std::int32_t highest_field_id = 0;
  bool has_reserved_ids = false;  ///< It describes a file, not a table.
  std::map<std::int32_t, Place> by_id;
  std::unordered_map<std::string_view, const NestedField*> by_name;  ///< Views into by_id.

  Status add_all(const Type& type, const Surroundings& around) {
    if (around.depth > kMaxTypeDepth) return bad_schema("types are nested too deeply");
    std::set<std::string_view> names;
    const bool repeats = type.id() == TypeId::kList || type.id() == TypeId::kMap;
    for (const NestedField& field : type.fields()) {
      const std::string name = around.prefix + field.name;
      if (field.name.empty()) return bad_schema(fmt::format("the field of id {} has no name", field.id));
      if (!names.insert(field.name).second) return bad_schema(fmt::format("`{}` occurs twice", name));
      if (field.id < 0 || (field.id > kMaxFieldId && !has_reserved_ids))
        return bad_schema(fmt::format("`{}`: the field id {} is out of range", name, field.id));
      TARN_RETURN_IF_ERROR(check_limits(field.type, name));
      const bool repeated = around.repeated || repeats;
      const auto [at, fresh] =
          by_id.try_emplace(field.id, Place{&field, name, repeated, around.under_optional});
      if (!fresh) {
        return bad_schema(fmt::format("the field id {} belongs to both `{}` and `{}`", field.id,
                                      at->second.full_name, name));
      }
      if (!by_name.emplace(at->second.full_name, &field).second)
        return bad_schema(fmt::format("the full name `{}` is ambiguous", name));
      highest_field_id = std::max(highest_field_id, field.id);
      TARN_RETURN_IF_ERROR(add_all(
          field.type, {name + ".", repeated, around.under_optional || !field.required, around.depth + 1}));
    }
    return {};
  }

  Status check_identifiers() const {
    for (const std::int32_t id : identifier_field_ids) {
      const auto at = by_id.find(id);
      if (at == by_id.end()) return bad_schema(fmt::format("the identifier field {} does not exist", id));
      const Place& place = at->second;
      const TypeId type = place.field->type.id();
      if (place.field->type.is_nested() || type == TypeId::kFloat || type == TypeId::kDouble) {
        return bad_schema(fmt::format("`{}` of type {} cannot identify rows", place.full_name,
                                      place.field->type.to_string()));
      }
      if (place.repeated)
        return bad_schema(fmt::format("`{}` in a list or map cannot identify rows", place.full_name));
      if (!place.field->required || place.under_optional)
        return bad_schema(fmt::format("`{}` may be null and cannot identify rows", place.full_name));
    }
    return {};
  }
};

Schema::Schema() : index_(std::make_shared<Index>()) {}

Result<Schema> Schema::make(Parts parts) {
  auto index = std::make_shared<Index>();
  index->schema_id = parts.schema_id;
  index->root = Type::structure(std::move(parts.fields));
  index->identifier_field_ids = std::move(parts.identifier_field_ids);
  std::sort(index->identifier_field_ids.begin(), index->identifier_field_ids.end());
  TARN_RETURN_IF_ERROR(index->add_all(index->root, {}));
  TARN_RETURN_IF_ERROR(index->check_identifiers());
  Schema schema;
  schema.index_ = std::move(index);
  return schema;
}

Result<Schema> with_row_lineage(const Schema& schema) {
  auto index = std::make_shared<Schema::Index>();
  index->schema_id = schema.id();
  index->has_reserved_ids = true;
  std::vector<NestedField> fields(schema.fields().begin(), schema.fields().end());
  fields.push_back({.id = kRowId, .name = "_row_id", .type = Type::int64()});
  fields.push_back(
      {.id = kLastUpdatedSequenceNumberId, .name = "_last_updated_sequence_number", .type = Type::int64()});
  index->root = Type::structure(std::move(fields));
  index->identifier_field_ids = schema.identifier_field_ids();
  TARN_RETURN_IF_ERROR(index->add_all(index->root, {}));
  Schema with;
  with.index_ = std::move(index);
  return with;
}

std::int32_t Schema::id() const {
  return index_->schema_id;
}
std::span<const NestedField> Schema::fields() const {
  return index_->root.fields();
}
const std::vector<std::int32_t>& Schema::identifier_field_ids() const {
  return index_->identifier_field_ids;
}
std::int32_t Schema::highest_field_id() const {
  return index_->highest_field_id;
}
const Type& Schema::as_struct() const {
  return index_->root;
}

const NestedField* Schema::find(std::int32_t field_id) const {
  const auto at = index_->by_id.find(field_id);
  return at == index_->by_id.end() ? nullptr : at->second.field;
}

const NestedField* Schema::find(std::string_view full_name) const {
  const auto at = index_->by_name.find(full_name);
  return at == index_->by_name.end() ? nullptr : at->second;
}

std::string_view Schema::name_of(std::int32_t field_id) const {
  const auto at = index_->by_id.find(field_id);
  return at == index_->by_id.end() ? std::string_view() : std::string_view(at->second.full_name);
}

bool Schema::is_repeated(std::int32_t field_id) const {
  const auto at = index_->by_id.find(field_id);
  return at != index_->by_id.end() && at->second.repeated;
}

Schema Schema::with_id(std::int32_t schema_id) const {
  if (schema_id == id()) return *this;
  auto index = std::make_shared<Index>();
  index->schema_id = schema_id;
  index->root = index_->root;
  index->identifier_field_ids = index_->identifier_field_ids;
  TARN_CHECK(index->add_all(index->root, {}).ok());
  Schema schema;
  schema.index_ = std::move(index);
  return schema;
}

bool Schema::same_fields(const Schema& other) const {
  return index_ == other.index_ || (index_->root == other.index_->root &&
                                    index_->identifier_field_ids == other.index_->identifier_field_ids);
}

bool Schema::operator==(const Schema& other) const {
  return id() == other.id() && same_fields(other);
}

namespace {

Type renumbered(const Type& type, const std::function<std::int32_t(std::int32_t)>& renumber) {
  std::vector<NestedField> fields(type.fields().begin(), type.fields().end());
  for (NestedField& field : fields) field.id = renumber(field.id);
  for (NestedField& field : fields)
    if (field.type.is_nested()) field.type = renumbered(field.type, renumber);
  switch (type.id()) {
    case TypeId::kStruct:
      return Type::structure(std::move(fields));
    case TypeId::kList:
      return Type::list(std::move(fields[0]));
    case TypeId::kMap:
      return Type::map(std::move(fields[0]), std::move(fields[1]));
    default:
      return type;
  }
}

}  // namespace

Result<Schema> with_fresh_ids(const Schema& schema, std::int32_t first_id) {
  std::int32_t next_id = first_id;
  std::map<std::int32_t, std::int32_t> new_ids;
  const Type root = renumbered(schema.as_struct(), [&](std::int32_t old_id) {
    new_ids[old_id] = next_id;
    return next_id++;
  });
  Schema::Parts parts{.schema_id = 0, .fields = {root.fields().begin(), root.fields().end()}};
  for (const std::int32_t id : schema.identifier_field_ids())
    parts.identifier_field_ids.push_back(new_ids[id]);
  return Schema::make(std::move(parts));
}

}  // namespace tarn::iceberg
