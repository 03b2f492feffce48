#pragma once

#include <cstdint>
#include <map>
#include <thread>

#include "maintain/commit_turn.h"
#include "maintain/maintainer.h"
#include "telemetry/log.h"

namespace tarn::maintain {

/// Maintains all tables of a serving process, on one thread of low priority, every so often. Commits wait for
/// take_turn(); everything else goes on beside ingest. An error of a table is logged, and the others go on.
///
///   Background background(services, Settings::of(spec), {.interval_ms = …}, log);
///   … between two batches: background.take_turn();
class Background {
 public:
  struct Schedule {
    std::int64_t interval_ms = 0;
    /// Orphans are looked for this long after the start, and then once a day: it lists whole folders.
    std::int64_t first_orphans_ms = 3'600'000;
    std::int64_t orphans_every_ms = 86'400'000;
  };

  /// Starts at once. Everything must outlive it.
  Background(Maintainer::Services services, const Settings& settings, Schedule schedule, telemetry::Log& log);
  /// Waits for the step under way; what it has not committed is dropped.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Runs a commit that waits, one at most: by the thread that commits batches, between two of them.
  void take_turn() { turn_.take(); }

 private:
  void work(const std::stop_token& stop);
  void visit(const TableName& name, bool orphans, const std::stop_token& stop);

  Maintainer::Services services_;
  Schedule schedule_;
  telemetry::Log& log_;
  CommitTurn turn_;
  Maintainer maintainer_;
  std::map<TableName, std::int64_t> compacted_;  // the snapshot that was found in good shape
  std::jthread thread_;
};

}  // namespace tarn::maintain
