#include "maintain/background.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "maintain/errors.h"

namespace tarn::maintain {
namespace {

constexpr int kNice = 10;

/// Hints that the kernel may refuse: this thread runs when nobody else wants the processor.
void lower_priority() {
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  (void)::setpriority(PRIO_PROCESS, thread, kNice);
}

}  // namespace

Background::Background(Maintainer::Services services, const Settings& settings, Schedule schedule,
                       telemetry::Log& log)
    : services_(services),
      schedule_(schedule),
      log_(log),
      maintainer_(services, settings,
                  [this](const std::function<Status()>& commit) { return turn_.pass(commit); }),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

Background::~Background() {
  thread_.request_stop();
  turn_.close();
  thread_.join();
}

void Background::work(const std::stop_token& stop) {
  lower_priority();
  std::int64_t next_orphans_us = services_.clock.monotonic_us() + schedule_.first_orphans_ms * 1000;
  while (services_.clock.sleep(std::chrono::milliseconds(schedule_.interval_ms), stop)) {
    const auto names = services_.catalog.list_tables();
    if (!names.ok()) {
      log_.warning("maintain.failed", names.error(), {});
      continue;
    }
    const bool orphans = services_.clock.monotonic_us() >= next_orphans_us;
    if (orphans) next_orphans_us = services_.clock.monotonic_us() + schedule_.orphans_every_ms * 1000;
    for (const TableName& name : *names) {
      if (stop.stop_requested()) return;
      visit(name, orphans, stop);
    }
  }
}

void Background::visit(const TableName& name, bool orphans, const std::stop_token& stop) {
  const auto current = [&]() -> std::int64_t {
    const auto table = services_.catalog.load_table(name);
    return table.ok() ? table->metadata->current_snapshot_id.value_or(-1) : -1;
  };
  const auto known = compacted_.find(name);
  const bool unchanged = known != compacted_.end() && known->second == current();
  const auto report =
      maintainer_.run(name, {.compaction = !unchanged, .expiry = true, .orphans = orphans}, stop);
  if (!report.ok()) {
    if (report.error().name() != kStopped.name)
      log_.warning("maintain.failed", report.error(), {{"table", name.to_string()}});
    return;
  }
  compacted_[name] = current();
  if (!report->changed()) return;
  log_.info("maintain.done", {{"table", name.to_string()},
                              {"data_files_before", report->before.data_files},
                              {"data_files", report->after.data_files},
                              {"delete_files_before", report->before.delete_files},
                              {"delete_files", report->after.delete_files},
                              {"snapshots", report->snapshots_after},
                              {"files_removed", report->files_removed},
                              {"files_left", report->files_left}});
}

}  // namespace tarn::maintain
