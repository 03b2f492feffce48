#pragma once

#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/commit_turns.h"
#include "ingest/parsed_batch.h"
#include "ingest/table_shape.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "project/project_spec.h"
#include "state/batches.h"
#include "table/data_files.h"
#include "table/history/history.h"
#include "table/key_index.h"
#include "table/manifest_cache.h"
#include "table/replace/delivery_index.h"
#include "table/snapshot_builder.h"
#include "telemetry/log.h"

namespace tarn::ingest {

/// Where rows of a batch wait on the disk for its commit.
inline std::string spill_folder(const std::string& index_folder) {
  return index_folder + "/spill";
}

/// What a commit did.
struct CommitReport {
  std::vector<state::BatchTable> tables;
  std::int64_t rows = 0;
  std::int64_t superseded = 0;
  std::int64_t deleted = 0;    ///< Records that deleted their key.
  std::int64_t unchanged = 0;  ///< Records that are no rows: they changed nothing, or are not the latest.
  std::int64_t missing = 0;    ///< Rows deleted, because the deliveries that replaced them lacked them.
  std::int64_t late = 0;       ///< Records behind their feed's watermark by more than its `lateness`.
};

/// Turns parsed batches into committed ones, exactly once. Data files, delete files, manifests and metadata
/// are written and synced first; then *one* transaction of the state database swaps the pointers of all
/// tables, settles the arrivals, enters the quarantine and ends the batch. Before it nothing happened, after
/// it everything; a crash in between cannot be, and what a crash before it left behind is removed by
/// recover(). The batch's id also stands in each snapshot's summary
/// (`tarn.batch-id`).
///
/// One thread at a time, and one process for a project (state::ProcessLock).
class BatchCommitter {
 public:
  struct Services {
    state::Database& database;
    catalog::Catalog& catalog;
    io::ObjectStore& store;
    io::Clock& clock;
    io::Random& random;
    table::ManifestCache& manifests;
    /// Those of the process, where others commit to the same tables.
    catalog::CommitTurns* turns = nullptr;
  };
  /// `index_folder` holds the key indices of upsert tables, which are caches. The project must outlive the
  /// committer. `log` may be null.
  BatchCommitter(Services services, const project::Project& project, std::string index_folder,
                 telemetry::Log* log);
  ~BatchCommitter();

  /// Makes the tables that the contracts ask for, and brings those that exist to their shape. A feed whose
  /// contract does not fit its table is returned, and must not be ingested; the others are ready.
  /// With `only`, a feed's position, nobody else's tables are looked at.
  Result<std::vector<BlockedFeed>> prepare_tables(std::optional<std::size_t> only);
  /// Removes the files of batches that a crash cut short, and abandons them: of the backfill of that command,
  /// or all but those of backfills, which may be running.
  Status recover(const std::optional<std::string>& backfill);

  /// Records that the batch is being written: before its first data file.
  Status begin(const BatchId& id, std::optional<state::RunId> run);
  /// Commits. On an error nothing of the batch is visible, and its arrivals stay pending. A key index that
  /// cannot follow a commit is dropped with a warning, and opened anew by the next batch.
  Result<CommitReport> commit(ParsedBatch& batch);

  struct Books;  // batch_work.h

 private:
  struct TableWork;
  struct HistoryWork;
  struct DeliveryWork;
  struct Gathered;
  struct MovedRows;

