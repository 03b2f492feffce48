// What leaves the store: expired snapshots and orphans.
#include <algorithm>
#include <memory>
#include <utility>

#include "base/civil_time.h"
#include "catalog/errors.h"
#include "io/errors.h"
#include "maintain/maintainer.h"
#include "state/batches.h"
#include "table/maintenance/reachable.h"

namespace tarn::maintain {
namespace {

constexpr int kCommitAttempts = 10;

std::string describe(const table::ExpiryPlan& plan, const std::string& verb) {
  std::string text = verb + " " + std::to_string(plan.snapshot_ids.size()) + " snapshots";
  for (const std::string& ref : plan.removed_refs) text += ", without `" + ref + "`";
  for (const std::string& tag : plan.added_tags) text += ", keeping `" + tag + "`";
  return text;
}

}  // namespace

Status Maintainer::plan_expired(const catalog::Table& table, TableReport& report) {
  const std::int64_t now_ms = services_.clock.now_us() / 1000;
  const auto plan = table::plan_expiry(*table.metadata, settings_.expiry, now_ms);
  if (plan.empty()) return ok_status();
  TARN_ASSIGN_OR_RETURN(const auto after, iceberg::apply(*table.metadata, plan.updates, {.now_ms = now_ms}));
  TARN_ASSIGN_OR_RETURN(const auto gone,
                        table::unreachable_files(services_.manifests, *table.metadata, after));
  for (const std::string& location : gone) {
    const auto info = services_.store.stat(location);
    if (!info.ok() && info.error().name() == io::kNotFound.name) continue;
    if (!info.ok()) return info.error();
    ++report.files_removed;
    report.bytes_removed += static_cast<std::int64_t>(info->size_bytes);
  }
  report.snapshots_after = std::ssize(after.snapshots);
  report.actions.push_back(describe(plan, "expire"));
  return ok_status();
}

Status Maintainer::expire(TableReport& report) {
  for (int attempt = 1;; ++attempt) {
    TARN_ASSIGN_OR_RETURN(const catalog::Table before, services_.catalog.load_table(report.name));
    const auto plan = table::plan_expiry(*before.metadata, settings_.expiry, services_.clock.now_us() / 1000);
    if (plan.empty()) return ok_status();
    std::shared_ptr<const iceberg::TableMetadata> after;
    const Status committed = door_([&]() -> Status {
      const std::vector<catalog::TableCommit> commits = {{report.name, plan.requirements, plan.updates}};
      TARN_ASSIGN_OR_RETURN(const auto result, services_.catalog.commit(commits));
      after = result.tables.front().metadata;
      return ok_status();
    });
    if (!committed.ok()) {
      if (committed.error().name() == catalog::kCommitConflict.name && attempt < kCommitAttempts) continue;
      return committed;
    }
    report.actions.push_back(describe(plan, "expired"));
    TARN_ASSIGN_OR_RETURN(const auto gone,
                          table::unreachable_files(services_.manifests, *before.metadata, *after));
    remove(report, gone);
    return ok_status();
  }
}

void Maintainer::remove(TableReport& report, std::span<const std::string> locations) {
  for (const std::string& location : locations) {
    const auto info = services_.store.stat(location);
    if (!info.ok() && info.error().name() == io::kNotFound.name) continue;
    // What cannot be removed now is an orphan from here on.
    if (!services_.store.remove(location).ok()) {
      ++report.files_left;
      continue;
    }
    ++report.files_removed;
    if (info.ok()) report.bytes_removed += static_cast<std::int64_t>(info->size_bytes);
  }
}

Status Maintainer::remove_orphans(TableReport& report, bool really) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table first, services_.catalog.load_table(report.name));
  if (!table::may_remove_files(*first.metadata)) return ok_status();
  std::int64_t limit_us = services_.clock.now_us() - settings_.orphan_grace_us;
  TARN_ASSIGN_OR_RETURN(const auto unfinished, state::unfinished_batches(services_.database));
  for (const state::Batch& batch : unfinished) limit_us = std::min(limit_us, batch.started_at_us);
  const std::int64_t listed_at_us = services_.clock.now_us();
  std::vector<io::ObjectInfo> listing;
  for (const char* folder : {"/data", "/metadata"}) {
    TARN_ASSIGN_OR_RETURN(auto objects, services_.store.list(first.metadata->location + folder));
    std::ranges::move(objects, std::back_inserter(listing));
  }
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
  TARN_ASSIGN_OR_RETURN(const auto orphans, table::find_orphans(services_.manifests, *table.metadata,
                                                                {.listing = listing,
                                                                 .listed_at_us = listed_at_us,
                                                                 .metadata_location = table.metadata_location,
                                                                 .modified_before_us = limit_us}));
  if (orphans.empty()) return ok_status();
  const std::string count = std::to_string(orphans.size()) + " files that nothing names";
  report.actions.push_back((really ? "removed " : "remove ") + count);
  if (really) {
    std::vector<std::string> locations;
    for (const io::ObjectInfo& orphan : orphans) locations.push_back(orphan.location);
    remove(report, locations);
    return ok_status();
  }
  for (const io::ObjectInfo& orphan : orphans) {
    ++report.files_removed;
    report.bytes_removed += static_cast<std::int64_t>(orphan.size_bytes);
  }
  return ok_status();
}

Result<std::vector<TableReport>> Maintainer::purge_dropped(bool really, std::stop_token stop) {
  std::vector<TableReport> reports;
  const std::int64_t limit_us = services_.clock.now_us() - settings_.orphan_grace_us;
  TARN_ASSIGN_OR_RETURN(const auto dropped, services_.catalog.dropped_tables());
  for (const state::DroppedTable& table : dropped) {
    if (stop.stop_requested()) break;
    if (table.dropped_at_us > limit_us) continue;
    TableReport& report = reports.emplace_back(TableReport{.name = table.name});
    report.actions.push_back((really ? "removed" : "remove") +
                             std::string(" what is left of the table, dropped at ") +
                             format_timestamp_utc(table.dropped_at_us));
    if (really) {
      TARN_ASSIGN_OR_RETURN(const catalog::PurgeReport purged, services_.catalog.purge(table));
      report.files_removed = purged.files_removed;
      report.bytes_removed = purged.bytes_removed;
      report.files_left = purged.files_left;
      continue;
    }
    TARN_ASSIGN_OR_RETURN(const auto objects, services_.store.list(table.location));
    for (const io::ObjectInfo& object : objects) {
      ++report.files_removed;
      report.bytes_removed += static_cast<std::int64_t>(object.size_bytes);
    }
  }
  return reports;
}

}  // namespace tarn::maintain
