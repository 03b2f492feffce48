#include <fmt/format.h>
#include <gtest/gtest.h>

#include "state/batches.h"
#include "state/ledger.h"
#include "state/quarantine.h"
#include "state/runs.h"
#include "state/tables/table_pointers.h"
#include "state/temporary_folder_test.h"

namespace tarn::state {
namespace {

class RecordsTest : public StateTest {
 protected:
  std::string begin(const std::string& id, std::optional<RunId> run = std::nullopt) {
    return name_of(write([&](Transaction& transaction) {
      return begin_batch(transaction, {.id = BatchId(id), .started_at_us = 5, .run = run});
    }));
  }
  std::string commit(const std::string& id, const std::vector<BatchTable>& tables) {
    return name_of(
        write([&](Transaction& transaction) { return commit_batch(transaction, BatchId(id), tables, 9); }));
  }
  std::string abandon(const std::string& id) {
    return name_of(
        write([&](Transaction& transaction) { return abandon_batch(transaction, BatchId(id), 9); }));
  }
  std::string change(const std::vector<QuarantineId>& ids, QuarantineStatus status) {
    return name_of(write([&](Transaction& transaction) {
      return set_quarantine_status(transaction, ids,
                                   {.status = status, .changed_at_us = 77, .note = "fixed"});
    }));
  }
  template <typename Body>
  std::string change_pointers(Body body) {
    return name_of(write(body));
  }
};

TEST_F(RecordsTest, BatchesGoFromWritingToCommittedOrAbandoned) {
  RunId run;
  ASSERT_TRUE(write([&](Transaction& transaction) -> Status {
                TARN_ASSIGN_OR_RETURN(run, start_run(transaction, "tarn ingest", 1));
                return ok_status();
              }).ok());
  EXPECT_EQ(begin("b1", run), "ok");
  EXPECT_EQ(begin("b2"), "ok");
  EXPECT_EQ(begin("b3"), "ok");
  EXPECT_EQ(begin("b1"), "state.conflict");
  EXPECT_EQ(begin("b4", RunId(99)), "state.failed");  // The foreign key holds.
  const std::vector<BatchTable> tables = {
      {.table = {"curated", "a"}, .rows_added = 5, .rows_deleted = 1, .snapshot_id = 1234567890123456789},
      {.table = {"curated", "b"}, .rows_added = 2, .rows_deleted = 0, .snapshot_id = 2}};
  EXPECT_EQ(commit("b1", tables), "ok");
  EXPECT_EQ(commit("b1", tables), "state.conflict");
  EXPECT_EQ(abandon("b1"), "state.conflict");
  EXPECT_EQ(abandon("b2"), "ok");
  EXPECT_EQ(commit("b2", tables), "state.conflict");
  EXPECT_EQ(commit("none", tables), "state.not_found");
  EXPECT_EQ(abandon("none"), "state.not_found");

  reopen();
  const auto unfinished = unfinished_batches(*database_).value();
  ASSERT_EQ(unfinished.size(), 1U);
  EXPECT_EQ(unfinished[0].id, BatchId("b3"));
  EXPECT_EQ(unfinished[0].finished_at_us, std::nullopt);
  const Batch committed = get_batch(*database_, BatchId("b1")).value();
  EXPECT_EQ(committed.state, BatchState::kCommitted);
  EXPECT_EQ(committed.run, run);
  EXPECT_EQ(committed.finished_at_us, 9);
  EXPECT_EQ(committed.tables, tables);
  EXPECT_EQ(name_of(get_batch(*database_, BatchId("none"))), "state.not_found");
  const auto newest = list_batches(*database_, 2).value();
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].id, BatchId("b3"));
  EXPECT_EQ(to_string(newest[1].state), "abandoned");
  EXPECT_EQ(list_batches(*database_, 10)->back().tables, tables);
}

TEST_F(RecordsTest, WatermarksNeverGoBackAndLateRecordsAddUp) {
  const auto advance = [&](const FeedWatermark& change) {
    return name_of(write([&](Transaction& transaction) { return advance_watermark(transaction, change); }));
  };
  EXPECT_TRUE(feed_watermarks(*database_)->empty());
  EXPECT_EQ(advance({"labs", -5, 0}), "ok");
  EXPECT_EQ(advance({"labs", 100, 2}), "ok");
  EXPECT_EQ(advance({"labs", 40, 3}), "ok");
  EXPECT_EQ(advance({"admissions", 7, 0}), "ok");
  reopen();
  EXPECT_EQ(feed_watermarks(*database_).value(),
            (std::vector<FeedWatermark>{{"admissions", 7, 0}, {"labs", 100, 5}}));
}

