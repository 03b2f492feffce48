#include "ingest/table_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iceberg/schema_update.h"
#include "ingest/errors.h"
#include "table/history/history_index.h"
#include "table/maintenance/compaction.h"

namespace tarn::ingest {
namespace {

using iceberg::NestedField;
using iceberg::Type;

Type scalar_type(const project::ColumnType& type) {
  switch (type.kind) {
    case project::TypeKind::kBoolean:
      return Type::boolean();
    case project::TypeKind::kInt:
      return Type::int32();
    case project::TypeKind::kLong:
      return Type::int64();
    case project::TypeKind::kDecimal:
      return Type::decimal(type.precision, type.scale);
    case project::TypeKind::kDouble:
      return Type::float64();
    case project::TypeKind::kDate:
      return Type::date();
    case project::TypeKind::kTime:
      return Type::time();
    case project::TypeKind::kTimestamp:
      return Type::timestamp();
    case project::TypeKind::kTimestamptz:
      return Type::timestamptz();
    case project::TypeKind::kUuid:
      return Type::uuid();
    case project::TypeKind::kBinary:
      return Type::binary();
    case project::TypeKind::kString:
    case project::TypeKind::kStruct:
    case project::TypeKind::kList:
      break;
  }
  return Type::string();
}

NestedField field_of(const project::ColumnSpec& column) {
  NestedField field{.name = *column.name, .required = column.required, .type = iceberg_type(column)};
  if (!column.description.empty()) field.doc = column.description;
  return field;
}

NestedField audit_field(std::string_view name, Type type, std::string_view doc, bool required = true) {
  return {.name = std::string(name), .required = required, .type = std::move(type), .doc = std::string(doc)};
}

void append_audit_columns(std::vector<NestedField>& columns) {
  columns.push_back(
      audit_field(kSourceFile, Type::string(), "Arrived file, relative to its source's folder"));
  columns.push_back(
      audit_field(kSourceMember, Type::string(), "Member of the archive; null for a plain file", false));
  columns.push_back(
      audit_field(kSourceRecord, Type::int64(), "Position of the record in its member, from 1"));
  columns.push_back(audit_field(kSourceSha256, Type::string(),
                                "SHA-256 of the arrived file: its name in the landing zone"));
  columns.push_back(audit_field(kSourceArrival, Type::int64(), "Number of the arrival in the ledger"));
  columns.push_back(audit_field(kIngestedAt, Type::timestamptz(), "When the batch was written"));
  columns.push_back(audit_field(kBatchId, Type::string(), "Batch that committed the row"));
  columns.push_back(
      audit_field(kContractVersion, Type::int32(), "Version of the contract that the row was read by"));
}

iceberg::Transform transform_of(const project::PartitionField& field) {
  const auto parameter = static_cast<std::int32_t>(field.parameter);
  switch (field.transform) {
    case project::Transform::kBucket:
      return iceberg::Transform::bucket(parameter);
    case project::Transform::kTruncate:
      return iceberg::Transform::truncate(parameter);
    case project::Transform::kYear:
      return iceberg::Transform::year();
    case project::Transform::kMonth:
      return iceberg::Transform::month();
    case project::Transform::kDay:
      return iceberg::Transform::day();
    case project::Transform::kHour:
      return iceberg::Transform::hour();
    case project::Transform::kIdentity:
      break;
  }
  return iceberg::Transform::identity();
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string text_of(const std::vector<iceberg::PartitionTerm>& terms) {
  std::string text;
  for (const iceberg::PartitionTerm& term : terms)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", term.column, term.transform.to_string());
  return text;
}

std::string text_of(const std::vector<iceberg::SortTerm>& terms) {
  std::string text;
  for (const iceberg::SortTerm& term : terms) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", term.column,
                        term.direction == iceberg::SortDirection::kDescending ? "desc" : "asc");
  }
  return text;
}

void describe(TableShape& shape, const project::FeedSpec& feed,
              const std::vector<project::ColumnSpec>& columns) {
  shape.mode_span = feed.mode.written() ? feed.mode.span : feed.table.span;
  shape.properties["comment"] = shape.description;
  shape.properties["owner"] = feed.owner;
  shape.properties["tarn.feed"] = *feed.name;
  shape.properties["tarn.contract-version"] = std::to_string(feed.contract_version);
  for (const project::ColumnSpec& column : columns) {
    if (column.identifying != project::Identifying::kNone) {
      shape.properties["tarn.identifying." + *column.name] =
          std::string(project::to_string(column.identifying));
    }
    if (!column.renamed_from->empty()) shape.renames[*column.renamed_from] = *column.name;
  }
}

// The partition and sort of new files.
void describe_layout(TableShape& shape, const project::FeedSpec& feed) {
  for (const auto& field : feed.partition)
    shape.partition.push_back({.column = field->column, .transform = transform_of(*field)});
  for (const auto& field : feed.sort) {
    shape.sort.push_back(
        {.column = field->column,
         .direction =
             field->descending ? iceberg::SortDirection::kDescending : iceberg::SortDirection::kAscending,
         .null_order = field->descending ? iceberg::NullOrder::kNullsLast : iceberg::NullOrder::kNullsFirst});
  }
  shape.properties[std::string(kPartitionProperty)] = text_of(shape.partition);
  shape.properties[std::string(kSortProperty)] = text_of(shape.sort);
  std::vector<std::string> curve;
  for (const auto& name : feed.zorder) curve.push_back(*name);
  shape.properties[std::string(table::kZOrderProperty)] = joined(curve);
}

// What must stay as it was, because rows that are there were told by it.
void describe_history(TableShape& shape, const project::FeedSpec& feed) {
  const bool latest_only = *feed.mode == project::LoadMode::kScd3;
  std::vector<std::string> names;
  for (const auto& name : latest_only ? feed.previous : feed.track) names.push_back(*name);
  shape.properties[std::string(kVersionProperty)] = *feed.version_column;
  shape.properties[std::string(kDeleteProperty)] = *feed.delete_when.column;
  shape.properties[std::string(latest_only ? kPreviousProperty : kTrackProperty)] = joined(names);
}

// The same of deliveries.
void describe_deliveries(TableShape& shape, const project::FeedSpec& feed) {
  std::vector<std::string> by;
  for (const auto& name : feed.replace.by) by.push_back(*name);
  shape.properties[std::string(kVersionProperty)] = *feed.version_column;
  shape.properties[std::string(kScopeProperty)] = joined(by);
}

void append_history_columns(TableShape& shape, const project::FeedSpec& feed) {
  const Type moment = iceberg_type(*project::find_column(feed.columns, *feed.version_column));
  shape.columns.push_back(audit_field(table::kValidFrom, moment, "Since when the row holds"));
  shape.columns.push_back(audit_field(table::kValidTo, moment,
                                      "Up to when, that moment not included; null while it holds", false));
  shape.columns.push_back(audit_field(table::kIsCurrent, Type::boolean(), "Whether it holds still"));
  shape.columns.push_back(
      audit_field(table::kTrackedHash, Type::int64(), "Equal for equal values of the tracked columns"));
}

void append_previous_columns(TableShape& shape, const project::FeedSpec& feed) {
  const Type moment = iceberg_type(*project::find_column(feed.columns, *feed.version_column));
  for (const project::PreviousNames& names : project::previous_names(feed)) {
    const project::ColumnSpec& column = *project::find_column(feed.columns, names.column);
    shape.columns.push_back(audit_field(names.before, iceberg_type(column),
                                        "What `" + names.column + "` was before; null while it never changed",
                                        false));
    shape.columns.push_back(
        audit_field(names.changed_at, moment, "Since when `" + names.column + "` is as it is", false));
    if (column.identifying != project::Identifying::kNone) {
      shape.properties["tarn.identifying." + names.before] =
          std::string(project::to_string(column.identifying));
    }
    const std::string& former = *column.renamed_from;
    if (former.empty()) continue;
    shape.renames["previous_" + former] = names.before;
    shape.renames[former + "_changed_at"] = names.changed_at;
  }
}

TableShape own_shape(const project::FeedSpec& feed) {
  TableShape shape{.name = *feed.table, .description = feed.description};
  for (const project::ColumnSpec& column : feed.columns) shape.columns.push_back(field_of(column));
  if (*feed.mode == project::LoadMode::kScd2) append_history_columns(shape, feed);
  if (*feed.mode == project::LoadMode::kScd3) append_previous_columns(shape, feed);
  append_audit_columns(shape.columns);
  for (const auto& key : feed.key) shape.identifier_columns.push_back(*key);
  describe_layout(shape, feed);
  describe(shape, feed, feed.columns);
  if (*feed.mode != project::LoadMode::kAppend)
    shape.properties[std::string(kKeyProperty)] = joined(shape.identifier_columns);
  if (*feed.mode == project::LoadMode::kScd2) {
    shape.identifier_columns.emplace_back(table::kValidFrom);
    describe_history(shape, feed);
  }
  if (*feed.mode == project::LoadMode::kScd3) describe_history(shape, feed);
  if (*feed.mode == project::LoadMode::kReplace) describe_deliveries(shape, feed);
  return shape;
}

TableShape child_shape(const project::FeedSpec& feed, const project::ChildSpec& child) {
  TableShape shape{.name = *child.table, .description = child.description};
  for (const auto& key : feed.key) {
    NestedField field = field_of(*project::find_column(feed.columns, *key));
    shape.identifier_columns.push_back(field.name);
    shape.columns.push_back(std::move(field));
  }
  shape.columns.push_back(
      audit_field(kOrdinal, Type::int32(), "Position among the parent's elements, from 1"));
  shape.identifier_columns.emplace_back(kOrdinal);
  for (const project::ColumnSpec& column : child.columns) shape.columns.push_back(field_of(column));
  append_audit_columns(shape.columns);
  describe(shape, feed, child.columns);
  shape.properties["tarn.parent"] = feed.table->to_string();
  return shape;
}

// Some of the feed's columns, the first of which identify a row, and the audit columns.
TableShape companion_of(TableName name, std::string description, const project::FeedSpec& feed,
                        const std::vector<project::Located<std::string>>& identifiers) {
  TableShape shape{.name = std::move(name), .description = std::move(description)};
  const auto add = [&](const std::string& column) {
    shape.columns.push_back(field_of(*project::find_column(feed.columns, column)));
  };
  for (const auto& identifier : identifiers) {
    add(*identifier);
    shape.identifier_columns.push_back(*identifier);
  }
  const std::string& version = *feed.version_column;
  if (!version.empty() &&
      std::ranges::find(shape.identifier_columns, version) == shape.identifier_columns.end())
    add(version);
  append_audit_columns(shape.columns);
  std::vector<project::ColumnSpec> kept;
  for (const project::ColumnSpec& column : feed.columns)
    if (std::ranges::find(shape.columns, *column.name, &NestedField::name) != shape.columns.end())
      kept.push_back(column);
  describe(shape, feed, kept);
  return shape;
}

// Of deletions: key, version and the audit columns.
TableShape tombstone_shape(TableName name, const project::FeedSpec& feed) {
  TableShape shape = companion_of(
      std::move(name),
      "Keys that were deleted from " + feed.table->to_string() + ", each with the version that deleted it.",
      feed, feed.key);
  shape.properties["tarn.deletions-of"] = feed.table->to_string();
  return shape;
}

// Of deliveries: scope, version and the audit columns of one of their records.
TableShape delivery_shape(TableName name, const project::FeedSpec& feed) {
  TableShape shape =
      companion_of(std::move(name), "The deliveries that the rows of " + feed.table->to_string() + " follow.",
                   feed, feed.replace.by);
  describe_deliveries(shape, feed);
  shape.properties["tarn.deliveries-of"] = feed.table->to_string();
  return shape;
}

// Of versions that are no rows: all that they brought, since one that comes late may turn any of them into a
// row, or asks what came before it.
TableShape versions_shape(TableName name, const project::FeedSpec& feed) {
  const bool latest_only = *feed.mode == project::LoadMode::kScd3;
  TableShape shape{.name = std::move(name),
                   .description = "Versions of " + feed.table->to_string() + " that are no rows of it: " +
                                  (latest_only ? "older" : "unchanged") + " ones and deletions."};
  for (const project::ColumnSpec& column : feed.columns) shape.columns.push_back(field_of(column));
  if (!latest_only) {
    shape.columns.push_back(
        audit_field(table::kTrackedHash, Type::int64(), "Equal for equal values of the tracked columns"));
  }
  shape.columns.push_back(audit_field(table::kIsDeletion, Type::boolean(), "Whether it deletes its key"));
  append_audit_columns(shape.columns);
  for (const auto& key : feed.key) shape.identifier_columns.push_back(*key);
  shape.identifier_columns.push_back(*feed.version_column);
  describe_layout(shape, feed);
  describe(shape, feed, feed.columns);
  describe_history(shape, feed);
  shape.properties[latest_only ? "tarn.versions-of" : "tarn.unchanged-of"] = feed.table->to_string();
  return shape;
}

// Iceberg refuses doubles as identifiers, and a table's identifier is advice to engines: leave it out then.
bool may_identify(const TableShape& shape) {
  return std::ranges::all_of(shape.identifier_columns, [&shape](const std::string& name) {
    const auto field = std::ranges::find(shape.columns, name, &NestedField::name);
    return field != shape.columns.end() && field->required && field->type.is_primitive() &&
           field->type.id() != iceberg::TypeId::kDouble;
  });
}

}  // namespace

