#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/connection.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/manifest_cache.h"

/// What changed in a table, snapshot by snapshot: for whoever keeps a copy of it elsewhere.
///
///   TARN_ASSIGN_OR_RETURN(const auto snapshots, snapshots_after(metadata, from, to));
///   TARN_RETURN_IF_ERROR(collect_changes(connection, store, manifests, metadata, snapshots));
///   TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, connection.query(kChangesQuery));
namespace tarn::query {

/// The rows of the temporary table that collect_changes() makes: `_change_type` (INSERT, DELETE,
/// UPDATE_BEFORE, UPDATE_AFTER: the names of Spark's changelog views), `_change_ordinal` (of the snapshot,
/// from 0), `_commit_snapshot_id`, `_committed_at`, then the table's columns. In the order of the snapshots;
/// within one by the key, where the table has identifier fields, each UPDATE_BEFORE directly before its
/// UPDATE_AFTER.
inline constexpr std::string_view kChangesQuery = "FROM _tarn_changes";

/// The snapshots after `from` up to `to`, oldest first; none where they are the same. Errors:
/// table.not_an_ancestor, which names the oldest snapshot that changes can be told from.
Result<std::vector<const iceberg::Snapshot*>> snapshots_after(const iceberg::TableMetadata& metadata,
                                                              const iceberg::Snapshot& from,
                                                              const iceberg::Snapshot& to);

/// "the oldest snapshot that changes of … can be told from is 12 of 2026-10-31 …", of those that lead to the
/// current one.
std::string oldest_start(const iceberg::TableMetadata& metadata);

/// Fills the temporary table of kChangesQuery. Rows that a snapshot only moved to other files are no changes:
/// snapshots of compaction give none, and of a file that an engine rewrote only the rows that differ. Holds
/// little itself: the engine keeps within its memory limit, and puts the rest into its folder for spilling.
/// Errors: those of plan_scan(), scan_sql(), the engine and the store.
Status collect_changes(engine::Connection& connection, io::ObjectStore& store,
                       table::ManifestCache& manifests, const iceberg::TableMetadata& metadata,
                       const std::vector<const iceberg::Snapshot*>& snapshots);

}  // namespace tarn::query
