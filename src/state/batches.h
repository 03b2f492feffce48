#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "state/database.h"
#include "state/runs.h"

/// Batches of ingested data. A batch is begun *before* its first data file is written, and committed in the
/// transaction that swaps the catalog's pointers and settles its arrivals. After a crash,
/// unfinished_batches() are those whose data files (named after the batch) are orphans: remove them, then
/// abandon_batch().
namespace tarn::state {

enum class BatchState : std::uint8_t { kWriting, kCommitted, kAbandoned };
/// "writing", "committed", "abandoned".
std::string_view to_string(BatchState state);

struct NewBatch {
  BatchId id = {};  ///< Unique; a UUID version 7.
  std::int64_t started_at_us = 0;
  std::optional<RunId> run = std::nullopt;
};

/// What a batch did to one table.
struct BatchTable {
  TableName table = {};
  std::int64_t rows_added = 0;
  std::int64_t rows_deleted = 0;
  std::int64_t snapshot_id = 0;
  bool operator==(const BatchTable&) const = default;
};

struct Batch {
  BatchId id = {};
  BatchState state = BatchState::kWriting;
  std::int64_t started_at_us = 0;
  std::optional<std::int64_t> finished_at_us = std::nullopt;
  std::optional<RunId> run = std::nullopt;
  std::vector<BatchTable> tables = {};  ///< Sorted by name; empty until committed.
};

/// state.conflict when the id was used before.
Status begin_batch(Transaction& transaction, const NewBatch& batch);
/// state.conflict when the batch is not being written, state.not_found when it was never begun.
Status commit_batch(Transaction& transaction, const BatchId& id, std::span<const BatchTable> tables,
                    std::int64_t finished_at_us);
Status abandon_batch(Transaction& transaction, const BatchId& id, std::int64_t finished_at_us);

/// How far a feed whose contract sets `lateness` has come in its records' own time.
struct FeedWatermark {
  std::string feed = "";           ///< Its name.
  std::int64_t event_time_us = 0;  ///< The newest event time committed, in microseconds since the epoch.
  std::int64_t records_late = 0;   ///< Of all time.
  bool operator==(const FeedWatermark&) const = default;
};
/// In the transaction that commits a batch. A watermark never goes back; late records add up.
Status advance_watermark(Transaction& transaction, const FeedWatermark& change);
/// Of every feed that has one, sorted by name.
Result<std::vector<FeedWatermark>> feed_watermarks(Database& database);

/// Begun, neither committed nor abandoned; oldest first.
Result<std::vector<Batch>> unfinished_batches(Database& database);
/// state.not_found when there is none.
Result<Batch> get_batch(Database& database, const BatchId& id);
/// Newest first.
Result<std::vector<Batch>> list_batches(Database& database, std::size_t limit);

}  // namespace tarn::state
