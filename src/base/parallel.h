#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"

namespace tarn {

/// Runs `work(worker)` in `count` threads at once, one of them this one, and waits for all. The first error
/// is returned; the others run to their own end, so let them look at a shared flag where that takes long.
template <std::invocable<std::size_t> Work>
Status run_parallel(std::size_t count, const Work& work) {
  std::mutex mutex;
  std::optional<Error> first;
  const auto guarded = [&](std::size_t worker) {
    if (Status status = work(worker); !status.ok()) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::move(status).error();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t worker = 1; worker < count; ++worker) threads.emplace_back(guarded, worker);
    guarded(0);
  }
  if (first) return *std::move(first);
  return ok_status();
}

/// How std::async() runs what goes on beside its caller: with one thread not before it is waited for, so that
/// everything happens on that thread and in one order.
inline std::launch launch_beside(std::size_t threads) {
  return threads == 1 ? std::launch::deferred : std::launch::async;
}

}  // namespace tarn
