#include "iceberg/partition_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "iceberg/errors.h"
#include "iceberg/json/text_encoding.h"

namespace tarn::iceberg {
namespace {

Error bad_spec(std::string message) {
  return Error(kBadPartitionSpec, std::move(message));
}

std::string default_name(const std::string& column, const Transform& transform) {
  switch (transform.kind()) {
    case TransformKind::kBucket:
      return column + "_bucket";
    case TransformKind::kTruncate:
      return column + "_trunc";
    case TransformKind::kVoid:
      return column + "_null";
    case TransformKind::kIdentity:
    case TransformKind::kUnknown:
      return column;
    default:
      return column + "_" + transform.to_string();
  }
}

Status validate_field(const PartitionField& field, const Schema& schema) {
  if (field.name.empty()) return bad_spec("a partition field needs a name");
  const NestedField* source = schema.find(field.source_id);
  if (source == nullptr)
    return bad_spec(fmt::format("`{}`: there is no column {}", field.name, field.source_id));
  if (!source->type.is_primitive() || schema.is_repeated(field.source_id)) {
    return bad_spec(fmt::format("`{}`: `{}` is nested or repeated and cannot partition", field.name,
                                schema.name_of(field.source_id)));
  }
  TARN_RETURN_IF_ERROR(field.transform.result_type(source->type));
  const NestedField* namesake = schema.find(field.name);
  const bool keeps_values =
      field.transform.kind() == TransformKind::kIdentity || field.transform.kind() == TransformKind::kVoid;
  if (namesake != nullptr && !(keeps_values && namesake->id == field.source_id))
    return bad_spec(fmt::format("`{}` is the name of a column already", field.name));
  return {};
}

}  // namespace

std::int32_t PartitionSpec::highest_field_id() const {
  std::int32_t highest = kFirstPartitionFieldId - 1;
  for (const PartitionField& field : fields) highest = std::max(highest, field.field_id);
  return highest;
}

bool PartitionSpec::is_equivalent(const PartitionSpec& other) const {
  return std::equal(fields.begin(), fields.end(), other.fields.begin(), other.fields.end(),
                    [](const PartitionField& a, const PartitionField& b) {
                      return a.source_id == b.source_id && a.name == b.name && a.transform == b.transform;
                    });
}

Result<PartitionSpec> PartitionSpec::bind(const Schema& schema, std::span<const PartitionTerm> terms) {
  PartitionSpec spec;
  for (const PartitionTerm& term : terms) {
    const NestedField* source = schema.find(term.column);
    if (source == nullptr) return Error(kColumnNotFound, fmt::format("there is no column `{}`", term.column));
    spec.fields.push_back({.source_id = source->id,
                           .field_id = kFirstPartitionFieldId + static_cast<std::int32_t>(spec.fields.size()),
                           .name = term.name.empty() ? default_name(term.column, term.transform) : term.name,
                           .transform = term.transform});
  }
  TARN_RETURN_IF_ERROR(spec.validate(schema));
  return spec;
}

Status PartitionSpec::validate(const Schema& schema) const {
  std::set<std::string_view> names;
  std::set<std::int32_t> ids;
  std::set<std::pair<std::int32_t, std::string>> terms;
  for (const PartitionField& field : fields) {
    TARN_RETURN_IF_ERROR(validate_field(field, schema));
    if (!names.insert(field.name).second) return bad_spec(fmt::format("`{}` occurs twice", field.name));
    if (!ids.insert(field.field_id).second)
      return bad_spec(fmt::format("the partition field id {} occurs twice", field.field_id));
    if (!terms.emplace(field.source_id, field.transform.to_string()).second &&
        field.transform.kind() != TransformKind::kVoid) {
      return bad_spec(fmt::format("`{}` repeats another field's column and transform", field.name));
    }
  }
  return {};
}

Result<Type> PartitionSpec::partition_type(const Schema& schema) const {
  std::vector<NestedField> parts;
  for (const PartitionField& field : fields) {
    const NestedField* source = schema.find(field.source_id);
    Type type = Type::string();
    if (source != nullptr && field.transform.kind() != TransformKind::kUnknown) {
      TARN_ASSIGN_OR_RETURN(type, field.transform.result_type(source->type));
    }
    parts.push_back({.id = field.field_id, .name = field.name, .required = false, .type = std::move(type)});
  }
  return Type::structure(std::move(parts));
}

std::string PartitionSpec::path_of(std::span<const std::optional<Literal>> tuple) const {
  TARN_CHECK(tuple.size() == fields.size());
  std::string path;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) path += '/';
    path += percent_encoded(fields[i].name) + "=" + percent_encoded(fields[i].transform.to_human(tuple[i]));
  }
  return path;
}

}  // namespace tarn::iceberg
