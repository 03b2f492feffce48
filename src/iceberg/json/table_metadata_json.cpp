#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "iceberg/errors.h"
#include "iceberg/json/codec.h"

// Iceberg spec, "Table Metadata Fields" and Appendix C, "Table Metadata and Snapshots".
namespace tarn::iceberg {
namespace {

constexpr std::array<std::string_view, 25> kKnownKeys = {"format-version",
                                                         "table-uuid",
                                                         "location",
                                                         "last-sequence-number",
                                                         "last-updated-ms",
                                                         "last-column-id",
                                                         "schema",
                                                         "schemas",
                                                         "current-schema-id",
                                                         "partition-spec",
                                                         "partition-specs",
                                                         "default-spec-id",
                                                         "last-partition-id",
                                                         "properties",
                                                         "current-snapshot-id",
                                                         "snapshots",
                                                         "snapshot-log",
                                                         "metadata-log",
                                                         "sort-orders",
                                                         "default-sort-order-id",
                                                         "refs",
                                                         "statistics",
                                                         "partition-statistics",
                                                         "next-row-id",
                                                         "encryption-keys"};

template <typename T, typename Parse>
Result<std::vector<T>> list_from(const JsonView& view, std::string_view key, Parse parse) {
  std::vector<T> list;
  const auto items = view.find(key);
  if (!items) return list;
  TARN_RETURN_IF_ERROR(items->expect_array());
  list.reserve(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    TARN_ASSIGN_OR_RETURN(T item, parse(items->element(i)));
    list.push_back(std::move(item));
  }
  return list;
}

template <typename T>
Json list_json(const std::vector<T>& items) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(json_of(item));
  return list;
}

Result<SnapshotLogEntry> snapshot_log_entry_from(const JsonView& view) {
  SnapshotLogEntry entry;
  TARN_ASSIGN_OR_RETURN(entry.timestamp_ms, view.int64("timestamp-ms"));
  TARN_ASSIGN_OR_RETURN(entry.snapshot_id, view.int64("snapshot-id"));
  return entry;
}

Result<MetadataLogEntry> metadata_log_entry_from(const JsonView& view) {
  MetadataLogEntry entry;
  TARN_ASSIGN_OR_RETURN(entry.timestamp_ms, view.int64("timestamp-ms"));
  TARN_ASSIGN_OR_RETURN(entry.metadata_file, view.text("metadata-file"));
  return entry;
}

/// Schemas, or v1's single one.
Status read_schemas(const JsonView& view, TableMetadata& table) {
  const auto schema_with_id = [](const JsonView& item) { return schema_from(item); };
  if (view.find("schemas")) {
    TARN_ASSIGN_OR_RETURN(table.schemas, list_from<Schema>(view, "schemas", schema_with_id));
    TARN_ASSIGN_OR_RETURN(table.current_schema_id, view.int32("current-schema-id"));
    return {};
  }
  if (table.format_version > 1) return view.wrong("`schemas` is missing");
  TARN_ASSIGN_OR_RETURN(const JsonView only, view.member("schema"));
  TARN_ASSIGN_OR_RETURN(const Schema schema, schema_from(only));
  table.schemas = {schema};
  table.current_schema_id = schema.id();
  return {};
}

Status read_layout(const JsonView& view, TableMetadata& table) {
  if (view.find("partition-specs")) {
    TARN_ASSIGN_OR_RETURN(table.partition_specs,
                          list_from<PartitionSpec>(view, "partition-specs", partition_spec_from));
    TARN_ASSIGN_OR_RETURN(table.default_spec_id, view.int32("default-spec-id"));
  } else {
    if (table.format_version > 1) return view.wrong("`partition-specs` is missing");
    TARN_ASSIGN_OR_RETURN(const JsonView only, view.member("partition-spec"));
    TARN_ASSIGN_OR_RETURN(PartitionSpec spec, partition_fields_from(0, only));
    table.partition_specs = {std::move(spec)};
    table.default_spec_id = 0;
  }
  TARN_ASSIGN_OR_RETURN(const auto last_partition_id, view.optional_int32("last-partition-id"));
  if (!last_partition_id && table.format_version > 1) return view.wrong("`last-partition-id` is missing");
  std::int32_t highest = kFirstPartitionFieldId - 1;
  for (const PartitionSpec& spec : table.partition_specs)
    highest = std::max(highest, spec.highest_field_id());
  table.last_partition_id = std::max(last_partition_id.value_or(highest), highest);
  if (!view.find("sort-orders")) {
    if (table.format_version > 1) return view.wrong("`sort-orders` is missing");
    table.sort_orders = {SortOrder{}};
    table.default_sort_order_id = 0;
    return {};
  }
  TARN_ASSIGN_OR_RETURN(table.sort_orders, list_from<SortOrder>(view, "sort-orders", sort_order_from));
  TARN_ASSIGN_OR_RETURN(table.default_sort_order_id, view.int32("default-sort-order-id"));
  return {};
}

/// The way to the current snapshot, as a log would have recorded it.
std::vector<SnapshotLogEntry> log_from_ancestors(const TableMetadata& table) {
  std::map<std::int64_t, const Snapshot*> by_id;
  for (const Snapshot& snapshot : table.snapshots) by_id.emplace(snapshot.snapshot_id, &snapshot);
  std::vector<SnapshotLogEntry> log;
  std::set<std::int64_t> seen;
  auto at = by_id.find(table.current_snapshot_id.value_or(-1));
  while (at != by_id.end() && seen.insert(at->first).second) {
    log.push_back({at->second->timestamp_ms, at->first});
    at = by_id.find(at->second->parent_snapshot_id.value_or(-1));
  }
  std::reverse(log.begin(), log.end());
  return log;
}

Status read_history(const JsonView& view, TableMetadata& table) {
  TARN_ASSIGN_OR_RETURN(table.current_snapshot_id, view.optional_int64("current-snapshot-id"));
  if (table.current_snapshot_id == -1) table.current_snapshot_id.reset();
  TARN_ASSIGN_OR_RETURN(table.snapshots, list_from<Snapshot>(view, "snapshots", snapshot_from));
  TARN_ASSIGN_OR_RETURN(table.snapshot_log,
                        list_from<SnapshotLogEntry>(view, "snapshot-log", snapshot_log_entry_from));
  if (!view.find("snapshot-log") && table.format_version == 1) table.snapshot_log = log_from_ancestors(table);
  TARN_ASSIGN_OR_RETURN(table.metadata_log,
                        list_from<MetadataLogEntry>(view, "metadata-log", metadata_log_entry_from));
  if (const auto refs = view.find("refs")) {
    TARN_RETURN_IF_ERROR(refs->expect_object());
    for (const auto& item : refs->json().items()) {
      TARN_ASSIGN_OR_RETURN(const JsonView place, refs->member(item.key()));
      TARN_ASSIGN_OR_RETURN(SnapshotRef ref, snapshot_ref_from(place));
      table.refs.emplace(item.key(), ref);
    }
  }
  if (table.current_snapshot_id && table.refs.find(kMainBranch) == table.refs.end())
    table.refs.emplace(kMainBranch, SnapshotRef{.snapshot_id = *table.current_snapshot_id});
  TARN_ASSIGN_OR_RETURN(table.statistics, list_from<StatisticsFile>(view, "statistics", statistics_from));
  TARN_ASSIGN_OR_RETURN(
      table.partition_statistics,
      list_from<PartitionStatisticsFile>(view, "partition-statistics", partition_statistics_from));
  TARN_ASSIGN_OR_RETURN(const auto next_row_id, view.optional_int64("next-row-id"));
  table.next_row_id = next_row_id.value_or(0);
  TARN_ASSIGN_OR_RETURN(table.encryption_keys,
                        list_from<EncryptedKey>(view, "encryption-keys", encrypted_key_from));
  return {};
}

Status read_identity(const JsonView& view, TableMetadata& table) {
  TARN_ASSIGN_OR_RETURN(table.format_version, view.int32("format-version"));
  if (table.format_version < 1 || table.format_version > 3) {
    return Error(kUnsupportedVersion, fmt::format("{}.format-version: version {} cannot be read", view.path(),
                                                  table.format_version));
  }
  TARN_ASSIGN_OR_RETURN(auto uuid, view.optional_text("table-uuid"));
  if (!uuid && table.format_version > 1) return view.wrong("`table-uuid` is missing");
  table.table_uuid = std::move(uuid).value_or("");
  TARN_ASSIGN_OR_RETURN(table.location, view.text("location"));
  if (table.format_version > 1) {
    TARN_ASSIGN_OR_RETURN(table.last_sequence_number, view.int64("last-sequence-number"));
  }
  TARN_ASSIGN_OR_RETURN(table.last_updated_ms, view.int64("last-updated-ms"));
  TARN_ASSIGN_OR_RETURN(table.last_column_id, view.int32("last-column-id"));
  TARN_ASSIGN_OR_RETURN(table.properties, view.text_map("properties"));
  return {};
}

Json logs_json(const std::vector<SnapshotLogEntry>& log) {
  Json list = Json::array();
  for (const SnapshotLogEntry& entry : log)
    list.push_back({{"timestamp-ms", entry.timestamp_ms}, {"snapshot-id", entry.snapshot_id}});
  return list;
}

Json logs_json(const std::vector<MetadataLogEntry>& log) {
  Json list = Json::array();
  for (const MetadataLogEntry& entry : log)
    list.push_back({{"timestamp-ms", entry.timestamp_ms}, {"metadata-file", entry.metadata_file}});
  return list;
}

/// v1 has no sequence numbers, and readers of v1 alone look for one schema and one spec.
void add_v1_forms(const TableMetadata& table, Json& json) {
  if (const Schema* schema = table.schema_by_id(table.current_schema_id)) json["schema"] = json_of(*schema);
  if (const PartitionSpec* spec = table.spec_by_id(table.default_spec_id))
    json["partition-spec"] = json_of_fields(*spec);
  for (Json& snapshot : json["snapshots"]) snapshot.erase("sequence-number");
  if (table.table_uuid.empty()) json.erase("table-uuid");
}

}  // namespace

