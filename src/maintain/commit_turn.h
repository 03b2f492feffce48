#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/result.h"

namespace tarn::maintain {

/// Lets one thread's commits run on another thread, between that thread's own: a process has one committer,
/// so that ingest never loses a race to maintenance. No lock is held while a commit runs.
///
///   turn.pass([&] { return commit(); });     // maintenance: waits for its turn
///   turn.take();                             // ingest, between two batches: runs what waits, if anything
class CommitTurn {
 public:
  /// Runs `commit` on the thread that calls take() next, and returns its outcome. After close() nothing runs:
  /// maintain.stopped.
  Status pass(const std::function<Status()>& commit);
  /// Runs the commit that waits, one at most; returns at once when none does.
  void take();
  /// Nobody takes turns any more. A commit that runs is finished first.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<Status()>* waiting_ = nullptr;
  bool is_done_ = false;
  bool is_closed_ = false;
  Status outcome_;
};

}  // namespace tarn::maintain
