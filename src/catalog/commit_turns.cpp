#include "catalog/commit_turns.h"

namespace tarn::catalog {

CommitTurns::Turn CommitTurns::next() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  changed_.wait(lock, [&] { return !is_taken_ && overdue_ == 0; });
  --waiting_;
  is_taken_ = true;
  return Turn(this);
}

std::optional<CommitTurns::Turn> CommitTurns::when_idle(std::chrono::milliseconds patience,
                                                        const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, stop, patience, [&] { return !is_taken_ && waiting_ == 0; })) {
    ++overdue_;
    changed_.wait(lock, stop, [&] { return !is_taken_; });
    --overdue_;
  }
  if (is_taken_ || stop.stop_requested()) {
    changed_.notify_all();
    return std::nullopt;
  }
  is_taken_ = true;
  return Turn(this);
}

void CommitTurns::end() {
  const std::lock_guard lock(mutex_);
  is_taken_ = false;
  changed_.notify_all();
}

}  // namespace tarn::catalog