Json json_of(const TableMetadata& table) {
  Json json = Json::object();
  for (const auto& [key, text] : table.unknown) {
    Json value = Json::parse(text, nullptr, false);
    if (!value.is_discarded()) json[key] = std::move(value);
  }
  json["format-version"] = table.format_version;
  json["table-uuid"] = table.table_uuid;
  json["location"] = table.location;
  if (table.format_version > 1) json["last-sequence-number"] = table.last_sequence_number;
  json["last-updated-ms"] = table.last_updated_ms;
  json["last-column-id"] = table.last_column_id;
  json["schemas"] = list_json(table.schemas);
  json["current-schema-id"] = table.current_schema_id;
  json["partition-specs"] = list_json(table.partition_specs);
  json["default-spec-id"] = table.default_spec_id;
  json["last-partition-id"] = table.last_partition_id;
  json["sort-orders"] = list_json(table.sort_orders);
  json["default-sort-order-id"] = table.default_sort_order_id;
  json["properties"] = table.properties;
  // The reference writes -1 up to v2, and some readers expect it.
  if (table.current_snapshot_id || table.format_version < 3)
    json["current-snapshot-id"] = table.current_snapshot_id.value_or(-1);
  json["snapshots"] = list_json(table.snapshots);
  json["snapshot-log"] = logs_json(table.snapshot_log);
  json["metadata-log"] = logs_json(table.metadata_log);
  Json refs = Json::object();
  for (const auto& [name, ref] : table.refs) refs[name] = json_of(ref);
  json["refs"] = std::move(refs);
  json["statistics"] = list_json(table.statistics);
  json["partition-statistics"] = list_json(table.partition_statistics);
  if (table.format_version > 2) json["next-row-id"] = table.next_row_id;
  if (!table.encryption_keys.empty()) json["encryption-keys"] = list_json(table.encryption_keys);
  if (table.format_version == 1) add_v1_forms(table, json);
  return json;
}

