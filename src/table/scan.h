#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "iceberg/manifest.h"
#include "iceberg/table_metadata.h"
#include "table/manifest_cache.h"
#include "table/plan/delete_index.h"

namespace tarn::table {

/// The head of main.
struct CurrentSnapshot {};
struct SnapshotById {
  std::int64_t snapshot_id = 0;
};
/// What was current then, in milliseconds since the epoch.
struct SnapshotAsOf {
  std::int64_t timestamp_ms = 0;
};
/// A branch or tag.
struct SnapshotByRef {
  std::string name;
};
using SnapshotSelector = std::variant<CurrentSnapshot, SnapshotById, SnapshotAsOf, SnapshotByRef>;

/// A data file and the positional delete files that may hold positions of its.
struct ScanTask {
  std::shared_ptr<const LiveFile> data;
  std::vector<std::shared_ptr<const LiveFile>> deletes;
};

struct Scan {
  std::optional<std::int64_t> snapshot_id;                    ///< Nothing: the table is empty.
  iceberg::Schema schema;                                     ///< To read with.
  std::vector<ScanTask> tasks;                                ///< In the order of the manifests.
  std::vector<std::shared_ptr<const LiveFile>> delete_files;  ///< All, also those that apply to nothing.
};

/// The snapshot that a selector means, null for the current one of an empty table. Valid as long as
/// `metadata`. Errors: table.snapshot_not_found.
Result<const iceberg::Snapshot*> select_snapshot(const iceberg::TableMetadata& metadata,
                                                 const SnapshotSelector& selector);

/// Lists the data files of a snapshot with their deletes (Iceberg spec, "Scan Planning"): a positional delete
/// file applies to data files of the same spec and partition, not newer than itself, within its bounds of
/// `file_path`. The schema is the table's current one for the current snapshot and for branches, else the
/// snapshot's own. Any thread. Errors: table.snapshot_not_found, table.unsupported_delete,
/// table.unsupported_format, iceberg.* and those of the store.
///
///   TARN_ASSIGN_OR_RETURN(const Scan scan, plan_scan(cache, metadata));
Result<Scan> plan_scan(ManifestCache& cache, const iceberg::TableMetadata& metadata,
                       const SnapshotSelector& selector = CurrentSnapshot{});

}  // namespace tarn::table
