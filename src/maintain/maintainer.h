#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "project/project_spec.h"
#include "state/database.h"
#include "table/maintenance/compaction.h"
#include "table/maintenance/expiry.h"
#include "table/manifest_cache.h"

namespace tarn::maintain {

struct Settings {
  table::CompactionPolicy compaction = {};
  table::ExpiryPolicy expiry = {};
  std::int64_t orphan_grace_us = 0;
  /// Data files of about so many bytes are rewritten before they are committed: what a crash or a stop costs
  /// at most.
  std::int64_t slice_bytes = std::int64_t{256} << 20;
  /// Rewrites so much on average, on a thread of low priority. 0: as fast as it goes, on the caller's.
  std::int64_t max_bytes_per_s = 0;
  /// When others keep committing first, a commit is prepared in its turn if that takes no longer than this.
  std::int64_t longest_turn_us = 300'000;
  /// An existing local folder for rows that are sorted and have no room in memory; empty: memory has to do.
  std::string spill_folder = {};

  /// From tarn.yaml. An eighth of the memory is for maintenance.
  static Settings of(const project::ProjectSpec& spec);
  /// The same, held back, for `tarn serve`.
  static Settings beside_ingest(const project::ProjectSpec& spec);
};

/// What to look at.
struct Tasks {
  bool compaction = true;  ///< Manifests included.
  bool expiry = true;
  bool orphans = true;
};

/// What was done to a table, or would be.
struct TableReport {
  TableName name = {};
  table::FileTotals before = {};
  table::FileTotals after = {};
  std::int64_t manifests_before = 0;
  std::int64_t manifests_after = 0;
  std::int64_t snapshots_before = 0;
  std::int64_t snapshots_after = 0;
  std::int64_t files_removed = 0;  ///< From the store: expired and orphaned ones.
  std::int64_t bytes_removed = 0;
  std::int64_t files_left = 0;  ///< That could not be removed; the next run tries again.
  /// The snapshot in which compaction found nothing left to do (-1: an empty table), if it came that far.
  std::optional<std::int64_t> settled_snapshot = std::nullopt;
  std::string left_alone = {};            ///< For people: what was not looked at and why.
  std::vector<std::string> actions = {};  ///< For people: what and why.

  bool changed() const { return !actions.empty(); }
};

/// Maintains tables one by one. Every step is a commit of its own through the catalog; files are removed only
/// after the commit that stops naming them. Killed at any moment, the table is as it was or as it should be,
/// and what was written for nothing is an orphan that a later run removes after the grace period.
///
/// One thread at a time, one process for a project (state::ProcessLock).
///
///   Maintainer maintainer({database, catalog, store, clock, random}, Settings::of(project.spec));
///   TARN_ASSIGN_OR_RETURN(TableReport report, maintainer.run({"curated", "encounter"}, {}, stop));
class Maintainer {
 public:
  struct Services {
    state::Database& database;
    catalog::Catalog& catalog;
    io::ObjectStore& store;
    io::Clock& clock;
    io::Random& random;
    table::ManifestCache& manifests;
  };
  /// Runs a commit in its turn, and returns what it returned; the default does it at once. Only what must not
  /// be disturbed happens inside: everything is written before, unless others came first again and again.
  using Door = std::function<Status(const std::function<Status()>& commit)>;

  Maintainer(Services services, Settings settings, Door door = {});

  /// What run() would do, without doing it. Both skip tables of version 1, rewrite no file with columns of
  /// types that Tarn does not read, and remove no file of tables that share a folder. Errors: those of run()
  /// that reading brings.
  Result<TableReport> plan(const TableName& name, Tasks tasks);
  /// Ends early, without an error, when a stop is requested. Errors: catalog.table_not_found,
  /// table.unsupported_delete and others of plan_compaction(), table.missing_files, catalog.commit_conflict
  /// when others won every race, those of the store.
  Result<TableReport> run(const TableName& name, Tasks tasks, std::stop_token stop);
  /// Removes the files of tables that were dropped longer than the grace period ago; without `really` it says
  /// which. One report for each of them. Errors: those of the state and of listing.
  Result<std::vector<TableReport>> purge_dropped(bool really, std::stop_token stop);

 private:
  enum class Progress : std::uint8_t { kDone, kMore };
  /// What is rewritten before it is committed.
  struct Slice {
    std::string id;
    std::int64_t sequence_number = 0;
    std::vector<table::RewrittenGroup> groups;
    std::vector<table::DeleteFold> folds;
    std::string moves;  ///< Location of what key indices follow by; empty where no data file is rewritten.
    table::DeleteFileCache& deletes;
  };
  /// A commit whose files are written and synced; no commit when there is nothing to do any more.
  struct Prepared {
    std::optional<catalog::TableCommit> commit = std::nullopt;
    std::vector<std::string> written = {};  ///< To be removed when it is refused.
  };
  using Prepare = std::function<Result<Prepared>()>;

  Result<Tasks> possible(const catalog::Table& table, Tasks tasks, TableReport& report);
  Status compact(TableReport& report, std::stop_token stop);
  Result<Progress> compact_slice(TableReport& report, const table::CompactionPlan& plan,
                                 std::stop_token stop);
  Result<table::RewrittenGroup> rewrite(Slice& slice, const iceberg::TableMetadata& metadata,
                                        const table::FileGroup& group, std::stop_token stop);
  Status commit_slice(TableReport& report, const Slice& slice);
  Result<bool> needs_manifests(const catalog::Table& table, TableReport& report, bool first);
  Status rewrite_manifests(TableReport& report);
  Status expire(TableReport& report);
  Status remove_orphans(TableReport& report, bool really);
  Status plan_expired(const catalog::Table& table, TableReport& report);
  Status commit_in_turn(TableReport& report, const Prepare& prepare);
  Result<Prepared> prepare_snapshot(TableReport& report, const catalog::Table& table,
                                    const table::SnapshotChange& change);
  void remove(TableReport& report, std::span<const std::string> locations);
  void discard(TableReport& report, std::span<const table::NewFile> files);
  void discard(TableReport& report, std::span<const std::string> locations);

  Services services_;
  Settings settings_;
  Door door_;
};

/// Keeps the outcome of a run() for `tarn status`. Errors: those of the state.
Status note_visit(const Maintainer::Services& services, const TableName& name,
                  const Result<TableReport>& report);

}  // namespace tarn::maintain
