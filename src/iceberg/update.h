#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"

/// Changes of table metadata and what a commit assumes, as Iceberg's REST catalog exchanges them (Iceberg
/// REST spec, "TableUpdate" and "TableRequirement"). Pure: the catalog loads, checks, applies and swaps.
///
///   TARN_RETURN_IF_ERROR(check(&base, requirements));
///   TARN_ASSIGN_OR_RETURN(TableMetadata next, apply(base, updates, {.now_ms = now, .previous_file =
///   base_file}));
namespace tarn::iceberg {

/// Stands for "the one this commit added last" where an update takes a schema, spec or sort order id.
inline constexpr std::int32_t kLastAdded = -1;

struct AssignUuid {
  std::string uuid = {};
  bool operator==(const AssignUuid&) const = default;
};
struct UpgradeFormatVersion {
  std::int32_t format_version = 2;
  bool operator==(const UpgradeFormatVersion&) const = default;
};
/// The schema's id is assigned; one with the same fields is used again.
struct AddSchema {
  Schema schema = {};
  bool operator==(const AddSchema&) const = default;
};
struct SetCurrentSchema {
  std::int32_t schema_id = kLastAdded;
  bool operator==(const SetCurrentSchema&) const = default;
};
/// The spec's id is assigned; field ids are kept where valid, reused from equivalent fields, else assigned.
struct AddPartitionSpec {
  PartitionSpec spec = {};
  bool operator==(const AddPartitionSpec&) const = default;
};
struct SetDefaultSpec {
  std::int32_t spec_id = kLastAdded;
  bool operator==(const SetDefaultSpec&) const = default;
};
struct AddSortOrder {
  SortOrder sort_order = {};
  bool operator==(const AddSortOrder&) const = default;
};
struct SetDefaultSortOrder {
  std::int32_t sort_order_id = kLastAdded;
  bool operator==(const SetDefaultSortOrder&) const = default;
};
struct AddSnapshot {
  Snapshot snapshot = {};
  bool operator==(const AddSnapshot&) const = default;
};
struct SetSnapshotRef {
  std::string name = {};
  SnapshotRef ref = {};
  bool operator==(const SetSnapshotRef&) const = default;
};
struct RemoveSnapshots {
  std::vector<std::int64_t> snapshot_ids = {};
  bool operator==(const RemoveSnapshots&) const = default;
};
struct RemoveSnapshotRef {
  std::string name = {};
  bool operator==(const RemoveSnapshotRef&) const = default;
};
struct SetLocation {
  std::string location = {};
  bool operator==(const SetLocation&) const = default;
};
struct SetProperties {
  std::map<std::string, std::string> properties = {};
  bool operator==(const SetProperties&) const = default;
};
struct RemoveProperties {
  std::vector<std::string> keys = {};
  bool operator==(const RemoveProperties&) const = default;
};
struct SetStatistics {
  StatisticsFile statistics = {};
  bool operator==(const SetStatistics&) const = default;
};
struct RemoveStatistics {
  std::int64_t snapshot_id = 0;
  bool operator==(const RemoveStatistics&) const = default;
};
struct SetPartitionStatistics {
  PartitionStatisticsFile statistics = {};
  bool operator==(const SetPartitionStatistics&) const = default;
};
struct RemovePartitionStatistics {
  std::int64_t snapshot_id = 0;
  bool operator==(const RemovePartitionStatistics&) const = default;
};
struct RemovePartitionSpecs {
  std::vector<std::int32_t> spec_ids = {};
  bool operator==(const RemovePartitionSpecs&) const = default;
};
struct RemoveSchemas {
  std::vector<std::int32_t> schema_ids = {};
  bool operator==(const RemoveSchemas&) const = default;
};

struct AddEncryptionKey {
  EncryptedKey key = {};
  bool operator==(const AddEncryptionKey&) const = default;
};
struct RemoveEncryptionKey {
  std::string key_id = {};
  bool operator==(const RemoveEncryptionKey&) const = default;
};

using TableUpdate =
    std::variant<AssignUuid, UpgradeFormatVersion, AddSchema, SetCurrentSchema, AddPartitionSpec,
                 SetDefaultSpec, AddSortOrder, SetDefaultSortOrder, AddSnapshot, SetSnapshotRef,
                 RemoveSnapshots, RemoveSnapshotRef, SetLocation, SetProperties, RemoveProperties,
                 SetStatistics, RemoveStatistics, SetPartitionStatistics, RemovePartitionStatistics,
                 RemovePartitionSpecs, RemoveSchemas, AddEncryptionKey, RemoveEncryptionKey>;

/// The table must not exist.
struct AssertCreate {
  bool operator==(const AssertCreate&) const = default;
};
struct AssertTableUuid {
  std::string uuid = {};
  bool operator==(const AssertTableUuid&) const = default;
};
/// The ref points to this snapshot; without one it must not exist.
struct AssertRefSnapshotId {
  std::string ref = {};
  std::optional<std::int64_t> snapshot_id = {};
  bool operator==(const AssertRefSnapshotId&) const = default;
};
struct AssertLastAssignedFieldId {
  std::int32_t last_assigned_field_id = 0;
  bool operator==(const AssertLastAssignedFieldId&) const = default;
};
struct AssertCurrentSchemaId {
  std::int32_t current_schema_id = 0;
  bool operator==(const AssertCurrentSchemaId&) const = default;
};
struct AssertLastAssignedPartitionId {
  std::int32_t last_assigned_partition_id = 0;
  bool operator==(const AssertLastAssignedPartitionId&) const = default;
};
struct AssertDefaultSpecId {
  std::int32_t default_spec_id = 0;
  bool operator==(const AssertDefaultSpecId&) const = default;
};
struct AssertDefaultSortOrderId {
  std::int32_t default_sort_order_id = 0;
  bool operator==(const AssertDefaultSortOrderId&) const = default;
};

using TableRequirement =
    std::variant<AssertCreate, AssertTableUuid, AssertRefSnapshotId, AssertLastAssignedFieldId,
                 AssertCurrentSchemaId, AssertLastAssignedPartitionId, AssertDefaultSpecId,
                 AssertDefaultSortOrderId>;

struct ApplyOptions {
  std::int64_t now_ms = 0;
  /// The metadata file that `base` came from, for the metadata log; empty: the log stays.
  std::string previous_file = "";
};

/// `base` with the updates applied in order; all or nothing. A change of `main` is written to the snapshot
/// log, the previous file to the metadata log (cut to `write.metadata.previous-versions-max`, 100 by
/// default), last_updated_ms becomes now (or the new snapshot's time when that is later). Errors:
/// iceberg.bad_update, iceberg.stale_update, iceberg.unsupported_version, and those of validate().
Result<TableMetadata> apply(const TableMetadata& base, std::span<const TableUpdate> updates,
                            const ApplyOptions& options);
/// A table from updates alone, as a staged creation commits it; UpgradeFormatVersion says its version (2).
Result<TableMetadata> create_from(std::span<const TableUpdate> updates, const ApplyOptions& options);

/// Whether what a commit assumes holds. `base` is null when the table does not exist.
/// Errors: iceberg.requirement_failed.
Status check(const TableMetadata* base, std::span<const TableRequirement> requirements);

/// The JSON of the REST spec. Errors: iceberg.bad_json, iceberg.bad_update, and those of the parts.
std::string to_json(const TableUpdate& update);
std::string to_json(const TableRequirement& requirement);
Result<TableUpdate> update_from_json(std::string_view json);
Result<TableRequirement> requirement_from_json(std::string_view json);

}  // namespace tarn::iceberg