Result<TableMetadata> table_metadata_from(const JsonView& view) {
  TARN_RETURN_IF_ERROR(view.expect_object());
  TableMetadata table;
  TARN_RETURN_IF_ERROR(read_identity(view, table));
  TARN_RETURN_IF_ERROR(read_schemas(view, table));
  TARN_RETURN_IF_ERROR(read_layout(view, table));
  TARN_RETURN_IF_ERROR(read_history(view, table));
  for (const auto& [key, value] : view.json().items()) {
    if (std::find(kKnownKeys.begin(), kKnownKeys.end(), key) == kKnownKeys.end())
      table.unknown.emplace(key, dump_json(value));
  }
  TARN_RETURN_IF_ERROR(table.validate());
  return table;
}

Result<TableMetadata> TableMetadata::from_json(std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return table_metadata_from(JsonView(value, kBadMetadata));
}

std::string TableMetadata::to_json() const {
  return dump_json(json_of(*this));
}

std::string TableMetadata::to_json_of_refs() const {
  std::set<std::int64_t> wanted;
  for (const auto& [name, ref] : refs) wanted.insert(ref.snapshot_id);
  TableMetadata part = *this;
  std::erase_if(part.snapshots,
                [&](const Snapshot& snapshot) { return !wanted.contains(snapshot.snapshot_id); });
  return part.to_json();
}

}  // namespace tarn::iceberg
