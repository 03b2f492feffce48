#include "flight/statements/statements.h"

#include <gtest/gtest.h>

#include <string>

#include "flight/errors.h"
#include "io/simulated.h"

namespace tarn::flight {
namespace {

class StatementsTest : public ::testing::Test {
 protected:
  io::ManualClock clock_{1};
  io::SeededRandom random_{1};
  Statements statements_{random_, clock_};
};

TEST_F(StatementsTest, ATicketIsGoodOnceAndForItsUser) {
  const std::string handle = statements_.add("ann", {.sql = "SELECT 1"});
  EXPECT_EQ(handle.size(), 64U);
  EXPECT_EQ(&statements_.take("bob", handle).error().code(), &kNoSuchHandle);
  EXPECT_EQ(statements_.take("ann", handle).value().sql, "SELECT 1");
  EXPECT_EQ(&statements_.take("ann", handle).error().code(), &kNoSuchHandle);
  EXPECT_EQ(&statements_.take("ann", "").error().code(), &kNoSuchHandle);
}

TEST_F(StatementsTest, WhatNobodyReadsIsDropped) {
  const std::string handle = statements_.add("ann", {.sql = "SELECT 1"});
  clock_.advance_us(Statements::kUnreadLifeUs);
  statements_.sweep();
  EXPECT_FALSE(statements_.take("ann", handle).ok());
}

TEST_F(StatementsTest, TheOldestUnreadMakesRoom) {
  const std::string of_bob = statements_.add("bob", {});
  const std::string first = statements_.add("ann", {});
  clock_.advance_us(1'000'000);
  for (std::size_t i = 0; i < Statements::kOfUser; ++i) (void)statements_.add("ann", {});
  EXPECT_FALSE(statements_.take("ann", first).ok());
  EXPECT_TRUE(statements_.take("bob", of_bob).ok());
}

TEST_F(StatementsTest, PreparedOnesLiveWhileTheyAreUsed) {
  const std::string handle = statements_.add_prepared("ann", {.sql = "SELECT ?"}).value();
  EXPECT_FALSE(statements_.find_prepared("bob", handle).ok());
  EXPECT_FALSE(statements_.replace_prepared("bob", handle, {}).ok());
  statements_.close_prepared("bob", handle);
  for (int i = 0; i < 3; ++i) {
    clock_.advance_us(Statements::kIdleLifeUs - 1);
    statements_.sweep();
    EXPECT_EQ(statements_.find_prepared("ann", handle).value().sql, "SELECT ?");
  }
  clock_.advance_us(Statements::kIdleLifeUs);
  statements_.sweep();
  EXPECT_FALSE(statements_.find_prepared("ann", handle).ok());
  const std::string other = statements_.add_prepared("ann", {}).value();
  statements_.close_prepared("ann", other);
  EXPECT_FALSE(statements_.find_prepared("ann", other).ok());
}

TEST_F(StatementsTest, NobodyPreparesWithoutEnd) {
  for (std::size_t i = 0; i < Statements::kOfUser; ++i) EXPECT_TRUE(statements_.add_prepared("ann", {}).ok());
  EXPECT_EQ(&statements_.add_prepared("ann", {}).error().code(), &kTooManyStatements);
  EXPECT_TRUE(statements_.add_prepared("bob", {}).ok());
}

TEST_F(StatementsTest, OnlyTheUserCancels) {
  int ended = 0;
  bool is_left = false;
  const std::string handle = statements_.add("ann", {});
  EXPECT_FALSE(statements_.cancel("bob", handle));
  (void)statements_.take("ann", handle);
  statements_.enter(handle, {.user = "ann", .end = [&] { ++ended; }, .is_left = [&] { return is_left; }});
  EXPECT_FALSE(statements_.cancel("bob", handle));
  EXPECT_EQ(ended, 0);
  EXPECT_TRUE(statements_.cancel("ann", handle));
  EXPECT_EQ(ended, 1);
  statements_.sweep();
  EXPECT_EQ(ended, 1);
  is_left = true;
  statements_.sweep();
  EXPECT_EQ(ended, 2);
  statements_.leave(handle);
  statements_.sweep();
  EXPECT_EQ(ended, 2);
  const std::string unread = statements_.add("ann", {});
  EXPECT_TRUE(statements_.cancel("ann", unread));
  EXPECT_FALSE(statements_.take("ann", unread).ok());
}

}  // namespace
}  // namespace tarn::flight
