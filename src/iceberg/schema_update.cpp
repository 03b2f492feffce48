#include "iceberg/schema_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

Error not_found(std::string_view name, const Schema& schema) {
  Error error(kColumnNotFound, fmt::format("there is no column `{}`", name));
  std::vector<std::string_view> names;
  for (const NestedField& field : schema.fields()) names.push_back(field.name);
  const std::string_view near = nearest_name(name, names);
  return near.empty() ? error : std::move(error).with_hint(fmt::format("did you mean `{}`?", near));
}

Error illegal(std::string message) {
  return Error(kIllegalChange, std::move(message));
}

Type with_fields(const Type& type, std::vector<NestedField> fields) {
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

/// Applies `change` to the sibling list that holds the field of `id`; the position of the field is given
/// along.
using SiblingsChange = std::function<void(std::vector<NestedField>&, std::size_t)>;

bool change_siblings(std::vector<NestedField>& fields, std::int32_t id, const SiblingsChange& change) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].id == id) {
      change(fields, i);
      return true;
    }
    if (fields[i].type.is_primitive()) continue;
    std::vector<NestedField> children(fields[i].type.fields().begin(), fields[i].type.fields().end());
    if (change_siblings(children, id, change)) {
      fields[i].type = with_fields(fields[i].type, std::move(children));
      return true;
    }
  }
  return false;
}

std::vector<NestedField> copy_fields(const Schema& schema) {
  return {schema.fields().begin(), schema.fields().end()};
}

/// Numbers every field within `type` anew, a level before the next.
Type with_new_ids(const Type& type, std::int32_t& last_id) {
  std::vector<NestedField> fields(type.fields().begin(), type.fields().end());
  for (NestedField& field : fields) field.id = ++last_id;
  for (NestedField& field : fields) field.type = with_new_ids(field.type, last_id);
  return with_fields(type, std::move(fields));
}

int depth_of(const Type& type) {
  int deepest = 0;
  for (const NestedField& field : type.fields()) deepest = std::max(deepest, depth_of(field.type));
  return deepest + 1;
}

std::int64_t count_fields(const Type& type) {
  std::int64_t count = 0;
  for (const NestedField& field : type.fields()) count += 1 + count_fields(field.type);
  return count;
}

/// The siblings of the field of `id`: its parent's fields, and whether the parent is a struct.
struct Family {
  std::span<const NestedField> siblings;
  bool in_struct = true;
};

std::optional<Family> family_of(const Type& type, std::int32_t id) {
  for (const NestedField& field : type.fields()) {
    if (field.id == id) return Family{type.fields(), type.id() == TypeId::kStruct};
    if (const auto found = family_of(field.type, id)) return found;
  }
  return std::nullopt;
}

bool holds_id(const NestedField& field, std::int32_t id) {
  if (field.id == id) return true;
  return std::any_of(field.type.fields().begin(), field.type.fields().end(),
                     [&](const NestedField& child) { return holds_id(child, id); });
}

/// Whether the field of `id` is a map's key or lies within one: equality of keys must never change.
bool in_map_key(const Type& type, std::int32_t id, bool inside = false) {
  for (std::size_t i = 0; i < type.fields().size(); ++i) {
    const NestedField& field = type.fields()[i];
    const bool in_key = inside || (type.id() == TypeId::kMap && i == 0);
    if (field.id == id) return in_key;
    if (in_map_key(field.type, id, in_key)) return true;
  }
  return false;
}

Error key_is_fixed(std::string_view name) {
  return illegal(fmt::format("`{}` is or belongs to a map's key: keys do not change", name));
}

}  // namespace

SchemaUpdate::SchemaUpdate(const Schema& base, std::int32_t last_column_id)
    : schema_(base), last_column_id_(std::max(last_column_id, base.highest_field_id())) {}

Status SchemaUpdate::replace(std::vector<NestedField> fields) {
  TARN_ASSIGN_OR_RETURN(schema_,
                        Schema::make({schema_.id(), std::move(fields), schema_.identifier_field_ids()}));
  return {};
}

