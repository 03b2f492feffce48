#include "query/serving/running_statements.h"

#include <algorithm>
#include <utility>

namespace tarn::query {

void RunningStatement::start(std::function<void()> interrupt) {
  const std::lock_guard lock(mutex_);
  interrupt_ = std::move(interrupt);
  if (reason_ != EndReason::kShuttingDown) reason_ = EndReason::kNone;
}

void RunningStatement::redirect(std::function<void()> interrupt) {
  const std::lock_guard lock(mutex_);
  interrupt_ = std::move(interrupt);
  if (reason_ != EndReason::kNone) interrupt_();
}

EndReason RunningStatement::finish() {
  const std::lock_guard lock(mutex_);
  interrupt_ = nullptr;
  return reason_;
}

void RunningStatement::end(EndReason reason) {
  const std::lock_guard lock(mutex_);
  if (!interrupt_ && reason != EndReason::kShuttingDown) return;  // Nothing runs.
  reason_ = reason;
  if (interrupt_) interrupt_();
}

EndReason RunningStatement::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

RunningStatements::RunningStatements(std::size_t max_running)
    : free_(std::max<std::size_t>(max_running, 1)), watcher_([this] { watch(); }) {}

RunningStatements::~RunningStatements() {
  shut_down();
}

std::int32_t RunningStatements::enter(RunningStatement& statement, std::int32_t secret) {
  const std::lock_guard lock(mutex_);
  do {
    last_process_ = last_process_ == 0x7fff'ffff ? 1 : last_process_ + 1;
  } while (entries_.contains(last_process_));
  entries_[last_process_] = {&statement, secret};
  return last_process_;
}

void RunningStatements::leave(std::int32_t process) {
  const std::lock_guard lock(mutex_);
  entries_.erase(process);
}

void RunningStatements::cancel(std::int32_t process, std::int32_t secret) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(process);
  if (found == entries_.end() || found->second.secret != secret) return;
  found->second.statement->end(EndReason::kCancelled);
  for (Waiting& waiting : waiting_) waiting.is_next.notify_one();  // It may be one of them.
}

void RunningStatements::shut_down() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  for (auto& [process, entry] : entries_) entry.statement->end(EndReason::kShuttingDown);
  changed_.notify_all();
  for (Waiting& waiting : waiting_) waiting.is_next.notify_one();
}

RunningStatements::Waiting* RunningStatements::next() {
  if (free_ == 0) return nullptr;
  const auto may_run = [&](const Waiting& waiting) {
    return std::ranges::all_of(waiting.statement.shares(), [&](const RoleShare& share) {
      const auto running = of_role_.find(share.role);
      return running == of_role_.end() || running->second < share.limit;
    });
  };
  const auto found = std::ranges::find_if(waiting_, may_run);
  return found == waiting_.end() ? nullptr : &*found;
}

void RunningStatements::wake_next() {
  if (Waiting* const waiting = next()) waiting->is_next.notify_one();
}

bool RunningStatements::begin(RunningStatement& statement, TimePoint deadline) {
  std::unique_lock lock(mutex_);
  const auto place = waiting_.emplace(waiting_.end(), statement);
  const auto is_turn = [&] { return is_stopping_ || statement.is_to_end() || next() == &*place; };
  bool came = true;
  if (deadline == TimePoint::max()) {
    place->is_next.wait(lock, is_turn);
  } else {
    came = place->is_next.wait_until(lock, deadline, is_turn);
  }
  waiting_.erase(place);
  const bool runs = came && !is_stopping_ && !statement.is_to_end();
  if (runs) {
    --free_;
    for (const RoleShare& share : statement.shares()) ++of_role_[share.role];
  }
  wake_next();
  return runs;
}

std::size_t RunningStatements::waiting() {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void RunningStatements::done(const RunningStatement& statement) {
  const std::lock_guard lock(mutex_);
  ++free_;
  for (const RoleShare& share : statement.shares()) {
    const auto running = of_role_.find(share.role);
    if (--running->second == 0) of_role_.erase(running);
  }
  wake_next();
}

void RunningStatements::set_deadline(std::int32_t process, TimePoint deadline) {
  const std::lock_guard lock(mutex_);
  entries_[process].deadline = deadline;
  changed_.notify_all();
}

void RunningStatements::forget_deadline(std::int32_t process) {
  const std::lock_guard lock(mutex_);
  entries_[process].deadline.reset();
}

void RunningStatements::watch() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    std::optional<TimePoint> next;
    const TimePoint now = std::chrono::steady_clock::now();
    for (auto& [process, entry] : entries_) {
      if (!entry.deadline) continue;
      if (*entry.deadline <= now) {
        entry.statement->end(EndReason::kTimedOut);
        entry.deadline.reset();
      } else if (!next || *entry.deadline < *next) {
        next = entry.deadline;
      }
    }
    if (next) {
      changed_.wait_until(lock, *next);
    } else {
      changed_.wait(lock);
    }
  }
}

}  // namespace tarn::query
