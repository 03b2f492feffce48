#pragma once

#include <cstdint>
#include <map>
#include <thread>

#include "catalog/commit_turns.h"
#include "maintain/maintainer.h"
#include "telemetry/log.h"

namespace tarn::maintain {

/// Maintains all tables of a serving process, every so often, without holding ingest up: files are rewritten
/// on one thread of low priority and at a bounded rate, and only the commit itself, already written and
/// synced, takes a turn among those of batches. What loses too many races is dropped, and tried again the
/// next time. An error of a table is logged and kept for `tarn status`, and the other tables go on.
///
///   catalog::CommitTurns turns;                               // ingest takes them, too
///   Background background({services, settings, {.interval_ms = …}, turns, log});
class Background {
 public:
  struct Schedule {
    std::int64_t interval_ms = 0;
    /// Orphans are looked for this long after the start, and then once a day: it lists whole folders.
    std::int64_t first_orphans_ms = 3'600'000;
    std::int64_t orphans_every_ms = 86'400'000;
  };
  struct Setup {
    Maintainer::Services services;
    Settings settings;
    Schedule schedule;
    catalog::CommitTurns& turns;
    telemetry::Log& log;
  };

  /// Starts at once. Everything must outlive it.
  explicit Background(const Setup& setup);
  /// Waits for the step under way; what it has not committed is dropped.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

 private:
  void work();
  void visit(const TableName& name, bool orphans);
  void purge_dropped();
  Status commit_in_turn(const std::function<Status()>& commit);

  Setup setup_;
  std::stop_source stop_;
  Maintainer maintainer_;
  std::map<TableName, std::int64_t> compacted_;  // the snapshot that was found in good shape
  std::jthread thread_;
};

}  // namespace tarn::maintain
