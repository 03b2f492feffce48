#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace tarn::catalog {

/// The order in which the threads of one process commit: one at a time, so that none of them loses what it
/// prepared to another. Batches of data go first. Maintenance commits while no batch is being committed; when
/// batches leave no gap, it gets one turn after waiting long enough, and must keep that turn short.
///
/// A turn is no lock of the catalog: who does not take turns (a client of the REST catalog) is refused with
/// catalog.commit_conflict when it comes second, as ever. All members may be called by many threads at once.
///
///   const CommitTurns::Turn turn = turns.next();                       // ingest, around a batch's commit
///   if (const auto turn = turns.when_idle(10s, stop)) commit(…);       // maintenance
class CommitTurns {
 public:
  /// Ends when it is destroyed.
  class [[nodiscard]] Turn {
   public:
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end();
    }

   private:
    friend class CommitTurns;
    explicit Turn(CommitTurns* turns) : turns_(turns) {}
    CommitTurns* turns_;
  };

  CommitTurns() = default;
  CommitTurns(const CommitTurns&) = delete;
  CommitTurns& operator=(const CommitTurns&) = delete;

  /// Waits for the turn under way, if any.
  Turn next();
  /// Waits until nobody has a turn or waits for next(), or, after `patience`, only for the turn under way.
  /// Nothing when a stop is requested first.
  std::optional<Turn> when_idle(std::chrono::milliseconds patience, const std::stop_token& stop);

 private:
  void end();

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_taken_ = false;
  std::int64_t waiting_ = 0;  // in next()
  std::int64_t overdue_ = 0;  // in when_idle(), out of patience
};

}  // namespace tarn::catalog
