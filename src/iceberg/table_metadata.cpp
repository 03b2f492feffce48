#include "iceberg/table_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

Error bad(std::string_view path, std::string_view what) {
  return Error(kBadMetadata, fmt::format("$.{}: {}", path, what));
}

template <typename T, typename Id>
auto* find_by(const std::vector<T>& items, Id id, auto&& id_of) {
  const auto at = std::find_if(items.begin(), items.end(), [&](const T& item) { return id_of(item) == id; });
  return at == items.end() ? nullptr : &*at;
}

template <typename T>
Status check_unique(std::string_view path, const std::vector<T>& items, auto&& id_of) {
  std::unordered_set<std::int64_t> ids;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!ids.insert(id_of(items[i])).second)
      return bad(fmt::format("{}[{}]", path, i), fmt::format("the id {} occurs twice", id_of(items[i])));
  }
  return {};
}

std::int32_t id_of_schema(const Schema& schema) {
  return schema.id();
}
std::int32_t id_of_spec(const PartitionSpec& spec) {
  return spec.spec_id;
}
std::int32_t id_of_order(const SortOrder& order) {
  return order.order_id;
}
std::int64_t id_of_snapshot(const Snapshot& snapshot) {
  return snapshot.snapshot_id;
}

/// What only version 3 has must not be in a table of an earlier one.
Status check_fields(const Type& parent) {
  for (const NestedField& field : parent.fields()) {
    if (field.type.id() == TypeId::kLater)
      return Error(kUnsupportedVersion, fmt::format("Invalid type for {}: {} is not supported until v3",
                                                    field.name, field.type.to_string()));
    if (field.initial_default && *field.initial_default != "null")
      return Error(kUnsupportedVersion,
                   fmt::format("Invalid initial default for {}: non-null default ({}) is "
                               "not supported until v3",
                               field.name, *field.initial_default));
    TARN_RETURN_IF_ERROR(check_fields(field.type));
  }
  return {};
}

Status check_snapshots(const TableMetadata& table) {
  std::unordered_set<std::int64_t> ids;
  for (std::size_t i = 0; i < table.snapshots.size(); ++i) {
    const Snapshot& snapshot = table.snapshots[i];
    const std::string path = fmt::format("snapshots[{}]", i);
    if (!ids.insert(snapshot.snapshot_id).second)
      return bad(path, fmt::format("the id {} occurs twice", snapshot.snapshot_id));
    if (table.format_version > 1 && snapshot.sequence_number > table.last_sequence_number) {
      return bad(path + ".sequence-number",
                 fmt::format("{} is greater than the table's last sequence number {}",
                             snapshot.sequence_number, table.last_sequence_number));
    }
  }
  if (table.current_snapshot_id && !ids.contains(*table.current_snapshot_id))
    return bad("current-snapshot-id", fmt::format("there is no snapshot {}", *table.current_snapshot_id));
  for (const auto& [name, ref] : table.refs) {
    if (!ids.contains(ref.snapshot_id))
      return bad("refs." + name, fmt::format("there is no snapshot {}", ref.snapshot_id));
  }
  const auto main = table.refs.find(kMainBranch);
  if (main == table.refs.end()) {
    if (table.current_snapshot_id) return bad("refs", "there is a current snapshot, but no branch `main`");
    return {};
  }
  if (main->second.kind != SnapshotRef::Kind::kBranch) return bad("refs.main", "`main` is a branch");
  if (table.current_snapshot_id != main->second.snapshot_id)
    return bad("refs.main", "`main` does not point to the current snapshot");
  return {};
}

/// Field ids of `new_schema` for what `old_schema` calls by the same names.
Result<std::int32_t> moved_id(const Schema& old_schema, const Schema& new_schema, std::int32_t old_id) {
  const NestedField* field = new_schema.find(old_schema.name_of(old_id));
  if (field == nullptr) return Error(kColumnNotFound, fmt::format("there is no column {}", old_id));
  return field->id;
}

}  // namespace

Result<TableMetadata> TableMetadata::create(const NewTable& request) {
  TableMetadata table;
  table.format_version = request.format_version;
  table.table_uuid = request.table_uuid;
  table.location = request.location;
  table.last_updated_ms = request.now_ms;
  table.properties = request.properties;
  TARN_ASSIGN_OR_RETURN(const Schema schema, with_fresh_ids(request.schema));
  table.schemas = {schema};
  table.last_column_id = schema.highest_field_id();

  PartitionSpec spec{.spec_id = 0, .fields = request.spec.fields};
  for (PartitionField& field : spec.fields) {
    TARN_ASSIGN_OR_RETURN(field.source_id, moved_id(request.schema, schema, field.source_id));
    field.field_id = ++table.last_partition_id;
  }
  TARN_RETURN_IF_ERROR(spec.validate(schema));
  table.partition_specs = {std::move(spec)};

  SortOrder order{.order_id = request.sort_order.is_unsorted() ? 0 : 1, .fields = request.sort_order.fields};
  for (SortField& field : order.fields) {
    TARN_ASSIGN_OR_RETURN(field.source_id, moved_id(request.schema, schema, field.source_id));
  }
  TARN_RETURN_IF_ERROR(order.validate(schema));
  table.default_sort_order_id = order.order_id;
  table.sort_orders = {std::move(order)};
  TARN_RETURN_IF_ERROR(table.validate());
  return table;
}

