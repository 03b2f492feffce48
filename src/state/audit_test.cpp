#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "io/simulated.h"
#include "state/audit/audit_chain.h"
#include "state/audit/audit_trail.h"
#include "state/connection.h"
#include "state/temporary_folder_test.h"

namespace tarn::state {
namespace {

class AuditTest : public StateTest {
 protected:
  /// ann reads, bob reads, ann … of tables t1, t2 …; each ends but the last.
  void SetUp() override {
    StateTest::SetUp();
    for (int i = 1; i <= 3; ++i) {
      heads_.push_back(add({.event = std::string(kAuditBegun),
                            .actor = {.user = i % 2 == 1 ? "ann" : "bob", .door = "cli"},
                            .statement = "SELECT ?",
                            .tables = fmt::format("ops.files, curated.t{}@7{}", i, i)}));
      if (i == 3) break;
      heads_.push_back(add({.event = std::string(kAuditEnded),
                            .begun = heads_.back().sequence,
                            .outcome = i == 1 ? "done" : "sql.interrupted",
                            .rows = 5,
                            .duration_ms = 12}));
    }
  }
  AuditHead add(AuditRecord record) {
    record.at_us = 1000 * ++clock_us_;
    std::vector<AuditRecord> records = {std::move(record)};
    EXPECT_EQ(name_of(write([&](Transaction& transaction) { return append_audit(transaction, records); })),
              "ok");
    return {.sequence = records[0].sequence, .hash = records[0].hash, .at_us = records[0].at_us};
  }
  /// What an intruder with the database's password does.
  void tamper(std::string_view sql) {
    EXPECT_EQ(name_of(write([&](Transaction& transaction) -> Status {
                TARN_RETURN_IF_ERROR(transaction.connection().run(sql));
                return ok_status();
              })),
              "ok")
        << sql;
  }
  std::string verified(const AuditVerification& wanted = {}) {
    const auto head = verify_audit(*database_, wanted);
    return head.ok() ? fmt::format("{} records", head->sequence) : head.error().message();
  }
  std::vector<std::int64_t> found(const AuditFilter& filter) {
    std::vector<std::int64_t> sequences;
    const auto entries = search_audit(*database_, filter);
    EXPECT_TRUE(entries.ok());
    for (const AuditEntry& entry : *entries) sequences.push_back(entry.record.sequence);
    return sequences;
  }
  using Found = std::vector<std::int64_t>;

