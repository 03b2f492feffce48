#include "table/scan.h"

#include <utility>

#include "table/deletes/delete_file.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

Status check_supported(const iceberg::DataFile& file) {
  if (file.content == iceberg::FileContent::kEqualityDeletes)
    return Error(kUnsupportedDelete, file.file_path + " holds equality deletes");
  if (is_deletion_vector(file)) return ok_status();
  if (file.file_format != iceberg::FileFormat::kParquet)
    return Error(kUnsupportedFormat, file.file_path + " is " +
                                         std::string(iceberg::to_string(file.file_format)) + ", not Parquet");
  return ok_status();
}

std::string describe(const SnapshotSelector& selector) {
  if (const auto* by_id = std::get_if<SnapshotById>(&selector))
    return "snapshot " + std::to_string(by_id->snapshot_id);
  if (const auto* by_ref = std::get_if<SnapshotByRef>(&selector))
    return "branch or tag `" + by_ref->name + "`";
  return "snapshot at that time: it begins later, or the older ones have expired";
}

/// Whether the snapshot is read with the table's current schema: the head of a branch is, a tag is not.
bool reads_current_schema(const iceberg::TableMetadata& metadata, const SnapshotSelector& selector) {
  if (std::holds_alternative<CurrentSnapshot>(selector)) return true;
  const auto* by_ref = std::get_if<SnapshotByRef>(&selector);
  if (by_ref == nullptr) return false;
  const auto ref = metadata.refs.find(by_ref->name);
  return ref == metadata.refs.end() || ref->second.kind == iceberg::SnapshotRef::Kind::kBranch;
}

}  // namespace

Result<const iceberg::Snapshot*> select_snapshot(const iceberg::TableMetadata& metadata,
                                                 const SnapshotSelector& selector) {
  const iceberg::Snapshot* snapshot = nullptr;
  if (std::holds_alternative<CurrentSnapshot>(selector)) return metadata.current_snapshot();
  if (const auto* by_id = std::get_if<SnapshotById>(&selector))
    snapshot = metadata.snapshot_by_id(by_id->snapshot_id);
  if (const auto* as_of = std::get_if<SnapshotAsOf>(&selector))
    snapshot = metadata.snapshot_as_of(as_of->timestamp_ms);
  if (const auto* by_ref = std::get_if<SnapshotByRef>(&selector))
    snapshot = metadata.snapshot_of_ref(by_ref->name);
  if (snapshot == nullptr) return Error(kSnapshotNotFound, "there is no " + describe(selector));
  return snapshot;
}

Result<Scan> plan_scan(ManifestCache& cache, const iceberg::TableMetadata& metadata,
                       const SnapshotSelector& selector) {
  TARN_ASSIGN_OR_RETURN(const iceberg::Snapshot* snapshot, select_snapshot(metadata, selector));
  Scan scan;
  scan.schema = snapshot == nullptr || reads_current_schema(metadata, selector)
                    ? metadata.current_schema()
                    : metadata.schema_of(*snapshot);
  if (snapshot == nullptr) return scan;
  scan.snapshot_id = snapshot->snapshot_id;
  TARN_ASSIGN_OR_RETURN(const auto list, cache.manifest_list(*snapshot));
  DeleteIndex deletes;
  for (const iceberg::ManifestFile& file : *list) {
    if (!file.has_live_files()) continue;
    TARN_ASSIGN_OR_RETURN(const auto manifest, cache.manifest(file));
    for (const iceberg::ManifestEntry& entry : manifest->entries) {
      if (entry.status == iceberg::EntryStatus::kDeleted) continue;
      TARN_RETURN_IF_ERROR(check_supported(entry.file));
      auto live = std::make_shared<const LiveFile>(
          LiveFile{entry.file, file.spec_id, entry.sequence_number.value_or(0),
                   entry.snapshot_id.value_or(file.added_snapshot_id)});
      if (entry.file.content == iceberg::FileContent::kData) {
        scan.tasks.push_back({std::move(live), {}});
      } else {
        deletes.add(live, manifest->spec.is_unpartitioned());
        scan.delete_files.push_back(std::move(live));
      }
    }
  }
  deletes.seal();
  for (ScanTask& task : scan.tasks) task.deletes = deletes.applying_to(*task.data);
  return scan;
}

}  // namespace tarn::table
