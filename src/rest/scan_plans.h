#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/clock.h"
#include "io/random.h"
#include "table/plan/scan_plan.h"

namespace tarn::rest {

/// A scan that was planned for a client.
struct PlannedScan {
  table::ScanPlan plan;
  std::vector<std::int32_t> stats_columns = {};  ///< Whose metrics the client wants.
  std::optional<std::int64_t> snapshot_id = {};  ///< What it reads; nothing: an empty table.
};

/// The plans that clients may still ask about, by their ids: the latest ones, for a while. They end with this
/// process; a client whose plan is gone plans anew. All members may be called by many threads at once.
class ScanPlans {
 public:
  using Plan = std::shared_ptr<const PlannedScan>;

  ScanPlans(io::Clock& clock, io::Random& random) : clock_(clock), random_(random) {}

  std::string keep(Plan plan);
  /// Null when it was forgotten, or never was.
  Plan find(const std::string& id);
  void forget(const std::string& id);

 private:
  struct Entry {
    std::string id;
    Plan plan;
    std::int64_t kept_at_us;
  };
  void forget_old();

  io::Clock& clock_;
  io::Random& random_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< The latest first.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_id_;
};

}  // namespace tarn::rest
