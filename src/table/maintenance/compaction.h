#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/deletes/delete_file.h"
#include "table/maintenance/moved_places.h"
#include "table/manifest_cache.h"
#include "table/scan.h"
#include "table/snapshot_builder.h"

/// Compaction: small data files of a partition become big ones, deleted rows disappear, delete files are
/// folded. Readers and writers go on meanwhile.
///
///   TARN_ASSIGN_OR_RETURN(CompactionPlan plan, plan_compaction(store, cache, metadata, policy));
///   for (const FileGroup& group : plan.groups)
///     TARN_ASSIGN_OR_RETURN(…, rewrite_group(store, deletes, metadata, group, target));
///   … load the table again, for others may have committed:
///   TARN_ASSIGN_OR_RETURN(ResolvedCompaction resolved, resolve_compaction(…, rewritten, plan.folds, names));
///   TARN_ASSIGN_OR_RETURN(BuiltSnapshot built, build_snapshot(store, cache, random, metadata,
///   resolved.change)); … sync, commit; when the commit is refused: load, resolve and build again.
///
/// What was deleted while files were rewritten is not lost and stops nothing: resolve_compaction() looks up
/// where the deleted rows are now, and deletes them there in the same snapshot.
namespace tarn::table {

/// The table property that names, by commas, the columns through which compaction lays a Z-order curve.
inline constexpr std::string_view kZOrderProperty = "tarn.zorder";

struct CompactionPolicy {
  /// The table property `write.target-file-size-bytes` takes precedence.
  std::int64_t target_file_bytes = std::int64_t{128} << 20;
  /// So many small files of a partition (or delete files) are worth a rewrite.
  std::size_t min_files = 5;
  /// A data file of which this share is deleted is rewritten.
  int max_deleted_percent = 10;
  /// What rewriting one group of files may hold, about.
  std::int64_t memory_bytes = std::int64_t{256} << 20;
};

/// Data files of one partition that are rewritten as one file.
struct FileGroup {
  std::int32_t spec_id = 0;
  iceberg::PartitionTuple partition = {};
  std::vector<ScanTask> files = {};  ///< Oldest first.
  std::int64_t size_bytes = 0;
  std::int64_t rows = 0;          ///< As written, deleted ones included.
  std::int64_t deleted_rows = 0;  ///< At the time of planning.
};

/// A partition whose many delete files become one.
struct DeleteFold {
  std::int32_t spec_id = 0;
  iceberg::PartitionTuple partition = {};
};

/// How many files a table has.
struct FileTotals {
  std::int64_t data_files = 0;
  std::int64_t delete_files = 0;
  std::int64_t size_bytes = 0;
};

struct CompactionPlan {
  std::optional<std::int64_t> snapshot_id = std::nullopt;
  std::int64_t sequence_number = 0;  ///< Of that snapshot.
  std::vector<FileGroup> groups = {};
  std::vector<DeleteFold> folds = {};
  FileTotals before = {};
  FileTotals after = {};  ///< Bytes are estimated.

  bool empty() const { return groups.empty() && folds.empty(); }
};

/// What is worth a rewrite in the current snapshot. Small files are merged with those of about their size, so
/// that a row is rewritten a few times in its life, however many batches come. Reads manifests and delete
/// files, partition by partition. Errors: those of plan_scan() and read_position_deletes().
Result<CompactionPlan> plan_compaction(io::ObjectStore& store, ManifestCache& cache,
                                       const iceberg::TableMetadata& metadata,
                                       const CompactionPolicy& policy);

/// A group and what was written for it.
struct RewrittenGroup {
  FileGroup group = {};
  std::vector<NewFile> files = {};  ///< One; none where every row was deleted.
  /// For each file of the group, by position, the row's position in the new file.
  std::vector<std::vector<std::uint32_t>> places = {};
  static constexpr std::uint32_t kGone = MovedPlaces::kGone;  ///< The place of a deleted row.
};

struct RewriteTarget {
  std::string batch_id = {};  ///< Begins the names, see file_name_prefix().
  std::uint32_t number = 0;
  std::int64_t memory_bytes = std::int64_t{256} << 20;
  /// A local folder for what is sorted and has no room in memory; empty: memory has to do.
  std::string spill_folder = {};
};

/// Writes the live rows of a group as one file, in the table's order. Rows of a table of version 3 keep their
/// ids and the sequence numbers of their last change, in columns of their own (Iceberg spec, "Row Lineage").
/// Holds the group's files as they are
/// stored, a few thousand rows of each, and four bytes a row. Not synced. Errors: those of DataFileReader
/// and ParquetWriter, table.too_large.
Result<RewrittenGroup> rewrite_group(io::ObjectStore& store, DeleteFileCache& deletes,
                                     const iceberg::TableMetadata& metadata, FileGroup group,
                                     const RewriteTarget& target);

/// A compaction as it fits the table now.
struct ResolvedCompaction {
  SnapshotChange change = {};
  std::vector<std::size_t> refused = {};  ///< Groups of which a file is gone; their new files are not used.
  std::int64_t carried_deletes = 0;       ///< Rows deleted meanwhile, deleted in the new files.
  std::vector<std::string> written_locations = {};  ///< Of deletes.

  bool changes_nothing() const { return change.data_files.empty() && change.removed_files.empty(); }
};

struct ResolveRequest {
  std::span<const RewrittenGroup> groups = {};
  std::span<const DeleteFold> folds = {};
  std::int64_t sequence_number = 0;  ///< CompactionPlan::sequence_number
  std::string batch_id = {};
  std::uint32_t first_number = 0;
};

/// Fits what was rewritten to `metadata`, which may be newer than what it was planned on, and folds delete
/// files. Deletes that name no live data file any more are left out. Errors: those of plan_scan(),
/// read_position_deletes() and write_deletes().
Result<ResolvedCompaction> resolve_compaction(io::ObjectStore& store, ManifestCache& cache,
                                              DeleteFileCache& deletes,
                                              const iceberg::TableMetadata& metadata,
                                              const ResolveRequest& request);

}  // namespace tarn::table