TEST_F(RecordsTest, MaintenanceKeepsWhatItLastDid) {
  const auto note = [&](const TableMaintenance& visit) {
    return name_of(write([&](Transaction& transaction) { return note_maintenance(transaction, visit); }));
  };
  EXPECT_TRUE(list_maintenance(*database_)->empty());
  TableMaintenance b{.table = {"curated", "b"}, .checked_at_us = 5, .outcome = "done"};
  EXPECT_EQ(note(b), "ok");
  TableMaintenance a{{"curated", "a"}, 6, 6, "rewrote 5 files as 1", "done"};
  EXPECT_EQ(note(a), "ok");
  EXPECT_EQ(*list_maintenance(*database_), (std::vector{a, b}));
  EXPECT_EQ(note({.table = a.table, .checked_at_us = 7, .outcome = "io.failed"}), "ok");
  a.checked_at_us = 7;
  a.outcome = "io.failed";
  b = {b.table, 8, 8, "expired 2 snapshots", "done"};
  EXPECT_EQ(note(b), "ok");
  EXPECT_EQ(*list_maintenance(*database_), (std::vector{a, b}));
}

TEST_F(RecordsTest, RunsEndOnce) {
  RunId run;
  const RunTotals totals = {.files_arrived = 1,
                            .files_committed = 2,
                            .files_quarantined = 3,
                            .files_duplicate = 4,
                            .records_arrived = 5,
                            .records_committed = 6,
                            .records_quarantined = 7,
                            .records_duplicate = 8,
                            .bytes_raw = 9,
                            .batches = 10};
  ASSERT_TRUE(write([&](Transaction& transaction) -> Status {
                TARN_ASSIGN_OR_RETURN(run, start_run(transaction, "tarn ingest", 1));
                return ok_status();
              }).ok());
  EXPECT_EQ(list_runs(*database_, 1)->front().finished_at_us, std::nullopt);
  const auto finish = [&](RunId id) {
    return name_of(write([&](Transaction& transaction) {
      return finish_run(transaction, {.id = id, .finished_at_us = 2, .outcome = "done", .totals = totals});
    }));
  };
  EXPECT_EQ(finish(run), "ok");
  EXPECT_EQ(finish(run), "state.conflict");
  EXPECT_EQ(finish(RunId(99)), "state.not_found");
  const state::Run row = list_runs(*database_, 1)->front();
  EXPECT_EQ(row.command, "tarn ingest");
  EXPECT_EQ(row.outcome, "done");
  EXPECT_EQ(row.finished_at_us, 2);
  EXPECT_EQ(row.totals, totals);
}

class QuarantineTest : public RecordsTest {
 protected:
  void SetUp() override {
    RecordsTest::SetUp();
    const NewArrival arrival = {.source = "inbox",
                                .path = "a.zip",
                                .size_bytes = 1,
                                .sha256 = sha256("a"),
                                .landed_at_us = 1,
                                .feeds = {}};
    ASSERT_TRUE(write([&](Transaction& transaction) -> Status {
                  TARN_RETURN_IF_ERROR(record_landed(transaction, {&arrival, 1}));
                  return ok_status();
                }).ok());
  }
  static NewQuarantineEntry entry(int number) {
    NewQuarantineEntry one;
    one.arrival = ArrivalId(1);
    one.feed = number % 2 == 0 ? "labs" : "claims";
    one.table = "curated.result";
    one.source_file = fmt::format("day/{}.zip", number % 3);
    one.member = "m.csv";
    one.record = number;
    one.line = number + 1;
    one.field = "value";
    one.code = number % 4 == 0 ? "value.range" : "value.type";
    one.rule = "range: 0..300";
    one.reason = "301 is greater than 300";
    one.raw = std::string("a\0b\xff", 4);
    one.contract_version = 3;
    one.batch = BatchId("b1");
    one.created_at_us = 50;
    return one;
  }
  Result<QuarantineId> add(const std::vector<NewQuarantineEntry>& entries) {
    TARN_ASSIGN_OR_RETURN(Transaction transaction, database_->begin());
    TARN_ASSIGN_OR_RETURN(const QuarantineId first, quarantine(transaction, entries));
    TARN_RETURN_IF_ERROR(transaction.commit());
    return first;
  }
};

