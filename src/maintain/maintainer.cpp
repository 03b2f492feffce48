#include "maintain/maintainer.h"

#include <algorithm>
#include <utility>

#include "catalog/errors.h"
#include "io/errors.h"
#include "state/batches.h"
#include "table/maintenance/reachable.h"

namespace tarn::maintain {
namespace {

// Somebody else may win the race for a table a few times in a row, not for ever.
constexpr int kCommitAttempts = 10;
// Rewriting once leaves files that are worth another look only after a few rounds of doubling.
constexpr int kRounds = 64;
// Manifests are rewritten when there are so many, and at least this many times as many as needed.
constexpr std::int64_t kManyManifests = 20;
constexpr std::int64_t kManifestExcess = 2;
constexpr std::int64_t kManifestBytes = std::int64_t{8} << 20;
// Delete files of a slice are numbered from here, behind its data files.
constexpr std::uint32_t kFirstDelete = 100'000;

std::string count_of(std::int64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

bool is_conflict(const Status& status) {
  return !status.ok() && status.error().name() == catalog::kCommitConflict.name;
}

}  // namespace

Settings Settings::of(const project::ProjectSpec& spec) {
  const project::MaintenanceSpec& maintenance = spec.maintenance;
  Settings settings;
  settings.compaction = {.target_file_bytes = static_cast<std::int64_t>(maintenance.target_file_size),
                         .min_files = maintenance.min_files,
                         .max_deleted_percent = static_cast<int>(maintenance.max_deleted_percent),
                         .memory_bytes = static_cast<std::int64_t>(spec.limits.memory / 8)};
  settings.expiry = {.max_snapshot_age_ms = maintenance.keep_snapshots_ms,
                     .min_snapshots_to_keep = static_cast<std::int32_t>(maintenance.min_snapshots),
                     .monthly_tags = maintenance.keep_monthly};
  settings.orphan_grace_us = maintenance.orphan_grace_ms * 1000;
  return settings;
}

Maintainer::Maintainer(Services services, Settings settings, Door door)
    : services_(services),
      settings_(std::move(settings)),
      door_(door ? std::move(door) : [](const std::function<Status()>& commit) { return commit(); }),
      manifests_(services.store) {}

Result<TableReport> Maintainer::plan(const TableName& name, Tasks tasks) {
  TableReport report{.name = name};
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(name));
  report.snapshots_before = report.snapshots_after = std::ssize(table.metadata->snapshots);
  TARN_ASSIGN_OR_RETURN(tasks, possible(table, tasks, report));
  if (tasks.compaction) {
    TARN_ASSIGN_OR_RETURN(const auto plan, table::plan_compaction(services_.store, manifests_,
                                                                  *table.metadata, settings_.compaction));
    report.before = plan.before;
    report.after = plan.after;
    std::int64_t inputs = 0;
    std::int64_t deleted = 0;
    for (const table::FileGroup& group : plan.groups) {
      inputs += std::ssize(group.files);
      deleted += group.deleted_rows;
    }
    if (!plan.groups.empty()) {
      report.actions.push_back("rewrite " + count_of(inputs, "small or partly deleted file") + " as " +
                               std::to_string(plan.groups.size()) + ", leaving out " +
                               count_of(deleted, "deleted row"));
    }
    if (!plan.folds.empty())
      report.actions.push_back("fold the delete files of " + count_of(std::ssize(plan.folds), "partition"));
    TARN_ASSIGN_OR_RETURN(const bool many, needs_manifests(table, report, true));
    if (many) {
      report.actions.push_back("rewrite " + count_of(report.manifests_before, "manifest") + " by partition");
    }
  }
  if (tasks.expiry) TARN_RETURN_IF_ERROR(plan_expired(table, report));
  if (tasks.orphans) TARN_RETURN_IF_ERROR(remove_orphans(report, false));
  return report;
}

Result<TableReport> Maintainer::run(const TableName& name, Tasks tasks, std::stop_token stop) {
  TableReport report{.name = name};
  {
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(name));
    report.snapshots_before = report.snapshots_after = std::ssize(table.metadata->snapshots);
    TARN_ASSIGN_OR_RETURN(tasks, possible(table, tasks, report));
  }
  if (tasks.compaction) {
    TARN_RETURN_IF_ERROR(compact(report, stop));
    if (!stop.stop_requested()) TARN_RETURN_IF_ERROR(rewrite_manifests(report));
  }
  if (tasks.expiry && !stop.stop_requested()) TARN_RETURN_IF_ERROR(expire(report));
  if (tasks.orphans && !stop.stop_requested()) TARN_RETURN_IF_ERROR(remove_orphans(report, true));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(name));
  report.snapshots_after = std::ssize(table.metadata->snapshots);
  return report;
}