  std::int64_t clock_us_ = 0;
  std::vector<AuditHead> heads_;
};

TEST_F(AuditTest, AChainIsWhatWasWritten) {
  EXPECT_EQ(verified(), "5 records");
  for (const AuditHead& head : heads_) EXPECT_EQ(verified({.kept = head}), "5 records");
  for (std::int64_t from = 1; from <= 6; ++from) EXPECT_EQ(verified({.from = from}), "5 records");
  EXPECT_EQ(verified({.from = 7}), "there is no record 7 to begin with");
  EXPECT_EQ(verified({.kept = AuditHead{}}), "5 records");
  EXPECT_EQ(audit_head(*database_).value(), heads_.back());
  reopen();
  add({.event = "login"});
  EXPECT_EQ(verified({.kept = heads_[2]}), "6 records");
}

TEST_F(AuditTest, AnEmptyChainIsOne) {
  tamper("DELETE FROM audit_records");
  EXPECT_EQ(verified(), "record 1 is missing, and all behind it");
  tamper("DELETE FROM audit_head");
  EXPECT_EQ(verified(), "0 records");
  EXPECT_EQ(verified({.kept = heads_[1]}),
            "record 1 is missing, and all behind it: the head of record 2 was kept");
}

TEST_F(AuditTest, EveryChangeIsFound) {
  for (const char* change :
       {"at_us = at_us + 1", "event = 'begun'", "begun = NULL", "begun = 2", "user_name = 'eve'",
        "roles = 'x'", "door = 'x'", "peer = 'x'", "application = 'x'", "session_id = 'x'", "statement = 'x'",
        "tables = 'x'", "columns = 'x'", "policy = 'x'", "outcome = 'x'", "row_count = 4", "row_count = NULL",
        "duration_ms = 3", "roles = door, door = roles, peer = 'x', session_id = ''"}) {
    database_.reset();
    location_ = test_server().empty() ? folder_ / fmt::format("{}.db", change) : new_schema();
    heads_.clear();
    SetUp();
    tamper(fmt::format("UPDATE audit_records SET {} WHERE sequence = 4", change));
    EXPECT_EQ(verified(), "record 4 is not what was written") << change;
    EXPECT_EQ(verified({.from = 5}), "5 records") << "what lies before is not looked at";
  }
}

TEST_F(AuditTest, ARemovedRecordIsFound) {
  tamper("DELETE FROM audit_records WHERE sequence = 2");
  EXPECT_EQ(verified(), "record 2 is missing");
  EXPECT_EQ(verified({.from = 3}), "record 2 is missing");
  tamper("UPDATE audit_records SET sequence = sequence - 1 WHERE sequence > 2");
  EXPECT_EQ(verified(), "record 2 is not what was written");
}

TEST_F(AuditTest, InsertedRecordsAreFound) {
  constexpr std::string_view kCopy =
      "INSERT INTO audit_records SELECT {}, at_us, event, begun, user_name, roles, door, peer, application, "
      "session_id, statement, tables, columns, policy, outcome, row_count, duration_ms, hash FROM "
      "audit_records "
      "WHERE sequence = 3";
  tamper(fmt::format(fmt::runtime(kCopy), "-4"));
  EXPECT_EQ(verified(), "record -4 was inserted");
  tamper("DELETE FROM audit_records WHERE sequence < 0");
  tamper(fmt::format(fmt::runtime(kCopy), "6"));
  EXPECT_EQ(verified(), "record 6 is not what was written");
  tamper("UPDATE audit_records SET sequence = sequence + 100 WHERE sequence >= 3");
  tamper("UPDATE audit_records SET sequence = sequence - 99 WHERE sequence >= 100");
  tamper("UPDATE audit_records SET sequence = 3 WHERE sequence = 7");
  EXPECT_EQ(verified(), "record 4 is not what was written") << "the same record twice";
}

TEST_F(AuditTest, ARecordBehindTheEndIsFound) {
  add({.event = "login"});
  tamper("UPDATE audit_head SET sequence = 5, hash = (SELECT hash FROM audit_records WHERE sequence = 5)");
  EXPECT_EQ(verified(), "record 6 was inserted behind the chain's end");
}

TEST_F(AuditTest, RecordsInAnotherOrderAreFound) {
  tamper("UPDATE audit_records SET sequence = 99 WHERE sequence = 2");
  tamper("UPDATE audit_records SET sequence = 2 WHERE sequence = 4");
  tamper("UPDATE audit_records SET sequence = 4 WHERE sequence = 99");
  EXPECT_EQ(verified(), "record 2 is not what was written");
}

TEST_F(AuditTest, AChainWithoutEndIsBrokenAndDoesNotGrow) {
  tamper("DELETE FROM audit_head");
  EXPECT_EQ(verified(), "the chain has lost its end");
  std::vector<AuditRecord> more(1);
  EXPECT_EQ(name_of(write([&](Transaction& transaction) { return append_audit(transaction, more); })),
            "audit.broken");
}

TEST_F(AuditTest, ACutChainIsFound) {
  tamper("DELETE FROM audit_records WHERE sequence > 3");
  EXPECT_EQ(verified(), "record 4 is missing, and all behind it");
  EXPECT_EQ(verified({.from = 5}), "record 4 is missing");
  // Who mends the end as well is found by a head that was kept elsewhere only.
  tamper("UPDATE audit_head SET sequence = 3, hash = (SELECT hash FROM audit_records WHERE sequence = 3)");
  EXPECT_EQ(verified(), "3 records");
  EXPECT_EQ(verified({.kept = heads_[4]}),
            "record 4 is missing, and all behind it: the head of record 5 was kept");
  EXPECT_EQ(verified({.kept = heads_[2]}), "3 records");
}

TEST_F(AuditTest, AChainThatWasMadeAnewIsFound) {
  tamper("DELETE FROM audit_records WHERE sequence > 3");
  tamper("UPDATE audit_head SET sequence = 3, hash = (SELECT hash FROM audit_records WHERE sequence = 3)");
  add({.event = "login"});
  add({.event = "login"});
  EXPECT_EQ(verified(), "5 records");
  EXPECT_EQ(verified({.kept = heads_[3]}),
            "record 4 is not the one whose head was kept: the chain was made anew");
  EXPECT_EQ(verified({.from = 5, .kept = heads_[3]}),
            "record 4 is not the one whose head was kept: the chain was made anew");
}

TEST_F(AuditTest, RecordsAreFound) {
  EXPECT_EQ(found({}), (Found{5, 3, 1}));
  EXPECT_EQ(found({.limit = 2}), (Found{5, 3}));
  EXPECT_EQ(found({.user = "ann"}), (Found{5, 1}));
  EXPECT_EQ(found({.door = "rest"}), Found());
  EXPECT_EQ(found({.table = "curated.t2"}), Found{3});
  EXPECT_EQ(found({.table = "ops.files"}), (Found{5, 3, 1}));
  EXPECT_EQ(found({.table = "curated.t"}), Found()) << "a name, not a part of one";
  EXPECT_EQ(found({.table = "*"}), Found());
  EXPECT_EQ(found({.outcome = "sql.interrupted"}), Found{3});
  EXPECT_EQ(found({.outcome = "open"}), Found{5});
  EXPECT_EQ(found({.since_us = 3000}), (Found{5, 3}));
  EXPECT_EQ(found({.until_us = 3000}), (Found{3, 1}));
}

TEST_F(AuditTest, ManyPagesAreSearchedAndVerified) {
  std::vector<AuditRecord> many(2500, {.event = "login", .outcome = "done"});
  many[7].tables = "curated.rare";
  ASSERT_EQ(name_of(write([&](Transaction& transaction) { return append_audit(transaction, many); })), "ok");
  EXPECT_EQ(verified(), "2505 records");
  EXPECT_EQ(found({.table = "curated.rare"}), Found{13});
  EXPECT_EQ(found({.limit = 5000}).size(), 2503U);
  EXPECT_EQ(read_audit(*database_, 2500, 100)->size(), 5U);
}

TEST_F(AuditTest, ManyThreadsAndProcessesWriteOneChain) {
  io::ManualClock clock{1};
  auto other = Database::open(location_, OpenMode::kReadWrite);
  ASSERT_TRUE(other.ok());
  constexpr int kThreads = 8;
  constexpr int kEach = 20;
  {
    AuditTrail here(*database_, clock, {});
    AuditTrail there(**other, clock, {});
    std::vector<std::jthread> threads;
    std::atomic<int> refused = 0;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        AuditTrail& trail = thread % 2 == 0 ? here : there;
        for (int i = 0; i < kEach; ++i) {
          const auto begun = trail.append({.event = std::string(kAuditBegun)});
          if (!begun.ok())
            ++refused;
          else
            trail.append_soon({.event = std::string(kAuditEnded), .begun = *begun, .outcome = "done"});
        }
      });
    }
    threads.clear();
    EXPECT_EQ(refused, 0);
    EXPECT_EQ(name_of(here.flush()), "ok");
  }
  EXPECT_EQ(verified(), fmt::format("{} records", 5 + 2 * kThreads * kEach));
  EXPECT_EQ(found({.outcome = "done", .limit = 1000}).size(), 1 + kThreads * kEach);
}

