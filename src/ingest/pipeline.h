#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "connect/source.h"
#include "ingest/batch_commit.h"
#include "ingest/landing_zone.h"
#include "ingest/read/arrival_parser.h"
#include "ingest/read/compiled_feed.h"
#include "project/project_spec.h"
#include "state/backfill/backfills.h"
#include "state/ledger.h"
#include "state/runs.h"
#include "telemetry/log.h"

namespace tarn::ingest {

/// How far a run has come; written by the pipeline, read by whoever shows it.
struct Progress {
  std::atomic<std::int64_t> files_total{0};  ///< Seen so far and not processed before.
  std::atomic<std::int64_t> files_done{0};
  std::atomic<std::int64_t> records{0};
  std::atomic<std::int64_t> bytes_raw{0};
};

/// A folder and the feeds that read from it.
struct SourceBinding {
  std::string name;  ///< The folder as configured: its identity in the ledger.
  std::unique_ptr<connect::Source> source;
  std::vector<std::size_t> feeds;                         ///< Positions in the project.
  std::map<std::size_t, connect::Release> releases = {};  ///< Of feeds that do not keep the sender's copies.
};

/// Totals of a run and what the ledger cannot tell.
struct RunReport {
  state::RunTotals totals;
  std::int64_t files_known = 0;      ///< In the folders, unchanged since an earlier run.
  std::int64_t files_unmatched = 0;  ///< That no feed takes.
  std::int64_t files_unsettled = 0;  ///< That kept changing, and were left alone.
  std::int64_t files_recovered = 0;  ///< Landed by an earlier run and processed by this one.
  std::int64_t files_blocked = 0;    ///< Landed, and waiting for a feed that cannot take them yet.
  std::int64_t entries_replayed = 0;
  std::int64_t records_replayed = 0;
  std::int64_t rows_superseded = 0;    ///< Of the committed: older versions of their keys.
  std::int64_t records_deleting = 0;   ///< Of the committed: they deleted their key.
  std::int64_t records_unchanged = 0;  ///< Of the committed: no rows; unchanged, or not the latest.
  std::int64_t rows_missing = 0;       ///< Deleted, because the deliveries that replaced them lacked them.
  std::int64_t deliveries_incomplete = 0;  ///< That deleted nothing, because records of them were refused.
  std::int64_t records_late = 0;           ///< Of the committed: later than their feed's `lateness` allows.
  /// Wall-clock seconds; landing, parsing and committing go on beside one another.
  double land_seconds = 0;
  double parse_seconds = 0;
  double commit_seconds = 0;
  double commit_wait_seconds = 0;  ///< How long the rest stood still for a commit.
};

/// The way of a file: arrive → land → parse → batch → commit → settle (docs/architecture.md). Workers parse
/// while the next files land and the batch before is being committed; one commit is under way at a time.
///
/// A feed whose contract does not fit its table is blocked: what arrives for it lands and waits in the ledger
/// until a later run finds the contract mended; all other feeds go on.
///
/// Use: construct, then run_once() or serve(), from one thread. One pipeline for a project
/// (state::ProcessLock).
class Pipeline {
 public:
  struct Setup {
    BatchCommitter::Services services;
    const project::Project& project;
    std::vector<SourceBinding> sources;
    std::string landing;       ///< Location of the landing zone.
    std::string index_folder;  ///< Absolute path for the key indices.
    std::string command;       ///< For the record of runs: "tarn ingest".
    /// The feed that a backfill loads beside another process's ingest (project_beside()): nobody else's
    /// tables and batches are touched.
    std::optional<std::size_t> beside = std::nullopt;
    telemetry::Log* log = nullptr;
  };
  /// Errors: contracts that do not compile.
  static Result<std::unique_ptr<Pipeline>> open(Setup setup);
  ~Pipeline();

  /// The feeds that cannot be ingested, by their position in the project, and why.
  const std::vector<BlockedFeed>& blocked() const { return blocked_; }

  /// Processes what is there and returns. Files that may still be growing are waited for until they settle.
  Result<RunReport> run_once(Progress& progress, const std::stop_token& stop);
  /// Processes files as they arrive until a stop is requested; then finishes the batch in hand.
  Status serve(Progress& progress, const std::stop_token& stop);