Result<Tasks> Maintainer::possible(const catalog::Table& table, Tasks tasks, TableReport& report) {
  if (table.metadata->format_version != 2) {
    report.left_alone = "skipped: Tarn maintains tables of format version 2, this one has version " +
                        std::to_string(table.metadata->format_version);
    return Tasks{.compaction = false, .expiry = false, .orphans = false};
  }
  if (!tasks.expiry && !tasks.orphans) return tasks;
  TARN_ASSIGN_OR_RETURN(const auto names, services_.catalog.list_tables());
  for (const TableName& name : names) {
    if (name == table.name) continue;
    TARN_ASSIGN_OR_RETURN(const catalog::Table other, services_.catalog.load_table(name));
    if (!table::share_folder(*table.metadata, *other.metadata)) continue;
    report.left_alone = "no file is removed: `" + name.to_string() + "` shares its folder";
    tasks.expiry = tasks.orphans = false;
    break;
  }
  return tasks;
}

Status Maintainer::compact(TableReport& report, std::stop_token stop) {
  for (int round = 0; round < kRounds; ++round) {
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
    TARN_ASSIGN_OR_RETURN(const auto plan, table::plan_compaction(services_.store, manifests_,
                                                                  *table.metadata, settings_.compaction));
    if (round == 0) report.before = plan.before;
    report.after = plan.before;
    if (plan.empty() || stop.stop_requested()) return ok_status();
    TARN_ASSIGN_OR_RETURN(const Progress progress, compact_slice(report, plan, stop));
    if (progress == Progress::kDone) return ok_status();
  }
  return ok_status();
}

Result<Maintainer::Progress> Maintainer::compact_slice(TableReport& report, const table::CompactionPlan& plan,
                                                       std::stop_token stop) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
  const std::string id = "maintain-" + uuid_v7(services_.clock.now_us() / 1000, services_.random.bytes16());
  table::DeleteFileCache deletes(services_.store);
  std::vector<table::RewrittenGroup> rewritten;
  const auto discard = [&] {
    std::vector<std::string> files;
    for (const auto& group : rewritten)
      for (const auto& file : group.files) files.push_back(file.file.file_path);
    // What stays is an orphan.
    for (const std::string& file : files) report.files_left += services_.store.remove(file).ok() ? 0 : 1;
  };
  std::int64_t bytes = 0;
  for (const table::FileGroup& group : plan.groups) {
    if (bytes >= settings_.slice_bytes || stop.stop_requested()) break;
    auto one = table::rewrite_group(services_.store, deletes, *table.metadata, group,
                                    {.batch_id = id,
                                     .number = static_cast<std::uint32_t>(rewritten.size()),
                                     .memory_bytes = settings_.compaction.memory_bytes});
    if (!one.ok()) {
      discard();
      return std::move(one).error();
    }
    rewritten.push_back(*std::move(one));
    bytes += group.size_bytes;
  }
  if (stop.stop_requested()) {
    discard();
    return Progress::kDone;
  }
  const bool is_last = rewritten.size() == plan.groups.size();
  const table::ResolveRequest request{.groups = rewritten,
                                      .folds = is_last ? std::span<const table::DeleteFold>(plan.folds)
                                                       : std::span<const table::DeleteFold>(),
                                      .sequence_number = plan.sequence_number,
                                      .batch_id = id,
                                      .first_number = kFirstDelete};
  // The long part of making it durable is done before the turn to commit.
  Status committed = services_.store.sync();
  if (committed.ok()) committed = door_([&] { return commit_slice(report, request, deletes); });
  if (committed.ok()) return Progress::kMore;
  if (committed.error().error_class() != ErrorClass::kUnknownOutcome) discard();
  return std::move(committed).error();
}