  Status prepare_table(const TableShape& shape);
  Result<std::vector<Gathered>> gather(ParsedBatch& batch);
  Status write_tables(std::vector<Gathered>& gathered, const ParsedBatch& batch,
                      std::vector<TableWork>& works, int attempt);
  void note_committed(const std::vector<TableWork>& works);
  Result<TableWork> write_table(Gathered& gathered, const ParsedBatch& batch, const TableWork* parent,
                                int attempt);
  Result<table::DataFilesRequest> request_for(const iceberg::TableMetadata& metadata,
                                              const Gathered& gathered, const BatchId& id, int attempt) const;
  Status write_append(TableWork& work, const Gathered& gathered, const BatchId& id, int attempt);
  Status write_upsert(TableWork& work, const Gathered& gathered, const BatchId& id, const TableWork* parent,
                      int attempt);
  /// Where the columns of drift go in the tables as they are now.
  Result<DriftColumns> place_drift_of(const Gathered& gathered) const;
  /// The table as it will be with the columns of drift, nothing written yet.
  Result<TableWork> begin_work(TableName name, const DriftColumns& drift,
                               std::span<const DriftSource> sources) const;
  /// The rows of the batch for a table, once.
  Status finish_rows(Gathered& gathered, const iceberg::TableMetadata& metadata, const BatchId& id);
  static Status move_drift(Gathered& gathered, const iceberg::TableMetadata& metadata);
  Status add_snapshots(TableWork& work, const ParsedBatch& batch);
  /// Of a feed of `mode: scd2` or `scd3`: both of its tables.
  Status write_history(TableWork& work, const Gathered& gathered, const BatchId& id, int attempt);
  Result<MovedRows> read_moved(const table::HistoryIndex& index, const table::HistoryTables& tables,
                               const table::HistoryPlan& plan, table::HistorySide side,
                               const std::string& spill_name);
  Status write_side(TableWork& work, const Gathered& gathered, const table::HistoryPlan& plan,
                    table::HistorySide side, const std::vector<std::shared_ptr<arrow::RecordBatch>>& records,
                    const MovedRows& moved, const BatchId& id, int attempt);
  Status write_deliveries(TableWork& work, const Gathered& gathered, const ParsedBatch& batch, int attempt);
  /// What the index of deliveries is told, once the snapshots are known.
  static void follow_deliveries(TableWork& work);
  /// Plans rows of a feed with `delete_when`, and writes the tombstones of `work`.
  Status plan_with_tombstones(TableWork& work, const Gathered& gathered, const BatchId& id, int attempt);
  /// Writes the rows and deletes of a work whose plan is made.
  Status write_planned(TableWork& work, const Gathered& gathered,
                       std::span<const std::shared_ptr<arrow::RecordBatch>> batches, const BatchId& id,
                       int attempt);
  Status add_snapshot(TableWork& work, const ParsedBatch& batch);
  /// In step with the table.
  Result<table::KeyIndex*> index_of(const iceberg::TableMetadata& metadata, const Gathered& gathered);
  /// In step with both tables.
  Result<table::HistoryIndex*> history_index_of(const table::HistoryTables& tables,
                                                const project::FeedSpec& feed);
  Result<table::DeliveryIndex*> delivery_index_of(const table::DeliveryTables& tables,
                                                  const project::FeedSpec& feed);
  table::KeyIndexOptions index_options() const;
  /// Of a committed work; what fails is dropped.
  void note_committed(const TableWork& work);
  static Books books_of(const ParsedBatch& batch, const std::vector<TableWork>& works);
  static void take_books(ParsedBatch& batch, Books& books);
  Status settle_ledger(const ParsedBatch& batch, const Books& books, std::int64_t now_us,
                       state::Transaction& transaction) const;
  Status settle(ParsedBatch& batch, Books& books, const CommitReport& report,
                const std::vector<Gathered>& gathered, state::Transaction& transaction);
  Status await_event_times(std::vector<Gathered>& gathered);
  static std::int64_t count_late(const std::vector<Gathered>& gathered, ParsedBatch& batch);
  Status advance_watermarks(const std::vector<Gathered>& gathered, state::Transaction& transaction);
  void discard(const BatchId& id, const std::vector<TableWork>& works);
  /// Where the tables' metadata lie now.
  Result<std::vector<std::string>> metadata_of(const std::vector<Gathered>& gathered) const;
  bool lost_race(const Error& error, const std::vector<Gathered>& gathered,
                 const std::vector<std::string>& base) const;
  Result<CommitReport> try_commit(ParsedBatch& batch, std::vector<Gathered>& gathered, int attempt);

  Services services_;
  const project::Project& project_;
  std::string index_folder_;
  telemetry::Log* log_;
  static std::size_t count_upsert_tables(const project::Project& project);

  std::size_t upsert_tables_;
  std::size_t threads_;
  std::mutex indices_mutex_;
  std::map<std::string, std::unique_ptr<table::KeyIndex>> indices_;          // by table uuid
  std::map<std::string, std::unique_ptr<table::HistoryIndex>> histories_;    // by that of the table of rows
  std::map<std::string, std::unique_ptr<table::DeliveryIndex>> deliveries_;  // likewise
  // The indices follow the last commit while the next batch is parsed; who needs one waits.
  std::shared_future<void> indices_follow_;
};

}  // namespace tarn::ingest
