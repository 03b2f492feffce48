#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "ingest/batch_commit.h"
#include "table/data_files.h"
#include "table/deletes/write_deletes.h"
#include "table/history/history.h"
#include "table/replace/deliveries.h"
#include "table/snapshot_builder.h"
#include "table/upsert.h"

/// Inner parts of the commit, shared by its .cpp files.
namespace tarn::ingest {

/// What a batch tells of the event times of a feed whose contract sets `lateness`. Microseconds since the
/// epoch.
struct EventTimes {
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
  std::int64_t late_before_us = kNone;  ///< kNone: nothing was committed before, so nothing is late.
  std::int64_t newest_us = kNone;       ///< What moves the watermark: at most `horizon_us`.
  std::int64_t horizon_us = 0;          ///< Times beyond tell of a wrong clock, or of a wrong digit.
  std::map<std::int64_t, std::int64_t> late_by_arrival = {};

  /// Looks at rows of the feed's own table, whose event time is `column`; rows without one are passed over.
  void add(const arrow::RecordBatch& rows, const std::string& column);
};

/// All rows of a batch for one table.
struct BatchCommitter::Gathered {
  TableShape shape;
  const project::FeedSpec* feed = nullptr;
  bool is_child = false;
  TableName parent;  ///< Of a child.
  /// The workers' builders, and the contracts that their rows follow.
  struct Part {
    TableBuilder* builder = nullptr;
    const project::FeedSpec* feed = nullptr;
    std::int64_t parent_offset = 0;  ///< What turns a worker's row number of the parent into the batch's.
  };
  std::vector<Part> parts;
  std::vector<DriftSource> drift_sources;  ///< In the order in which they were met.
  DriftColumns drift;                      ///< Where they go in the table as this attempt finds it.
  // Filled by the first attempt.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::vector<std::shared_ptr<const table::SpilledRows>> spilled;  // of each batch; null: in memory
  std::vector<std::int64_t> parent_rows;
  std::map<std::string, EventTimes> event_times;  // by feed, of those with `lateness`; of no child
  DriftColumns written_drift;                     ///< The columns of drift in `batches`.
  bool finished = false;
};

/// A delivery that changes nothing, and why; what is pointed to outlives the commit.
struct RefusedUnit {
  const ParsedDelivery* delivery = nullptr;
  const project::FeedSpec* feed = nullptr;
  const ErrorCode* code = nullptr;
  std::string reason;
};

/// What the ledger is told of a batch.
struct BatchCommitter::Books {
  std::vector<state::Settlement> settlements;
  std::vector<state::NewQuarantineEntry> refused;  ///< Besides ParsedBatch::quarantine.
  std::vector<state::Adjustment> adjustments;
  std::vector<state::QuarantineId> replayed;
};

/// What was written for one table, before its commit.
struct BatchCommitter::TableWork {
  TableName name;
  std::shared_ptr<const iceberg::TableMetadata> metadata;  ///< After extra columns were added.
  std::vector<iceberg::TableUpdate> updates;
  std::vector<iceberg::TableRequirement> requirements;
  table::WrittenFiles data;
  table::WrittenDeletes deletes;
  std::optional<table::UpsertPlan> plan;
  table::KeyIndex* index = nullptr;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;  ///< Of a parent, for its children's plans.
  std::optional<table::BuiltSnapshot> built;
  std::unique_ptr<TableWork>
      companion;  ///< Of the feed's project::companion_table(); committed with its table.
  std::unique_ptr<HistoryWork> history;      ///< Of a table of histories.
  std::unique_ptr<DeliveryWork> deliveries;  ///< Of a table that deliveries replace.
  std::vector<RefusedUnit> refused;
  std::map<std::int64_t, std::int64_t> superseded_by_arrival;
  std::int64_t rows_added = 0;
  std::int64_t rows_deleted = 0;
  /// What became of the records.
  std::int64_t records_as_rows = 0;
  std::int64_t records_deleting = 0;
  std::int64_t records_unchanged = 0;
  std::int64_t rows_missing = 0;  ///< Deleted, because deliveries lacked them.
};

/// What the index of a history is told when both of its tables are committed.
struct BatchCommitter::HistoryWork {
  table::HistoryIndex* index = nullptr;
  table::HistoryPlan plan;
  table::WrittenFiles unchanged;  ///< Those of the rows are TableWork::data.
  table::HistoryIndex::Snapshots snapshots;
};

/// The same of deliveries.
struct BatchCommitter::DeliveryWork {
  table::DeliveryIndex* index = nullptr;
  table::DeliveryPlan plan;
  table::WrittenFiles written;  ///< To the table of deliveries.
  table::DeliveryIndex::Snapshots snapshots;
};

/// The tie-break of versions is the order of arrival; within an arrival the order of the rows
/// (plan_upsert()).
std::vector<std::string> tie_breaks();

/// Of the rows that a plan leaves out, how many each arrival brought. `kept` are the numbers of the others,
/// ascending.
std::map<std::int64_t, std::int64_t> superseded_by_arrival(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, const std::vector<std::int64_t>& kept);

/// The rows with the columns of another table's schema, which are found by name: tables number theirs apart.
Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> rows_by_name(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, const iceberg::Schema& schema);

/// Of each row, through all batches, whether it deletes its key by the feed's `delete_when`.
std::vector<bool> deleting_rows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                                const project::FeedSpec& feed);

}  // namespace tarn::ingest
