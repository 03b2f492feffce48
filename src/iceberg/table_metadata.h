#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/snapshot.h"
#include "iceberg/sort_order.h"

namespace tarn::iceberg {

/// What a new table is made of.
struct NewTable {
  std::string table_uuid = {};
  std::string location = {};
  Schema schema = {};         ///< Field ids are assigned anew, from 1.
  PartitionSpec spec = {};    ///< Against `schema`; its ids are assigned anew, from 1000.
  SortOrder sort_order = {};  ///< Against `schema`.
  std::map<std::string, std::string> properties = {};
  std::int64_t now_ms = 0;
  std::int32_t format_version = 2;
};

/// A table's metadata file (Iceberg spec, "Table Metadata"). A plain value: change it by updates (update.h),
/// which keep its rules; share it as `shared_ptr<const TableMetadata>`.
///
///   TARN_ASSIGN_OR_RETURN(const TableMetadata table, TableMetadata::from_json(bytes));
///   const Snapshot* now = table.current_snapshot();
struct TableMetadata {
  std::int32_t format_version = 2;
  std::string table_uuid = {};
  std::string location = {};
  std::int64_t last_sequence_number = 0;
  std::int64_t last_updated_ms = 0;
  std::int32_t last_column_id = 0;
  std::vector<Schema> schemas = {};
  std::int32_t current_schema_id = 0;
  std::vector<PartitionSpec> partition_specs = {};
  std::int32_t default_spec_id = 0;
  std::int32_t last_partition_id = kFirstPartitionFieldId - 1;
  std::vector<SortOrder> sort_orders = {};
  std::int32_t default_sort_order_id = 0;
  std::map<std::string, std::string> properties = {};
  std::optional<std::int64_t> current_snapshot_id = {};  ///< The head of `main`.
  std::vector<Snapshot> snapshots = {};
  std::vector<SnapshotLogEntry> snapshot_log = {};
  std::vector<MetadataLogEntry> metadata_log = {};
  std::map<std::string, SnapshotRef, std::less<>> refs = {};
  std::vector<StatisticsFile> statistics = {};
  std::vector<PartitionStatisticsFile> partition_statistics = {};
  std::int64_t next_row_id = 0;                    ///< v3 row lineage: above every row id that was assigned.
  std::vector<EncryptedKey> encryption_keys = {};  ///< v3.
  /// Keys of the file that Tarn does not know, with their JSON, written back as they came.
  std::map<std::string, std::string> unknown = {};

  /// A new table without snapshots. Errors: iceberg.bad_schema, iceberg.bad_partition_spec,
  /// iceberg.bad_sort_order, iceberg.unsupported_version …
  static Result<TableMetadata> create(const NewTable& table);

  /// Reads v1, v2 and v3. v1 gets what v2 demands (schemas, specs, sort orders, refs, a snapshot log); its
  /// format_version stays 1. Validates. Errors: iceberg.bad_json, iceberg.bad_metadata and those of the
  /// parts, the message naming the JSON path; iceberg.unsupported_version.
  static Result<TableMetadata> from_json(std::string_view json);
  /// A file of `format_version`. v1 files carry what both v1 and v2 readers look for.
  std::string to_json() const;
  /// The same with those snapshots only that a branch or tag points to (REST spec, `snapshots=refs`).
  std::string to_json_of_refs() const;
  /// The rules that hold between the parts. from_json() and apply() end with it. Errors:
  /// iceberg.bad_metadata.
  Status validate() const;

  const Schema* schema_by_id(std::int32_t id) const;
  const PartitionSpec* spec_by_id(std::int32_t id) const;
  const SortOrder* sort_order_by_id(std::int32_t id) const;
  const Snapshot* snapshot_by_id(std::int64_t id) const;
  /// Of a branch or tag, or null.
  const Snapshot* snapshot_of_ref(std::string_view ref) const;
  /// Null when the table is empty.
  const Snapshot* current_snapshot() const;
  /// The snapshot that was current at this time, by the snapshot log, or null.
  const Snapshot* snapshot_as_of(std::int64_t timestamp_ms) const;

  // These hold for every validated metadata.
  const Schema& current_schema() const;
  const PartitionSpec& default_spec() const;
  const SortOrder& default_sort_order() const;
  /// The schema a snapshot was written with; the current one when the snapshot does not say.
  const Schema& schema_of(const Snapshot& snapshot) const;

  std::int64_t next_sequence_number() const { return format_version == 1 ? 0 : last_sequence_number + 1; }
  bool operator==(const TableMetadata&) const = default;
};

}  // namespace tarn::iceberg