TEST_F(AuditTest, WhatCannotBeWrittenIsRefusedAndEndsAreKept) {
  io::ManualClock clock{1};
  std::atomic<bool> fails = true;
  std::atomic<int> told = 0;
  database_->set_commit_fault([&] { return fails ? CommitFault::kFail : CommitFault::kNone; });
  {
    AuditTrail trail(*database_, clock, {.on_failure = [&](const Error&) { ++told; }});
    EXPECT_EQ(name_of(trail.append({.event = std::string(kAuditBegun)})), "audit.unavailable");
    trail.append_soon({.event = std::string(kAuditEnded), .begun = 5, .outcome = "kept"});
    EXPECT_EQ(name_of(trail.append({.event = std::string(kAuditBegun)})), "audit.unavailable");
    EXPECT_EQ(name_of(trail.flush()), "audit.unavailable");
    EXPECT_EQ(told, 1) << "a trouble is told once";
    fails = false;
    EXPECT_EQ(trail.append({.event = std::string(kAuditBegun)}).value(), 7) << "behind what was kept";
  }
  EXPECT_EQ(verified(), "7 records");
  EXPECT_EQ(found({.outcome = "kept"}), Found{5});
}

TEST_F(AuditTest, ALostReplyIsReadBack) {
  io::ManualClock clock{1};
  AuditTrail trail(*database_, clock, {});
  std::atomic<int> commits = 0;
  database_->set_commit_fault([&] { return ++commits == 1 ? CommitFault::kLostReply : CommitFault::kNone; });
  EXPECT_EQ(trail.append({.event = "login"}).value(), 6);
  commits = 0;
  database_->set_commit_fault([&] { return ++commits == 1 ? CommitFault::kLost : CommitFault::kNone; });
  EXPECT_EQ(name_of(trail.append({.event = "login"})), "audit.unavailable");
  EXPECT_EQ(verified(), "6 records");
}

TEST_F(AuditTest, StrangersAreCounted) {
  io::ManualClock clock{1};
  {
    AuditTrail trail(*database_, clock, {.strangers_per_second = 3});
    for (int i = 0; i < 10; ++i) trail.append_refusal_of_stranger({.event = "refused", .outcome = "x"});
    clock.advance_us(1'000'000);
    trail.append_refusal_of_stranger({.event = "refused", .outcome = "y"});
  }
  EXPECT_EQ(verified(), "10 records");
  EXPECT_EQ(read_audit(*database_, 8, 1)->front().rows, 7);
  EXPECT_EQ(read_audit(*database_, 9, 1)->front().outcome, "y");
}

}  // namespace
}  // namespace tarn::state
