#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "ingest/pipeline.h"
#include "io/simulated.h"
#include "maintain/maintainer.h"
#include "project/load.h"
#include "sim/power.h"
#include "sim/senders.h"
#include "sim/sim_store.h"
#include "sim/sim_vfs.h"
#include "table/manifest_cache.h"
#include "telemetry/log.h"

namespace tarn::sim {

/// What is broken on purpose, to see that it is found.
enum class Plant : std::uint8_t { kNothing, kStoreNeverSyncs, kDiskNeverSyncs, kStoreLosesWrites };
std::optional<Plant> parse_plant(const std::string& name);

/// A clock that an administrator moves; passing time goes on.
class SimClock final : public io::Clock {
 public:
  void pass_us(std::int64_t by_us) { passed_us_ += by_us; }
  void jump_us(std::int64_t by_us) {
    latest_us_ = std::max(latest_us_, now_us());
    offset_us_ += by_us;
  }
  /// How far the clock is behind the latest time it ever showed.
  std::int64_t behind_us() { return std::max<std::int64_t>(0, latest_us_ - now_us()); }
  std::int64_t now_us() override { return offset_us_ + passed_us_; }
  std::int64_t monotonic_us() override { return passed_us_; }
  bool sleep(std::chrono::milliseconds duration, std::stop_token stop) override {
    pass_us(duration.count() * 1000);
    return !stop.stop_requested();
  }

 private:
  std::int64_t offset_us_ = 1'700'000'000'000'000;
  std::int64_t passed_us_ = 0;
  std::int64_t latest_us_ = 0;
};

/// A seed's whole world: senders, a store, a disk, a clock, and one process after the other that ingests and
/// maintains and dies. Everything in one thread, so that the seed replays exactly.
class World {
 public:
  /// `folder` is emptied. `trace` may be null.
  World(std::uint64_t seed, Plant plant, const std::string& folder, std::ostream* trace);
  ~World();

  /// Lives all lives, the last ones without faults. What is wrong, one sentence each; none: all is well.
  std::vector<std::string> run();

 private:
  void live(int number);
  Power::Plan plan_faults();
  void live_without_faults();
  Status start();
  void stop();
  Status ingest(ingest::RunReport& report);
  Status maintain(const maintain::Settings& settings);
  void maintain_in_between();
  maintain::Settings settings(std::int64_t grace_us) const;
  void lose(bool power);
  void spoil_index();
  void say(const std::string& text) const;

  Dice dice_;
  Power power_;
  SimClock clock_;
  io::SeededRandom random_;
  SimStore store_;
  SimVfs vfs_;
  std::filesystem::path folder_;
  std::ostream* trace_;
  std::ostringstream logged_;
  telemetry::Log log_;
  std::unique_ptr<project::Project> project_;
  bool keeps_copies_ = true;
  int lives_;
  Senders senders_;
  std::map<std::string, std::string> inbox_;
  std::size_t delivered_ = 0;
  std::unique_ptr<state::Database> database_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<table::ManifestCache> manifests_;
  std::vector<std::string> violations_;
};

}  // namespace tarn::sim
