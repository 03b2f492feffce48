#include "state/batches.h"

#include <fmt/format.h>

#include "state/connection.h"
#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr std::string_view kColumns =
    "b.seq, b.batch_id, b.state, b.started_at_us, b.finished_at_us, b.run_id, "
    "t.namespace, t.name, t.rows_added, t.rows_deleted, t.snapshot_id";

// Rows of kColumns, a batch's own together, become batches.
Result<std::vector<Batch>> read_batches(Statement& rows) {
  std::vector<Batch> batches;
  std::int64_t last_seq = 0;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return batches;
    if (batches.empty() || rows.integer(0) != last_seq) {
      last_seq = rows.integer(0);
      Batch& batch = batches.emplace_back();
      batch.id = BatchId(rows.text(1));
      batch.state = static_cast<BatchState>(rows.integer(2));
      batch.started_at_us = rows.integer(3);
      batch.finished_at_us = rows.optional_integer(4);
      if (!rows.is_null(5)) batch.run = RunId(rows.integer(5));
    }
    if (rows.is_null(6)) continue;
    batches.back().tables.push_back({.table = {rows.text(6), rows.text(7)},
                                     .rows_added = rows.integer(8),
                                     .rows_deleted = rows.integer(9),
                                     .snapshot_id = rows.integer(10)});
  }
}

// Moves a batch from writing to `state`; gives its number.
Result<std::int64_t> finish(Transaction& transaction, const BatchId& id, BatchState state,
                            std::int64_t finished_at_us) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(const auto seq,
                        connection.integer("SELECT seq FROM batches WHERE batch_id = ?", id.value()));
  if (!seq) return Error(kNotFound, fmt::format("batch {} was never begun", id.value()));
  TARN_ASSIGN_OR_RETURN(
      const std::int64_t changed,
      connection.run("UPDATE batches SET state = ?, finished_at_us = ? WHERE seq = ? AND state = 0",
                     static_cast<int>(state), finished_at_us, *seq));
  if (changed == 0)
    return Error(kConflict, fmt::format("batch {} is not being written any more", id.value()));
  return *seq;
}

}  // namespace

std::string_view to_string(BatchState state) {
  switch (state) {
    case BatchState::kWriting:
      return "writing";
    case BatchState::kCommitted:
      return "committed";
    case BatchState::kAbandoned:
      return "abandoned";
  }
  return "unknown";
}

Status begin_batch(Transaction& transaction, const NewBatch& batch) {
  const auto run = batch.run ? std::optional(batch.run->value()) : std::nullopt;
  TARN_ASSIGN_OR_RETURN(
      const std::int64_t inserted,
      transaction.connection().run(
          "INSERT INTO batches (batch_id, state, started_at_us, run_id) VALUES (?, 0, ?, ?) "
          "ON CONFLICT (batch_id) DO NOTHING",
          batch.id.value(), batch.started_at_us, run));
  if (inserted == 0) return Error(kConflict, fmt::format("batch {} was begun before", batch.id.value()));
  return ok_status();
}

Status commit_batch(Transaction& transaction, const BatchId& id, std::span<const BatchTable> tables,
                    std::int64_t finished_at_us) {
  TARN_ASSIGN_OR_RETURN(const std::int64_t seq,
                        finish(transaction, id, BatchState::kCommitted, finished_at_us));
  TARN_ASSIGN_OR_RETURN(
      Statement insert,
      transaction.connection().prepare("INSERT INTO batch_tables (batch_seq, namespace, name, rows_added, "
                                       "rows_deleted, snapshot_id) VALUES (?, ?, ?, ?, ?, ?)"));
  for (const BatchTable& table : tables) {
    insert.bind(seq, table.table.schema, table.table.name, table.rows_added, table.rows_deleted,
                table.snapshot_id);
    TARN_RETURN_IF_ERROR(insert.run());
  }
  return ok_status();
}

Status abandon_batch(Transaction& transaction, const BatchId& id, std::int64_t finished_at_us) {
  TARN_RETURN_IF_ERROR(finish(transaction, id, BatchState::kAbandoned, finished_at_us));
  return ok_status();
}

Status advance_watermark(Transaction& transaction, const FeedWatermark& change) {
  TARN_RETURN_IF_ERROR(transaction.connection().run(
      "INSERT INTO feed_watermarks (feed, event_time_us, records_late) VALUES (?, ?, ?) "
      "ON CONFLICT (feed) DO UPDATE SET event_time_us = CASE WHEN excluded.event_time_us > "
      "feed_watermarks.event_time_us THEN excluded.event_time_us ELSE feed_watermarks.event_time_us END, "
      "records_late = feed_watermarks.records_late + excluded.records_late",
      change.feed, change.event_time_us, change.records_late));
  return ok_status();
}

Result<std::vector<FeedWatermark>> feed_watermarks(Database& database) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare("SELECT feed, event_time_us, records_late FROM feed_watermarks ORDER BY feed"));
  std::vector<FeedWatermark> watermarks;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return watermarks;
    watermarks.push_back({rows.text(0), rows.integer(1), rows.integer(2)});
  }
}

Result<std::vector<Batch>> unfinished_batches(Database& database) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare(fmt::format("SELECT {} FROM batches b LEFT JOIN batch_tables t ON t.batch_seq = b.seq "
                                   "WHERE b.state = 0 ORDER BY b.seq, t.namespace, t.name",
                                   kColumns)));
  return read_batches(rows);
}

Result<Batch> get_batch(Database& database, const BatchId& id) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare(fmt::format("SELECT {} FROM batches b LEFT JOIN batch_tables t ON t.batch_seq = b.seq "
                                   "WHERE b.batch_id = ? ORDER BY t.namespace, t.name",
                                   kColumns)));
  rows.bind(id.value());
  TARN_ASSIGN_OR_RETURN(auto batches, read_batches(rows));
  if (batches.empty()) return Error(kNotFound, fmt::format("there is no batch {}", id.value()));
  return std::move(batches.front());
}

Result<std::vector<Batch>> list_batches(Database& database, std::size_t limit) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare(fmt::format("SELECT {} FROM (SELECT * FROM batches ORDER BY seq DESC LIMIT ?) b "
                                   "LEFT JOIN batch_tables t ON t.batch_seq = b.seq "
                                   "ORDER BY b.seq DESC, t.namespace, t.name",
                                   kColumns)));
  rows.bind(limit);
  return read_batches(rows);
}

}  // namespace tarn::state
