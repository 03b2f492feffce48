#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "query/serving/role_share.h"

/// What runs now, for those who want it to end: cancel requests, timeouts, the server's stop.
namespace tarn::query {

enum class EndReason : std::uint8_t { kNone, kCancelled, kTimedOut, kShuttingDown };

/// The statement of one connection. Any thread.
class RunningStatement {
 public:
  /// From now on end() calls `interrupt`, until finish(). A connection that is told to end stays so.
  void start(std::function<void()> interrupt);
  /// What runs now is reached by another way; it is told at once where it was to end already.
  void redirect(std::function<void()> interrupt);
  /// Why it was to end, if it was.
  EndReason finish();
  void end(EndReason reason);
  /// What its user's roles leave to it. Call it while nothing runs.
  void share(std::vector<RoleShare> shares) { shares_ = std::move(shares); }
  const std::vector<RoleShare>& shares() const { return shares_; }
  /// Whether end() was called since start(), and why.
  bool is_to_end() const { return reason() != EndReason::kNone; }
  EndReason reason() const;

 private:
  mutable std::mutex mutex_;
  std::function<void()> interrupt_;
  EndReason reason_ = EndReason::kNone;
  std::vector<RoleShare> shares_;
};

/// The connections by the numbers that cancel requests name, what they may run at once, and when a
/// statement's time is over. Any thread.
class RunningStatements {
 public:
  explicit RunningStatements(std::size_t max_running);
  /// All connections have left.
  ~RunningStatements();
  RunningStatements(const RunningStatements&) = delete;
  RunningStatements& operator=(const RunningStatements&) = delete;

  /// `statement` must stay until leave(). Returns the number of the connection.
  std::int32_t enter(RunningStatement& statement, std::int32_t secret);
  void leave(std::int32_t process);
  /// Nothing happens where number and secret do not belong together.
  void cancel(std::int32_t process, std::int32_t secret);
  /// Ends every statement that runs, and those that wait for their turn.
  void shut_down();

  using TimePoint = std::chrono::steady_clock::time_point;
  /// Waits until fewer statements run than may, in all and of each role that has a share, in the order of
  /// asking: whose role has its share passes nobody's turn on. False: the time was over first, or the
  /// statement is to end.
  bool begin(RunningStatement& statement, TimePoint deadline);
  /// How many wait in begin().
  std::size_t waiting();
  /// Behind a begin() that was true.
  void done(const RunningStatement& statement);
  /// Ends the statement at `deadline`, unless forget_deadline() was called before.
  void set_deadline(std::int32_t process, TimePoint deadline);
  void forget_deadline(std::int32_t process);

 private:
  struct Entry {
    RunningStatement* statement = nullptr;
    std::int32_t secret = 0;
    std::optional<TimePoint> deadline = {};
  };
  void watch();

  std::mutex mutex_;
  std::condition_variable changed_;  ///< For the thread that watches deadlines.
  std::map<std::int32_t, Entry> entries_;
  std::int32_t last_process_ = 0;
  std::size_t free_;
  std::map<std::string, std::size_t> of_role_;  ///< How many run.
  struct Waiting {
    explicit Waiting(const RunningStatement& the_statement) : statement(the_statement) {}
    const RunningStatement& statement;
    std::condition_variable is_next;
  };
  /// The first one that may run; null: none.
  Waiting* next();
  void wake_next();
  std::list<Waiting> waiting_;
  bool is_stopping_ = false;
  std::jthread watcher_;
};

}  // namespace tarn::query
