#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>

namespace tarn::io {

/// Time of day and passing time. All members may be called by many threads at once.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since the epoch, UTC. May jump.
  virtual std::int64_t now_us() = 0;
  /// Microseconds since an arbitrary start; never goes back.
  virtual std::int64_t monotonic_us() = 0;
  /// Waits; returns early (false) when a stop is requested.
  virtual bool sleep(std::chrono::milliseconds duration, std::stop_token stop) = 0;
};

/// This machine's clock.
std::unique_ptr<Clock> make_system_clock();

}  // namespace tarn::io