Status TableMetadata::validate() const {
  if (format_version < 1 || format_version > 3)
    return Error(kUnsupportedVersion,
                 fmt::format("$.format-version: version {} cannot be used", format_version));
  if (location.empty()) return bad("location", "the location is empty");
  if (table_uuid.empty() && format_version > 1) return bad("table-uuid", "the uuid is empty");
  if (last_sequence_number < 0) return bad("last-sequence-number", "the number is negative");
  if (last_column_id < 0) return bad("last-column-id", "the id is negative");
  TARN_RETURN_IF_ERROR(check_unique("schemas", schemas, id_of_schema));
  TARN_RETURN_IF_ERROR(check_unique("partition-specs", partition_specs, id_of_spec));
  TARN_RETURN_IF_ERROR(check_unique("sort-orders", sort_orders, id_of_order));
  for (std::size_t i = 0; i < schemas.size(); ++i) {
    if (schemas[i].highest_field_id() > last_column_id) {
      return bad(fmt::format("schemas[{}]", i),
                 fmt::format("the field id {} is greater than `last-column-id` {}",
                             schemas[i].highest_field_id(), last_column_id));
    }
  }
  if (format_version < 3) {
    for (const Schema& schema : schemas) TARN_RETURN_IF_ERROR(check_fields(schema.as_struct()));
  }
  if (next_row_id < 0) return bad("next-row-id", "the number is negative");
  if (schema_by_id(current_schema_id) == nullptr)
    return bad("current-schema-id", fmt::format("there is no schema {}", current_schema_id));
  if (spec_by_id(default_spec_id) == nullptr)
    return bad("default-spec-id", fmt::format("there is no partition spec {}", default_spec_id));
  if (sort_order_by_id(default_sort_order_id) == nullptr)
    return bad("default-sort-order-id", fmt::format("there is no sort order {}", default_sort_order_id));
  return check_snapshots(*this);
}

const Schema* TableMetadata::schema_by_id(std::int32_t id) const {
  return find_by(schemas, id, id_of_schema);
}
const PartitionSpec* TableMetadata::spec_by_id(std::int32_t id) const {
  return find_by(partition_specs, id, id_of_spec);
}
const SortOrder* TableMetadata::sort_order_by_id(std::int32_t id) const {
  return find_by(sort_orders, id, id_of_order);
}

const Snapshot* TableMetadata::snapshot_by_id(std::int64_t id) const {
  // The newest are asked for most, and stand last.
  const auto at = std::find_if(snapshots.rbegin(), snapshots.rend(),
                               [&](const Snapshot& snapshot) { return id_of_snapshot(snapshot) == id; });
  return at == snapshots.rend() ? nullptr : &*at;
}

const Snapshot* TableMetadata::snapshot_of_ref(std::string_view ref) const {
  const auto at = refs.find(ref);
  return at == refs.end() ? nullptr : snapshot_by_id(at->second.snapshot_id);
}

const Snapshot* TableMetadata::current_snapshot() const {
  return current_snapshot_id ? snapshot_by_id(*current_snapshot_id) : nullptr;
}

const Snapshot* TableMetadata::snapshot_as_of(std::int64_t timestamp_ms) const {
  const SnapshotLogEntry* latest = nullptr;
  for (const SnapshotLogEntry& entry : snapshot_log)
    if (entry.timestamp_ms <= timestamp_ms) latest = &entry;
  return latest == nullptr ? nullptr : snapshot_by_id(latest->snapshot_id);
}

const Schema& TableMetadata::current_schema() const {
  const Schema* schema = schema_by_id(current_schema_id);
  TARN_CHECK(schema != nullptr);
  return *schema;
}

const PartitionSpec& TableMetadata::default_spec() const {
  const PartitionSpec* spec = spec_by_id(default_spec_id);
  TARN_CHECK(spec != nullptr);
  return *spec;
}

const SortOrder& TableMetadata::default_sort_order() const {
  const SortOrder* order = sort_order_by_id(default_sort_order_id);
  TARN_CHECK(order != nullptr);
  return *order;
}

const Schema& TableMetadata::schema_of(const Snapshot& snapshot) const {
  const Schema* schema = snapshot.schema_id ? schema_by_id(*snapshot.schema_id) : nullptr;
  return schema != nullptr ? *schema : current_schema();
}

}  // namespace tarn::iceberg