TEST_F(QuarantineTest, KeepsEveryColumn) {
  NewQuarantineEntry first = entry(4);
  first.column = 17;
  NewQuarantineEntry second;
  second.arrival = ArrivalId(1);
  second.level = QuarantineLevel::kFile;
  second.code = "archive.truncated";
  EXPECT_EQ(add({first, second})->value(), 1);
  const QuarantineEntry one = get_quarantine(*database_, QuarantineId(1)).value();
  EXPECT_EQ(one.arrival, ArrivalId(1));
  EXPECT_EQ(one.feed, "labs");
  EXPECT_EQ(one.table, "curated.result");
  EXPECT_EQ(one.source_file, "day/1.zip");
  EXPECT_EQ(one.member, "m.csv");
  EXPECT_EQ(one.record, 4);
  EXPECT_EQ(one.line, 5);
  EXPECT_EQ(one.column, 17);
  EXPECT_EQ(one.field, "value");
  EXPECT_EQ(one.level, QuarantineLevel::kRecord);
  EXPECT_EQ(one.code, "value.range");
  EXPECT_EQ(one.rule, "range: 0..300");
  EXPECT_EQ(one.reason, "301 is greater than 300");
  EXPECT_EQ(one.raw, std::string("a\0b\xff", 4));
  EXPECT_EQ(one.contract_version, 3);
  EXPECT_EQ(one.batch, BatchId("b1"));
  EXPECT_EQ(one.created_at_us, 50);
  EXPECT_EQ(one.status, QuarantineStatus::kOpen);
  const QuarantineEntry two = get_quarantine(*database_, QuarantineId(2)).value();
  EXPECT_EQ(two.record, std::nullopt);
  EXPECT_EQ(to_string(two.level), "file");
  EXPECT_EQ(two.raw, "");
  EXPECT_EQ(name_of(get_quarantine(*database_, QuarantineId(3))), "state.not_found");
  NewQuarantineEntry nowhere = entry(1);
  nowhere.arrival = ArrivalId(99);
  EXPECT_EQ(name_of(add({nowhere})), "state.failed");
}

TEST_F(QuarantineTest, ListsCountsAndGroups) {
  std::vector<NewQuarantineEntry> entries;
  for (int number = 0; number < 120; ++number) entries.push_back(entry(number));
  ASSERT_EQ(add(entries)->value(), 1);
  ASSERT_EQ(add({entry(1)})->value(), 121);
  const auto count = [&](const QuarantineFilter& filter) {
    const std::int64_t listed = static_cast<std::int64_t>(list_quarantine(*database_, filter)->size());
    EXPECT_EQ(count_quarantine(*database_, filter).value(), listed);
    return listed;
  };
  EXPECT_EQ(count({}), 121);
  EXPECT_EQ(count({.feed = "labs"}), 60);
  EXPECT_EQ(count({.feed = "claims", .code = "value.range"}), 0);
  EXPECT_EQ(count({.code = "value.range"}), 30);
  EXPECT_EQ(count({.status = QuarantineStatus::kReplayed}), 0);
  EXPECT_EQ(count({.file_glob = "*/0.zip"}), 40);
  EXPECT_EQ(count({.arrival = ArrivalId(1)}), 121);
  EXPECT_EQ(count({.arrival = ArrivalId(2)}), 0);
  const auto page = list_quarantine(*database_, {.limit = 2, .offset = 5, .with_raw = false}).value();
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].id, QuarantineId(6));
  EXPECT_EQ(page[0].raw, "");
  EXPECT_EQ(count_quarantine(*database_, {.limit = 2, .offset = 5}).value(), 121);
  const auto groups = group_quarantine(*database_, {.status = QuarantineStatus::kOpen}).value();
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].feed, "claims");
  EXPECT_EQ(groups[0].entries, 61);
  EXPECT_EQ(groups[1].code, "value.range");
  EXPECT_EQ(groups[2].entries, 30);
}

TEST_F(QuarantineTest, IsReplayedOnce) {
  ASSERT_TRUE(add({entry(1), entry(2), entry(3)}).ok());
  EXPECT_EQ(change({QuarantineId(1), QuarantineId(2)}, QuarantineStatus::kReplayed), "ok");
  EXPECT_EQ(change({QuarantineId(3), QuarantineId(2)}, QuarantineStatus::kDiscarded), "state.conflict");
  EXPECT_EQ(change({QuarantineId(99)}, QuarantineStatus::kDiscarded), "state.not_found");
  EXPECT_EQ(get_quarantine(*database_, QuarantineId(3))->status, QuarantineStatus::kOpen);
  const QuarantineEntry replayed = get_quarantine(*database_, QuarantineId(2)).value();
  EXPECT_EQ(replayed.status, QuarantineStatus::kReplayed);
  EXPECT_EQ(replayed.status_changed_at_us, 77);
  EXPECT_EQ(replayed.note, "fixed");
  EXPECT_EQ(parse_quarantine_status("discarded"), QuarantineStatus::kDiscarded);
  EXPECT_EQ(parse_quarantine_status("gone"), std::nullopt);
}

