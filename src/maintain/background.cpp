#include "maintain/background.h"

#include <chrono>
#include <string>

#include "catalog/errors.h"
#include "maintain/errors.h"

namespace tarn::maintain {
namespace {

// Batches that leave no gap for so long let one commit of maintenance in between.
constexpr std::chrono::seconds kPatience{1};

}  // namespace

Background::Background(const Setup& setup)
    : setup_(setup),
      maintainer_(setup.services, setup.settings,
                  [this](const std::function<Status()>& commit) { return commit_in_turn(commit); }),
      thread_([this] { work(); }) {}

Background::~Background() {
  stop_.request_stop();
  thread_.join();
}

Status Background::commit_in_turn(const std::function<Status()>& commit) {
  const auto turn = setup_.turns.when_idle(kPatience, stop_.get_token());
  if (!turn) return Error(kStopped, "the process is stopping");
  return commit();
}

void Background::work() {
  io::Clock& clock = setup_.services.clock;
  const Schedule& schedule = setup_.schedule;
  std::int64_t next_orphans_us = clock.monotonic_us() + schedule.first_orphans_ms * 1000;
  while (clock.sleep(std::chrono::milliseconds(schedule.interval_ms), stop_.get_token())) {
    const auto names = setup_.services.catalog.list_tables();
    if (!names.ok()) {
      setup_.log.warning("maintain.failed", names.error(), {});
      continue;
    }
    const bool orphans = clock.monotonic_us() >= next_orphans_us;
    if (orphans) next_orphans_us = clock.monotonic_us() + schedule.orphans_every_ms * 1000;
    for (const TableName& name : *names) {
      if (stop_.stop_requested()) return;
      visit(name, orphans);
    }
    purge_dropped();
  }
}

void Background::purge_dropped() {
  const auto purged = maintainer_.purge_dropped(true, stop_.get_token());
  if (!purged.ok()) return setup_.log.warning("maintain.failed", purged.error(), {});
  for (const TableReport& report : *purged) {
    setup_.log.info("maintain.purged", {{"table", report.name.to_string()},
                                        {"files_removed", report.files_removed},
                                        {"files_left", report.files_left}});
  }
}

void Background::visit(const TableName& name, bool orphans) {
  const auto current = [&]() -> std::int64_t {
    const auto table = setup_.services.catalog.load_table(name);
    return table.ok() ? table->metadata->current_snapshot_id.value_or(-1) : -1;
  };
  const auto known = compacted_.find(name);
  const bool unchanged = known != compacted_.end() && known->second == current();
  const Tasks tasks{.compaction = !unchanged, .expiry = true, .orphans = orphans};
  const std::int64_t start_us = setup_.services.clock.monotonic_us();
  const auto report = maintainer_.run(name, tasks, stop_.get_token());
  if (!report.ok() && report.error().name() == kStopped.name) return;
  if (!report.ok() && report.error().name() == catalog::kTableNotFound.name) return;  // dropped meanwhile
  if (const Status noted = note_visit(setup_.services, name, report); !noted.ok())
    setup_.log.warning("maintain.not_noted", noted.error(), {{"table", name.to_string()}});
  if (!report.ok()) {
    setup_.log.warning("maintain.failed", report.error(), {{"table", name.to_string()}});
    return;
  }
  if (report->settled_snapshot) compacted_[name] = *report->settled_snapshot;
  if (!report->changed()) return;
  const double seconds = static_cast<double>(setup_.services.clock.monotonic_us() - start_us) / 1e6;
  setup_.log.info("maintain.done", {{"table", name.to_string()},
                                    {"data_files_before", report->before.data_files},
                                    {"data_files", report->after.data_files},
                                    {"delete_files_before", report->before.delete_files},
                                    {"delete_files", report->after.delete_files},
                                    {"snapshots", report->snapshots_after},
                                    {"files_removed", report->files_removed},
                                    {"files_left", report->files_left},
                                    {"seconds", seconds}});
}

}  // namespace tarn::maintain
