#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/data_files.h"
#include "table/deletes/delete_file.h"
#include "table/deletes/write_deletes.h"
#include "table/key_index.h"

/// Upserts: of each key the row with the greatest (version, tie-breaks) wins, in whatever order rows arrive;
/// a null version is the least. Of rows that are equal in all of these, the one that the table has wins, else
/// the last of the batch; so a batch that was committed already changes nothing when it comes again.
///
///   TARN_RETURN_IF_ERROR(index.sync_to(metadata, store, cache));
///   TARN_ASSIGN_OR_RETURN(UpsertPlan plan, plan_upsert(index, metadata, batches));
///   TARN_ASSIGN_OR_RETURN(WrittenFiles data, write_data_files(store, batches,
///       {.schema = …, .rows = plan.rows, .want_places = true}));
///   TARN_ASSIGN_OR_RETURN(WrittenDeletes deletes, write_deletes(store, cache, metadata, plan.deletes,
///       {batch_id, number}));
///   TARN_ASSIGN_OR_RETURN(BuiltSnapshot built, build_snapshot(store, cache, random, metadata,
///       {.data_files = data.files, .delete_files = deletes.files, .removed_files = deletes.replaced, …}));
///   TARN_RETURN_IF_ERROR(store.sync());
///   … commit built.updates; and when that is done:
///   TARN_RETURN_IF_ERROR(note_committed(index, plan, data, built.snapshot.snapshot_id));
///
/// A process that dies between the commit and note_committed() loses nothing: the next sync_to() catches up.
namespace tarn::table {

struct UpsertCounts {
  std::int64_t inserted = 0;    ///< Rows of new keys.
  std::int64_t updated = 0;     ///< Rows that replace one of the table.
  std::int64_t superseded = 0;  ///< Rows that lost, to the table or within the batch; not written.
  std::int64_t deleted = 0;     ///< Rows that won and mean that their key is deleted (tombstones.h).
};

struct UpsertPlan {
  std::vector<std::int64_t> rows;  ///< To write: ascending numbers that count through all batches.
  std::vector<RowKey> keys;        ///< Of each of `rows`.
  PackedStrings ranks;             ///< Of each of `rows`.
  using PartitionDeletes = table::PartitionDeletes;
  std::vector<PartitionDeletes> deletes;    ///< One for each partition.
  std::vector<RowKey> removed = {};         ///< Keys whose rows are deleted and not replaced.
  std::vector<std::int64_t> deleting = {};  ///< Rows that won as deletions, ascending (tombstones.h).
  UpsertCounts counts;
  std::int64_t base_snapshot_id = -1;  ///< What it was planned against; -1: an empty table.

  bool changes_nothing() const { return rows.empty() && deletes.empty(); }
};

/// Decides which rows are written and which positions deleted. The batches have the columns of the table's
/// current schema (conform_batch()). Costs what the batch is worth: the table is not read. One thread at a
/// time for an index. Errors: table.index_not_in_step unless the index describes the current snapshot,
/// table.null_key, table.batch_mismatch, table.index_failed.
Result<UpsertPlan> plan_upsert(const KeyIndex& index, const iceberg::TableMetadata& metadata,
                               std::span<const std::shared_ptr<arrow::RecordBatch>> batches);

/// Tells the index that the plan was committed as `snapshot_id`. `written` is what write_data_files()
/// returned for the plan's rows, places included. Errors: table.index_failed; table.index_not_in_step when
/// the index has moved on since the plan was made.
Status note_committed(KeyIndex& index, const UpsertPlan& plan, const WrittenFiles& written,
                      std::int64_t snapshot_id);

}  // namespace tarn::table
