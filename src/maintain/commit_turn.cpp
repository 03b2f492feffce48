#include "maintain/commit_turn.h"

#include <utility>

#include "maintain/errors.h"

namespace tarn::maintain {

Status CommitTurn::pass(const std::function<Status()>& commit) {
  std::unique_lock lock(mutex_);
  if (is_closed_) return Error(kStopped, "the process is stopping");
  waiting_ = &commit;
  is_done_ = false;
  changed_.wait(lock, [&] { return is_done_ || (is_closed_ && waiting_ == &commit); });
  if (is_done_) return std::move(outcome_);
  waiting_ = nullptr;
  return Error(kStopped, "the process is stopping");
}

void CommitTurn::take() {
  const std::function<Status()>* commit = nullptr;
  {
    const std::lock_guard lock(mutex_);
    commit = std::exchange(waiting_, nullptr);
  }
  if (commit == nullptr) return;
  Status outcome = (*commit)();
  const std::lock_guard lock(mutex_);
  outcome_ = std::move(outcome);
  is_done_ = true;
  changed_.notify_all();
}

void CommitTurn::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

}  // namespace tarn::maintain