Type iceberg_type(const project::ColumnSpec& column) {
  if (!column.type->is_list()) return scalar_type(*column.type);
  NestedField element{.name = "element", .required = false};
  if (column.type->is_list_of_struct()) {
    std::vector<NestedField> members;
    members.reserve(column.columns.size());
    for (const project::ColumnSpec& member : column.columns) members.push_back(field_of(member));
    element.type = Type::structure(std::move(members));
    element.required = true;
  } else {
    element.type = scalar_type(column.type->element_type());
  }
  return Type::list(std::move(element));
}

std::vector<TableShape> table_shapes(const project::FeedSpec& feed) {
  std::vector<TableShape> shapes;
  shapes.push_back(own_shape(feed));
  for (const project::ChildSpec& child : feed.children) shapes.push_back(child_shape(feed, child));
  return shapes;
}

std::optional<TableShape> companion_shape(const project::FeedSpec& feed) {
  auto name = project::companion_table(feed);
  if (!name) return std::nullopt;
  switch (*feed.mode) {
    case project::LoadMode::kScd2:
    case project::LoadMode::kScd3:
      return versions_shape(*std::move(name), feed);
    case project::LoadMode::kReplace:
      return delivery_shape(*std::move(name), feed);
    case project::LoadMode::kAppend:
    case project::LoadMode::kUpsert:
      break;
  }
  return tombstone_shape(*std::move(name), feed);
}

