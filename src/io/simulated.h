#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"

namespace tarn::io {

/// An object store in memory that can be told to fail: the simulated counterpart of the local one.
class MemoryObjectStore final : public ObjectStore {
 public:
  /// Asked before each operation with its running number (from 1), its name and location; a returned error is
  /// the operation's outcome and nothing happens. Set before the store is shared.
  using Fault =
      std::function<Status(std::uint64_t number, std::string_view operation, const std::string& location)>;
  void set_fault(Fault fault) { fault_ = std::move(fault); }

  /// Stamps what is published from now on; without a clock everything is of the epoch.
  void set_clock(Clock& clock) { clock_ = &clock; }

  /// Forgets whatever no sync() made durable, as a power cut would.
  void lose_unsynced();

  Result<std::string> read(const std::string& location) override;
  Result<ObjectInfo> stat(const std::string& location) override;
  Status write(const std::string& location, std::string_view bytes, IfExists if_exists) override;
  Result<std::unique_ptr<ObjectWriter>> create(const std::string& location) override;
  Status sync() override;
  Result<std::vector<ObjectInfo>> list(const std::string& prefix) override;
  Status remove(const std::string& location) override;
  Status make_folder(const std::string& location) override;

 private:
  using Objects = std::map<std::string, std::string>;
  Status ask(std::string_view operation, const std::string& location);

  std::mutex mutex_;
  Objects objects_;
  Objects durable_;
  std::map<std::string, std::int64_t> modified_us_;
  Clock* clock_ = nullptr;
  Fault fault_;
  std::atomic<std::uint64_t> operations_{0};
};

/// A clock that stands still until it is moved; sleep() moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t now_us) : now_us_(now_us) {}
  void advance_us(std::int64_t by_us) { now_us_ += by_us; }
  std::int64_t now_us() override { return now_us_; }
  std::int64_t monotonic_us() override { return now_us_; }
  bool sleep(std::chrono::milliseconds duration, std::stop_token stop) override {
    now_us_ += duration.count() * 1000;
    return !stop.stop_requested();
  }

 private:
  std::atomic<std::int64_t> now_us_;
};

/// The same bytes for the same seed, in order of the calls.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::array<std::uint8_t, 16> bytes16() override;

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace tarn::io