Status Maintainer::commit_slice(TableReport& report, const table::ResolveRequest& request,
                                table::DeleteFileCache& deletes) {
  for (int attempt = 0;; ++attempt) {
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
    table::ResolveRequest numbered = request;
    // Attempts never share a name.
    numbered.first_number += static_cast<std::uint32_t>(attempt) * kFirstDelete;
    TARN_ASSIGN_OR_RETURN(auto resolved, table::resolve_compaction(services_.store, manifests_, deletes,
                                                                   *table.metadata, numbered));
    Status committed;
    if (!resolved.changes_nothing()) {
      resolved.change.summary = {{"tarn.maintenance", "compaction"}};
      committed = commit_snapshot(table, resolved.change);
    }
    if (!committed.ok()) {
      if (committed.error().error_class() != ErrorClass::kUnknownOutcome)
        for (const std::string& file : resolved.written_locations)
          report.files_left += services_.store.remove(file).ok() ? 0 : 1;
      if (is_conflict(committed) && attempt + 1 < kCommitAttempts) continue;
      return committed;
    }
    std::vector<std::string> unused;
    for (const std::size_t refused : resolved.refused)
      for (const auto& file : request.groups[refused].files) unused.push_back(file.file.file_path);
    for (const std::string& file : unused) report.files_left += services_.store.remove(file).ok() ? 0 : 1;
    const auto done = std::ssize(request.groups) - std::ssize(resolved.refused);
    if (!resolved.changes_nothing()) {
      report.actions.push_back(
          "replaced " + count_of(std::ssize(resolved.change.removed_paths), "file") + " by " +
          std::to_string(resolved.change.data_files.size() + resolved.change.delete_files.size()) +
          (resolved.carried_deletes > 0
               ? ", with " + count_of(resolved.carried_deletes, "row") + " deleted meanwhile"
               : std::string()));
    }
    if (done == 0 && !resolved.refused.empty())
      return Error(catalog::kCommitConflict,
                   "somebody else rewrote the same files of " + report.name.to_string());
    return ok_status();
  }
}

Status Maintainer::commit_snapshot(const catalog::Table& table, const table::SnapshotChange& change) {
  table::SnapshotChange stamped = change;
  stamped.timestamp_ms = services_.clock.now_us() / 1000;
  TARN_ASSIGN_OR_RETURN(
      const table::BuiltSnapshot built,
      table::build_snapshot(services_.store, manifests_, services_.random, *table.metadata, stamped));
  Status outcome = services_.store.sync();
  if (outcome.ok()) {
    const std::vector<catalog::TableCommit> commits = {{table.name, built.requirements, built.updates}};
    const auto committed = services_.catalog.commit(commits);
    if (committed.ok()) return ok_status();
    outcome = committed.error();
  }
  if (outcome.error().error_class() != ErrorClass::kUnknownOutcome) {
    for (const std::string& location : built.written_locations) {
      if (Status removed = services_.store.remove(location); !removed.ok())
        return std::move(outcome).error().with_context("leaving the unused file " + location);
    }
  }
  return outcome;
}

Result<bool> Maintainer::needs_manifests(const catalog::Table& table, TableReport& report, bool first) {
  const iceberg::Snapshot* snapshot = table.metadata->current_snapshot();
  if (snapshot == nullptr) return false;
  TARN_ASSIGN_OR_RETURN(const auto list, manifests_.manifest_list(*snapshot));
  std::int64_t bytes = 0;
  for (const iceberg::ManifestFile& file : *list) bytes += file.length_bytes;
  const std::int64_t count = std::ssize(*list);
  if (first) report.manifests_before = count;
  // A manifest for data and one for deletes of each spec are needed at least.
  const std::int64_t needed = bytes / kManifestBytes + 2 * std::ssize(table.metadata->partition_specs);
  const bool many = count >= kManyManifests && count > kManifestExcess * needed;
  report.manifests_after = many ? needed : count;
  return many;
}

Status Maintainer::rewrite_manifests(TableReport& report) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table first, services_.catalog.load_table(report.name));
  TARN_ASSIGN_OR_RETURN(const bool wanted, needs_manifests(first, report, true));
  if (!wanted) return ok_status();
  TARN_RETURN_IF_ERROR(door_([&]() -> Status {
    for (int attempt = 0;; ++attempt) {
      TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
      Status committed = commit_snapshot(table, {.summary = {{"tarn.maintenance", "manifests"}},
                                                 .operation = std::string(iceberg::kOperationReplace),
                                                 .rewrite_manifests = true});
      if (!is_conflict(committed) || attempt + 1 == kCommitAttempts) return committed;
    }
  }));
  TARN_ASSIGN_OR_RETURN(const catalog::Table now, services_.catalog.load_table(report.name));
  TARN_RETURN_IF_ERROR(needs_manifests(now, report, false));
  report.actions.push_back("rewrote " + count_of(report.manifests_before, "manifest") + " as " +
                           std::to_string(report.manifests_after));
  return ok_status();
}

}  // namespace tarn::maintain
