#include "query/serving/running_statements.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

namespace tarn::query {
namespace {

using TimePoint = RunningStatements::TimePoint;

TimePoint in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Statements of one server, each with a thread that waits for its turn.
class Statements {
 public:
  explicit Statements(std::size_t max_running) : running_(max_running) {}
  ~Statements() {
    running_.shut_down();
    threads_.clear();
    for (auto& one : all_) running_.leave(one.process);
  }

  std::size_t ask(std::vector<RoleShare> shares, std::chrono::milliseconds time = std::chrono::minutes(1)) {
    One& one = all_.emplace_back();
    one.statement.share(std::move(shares));
    one.process = running_.enter(one.statement, 7);
    one.statement.start([] {});
    threads_.emplace_back(
        [this, &one, deadline = in(time)] { one.state = running_.begin(one.statement, deadline) ? 1 : 2; });
    return all_.size() - 1;
  }
  /// Whether it runs, in the end.
  bool runs(std::size_t at) { return wait(at, 1); }
  bool gave_up(std::size_t at) { return wait(at, 2); }
  /// It has asked, and `all` wait with it.
  bool waits(std::size_t at, std::size_t all) {
    const TimePoint end = in(std::chrono::seconds(10));
    while (running_.waiting() != all && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return running_.waiting() == all && all_[at].state == 0;
  }
  void done(std::size_t at) { running_.done(all_[at].statement); }
  void cancel(std::size_t at) { running_.cancel(all_[at].process, 7); }

 private:
  struct One {
    RunningStatement statement;
    std::int32_t process = 0;
    std::atomic<int> state = 0;  ///< 0: it waits.
  };
  bool wait(std::size_t at, int state) {
    const TimePoint end = in(std::chrono::seconds(10));
    while (all_[at].state != state && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return all_[at].state == state;
  }

  RunningStatements running_;
  std::deque<One> all_;
  std::vector<std::jthread> threads_;
};

TEST(RunningStatements, RunInTheOrderOfAsking) {
  Statements statements(1);
  const std::size_t first = statements.ask({});
  EXPECT_TRUE(statements.runs(first));
  const std::size_t second = statements.ask({});
  EXPECT_TRUE(statements.waits(second, 1));
  const std::size_t third = statements.ask({});
  EXPECT_TRUE(statements.waits(third, 2));
  statements.done(first);
  EXPECT_TRUE(statements.runs(second));
  EXPECT_TRUE(statements.waits(third, 1));
  statements.done(second);
  EXPECT_TRUE(statements.runs(third));
}

TEST(RunningStatements, ARoleHasItsShareAndOthersPass) {
  Statements statements(3);
  const std::size_t first = statements.ask({{"report", 1}});
  EXPECT_TRUE(statements.runs(first));
  const std::size_t second = statements.ask({{"report", 1}});
  EXPECT_TRUE(statements.waits(second, 1));
  const std::size_t both = statements.ask({{"report", 1}, {"board", 5}});
  EXPECT_TRUE(statements.waits(both, 2));
  const std::size_t board = statements.ask({{"board", 1}});
  EXPECT_TRUE(statements.runs(board));
  EXPECT_TRUE(statements.runs(statements.ask({})));
  // The server is full: whoever may run comes in the order of asking.
  const std::size_t owner = statements.ask({});
  EXPECT_TRUE(statements.waits(owner, 3));
  statements.done(board);
  EXPECT_TRUE(statements.runs(owner));
  statements.done(first);
  EXPECT_TRUE(statements.runs(second));
  EXPECT_TRUE(statements.waits(both, 1));
  statements.done(second);
  EXPECT_TRUE(statements.runs(both));
}

TEST(RunningStatements, WhoGivesUpHoldsNobodyUp) {
  Statements statements(1);
  const std::size_t first = statements.ask({});
  EXPECT_TRUE(statements.runs(first));
  const std::size_t late = statements.ask({{"report", 1}}, std::chrono::milliseconds(30));
  EXPECT_TRUE(statements.gave_up(late));
  const std::size_t cancelled = statements.ask({});
  EXPECT_TRUE(statements.waits(cancelled, 1));
  const std::size_t last = statements.ask({{"report", 1}});
  EXPECT_TRUE(statements.waits(last, 2));
  statements.cancel(cancelled);
  EXPECT_TRUE(statements.gave_up(cancelled));
  statements.done(first);
  EXPECT_TRUE(statements.runs(last));
}

}  // namespace
}  // namespace tarn::query