using PointersTest = RecordsTest;

TEST_F(PointersTest, NamespacesHoldPropertiesAndNestedOnes) {
  const auto insert = [&](const std::string& name, const Properties& properties = {}) {
    return change_pointers([&](Transaction& t) { return insert_namespace(t, name, properties); });
  };
  const auto remove = [&](const std::string& name) {
    return change_pointers([&](Transaction& t) { return remove_namespace(t, name); });
  };
  EXPECT_EQ(insert("a", {{"owner", "me"}, {"k", "v"}}), "ok");
  EXPECT_EQ(insert("a"), "state.conflict");
  EXPECT_EQ(insert("a.b"), "ok");
  EXPECT_EQ(insert("a-b"), "ok");
  EXPECT_EQ(remove("a"), "state.conflict");
  EXPECT_EQ(remove("a.b"), "ok");
  EXPECT_EQ(find_namespace(*database_, "a")->value().at("owner"), "me");
  EXPECT_EQ(find_namespace(*database_, "a-b")->value(), Properties());
  EXPECT_EQ(find_namespace(*database_, "x").value(), std::nullopt);
  EXPECT_EQ(change_pointers([&](Transaction& t) {
              return replace_namespace_properties(t, "a", {{"z", ""}});
            }),
            "ok");
  EXPECT_EQ(change_pointers([&](Transaction& t) { return replace_namespace_properties(t, "x", {}); }),
            "state.not_found");
  EXPECT_EQ(find_namespace(*database_, "a")->value(), (Properties{{"z", ""}}));
  EXPECT_EQ(remove("a"), "ok");
  EXPECT_EQ(remove("a"), "state.not_found");
  EXPECT_EQ(list_namespaces(*database_).value(), std::vector<std::string>{"a-b"});
}

TEST_F(PointersTest, SwapsOnlyWhatIsExpected) {
  const TableName table = {"curated", "encounter"};
  const auto swap = [&](const std::string& expected, const std::string& next) {
    return change_pointers([&](Transaction& t) {
      return swap_table_pointer(t, {.table = table, .expected = expected, .next = next});
    });
  };
  const auto insert = [&](const TableName& name) {
    return change_pointers([&](Transaction& t) { return insert_table(t, name, "m0"); });
  };
  const auto rename = [&](const TableName& from, const TableName& to) {
    return change_pointers([&](Transaction& t) { return rename_table(t, from, to); });
  };
  EXPECT_EQ(insert(table), "state.not_found");
  ASSERT_EQ(change_pointers([&](Transaction& t) { return insert_namespace(t, "curated", {}); }), "ok");
  EXPECT_EQ(insert(table), "ok");
  EXPECT_EQ(insert(table), "state.conflict");
  EXPECT_EQ(swap("m0", "m1"), "ok");
  EXPECT_EQ(swap("m0", "m2"), "state.conflict");
  const TablePointer pointer = find_table(*database_, table)->value();
  EXPECT_EQ(pointer.metadata_location, "m1");
  EXPECT_EQ(pointer.previous_metadata_location, "m0");
  EXPECT_EQ(insert({"curated", "z"}), "ok");
  EXPECT_EQ(rename(table, {"curated", "z"}), "state.conflict");
  EXPECT_EQ(rename(table, {"none", "y"}), "state.not_found");
  EXPECT_EQ(rename({"curated", "y"}, table), "state.not_found");
  EXPECT_EQ(rename(table, {"curated", "y"}), "ok");
  EXPECT_EQ(swap("m1", "m2"), "state.conflict");
  EXPECT_EQ(list_tables(*database_, "curated")->size(), 2U);
  EXPECT_EQ(list_tables(*database_, "")->front().table.name, "y");
  EXPECT_TRUE(list_tables(*database_, "none")->empty());
  EXPECT_EQ(change_pointers([&](Transaction& t) { return remove_namespace(t, "curated"); }),
            "state.conflict");
  EXPECT_EQ(change_pointers([&](Transaction& t) { return remove_table(t, {"curated", "y"}); }), "ok");
  EXPECT_EQ(change_pointers([&](Transaction& t) {
              return remove_table(t, {"curated", "y"});
            }),
            "state.not_found");
}

}  // namespace
}  // namespace tarn::state