  /// Reads the given open quarantine entries again from the landing zone, under today's contracts; what
  /// passes now is committed, once. Entries that fail again stay open.
  struct ReplayReport {
    std::int64_t entries = 0;
    std::int64_t replayed = 0;
    std::int64_t still_failing = 0;
    std::int64_t records_committed = 0;
  };
  Result<ReplayReport> replay(const std::vector<state::QuarantineEntry>& entries,
                              const std::stop_token& stop);

  /// Reads what is in the landing zone for the feed of Setup::beside, and is not in its tables, until nothing
  /// is left. Each batch tells the state how far it is. Errors: ingest.no_backfill,
  /// ingest.incompatible_table, state.conflict when another process works on it.
  Status backfill(Progress& progress, const std::stop_token& stop);

 private:
  struct Work;
  struct Backfilling;
  struct LandedGroup;
  struct InFlight;
  /// What a scan saw besides new files.
  struct Seen {
    std::int64_t known = 0;
    std::size_t unsettled = 0;
  };

  Pipeline(Setup setup, std::vector<CompiledFeed> feeds);
  Status prepare();
  Status start_run();
  Status finish_run(const Status& outcome);
  Status begin_to_watch(const std::stop_token& stop);
  Status wait_for_files(std::chrono::milliseconds timeout, const std::stop_token& stop);
  Status run_until_settled(Progress& progress, const std::stop_token& stop);
  Result<std::vector<connect::SourceFile>> new_files(SourceBinding& source, Seen& seen);
  Status ingest_files(SourceBinding& source, std::span<const connect::SourceFile> files, Progress& progress,
                      const std::stop_token& stop);
  void keep_takers(std::vector<std::size_t>& takers, const std::vector<std::string>& feeds) const;
  std::vector<std::size_t> takers_of(const SourceBinding& source, const std::string& path) const;
  bool is_blocked(std::size_t feed) const;
  Result<LandedGroup> land(SourceBinding& source, std::span<const connect::SourceFile> files);
  Result<std::vector<Work>> land_file(SourceBinding& source, const connect::SourceFile& file);
  Status record(LandedGroup& group);
  /// Of a file that these feeds take: as they say, or kept where they do not agree.
  static connect::Release release_of(const SourceBinding& source, const std::vector<std::size_t>& takers);
  Status acknowledge(SourceBinding& source, const std::vector<connect::SourceFile>& files);
  Status ingest_pending(Progress& progress, const std::stop_token& stop);
  Status process(std::deque<Work>& works, Progress& progress, const std::stop_token& stop);
  Status begin_batch();
  Status parse_into(ParsedBatch& batch, std::deque<Work>& works, Progress& progress);
  bool is_full(const ParsedBatch& batch) const;
  Status finish_batch();
  Result<ArrivalParser::TableSchemas> table_schemas();
  static void add_deliveries(const Work& work, const ArrivalOutcome& outcome, ParsedBatch& batch);
  static void add_outcome(const Work& work, ArrivalOutcome& outcome, ParsedBatch& batch);
  Result<std::int64_t> backfill_pass(Progress& progress, const std::stop_token& stop);
  Status backfill_arrivals(const state::Backfill& backfill, const std::vector<state::Arrival>& arrivals,
                           Progress& progress, const std::stop_token& stop);
  Result<bool> add_backfilled(const state::Arrival& arrival, Work& work);
  void finish_step(ParsedBatch& batch);
  Result<std::deque<Work>> replay_works(const std::vector<state::QuarantineEntry>& entries);
  Status launch_commit(ParsedBatch batch);
  Status await_commit();
  void count(const InFlight& finished, const CommitReport& report);
  std::size_t thread_count() const;
  std::string spill_folder() const { return ingest::spill_folder(setup_.index_folder); }
  double seconds_since(std::int64_t start_us) const;

  Setup setup_;
  std::vector<CompiledFeed> feeds_;
  LandingZone landing_;
  BatchCommitter committer_;
  std::vector<BlockedFeed> blocked_;
  std::optional<ParsedBatch> filling_;  ///< The batch that rows are added to.
  std::unique_ptr<InFlight> in_flight_;
  std::unique_ptr<Backfilling> backfilling_;
  std::atomic<std::uint64_t> next_spill_ = 0;
  std::optional<state::RunId> run_;
  ArrivalId last_before_run_;
  RunReport report_;
};

}  // namespace tarn::ingest
