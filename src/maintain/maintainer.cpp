#include "maintain/maintainer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "catalog/if_present.h"
#include "maintain/quietly.h"
#include "table/arrow_schema.h"
#include "table/maintenance/reachable.h"
#include "table/maintenance/row_moves.h"

namespace tarn::maintain {
namespace {

// Rewriting once leaves files that are worth another look only after a few rounds of doubling.
constexpr int kRounds = 64;
// Manifests are rewritten when there are so many, and at least this many times as many as needed.
constexpr std::int64_t kManyManifests = 20;
constexpr std::int64_t kManifestExcess = 2;
constexpr std::int64_t kManifestBytes = std::int64_t{8} << 20;

std::string count_of(std::int64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
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

Settings Settings::beside_ingest(const project::ProjectSpec& spec) {
  Settings settings = of(spec);
  settings.max_bytes_per_s = static_cast<std::int64_t>(spec.maintenance.max_rate);
  // A commit often, so that a key index has little to follow at once.
  settings.slice_bytes = std::int64_t{64} << 20;
  return settings;
}

Maintainer::Maintainer(Services services, Settings settings, Door door)
    : services_(services),
      settings_(std::move(settings)),
      door_(door ? std::move(door) : [](const std::function<Status()>& commit) { return commit(); }) {}

Result<TableReport> Maintainer::plan(const TableName& name, Tasks tasks) {
  TableReport report{.name = name};
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(name));
  report.snapshots_before = report.snapshots_after = std::ssize(table.metadata->snapshots);
  TARN_ASSIGN_OR_RETURN(tasks, possible(table, tasks, report));
  if (tasks.compaction) {
    TARN_ASSIGN_OR_RETURN(const auto plan, table::plan_compaction(services_.store, services_.manifests,
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
  if (table.metadata->format_version < 2) {
    report.left_alone = "skipped: Tarn maintains tables of format version 2 and 3, this one has version " +
                        std::to_string(table.metadata->format_version);
    return Tasks{.compaction = false, .expiry = false, .orphans = false};
  }
  const auto columns = table::to_arrow_schema(table.metadata->current_schema());
  if (tasks.compaction && !columns.ok()) {
    report.left_alone = "no file is rewritten: " + columns.error().message();
    tasks.compaction = false;
  }
  if (!tasks.expiry && !tasks.orphans) return tasks;
  TARN_ASSIGN_OR_RETURN(const auto names, services_.catalog.list_tables());
  for (const TableName& name : names) {
    if (name == table.name) continue;
    TARN_ASSIGN_OR_RETURN(const auto other, catalog::if_present(services_.catalog.load_table(name)));
    if (!other || !table::share_folder(*table.metadata, *other->metadata)) continue;
    report.left_alone = "no file is removed: `" + name.to_string() + "` shares its folder";
    tasks.expiry = tasks.orphans = false;
    break;
  }
  return tasks;
}

Status Maintainer::compact(TableReport& report, std::stop_token stop) {
  for (int round = 0; round < kRounds; ++round) {
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
    TARN_ASSIGN_OR_RETURN(const auto plan, table::plan_compaction(services_.store, services_.manifests,
                                                                  *table.metadata, settings_.compaction));
    if (round == 0) report.before = plan.before;
    report.after = plan.before;
    if (plan.empty()) report.settled_snapshot = plan.snapshot_id.value_or(-1);
    if (plan.empty() || stop.stop_requested()) return ok_status();
    TARN_ASSIGN_OR_RETURN(const Progress progress, compact_slice(report, plan, stop));
    if (progress == Progress::kDone) return ok_status();
  }
  return ok_status();
}

Result<Maintainer::Progress> Maintainer::compact_slice(TableReport& report, const table::CompactionPlan& plan,
                                                       std::stop_token stop) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
  table::DeleteFileCache deletes(services_.store);
  Slice slice{.id = "maintain-" + uuid_v7(services_.clock.now_us() / 1000, services_.random.bytes16()),
              .sequence_number = plan.sequence_number,
              .groups = {},
              .folds = {},
              .moves = {},
              .deletes = deletes};
  const auto discard_all = [&] {
    for (const auto& group : slice.groups) discard(report, group.files);
    if (!slice.moves.empty()) discard(report, std::span(&slice.moves, 1));
  };
  std::int64_t bytes = 0;
  for (const table::FileGroup& group : plan.groups) {
    if (bytes >= settings_.slice_bytes || stop.stop_requested()) break;
    auto one = rewrite(slice, *table.metadata, group, stop);
    if (!one.ok()) {
      discard_all();
      return std::move(one).error();
    }
    slice.groups.push_back(*std::move(one));
    bytes += group.size_bytes;
  }
  if (stop.stop_requested()) {
    discard_all();
    return Progress::kDone;
  }
  if (slice.groups.size() == plan.groups.size()) slice.folds = plan.folds;
  // Without it the key indices read what was rewritten.
  if (!slice.groups.empty()) {
    slice.moves = table::moves_location(*table.metadata, slice.id);
    Status written =
        services_.store.write(slice.moves, table::moves_to_bytes(slice.groups), io::IfExists::kFail);
    if (!written.ok()) {
      discard_all();
      return std::move(written).error();
    }
  }
  // The long part of making it durable is done before the turn to commit.
  Status committed = services_.store.sync();
  if (committed.ok()) committed = commit_slice(report, slice);
  if (committed.ok()) return Progress::kMore;
  if (committed.error().error_class() != ErrorClass::kUnknownOutcome) discard_all();
  return std::move(committed).error();
}

Result<table::RewrittenGroup> Maintainer::rewrite(Slice& slice, const iceberg::TableMetadata& metadata,
                                                  const table::FileGroup& group, std::stop_token stop) {
  const table::RewriteTarget target{.batch_id = slice.id,
                                    .number = static_cast<std::uint32_t>(slice.groups.size()),
                                    .memory_bytes = settings_.compaction.memory_bytes,
                                    .spill_folder = settings_.spill_folder};
  const auto work = [&] {
    return table::rewrite_group(services_.store, slice.deletes, metadata, group, target);
  };
  const std::int64_t start_us = services_.clock.monotonic_us();
  auto rewritten = settings_.max_bytes_per_s > 0 ? run_quietly(work) : work();
  if (settings_.max_bytes_per_s > 0) {
    const double due_s =
        static_cast<double>(group.size_bytes) / static_cast<double>(settings_.max_bytes_per_s);
    const std::int64_t spent_us = services_.clock.monotonic_us() - start_us;
    const std::chrono::milliseconds rest((static_cast<std::int64_t>(due_s * 1e6) - spent_us) / 1000);
    if (rest.count() > 0) services_.clock.sleep(rest, std::move(stop));
  }
  return rewritten;
}

Result<bool> Maintainer::needs_manifests(const catalog::Table& table, TableReport& report, bool first) {
  const iceberg::Snapshot* snapshot = table.metadata->current_snapshot();
  if (snapshot == nullptr) return false;
  TARN_ASSIGN_OR_RETURN(const auto list, services_.manifests.manifest_list(*snapshot));
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
  TARN_RETURN_IF_ERROR(commit_in_turn(report, [&]() -> Result<Prepared> {
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
    return prepare_snapshot(report, table,
                            {.summary = {{"tarn.maintenance", "manifests"}},
                             .operation = std::string(iceberg::kOperationReplace),
                             .rewrite_manifests = true});
  }));
  TARN_ASSIGN_OR_RETURN(const catalog::Table now, services_.catalog.load_table(report.name));
  TARN_RETURN_IF_ERROR(needs_manifests(now, report, false));
  report.actions.push_back("rewrote " + count_of(report.manifests_before, "manifest") + " as " +
                           std::to_string(report.manifests_after));
  return ok_status();
}

}  // namespace tarn::maintain
