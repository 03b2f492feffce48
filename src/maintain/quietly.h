#pragma once

#include <future>
#include <utility>

namespace tarn::maintain {

/// Asks the kernel to run this thread, and to serve its disk, when nobody else wants to; there is no way
/// back.
void lower_priority();

/// Runs `work` on a thread of its own and of low priority, and waits for it. What others may wait for, such
/// as a commit, does not belong there.
template <typename Work>
auto run_quietly(Work&& work) {
  return std::async(std::launch::async,
                    [&] {
                      lower_priority();
                      return std::forward<Work>(work)();
                    })
      .get();
}

}  // namespace tarn::maintain