Result<iceberg::Schema> record_schema(const iceberg::Schema& schema, const project::FeedSpec& feed) {
  const std::vector<std::string> added = project::added_column_names(feed);
  if (added.empty()) return schema;
  iceberg::Schema::Parts parts{.schema_id = schema.id()};
  for (const NestedField& field : schema.fields())
    if (std::ranges::find(added, field.name) == added.end()) parts.fields.push_back(field);
  return iceberg::Schema::make(std::move(parts));
}

std::vector<TableShape> written_shapes(const project::FeedSpec& feed) {
  std::vector<TableShape> shapes = table_shapes(feed);
  if (auto companion = companion_shape(feed)) shapes.push_back(*std::move(companion));
  return shapes;
}

void forget_description(TableShape& shape) {
  std::erase_if(shape.properties, [](const auto& property) { return property.first != kKeyProperty; });
}

Result<iceberg::Schema> new_table_schema(const TableShape& shape) {
  // SchemaUpdate numbers nested fields; a new table's required columns are set afterwards.
  iceberg::SchemaUpdate update(iceberg::Schema(), 0);
  for (const NestedField& column : shape.columns) {
    TARN_RETURN_IF_ERROR(update.add({.name = column.name, .type = column.type, .doc = column.doc}));
  }
  TARN_ASSIGN_OR_RETURN(const auto outcome, update.finish());
  iceberg::Schema::Parts parts;
  const auto numbered = outcome.schema.fields();
  for (std::size_t i = 0; i < numbered.size(); ++i) {
    parts.fields.push_back(numbered[i]);
    parts.fields.back().required = shape.columns[i].required;
    if (may_identify(shape) &&
        std::ranges::find(shape.identifier_columns, numbered[i].name) != shape.identifier_columns.end()) {
      parts.identifier_field_ids.push_back(numbered[i].id);
    }
  }
  return iceberg::Schema::make(std::move(parts));
}

}  // namespace tarn::ingest