Status SchemaUpdate::add(const Column& column) {
  if (column.name.empty()) return illegal("a column needs a name");
  if (column.required) {
    return illegal(
        fmt::format("`{}` cannot be required: the rows that exist have no value for it", column.name));
  }
  if (depth_of(column.type) > kMaxTypeDepth) return illegal("types are nested too deeply");
  if (count_fields(column.type) + 1 > kMaxFieldId - last_column_id_)
    return illegal("the field ids are used up");
  std::int32_t last_id = last_column_id_;
  NestedField field{.id = ++last_id, .name = column.name, .doc = column.doc};
  field.type = with_new_ids(column.type, last_id);
  std::vector<NestedField> fields = copy_fields(schema_);
  if (column.parent.empty()) {
    if (schema_.find(column.name) != nullptr)
      return Error(kColumnExists, fmt::format("there is a column `{}` already", column.name));
    fields.push_back(std::move(field));
  } else {
    const NestedField* parent = schema_.find(column.parent);
    if (parent == nullptr) return not_found(column.parent, schema_);
    if (parent->type.id() == TypeId::kList) parent = &parent->type.element();
    if (parent->type.id() == TypeId::kMap) parent = &parent->type.value();
    if (parent->type.id() != TypeId::kStruct)
      return illegal(
          fmt::format("`{}` of type {} cannot have fields", column.parent, parent->type.to_string()));
    if (in_map_key(schema_.as_struct(), parent->id)) return key_is_fixed(column.parent);
    for (const NestedField& sibling : parent->type.fields()) {
      if (sibling.name == column.name)
        return Error(kColumnExists, fmt::format("`{}` has a field `{}` already", column.parent, column.name));
    }
    change_siblings(fields, parent->id, [&](std::vector<NestedField>& siblings, std::size_t at) {
      std::vector<NestedField> children(siblings[at].type.fields().begin(), siblings[at].type.fields().end());
      children.push_back(std::move(field));
      siblings[at].type = Type::structure(std::move(children));
    });
  }
  TARN_RETURN_IF_ERROR(replace(std::move(fields)));
  last_column_id_ = last_id;
  return {};
}

Status SchemaUpdate::drop(std::string_view full_name) {
  const NestedField* field = schema_.find(full_name);
  if (field == nullptr) return not_found(full_name, schema_);
  for (const std::int32_t id : schema_.identifier_field_ids()) {
    if (holds_id(*field, id))
      return illegal(fmt::format("`{}` identifies rows: it cannot be dropped", schema_.name_of(id)));
  }
  const auto family = family_of(schema_.as_struct(), field->id);
  TARN_CHECK(family.has_value());
  if (!family->in_struct) return illegal(fmt::format("`{}` is part of its list or map", full_name));
  if (in_map_key(schema_.as_struct(), field->id)) return key_is_fixed(full_name);
  if (family->siblings.size() == 1)
    return illegal(fmt::format("`{}` is the last field of its struct", full_name));
  std::vector<NestedField> fields = copy_fields(schema_);
  change_siblings(fields, field->id, [](std::vector<NestedField>& siblings, std::size_t at) {
    siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(at));
  });
  return replace(std::move(fields));
}

Status SchemaUpdate::rename(std::string_view full_name, std::string_view new_name) {
  const NestedField* field = schema_.find(full_name);
  if (field == nullptr) return not_found(full_name, schema_);
  if (new_name.empty()) return illegal("a column needs a name");
  const auto family = family_of(schema_.as_struct(), field->id);
  TARN_CHECK(family.has_value());
  if (!family->in_struct) return illegal(fmt::format("`{}` has a fixed name", full_name));
  for (const NestedField& sibling : family->siblings) {
    if (sibling.name == new_name && sibling.id != field->id)
      return Error(kColumnExists, fmt::format("there is a column `{}` already", new_name));
  }
  std::vector<NestedField> fields = copy_fields(schema_);
  change_siblings(fields, field->id, [&](std::vector<NestedField>& siblings, std::size_t at) {
    siblings[at].name = std::string(new_name);
  });
  return replace(std::move(fields));
}

Status SchemaUpdate::widen(std::string_view full_name, const Type& type) {
  const NestedField* field = schema_.find(full_name);
  if (field == nullptr) return not_found(full_name, schema_);
  if (field->type.is_nested() || !can_widen(field->type, type)) {
    return Error(kIllegalWidening, fmt::format("`{}` of type {} cannot become {}", full_name,
                                               field->type.to_string(), type.to_string()));
  }
  if (in_map_key(schema_.as_struct(), field->id) && !(field->type == type)) {
    return Error(kIllegalWidening,
                 fmt::format("`{}` belongs to a map's key: keys keep their type", full_name));
  }
  std::vector<NestedField> fields = copy_fields(schema_);
  change_siblings(fields, field->id,
                  [&](std::vector<NestedField>& siblings, std::size_t at) { siblings[at].type = type; });
  return replace(std::move(fields));
}

