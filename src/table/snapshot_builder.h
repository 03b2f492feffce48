#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "iceberg/snapshot.h"
#include "iceberg/table_metadata.h"
#include "iceberg/update.h"
#include "io/object_store.h"
#include "io/random.h"
#include "table/data_files.h"
#include "table/manifest_cache.h"

namespace tarn::table {

/// What a new snapshot changes.
struct SnapshotChange {
  std::vector<NewFile> data_files = {};
  std::vector<NewFile> delete_files = {};
  /// Files of the current snapshot that the new one no longer has, by delete_file_key(), which is the path of
  /// all but deletion vectors. A data file takes its deletion vector with it.
  std::set<std::string> removed_files = {};
  /// Added to the summary (`tarn.batch-id` …); the keys that the specification defines are Tarn's.
  std::map<std::string, std::string> summary = {};
  /// `replace` for compaction; empty: append, overwrite or delete, as the files say.
  std::string operation = "";
  std::string branch = "main";
  std::int64_t timestamp_ms = 0;
  /// Of the data files, where they hold rows that are older than this snapshot (compaction): deletes that
  /// were committed since still apply to them. Nothing: they inherit the snapshot's.
  std::optional<std::int64_t> data_sequence_number = std::nullopt;
  /// Write all manifests anew, their files sorted by partition.
  bool rewrite_manifests = false;
  /// The schema that the files were written with; the current one when it is not set.
  std::optional<std::int32_t> schema_id = std::nullopt;
};

/// Whether a snapshot of `metadata` can be built from it, as far as is seen without reading. Errors:
/// table.bad_change, iceberg.unsupported_version.
Status check(const SnapshotChange& change, const iceberg::TableMetadata& metadata);

/// A snapshot whose manifests and manifest list are written, and how to commit it.
struct BuiltSnapshot {
  iceberg::Snapshot snapshot;
  std::vector<iceberg::TableUpdate> updates;            ///< AddSnapshot, SetSnapshotRef.
  std::vector<iceberg::TableRequirement> requirements;  ///< assert-table-uuid, assert-ref-snapshot-id.
  /// What was written for it; remove these when the commit is refused (never when its outcome is unknown).
  std::vector<std::string> written_locations;
};

/// Writes the manifests and the manifest list of a snapshot upon `metadata` (Iceberg spec, "Snapshots" and
/// "Optimistic Concurrency"): the new files go into new manifests, one for each content and spec, the former
/// manifests are referenced as they are. When `commit.manifest.min-count-to-merge` (100) manifests have come
/// together they are merged up to `commit.manifest.target-size-bytes` (8 MiB), so that planning stays fast
/// after thousands of commits (`commit.manifest-merge.enabled` = false switches it off). Refused by the
/// catalog because someone else committed first: load the table and build again; data files are kept.
///
/// Of tables of version 3 the rows of data files without row ids get theirs (Iceberg spec, "Row Lineage").
///
/// Any thread. Not synced: call store.sync() before the commit. Errors: table.bad_change (no change at all, a
/// spec that does not exist, a removed file that is not there, a second deletion vector of a data file),
/// iceberg.* and those of the store.
Result<BuiltSnapshot> build_snapshot(io::ObjectStore& store, ManifestCache& cache, io::Random& random,
                                     const iceberg::TableMetadata& metadata, const SnapshotChange& change);

}  // namespace tarn::table
