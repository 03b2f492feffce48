// Histories (`mode: scd2` and `scd3`): the rows of a batch and what they change of older ones, in both
// tables.
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include <fmt/format.h>

#include <utility>

#include "ingest/batch_commit.h"
#include "ingest/batch_work.h"
#include "table/rows/spilled_rows.h"
#include "table/upsert.h"

namespace tarn::ingest {
namespace {

// Rows that are written anew may take this part of the memory; more of them wait on the disk.
constexpr std::uint64_t kMovedOfMemory = 16;

/// The columns of records whose changes open a row; none where the latest version is the only one.
std::vector<std::string> tracked_columns(const iceberg::Schema& schema, const project::FeedSpec& feed) {
  std::vector<std::string> names;
  if (*feed.mode == project::LoadMode::kScd3) return names;
  for (const iceberg::NestedField& field : schema.fields())
    if (project::tracks(feed, field.name)) names.push_back(field.name);
  return names;
}

}  // namespace

struct BatchCommitter::MovedRows {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::vector<std::shared_ptr<const table::SpilledRows>> spilled;  // of each batch; null: in memory
};

Result<BatchCommitter::MovedRows> BatchCommitter::read_moved(const table::HistoryIndex& index,
                                                             const table::HistoryTables& tables,
                                                             const table::HistoryPlan& plan,
                                                             table::HistorySide side,
                                                             const std::string& spill_name) {
  MovedRows moved;
  std::int64_t held = 0;
  const auto most = static_cast<std::int64_t>(project_.spec.limits.memory / kMovedOfMemory);
  const auto take = [&](std::shared_ptr<arrow::RecordBatch> rows) -> Status {
    std::shared_ptr<const table::SpilledRows> spilled;
    const std::int64_t size = arrow::util::TotalBufferSize(*rows);
    if (held + size > most) {
      const std::string path =
          fmt::format("{}/{}-{}", spill_folder(index_folder_), spill_name, moved.batches.size());
      TARN_ASSIGN_OR_RETURN(spilled, table::SpilledRows::write(*rows, path));
      spilled->forget_pages();
      rows = spilled->rows();
    } else {
      held += size;
    }
    moved.batches.push_back(std::move(rows));
    moved.spilled.push_back(std::move(spilled));
    return ok_status();
  };
  TARN_RETURN_IF_ERROR(table::read_moved(services_.store, index, tables, plan, side, take));
  return moved;
}

Status BatchCommitter::write_side(TableWork& work, const Gathered& gathered, const table::HistoryPlan& plan,
                                  table::HistorySide side,
                                  const std::vector<std::shared_ptr<arrow::RecordBatch>>& records,
                                  const MovedRows& moved, const BatchId& id, int attempt) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches = records;
  batches.insert(batches.end(), moved.batches.begin(), moved.batches.end());
  std::vector<std::shared_ptr<const table::SpilledRows>> spilled = gathered.spilled;
  spilled.insert(spilled.end(), moved.spilled.begin(), moved.spilled.end());
  const std::vector<std::int64_t> rows = table::rows_to_write(plan, side);
  TARN_ASSIGN_OR_RETURN(table::DataFilesRequest request, request_for(*work.metadata, gathered, id, attempt));
  request.rows = std::span<const std::int64_t>(rows);
  request.want_places = true;
  request.written = [&spilled](std::size_t batch) {
    if (spilled[batch]) spilled[batch]->forget_pages();
  };
  TARN_ASSIGN_OR_RETURN(work.data, table::write_data_files(services_.store, batches, request));
  TARN_ASSIGN_OR_RETURN(work.deletes,
                        table::write_deletes(services_.store, services_.manifests, *work.metadata,
                                             plan.of(side).deletes, {id.value(), request.first_number}));
  work.rows_added = std::ssize(rows);
  for (const auto& partition : plan.of(side).deletes)
    for (const auto& [path, positions] : partition.positions) work.rows_deleted += std::ssize(positions);
  return ok_status();
}

Status BatchCommitter::write_history(TableWork& work, const Gathered& gathered, const BatchId& id,
                                     int attempt) {
  using table::HistorySide;
  if (indices_follow_.valid()) indices_follow_.wait();
  const project::FeedSpec& feed = *gathered.feed;
  TARN_ASSIGN_OR_RETURN(TableWork unchanged,
                        begin_work(*project::companion_table(feed), gathered.drift, gathered.drift_sources));
  work.companion = std::make_unique<TableWork>(std::move(unchanged));
  const table::HistoryTables tables{*work.metadata, *work.companion->metadata};
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema, record_schema(tables.rows.current_schema(), feed));
  const std::vector<std::string> tracked = tracked_columns(schema, feed);
  const std::vector<bool> deletes = deleting_rows(gathered.batches, feed);
  const table::HistoryRecords records{gathered.batches, schema, tracked, deletes};
  auto history = std::make_unique<HistoryWork>();
  TARN_ASSIGN_OR_RETURN(history->index, history_index_of(tables, feed));
  TARN_ASSIGN_OR_RETURN(history->plan, table::plan_history(*history->index, tables, records));
  const table::HistoryPlan& plan = history->plan;
  for (const HistorySide side : {HistorySide::kRows, HistorySide::kUnchanged}) {
    if (plan.of(side).changes_nothing()) continue;
    TableWork& written = side == HistorySide::kRows ? work : *work.companion;
    TARN_ASSIGN_OR_RETURN(const auto batches,
                          table::record_batches(plan, side, records, tables, history->index->columns()));
    const std::string spill_name = fmt::format("{}-{}-{}-{}", id.value(), written.metadata->table_uuid,
                                               side == HistorySide::kRows ? "rows" : "unchanged", attempt);
    TARN_ASSIGN_OR_RETURN(const MovedRows moved, read_moved(*history->index, tables, plan, side, spill_name));
    TARN_RETURN_IF_ERROR(write_side(written, gathered, plan, side, batches, moved, id, attempt));
  }
  work.superseded_by_arrival = superseded_by_arrival(gathered.batches, plan.kept());
  work.records_as_rows = plan.counts.rows;
  work.records_deleting = plan.counts.deleted;
  work.records_unchanged = plan.counts.unchanged;
  work.history = std::move(history);
  return ok_status();
}

Result<table::HistoryIndex*> BatchCommitter::history_index_of(const table::HistoryTables& tables,
                                                              const project::FeedSpec& feed) {
  std::unique_lock lock(indices_mutex_);  // of the map; each index is used by one thread
  std::unique_ptr<table::HistoryIndex>& index = histories_[tables.rows.table_uuid];
  if (!index) {
    table::HistoryColumns columns{.key = {}, .version = *feed.version_column, .tie_breaks = tie_breaks()};
    for (const auto& key : feed.key) columns.key.push_back(*key);
    for (project::PreviousNames& names : project::previous_names(feed))
      columns.previous.push_back(
          {std::move(names.column), std::move(names.before), std::move(names.changed_at)});
    TARN_ASSIGN_OR_RETURN(index, table::HistoryIndex::open(index_folder_ + "/" + tables.rows.table_uuid,
                                                           std::move(columns), index_options()));
  }
  table::HistoryIndex* const opened = index.get();
  lock.unlock();
  TARN_RETURN_IF_ERROR(opened->sync_to(tables, services_.store, services_.manifests));
  return opened;
}

}  // namespace tarn::ingest
