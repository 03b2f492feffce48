#include "catalog/commit_turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tarn::catalog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kForEver{600'000};

TEST(CommitTurnsTest, OneAtATime) {
  CommitTurns turns;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  const auto work = [&](bool idle) {
    for (int i = 0; i < 200; ++i) {
      std::optional<CommitTurns::Turn> turn;
      if (idle)
        turn.emplace(*turns.when_idle(milliseconds(1), {}));
      else
        turn.emplace(turns.next());
      most = std::max(most.load(), ++inside);
      --inside;
      ++done;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work, i % 2 == 0);
  }
  EXPECT_EQ(most, 1);
  EXPECT_EQ(done, 800);
}

TEST(CommitTurnsTest, BatchesGoFirst) {
  CommitTurns turns;
  std::atomic<bool> idle_came{false};
  std::atomic<bool> batch_came{false};
  auto held = std::make_optional(turns.next());
  std::jthread maintenance([&] {
    const auto turn = turns.when_idle(kForEver, {});
    EXPECT_TRUE(batch_came) << "a batch waited";
    idle_came = true;
  });
  std::jthread batch([&] {
    const auto turn = turns.next();
    EXPECT_FALSE(idle_came);
    batch_came = true;
  });
  std::this_thread::sleep_for(milliseconds(50));  // both wait now
  EXPECT_FALSE(batch_came);
  held.reset();
  maintenance.join();
  EXPECT_TRUE(idle_came);
}

// Batches that follow one another without a gap do not shut maintenance out.
TEST(CommitTurnsTest, PatienceEnds) {
  CommitTurns turns;
  std::atomic<bool> stop{false};
  std::vector<std::jthread> batches;
  for (int i = 0; i < 2; ++i) {
    batches.emplace_back([&] {
      while (!stop) {
        const auto turn = turns.next();
        std::this_thread::sleep_for(milliseconds(2));
      }
    });
  }
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(turns.when_idle(milliseconds(20), {}));
  stop = true;
}

TEST(CommitTurnsTest, AStopEndsTheWait) {
  CommitTurns turns;
  auto held = std::make_optional(turns.next());
  for (const milliseconds patience : {milliseconds(0), kForEver}) {
    std::stop_source stop;
    std::optional<bool> got;
    std::jthread maintenance([&] { got = turns.when_idle(patience, stop.get_token()).has_value(); });
    std::this_thread::sleep_for(milliseconds(20));
    stop.request_stop();
    maintenance.join();
    EXPECT_EQ(got, false);
  }
  held.reset();
  const auto next = turns.next();  // what stopped holds nothing back
}

}  // namespace
}  // namespace tarn::catalog