Status SchemaUpdate::make_optional(std::string_view full_name) {
  const NestedField* field = schema_.find(full_name);
  if (field == nullptr) return not_found(full_name, schema_);
  for (const std::int32_t id : schema_.identifier_field_ids()) {
    if (holds_id(*field, id))
      return illegal(fmt::format("`{}` identifies rows: it stays required", full_name));
  }
  if (in_map_key(schema_.as_struct(), field->id)) return key_is_fixed(full_name);
  std::vector<NestedField> fields = copy_fields(schema_);
  change_siblings(fields, field->id,
                  [](std::vector<NestedField>& siblings, std::size_t at) { siblings[at].required = false; });
  return replace(std::move(fields));
}

Status SchemaUpdate::set_doc(std::string_view full_name, std::optional<std::string> doc) {
  const NestedField* field = schema_.find(full_name);
  if (field == nullptr) return not_found(full_name, schema_);
  std::vector<NestedField> fields = copy_fields(schema_);
  change_siblings(fields, field->id, [&](std::vector<NestedField>& siblings, std::size_t at) {
    siblings[at].doc = std::move(doc);
  });
  return replace(std::move(fields));
}

Status SchemaUpdate::move_first(std::string_view full_name) {
  const NestedField* field = schema_.find(full_name);
  if (field == nullptr) return not_found(full_name, schema_);
  const auto family = family_of(schema_.as_struct(), field->id);
  TARN_CHECK(family.has_value());
  if (!family->in_struct) return illegal(fmt::format("`{}` has a fixed place", full_name));
  std::vector<NestedField> fields = copy_fields(schema_);
  change_siblings(fields, field->id, [](std::vector<NestedField>& siblings, std::size_t at) {
    std::rotate(siblings.begin(), siblings.begin() + static_cast<std::ptrdiff_t>(at),
                siblings.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  });
  return replace(std::move(fields));
}

Status SchemaUpdate::move_before(std::string_view full_name, std::string_view other_full_name) {
  return move(full_name, other_full_name, false);
}

Status SchemaUpdate::move_after(std::string_view full_name, std::string_view other_full_name) {
  return move(full_name, other_full_name, true);
}

Status SchemaUpdate::move(std::string_view full_name, std::string_view other_full_name, bool after) {
  const NestedField* field = schema_.find(full_name);
  if (field == nullptr) return not_found(full_name, schema_);
  const NestedField* other = schema_.find(other_full_name);
  if (other == nullptr) return not_found(other_full_name, schema_);
  const auto family = family_of(schema_.as_struct(), field->id);
  TARN_CHECK(family.has_value());
  const auto is_other = [id = other->id](const NestedField& sibling) { return sibling.id == id; };
  if (!family->in_struct || std::none_of(family->siblings.begin(), family->siblings.end(), is_other))
    return illegal(fmt::format("`{}` and `{}` are not fields of one struct", full_name, other_full_name));
  if (field == other) return illegal(fmt::format("`{}` cannot be moved beside itself", full_name));
  std::vector<NestedField> fields = copy_fields(schema_);
  change_siblings(fields, field->id, [&](std::vector<NestedField>& siblings, std::size_t at) {
    NestedField moved = std::move(siblings[at]);
    siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(at));
    auto place = std::find_if(siblings.begin(), siblings.end(), is_other);
    siblings.insert(after ? place + 1 : place, std::move(moved));
  });
  return replace(std::move(fields));
}

Status SchemaUpdate::set_identifier_columns(const std::vector<std::string>& full_names) {
  std::vector<std::int32_t> ids;
  for (const std::string& name : full_names) {
    const NestedField* field = schema_.find(name);
    if (field == nullptr) return not_found(name, schema_);
    ids.push_back(field->id);
  }
  TARN_ASSIGN_OR_RETURN(schema_, Schema::make({schema_.id(), copy_fields(schema_), std::move(ids)}));
  return {};
}

Result<SchemaUpdate::Outcome> SchemaUpdate::finish() const {
  return Outcome{schema_, last_column_id_};
}

}  // namespace tarn::iceberg
