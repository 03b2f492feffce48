#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"
#include "io/object_store.h"
#include "table/data_files.h"
#include "table/history/history_index.h"
#include "table/upsert.h"

/// Slowly changing dimensions of type 2: a table of what each key was, and when. Both tables of a history are
/// a pure function of the set of records that ever came, in whatever order and batches:
///
/// - of records with the same key and version, the greatest tie-break is kept, else the one that is stored,
///   else the last of the batch; the others are superseded;
/// - a version whose tracked values are those of the version before it is unchanged: no row;
/// - a deletion ends the row before it and is no row; the version after it opens one, equal or not;
/// - a row holds from its version up to that of the next row or deletion.
///
/// Or of type 3, with HistoryColumns::previous: only the latest version of a key is a row, and tells of some
/// of its values what they were before. All others are in the second table.
///
///   TARN_RETURN_IF_ERROR(index.sync_to(tables, store, cache));
///   TARN_ASSIGN_OR_RETURN(HistoryPlan plan, plan_history(index, tables, records));
///   for each of both sides, with `table` for its metadata:
///     TARN_ASSIGN_OR_RETURN(auto batches, record_batches(plan, side, records, tables, columns));
///     TARN_RETURN_IF_ERROR(read_moved(store, index, tables, plan, side, [&](auto batch) { … }));
///     TARN_ASSIGN_OR_RETURN(WrittenFiles data, write_data_files(store, batches,
///         {.schema = …, .rows = rows_to_write(plan, side), .want_places = true}));
///     TARN_ASSIGN_OR_RETURN(auto deletes, write_deletes(store, cache, table, plan.of(side).deletes, …));
///   … build both snapshots, commit them together; and when that is done:
///   TARN_RETURN_IF_ERROR(note_committed(index, plan, rows, unchanged, snapshots));
///
/// docs/decisions/0015-histories.md says why there are two tables.
namespace tarn::table {

/// The records of a batch.
struct HistoryRecords {
  std::span<const std::shared_ptr<arrow::RecordBatch>> batches;
  const iceberg::Schema& schema;         ///< Of the batches: columns of the table of rows, with their ids.
  std::span<const std::string> tracked;  ///< Columns whose changes open a row.
  const std::vector<bool>& deletes;      ///< Of each record, through all batches, whether it deletes its key.
};

struct HistoryCounts {
  std::int64_t rows = 0;        ///< Records that became rows.
  std::int64_t unchanged = 0;   ///< Records that are kept, but no rows.
  std::int64_t deleted = 0;     ///< Records that delete their key.
  std::int64_t superseded = 0;  ///< Records that lost to one with the same key and version; not written.
};

/// What one of the two tables gets and loses.
struct HistoryChange {
  /// A version to be written: a record, or what is stored in a data file of either table.
  struct Source {
    std::int64_t file_id = kRecord;
    std::int64_t row = 0;  ///< The record's number through all batches, or the position in the file.
    HistorySide side = HistorySide::kRows;  ///< Of the file.
  };
  static constexpr std::int64_t kRecord = -1;

  std::vector<Source> sources;  ///< The records, ascending; then what is stored, by side, file and position.
  std::size_t records = 0;      ///< How many of `sources` are records.
  // Of each of `sources`.
  std::vector<RowKey> keys;
  PackedStrings versions;
  PackedStrings entries;
  std::vector<UpsertPlan::PartitionDeletes> deletes;

  bool changes_nothing() const { return sources.empty() && deletes.empty(); }
};

struct HistoryPlan {
  HistoryChange rows;
  HistoryChange unchanged;
  HistoryCounts counts;
  HistoryIndex::Snapshots base;  ///< What it was planned against.
  std::int64_t records = 0;      ///< How many the batches have.
  const HistoryChange& of(HistorySide side) const { return side == HistorySide::kRows ? rows : unchanged; }
  /// The records that are written to either table, ascending.
  std::vector<std::int64_t> kept() const;
};

/// Decides what is written to and deleted from both tables. Costs what the batch and the histories of its
/// keys are worth: the tables are not read. One thread at a time for an index. Errors:
/// table.index_not_in_step unless the index describes the tables, table.null_key, table.bad_key,
/// table.batch_mismatch, table.index_failed, those of tracked_hashes().
Result<HistoryPlan> plan_history(HistoryIndex& index, const HistoryTables& tables,
                                 const HistoryRecords& records);

/// The records with the columns of one of the tables: batch by batch, all rows, of which rows_to_write()
/// tells the ones that count. Errors: table.batch_mismatch, table.null_in_required.
Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> record_batches(const HistoryPlan& plan,
                                                                        HistorySide side,
                                                                        const HistoryRecords& records,
                                                                        const HistoryTables& tables,
                                                                        const HistoryColumns& columns);

/// Reads what is stored and to be written anew to one of the tables, with its columns, in the order of
/// HistoryChange::sources: the data files one after the other, of each the row groups that are concerned.
/// `take` is called with some rows at a time. Errors: those of DataFileReader, and what `take` returns.
Status read_moved(io::ObjectStore& store, const HistoryIndex& index, const HistoryTables& tables,
                  const HistoryPlan& plan, HistorySide side,
                  const std::function<Status(std::shared_ptr<arrow::RecordBatch>)>& take);

/// The numbers of the rows to write: of the records, and behind all of these, of what read_moved() gave.
std::vector<std::int64_t> rows_to_write(const HistoryPlan& plan, HistorySide side);

/// Tells the index that the plan was committed. The files are what write_data_files() returned for each of
/// the tables, places included. Errors: table.index_failed; table.index_not_in_step when the index has moved
/// on since the plan was made.
Status note_committed(HistoryIndex& index, const HistoryPlan& plan, const WrittenFiles& rows,
                      const WrittenFiles& unchanged, const HistoryIndex::Snapshots& snapshots);

}  // namespace tarn::table
