#include "state/ledger.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <set>

#include "state/batches.h"
#include "state/temporary_folder_test.h"

namespace tarn::state {
namespace {

NewArrival arrival(const std::string& path, const std::string& content, const std::string& source = "inbox") {
  return {.source = source,
          .path = path,
          .size_bytes = content.size(),
          .mtime_ns = 1'000,
          .inode = 0xffff'ffff'ffff'fff0U,
          .sha256 = sha256(content),
          .landed_at_us = 10,
          .feeds = {"admissions", "labs"}};
}

Settlement settlement(ArrivalId id, std::int64_t committed, std::int64_t quarantined) {
  return {.id = id,
          .state = ArrivalState::kCommitted,
          .batch = {},
          .settled_at_us = 20,
          .members = 2,
          .records = {.arrived = committed + quarantined, .committed = committed, .quarantined = quarantined},
          .bytes_raw = 100,
          .feeds = {},
          .error_code = "",
          .error_message = ""};
}

class LedgerTest : public StateTest {
 protected:
  std::vector<Landed> land(const std::vector<NewArrival>& arrivals) {
    std::vector<Landed> landed;
    const Status status = write([&](Transaction& transaction) -> Status {
      TARN_ASSIGN_OR_RETURN(landed, record_landed(transaction, arrivals));
      return ok_status();
    });
    EXPECT_TRUE(status.ok());
    return landed;
  }
  std::string settle_all(const std::vector<Settlement>& settlements) {
    return name_of(write([&](Transaction& transaction) { return settle(transaction, settlements); }));
  }
  std::string adjust_one(const Adjustment& adjustment) {
    return name_of(write([&](Transaction& transaction) { return adjust(transaction, adjustment); }));
  }
  // Rows and running totals tell the same, and the numbers add up.
  LedgerSummary checked_summary() {
    const Status totals = check_totals(*database_);
    EXPECT_TRUE(totals.ok()) << totals.error().to_string();
    const LedgerSummary sums = summary(*database_).value();
    EXPECT_EQ(sums, summary_after(*database_, ArrivalId(0)).value());
    EXPECT_EQ(sums.records_arrived(),
              sums.records_committed() + sums.records_quarantined() + sums.records_duplicate());
    return sums;
  }
};

TEST_F(LedgerTest, NumbersArrivalsInOrderAndFindsDuplicates) {
  const auto landed = land({arrival("a.zip", "one"), arrival("b.zip", "two"), arrival("c.zip", "one"),
                            arrival("a.zip", "one", "other")});
  ASSERT_EQ(landed.size(), 4U);
  for (std::size_t index = 0; index < landed.size(); ++index)
    EXPECT_EQ(landed[index].id.value(), static_cast<std::int64_t>(index) + 1);
  EXPECT_EQ(landed[0].state, ArrivalState::kLanded);
  EXPECT_EQ(landed[2].state, ArrivalState::kDuplicate);
  EXPECT_EQ(landed[2].duplicate_of, landed[0].id);
  EXPECT_EQ(landed[2].duplicate_records, std::nullopt);
  EXPECT_EQ(landed[3].state, ArrivalState::kLanded);  // Another source sends what it wants.

  EXPECT_EQ(settle_all({settlement(landed[0].id, 7, 3)}), "ok");
  const auto later = land({arrival("d.zip", "one")});
  EXPECT_EQ(later[0].duplicate_of, landed[0].id);
  EXPECT_EQ(later[0].duplicate_records, 10);
  const LedgerSummary sums = checked_summary();
  EXPECT_EQ(sums.files_arrived(), 5);
  EXPECT_EQ(sums.duplicate.files, 2);
  EXPECT_EQ(sums.records_duplicate(), 20);
  EXPECT_EQ(sums.records_arrived(), 30);
  EXPECT_EQ(summary(*database_, "other")->files_arrived(), 1);
  EXPECT_EQ(summary(*database_, "nowhere")->files_arrived(), 0);
  EXPECT_EQ(last_arrival(*database_)->value(), 5);
}

TEST_F(LedgerTest, KeepsEveryColumn) {
  const BatchId batch("0190a5f0-0000-7000-8000-000000000001");
  const auto landed = land({arrival("day/a.zip", "one")});
  Settlement full = settlement(landed[0].id, 5, 2);
  full.records.superseded = 1;
  full.records.late = 3;
  full.batch = batch;
  full.feeds = {"claims"};
  full.error_code = "archive.truncated";
  full.error_message = "ends at byte 20";
  full.state = ArrivalState::kQuarantined;
  ASSERT_TRUE(write([&](Transaction& transaction) -> Status {
                TARN_RETURN_IF_ERROR(
                    begin_batch(transaction, {.id = batch, .started_at_us = 1, .run = std::nullopt}));
                return settle(transaction, {&full, 1});
              }).ok());
  const Arrival row = get_arrival(*database_, landed[0].id).value();
  EXPECT_EQ(row.source, "inbox");
  EXPECT_EQ(row.path, "day/a.zip");
  EXPECT_EQ(row.size_bytes, 3U);
  EXPECT_EQ(row.mtime_ns, 1'000);
  EXPECT_EQ(row.inode, 0xffff'ffff'ffff'fff0U);
  EXPECT_EQ(row.sha256, sha256("one"));
  EXPECT_EQ(row.state, ArrivalState::kQuarantined);
  EXPECT_EQ(row.landed_at_us, 10);
  EXPECT_EQ(row.settled_at_us, 20);
  EXPECT_EQ(row.batch, batch);
  EXPECT_EQ(row.feeds, std::vector<std::string>{"claims"});
  EXPECT_EQ(row.members, 2);
  EXPECT_EQ(row.records, full.records);
  EXPECT_EQ(row.bytes_raw, 100U);
  EXPECT_EQ(row.error_code, "archive.truncated");
  EXPECT_EQ(row.error_message, "ends at byte 20");
  EXPECT_EQ(name_of(get_arrival(*database_, ArrivalId(99))), "state.not_found");
}

TEST_F(LedgerTest, SettlesOnceOrNotAtAll) {
  const auto landed = land({arrival("a", "one"), arrival("b", "two"), arrival("c", "one")});
  EXPECT_EQ(settle_all({settlement(landed[0].id, 1, 0)}), "ok");
  // The second of the two fails, so the first is undone too.
  EXPECT_EQ(settle_all({settlement(landed[1].id, 1, 0), settlement(landed[0].id, 1, 0)}), "state.conflict");
  EXPECT_EQ(get_arrival(*database_, landed[1].id)->state, ArrivalState::kLanded);
  EXPECT_EQ(settle_all({settlement(landed[2].id, 1, 0)}), "state.conflict");
  EXPECT_EQ(settle_all({settlement(ArrivalId(99), 1, 0)}), "state.not_found");
  Settlement wrong = settlement(landed[1].id, 3, 1);
  wrong.records.arrived = 5;
  EXPECT_EQ(settle_all({wrong}), "state.unbalanced");
  wrong = settlement(landed[1].id, 3, -1);
  EXPECT_EQ(settle_all({wrong}), "state.unbalanced");
  wrong = settlement(landed[1].id, 3, 1);
  wrong.records.superseded = 4;
  EXPECT_EQ(settle_all({wrong}), "state.unbalanced");
  wrong = settlement(landed[1].id, 3, 1);
  wrong.records.late = 4;
  EXPECT_EQ(settle_all({wrong}), "state.unbalanced");
  wrong = settlement(landed[1].id, 3, 1);
  wrong.batch = BatchId("never begun");
  EXPECT_EQ(settle_all({wrong}), "state.not_found");
  checked_summary();
}

TEST_F(LedgerTest, PendingIsWhatACrashLeft) {
  land({arrival("a", "1"), arrival("b", "2", "other"), arrival("c", "3"), arrival("d", "1")});
  EXPECT_EQ(settle_all({settlement(ArrivalId(1), 1, 0)}), "ok");
  reopen();
  const auto all = pending(*database_, "", 10).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].path, "b");
  EXPECT_EQ(all[1].path, "c");
  EXPECT_EQ(all[1].feeds, (std::vector<std::string>{"admissions", "labs"}));
  EXPECT_EQ(pending(*database_, "inbox", 10)->size(), 1U);
  EXPECT_EQ(pending(*database_, "", 1)->front().path, "b");
  EXPECT_TRUE(pending(*database_, "nowhere", 10)->empty());
}

TEST_F(LedgerTest, KnowsWhichFilesItSaw) {
  land({arrival("a", "1"), arrival("b", "2"), arrival("c", "1"), arrival("a", "other content")});
  KnownFiles known = known_files(*database_, "inbox").value();
  ASSERT_EQ(known.size(), 3U);
  EXPECT_EQ(known.at("a").arrival, ArrivalId(4));
  EXPECT_EQ(known.at("a").size_bytes, 13U);
  EXPECT_EQ(known.at("c").inode, 0xffff'ffff'ffff'fff0U);
  EXPECT_TRUE(known_files(*database_, "nowhere")->empty());
  const std::vector<std::string> gone = {"a", "never there"};
  ASSERT_TRUE(write([&](Transaction& transaction) { return forget_files(transaction, "inbox", gone); }).ok());
  ASSERT_TRUE(write([&](Transaction& transaction) { return forget_files(transaction, "none", gone); }).ok());
  EXPECT_EQ(known_files(*database_, "inbox")->size(), 2U);
  EXPECT_EQ(list_arrivals(*database_, {})->size(), 4U);
  EXPECT_EQ(land({arrival("a", "1")})[0].state, ArrivalState::kDuplicate);
}

TEST_F(LedgerTest, AnUnmatchedFileMayBecomeMatched) {
  NewArrival stray = arrival("readme.txt", "x");
  stray.sha256.reset();
  const auto first = land({stray});
  EXPECT_EQ(first[0].state, ArrivalState::kUnmatched);
  EXPECT_FALSE(known_files(*database_, "inbox")->at("readme.txt").matched);
  EXPECT_EQ(settle_all({settlement(first[0].id, 1, 0)}), "state.conflict");
  const auto again = land({stray});
  EXPECT_EQ(checked_summary().unmatched.files, 1);
  const auto matched = land({arrival("readme.txt", "x")});
  EXPECT_GT(matched[0].id, again[0].id);
  EXPECT_EQ(matched[0].state, ArrivalState::kLanded);
  const LedgerSummary sums = checked_summary();
  EXPECT_EQ(sums.unmatched.files, 0);
  EXPECT_EQ(sums.files_arrived(), 1);
  EXPECT_TRUE(known_files(*database_, "inbox")->at("readme.txt").matched);
}

TEST_F(LedgerTest, ReplayMovesCounts) {
  const auto landed = land({arrival("a", "one"), arrival("b", "two"), arrival("c", "one")});
  EXPECT_EQ(adjust_one({.id = landed[0].id, .state = std::nullopt, .records = {}}), "state.conflict");
  Settlement whole = settlement(landed[1].id, 0, 0);
  whole.state = ArrivalState::kQuarantined;
  EXPECT_EQ(settle_all({settlement(landed[0].id, 4, 3), whole}), "ok");
  EXPECT_EQ(adjust_one({.id = landed[0].id,
                        .state = std::nullopt,
                        .records = {.arrived = 0, .committed = 2, .quarantined = -2}}),
            "ok");
  // A file that could not be opened at first shows its records at last.
  EXPECT_EQ(adjust_one({.id = landed[1].id,
                        .state = ArrivalState::kCommitted,
                        .members = 1,
                        .records = {.arrived = 9, .committed = 9},
                        .bytes_raw = 50}),
            "ok");
  EXPECT_EQ(adjust_one({.id = landed[0].id,
                        .state = std::nullopt,
                        .records = {.arrived = 0, .committed = 2, .quarantined = -2}}),
            "state.unbalanced");
  EXPECT_EQ(adjust_one({.id = ArrivalId(99), .state = std::nullopt, .records = {}}), "state.not_found");
  const LedgerSummary sums = checked_summary();
  EXPECT_EQ(sums.records_committed(), 15);
  EXPECT_EQ(sums.records_quarantined(), 1);
  EXPECT_EQ(sums.records_duplicate(), 7);
  EXPECT_EQ(sums.quarantined.files, 0);
}

TEST_F(LedgerTest, ListsByFilter) {
  std::vector<NewArrival> arrivals;
  for (int number = 0; number < 20; ++number) {
    arrivals.push_back(arrival(fmt::format("day-{}/f{}.zip", number % 2, number),
                               fmt::format("{}", number % 15), number % 5 == 0 ? "other" : "inbox"));
    arrivals.back().landed_at_us = number;
  }
  land(arrivals);
  EXPECT_EQ(settle_all({settlement(ArrivalId(2), 1, 0)}), "ok");
  const auto count = [&](const ArrivalFilter& filter) { return list_arrivals(*database_, filter)->size(); };
  EXPECT_EQ(count({}), 20U);
  EXPECT_EQ(count({.limit = 3}), 3U);
  EXPECT_EQ(list_arrivals(*database_, {.limit = 1})->front().id, ArrivalId(20));
  EXPECT_EQ(list_arrivals(*database_, {.before = ArrivalId(20), .limit = 1})->front().id, ArrivalId(19));
  EXPECT_EQ(count({.state = ArrivalState::kCommitted}), 1U);
  EXPECT_EQ(count({.state = ArrivalState::kDuplicate}), 5U);
  EXPECT_EQ(count({.state = ArrivalState::kLanded}), 14U);
  EXPECT_EQ(count({.source = "other"}), 4U);
  EXPECT_EQ(count({.source = "none"}), 0U);
  EXPECT_EQ(count({.path_glob = "day-1/*"}), 10U);
  EXPECT_EQ(count({.path_glob = "*.csv"}), 0U);
  EXPECT_EQ(count({.since_us = 15}), 5U);
  EXPECT_EQ(count({.state = ArrivalState::kLanded, .source = "inbox", .path_glob = "*0/*", .since_us = 10}),
            2U);
}

// Whatever happens in whatever order, running totals, rows and sums agree.
TEST_F(LedgerTest, AddsUpUnderRandomWork) {
  std::mt19937 random(7);
  const auto pick = [&](std::int64_t below) { return static_cast<std::int64_t>(random()) % below; };
  for (int round = 0; round < 60; ++round) {
    std::vector<NewArrival> arrivals;
    for (std::int64_t number = pick(8); number > 0; --number) {
      arrivals.push_back(arrival(fmt::format("p{}", pick(40)), fmt::format("c{}", pick(60)),
                                 fmt::format("source{}", pick(2))));
      if (pick(6) == 0) arrivals.back().sha256.reset();
    }
    land(arrivals);
    const auto waiting = pending(*database_, "", 5).value();
    std::vector<Settlement> settlements;
    for (const Arrival& one : waiting) {
      settlements.push_back(settlement(one.id, pick(50), pick(5)));
      settlements.back().records.late = pick(settlements.back().records.committed + 1);
      if (pick(4) == 0) settlements.back().state = ArrivalState::kQuarantined;
    }
    EXPECT_EQ(settle_all(settlements), "ok");
    const auto quarantined =
        list_arrivals(*database_, {.state = ArrivalState::kQuarantined, .limit = 1}).value();
    if (!quarantined.empty() && pick(2) == 0) {
      const std::int64_t moved = quarantined[0].records.quarantined;
      EXPECT_EQ(
          adjust_one({.id = quarantined[0].id,
                      .state = ArrivalState::kCommitted,
                      .records = {.arrived = 2, .committed = moved + 2, .quarantined = -moved, .late = 1}}),
          "ok");
    }
  }
  const LedgerSummary sums = checked_summary();
  EXPECT_GT(sums.records_duplicate(), 0);
  EXPECT_GT(sums.records_late(), 0);
  EXPECT_TRUE(database_->check_integrity().ok());
}

// A path is bytes: what a Windows share or an old archive calls a file need not be UTF-8.
TEST_F(LedgerTest, KeepsAnyPathAndMatchesItByCharacters) {
  const std::string strange("in\xff\x00\xc3\x28/\xc3\xa9.zip", 13);
  const std::string german = "\xc3\x84rzte/M\xc3\xbcller.zip";
  const auto landed = land({arrival(strange, "one"), arrival(german, "two"), arrival("a]-b.zip", "three")});
  reopen();
  EXPECT_EQ(get_arrival(*database_, landed[0].id)->path, strange);
  EXPECT_TRUE(known_files(*database_, "inbox")->contains(strange));
  const auto matches = [&](const std::string& glob) {
    return list_arrivals(*database_, {.path_glob = glob}).value().size();
  };
  EXPECT_EQ(matches("*.zip"), test_server().empty() ? 2U : 3U);  // SQLite's GLOB ends at a NUL.
  EXPECT_EQ(matches("?rzte/M?ller.zip"), 1U);
  EXPECT_EQ(matches("??rzte/*"), 0U);
  EXPECT_EQ(matches("[^a]rzte/M[u\xc3\xbc]ller.zip"), 1U);
  EXPECT_EQ(matches("\xc3\x84[a-z]zte*[!-~]"), 1U);
  EXPECT_EQ(matches("a[]]-[a-c].zi[pP]"), 1U);
  EXPECT_EQ(matches("A*"), 0U);
  EXPECT_EQ(matches("a[bc"), 0U);
  EXPECT_EQ(matches(".zip"), 0U);
  EXPECT_EQ(name_of(write([&](Transaction& transaction) {
              return forget_files(transaction, "inbox", std::vector{strange});
            })),
            "ok");
  EXPECT_EQ(known_files(*database_, "inbox")->size(), 2U);
}

TEST_F(LedgerTest, NamesItsStates) {
  for (const ArrivalState state :
       {ArrivalState::kLanded, ArrivalState::kCommitted, ArrivalState::kQuarantined, ArrivalState::kDuplicate,
        ArrivalState::kUnmatched})
    EXPECT_EQ(parse_arrival_state(to_string(state)), state);
  EXPECT_EQ(parse_arrival_state("lost"), std::nullopt);
}

}  // namespace
}  // namespace tarn::state
