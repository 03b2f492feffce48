#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "catalog/catalog.h"
#include "catalog/lake_test.h"
#include "catalog/staged.h"
#include "io/errors.h"
#include "state/errors.h"

namespace tarn::catalog {
namespace {

TEST(Commit, ChangesSeveralTablesAndTheStateAtOnce) {
  Lake lake;
  lake.make_tables({"a", "b"});
  const std::vector<TableCommit> commits = {lake.append("b", 22), lake.append("a", 11)};
  const auto result = lake.catalog().commit(commits, Lake::count_run);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  ASSERT_EQ(result->tables.size(), 2U);
  EXPECT_EQ(result->tables[0].name.name, "b");
  EXPECT_EQ(result->tables[0].metadata->current_snapshot_id, 22);
  EXPECT_NE(result->tables[0].metadata_location.find("/metadata/00001-"), std::string::npos);
  EXPECT_EQ(lake.run_count(), 1U);
  lake.reopen();
  const Table loaded = lake.catalog().load_table({"curated", "a"}).value();
  EXPECT_EQ(loaded.metadata->current_snapshot_id, 11);
  EXPECT_EQ(*loaded.metadata, *result->tables[1].metadata);
  EXPECT_EQ(loaded.metadata->metadata_log.size(), 1U);
}

TEST(Commit, MayBeOfTheStateAlone) {
  Lake lake;
  EXPECT_EQ(name_of(lake.catalog().commit({}, Lake::count_run)), "ok");
  EXPECT_EQ(lake.run_count(), 1U);
  EXPECT_EQ(lake.file_count(), 0U);
}

TEST(Commit, IsRefusedWhole) {
  Lake lake;
  lake.make_tables({"a", "b"});
  const TableCommit good = lake.append("a", 11);
  TableCommit stale = lake.append("b", 22);
  stale.requirements = {iceberg::AssertRefSnapshotId{"main", 99}};
  TableCommit missing = good;
  missing.name.name = "none";
  TableCommit senseless = Lake::set_property("b", "k", "v");
  senseless.updates = {iceberg::SetCurrentSchema{77}};
  TableCommit outside = Lake::set_property("b", "k", "v");
  TableCommit exists = Lake::set_property("b", "k", "v");
  exists.requirements = {iceberg::AssertCreate{}};
  TableCommit both = exists;
  both.requirements.push_back(iceberg::AssertTableUuid{"x"});
  const auto outcome = [&](const TableCommit& second) {
    const std::vector<TableCommit> commits = {good, second};
    return name_of(lake.catalog().commit(commits, Lake::count_run));
  };
  EXPECT_EQ(outcome(stale), "catalog.commit_conflict");
  EXPECT_EQ(outcome(missing), "catalog.table_not_found");
  EXPECT_EQ(outcome(good), "catalog.bad_commit");
  EXPECT_EQ(outcome(senseless), "iceberg.bad_update");
  EXPECT_EQ(outcome(exists), "catalog.table_exists");
  EXPECT_EQ(outcome(both), "catalog.bad_commit");
  for (const char* location : {"file:///elsewhere/t", "file:///lake/../etc", "file:///lake/%2e%2e/etc",
                               "file:///lake", "file:///lake/", "file:///lakes/t", "/lake/t"}) {
    outside.updates = {iceberg::SetLocation{location}};
    EXPECT_EQ(outcome(outside), "catalog.bad_location") << location;
  }
  EXPECT_EQ(lake.run_count(), 0U);
  EXPECT_EQ(lake.file_count(), 2U);
  EXPECT_EQ(lake.catalog().load_table({"curated", "a"})->metadata->current_snapshot_id, std::nullopt);
}

TEST(Commit, GoesBackWhenOnCommitFails) {
  Lake lake;
  lake.make_tables({"a"});
  const TableCommit commit = lake.append("a", 11);
  const auto fails = [](state::Transaction& transaction) -> Status {
    TARN_RETURN_IF_ERROR(Lake::count_run(transaction));
    return Error(state::kConflict, "settled already");
  };
  EXPECT_EQ(name_of(lake.catalog().commit({&commit, 1}, fails)), "state.conflict");
  EXPECT_EQ(lake.run_count(), 0U);
  EXPECT_EQ(lake.file_count(), 1U);
  EXPECT_EQ(name_of(lake.catalog().commit({&commit, 1}, Lake::count_run)), "ok");
}

TEST(Commit, CreatesStagedTables) {
  Lake lake;
  lake.make_tables({});
  const iceberg::Schema schema = Lake::description("t").schema;
  TableCommit create = {
      .name = {"curated", "t"},
      .requirements = {iceberg::AssertCreate{}},
      .updates = {iceberg::UpgradeFormatVersion{2}, iceberg::AddSchema{schema}, iceberg::SetCurrentSchema{},
                  iceberg::AddPartitionSpec{}, iceberg::SetDefaultSpec{}, iceberg::AddSortOrder{},
                  iceberg::SetDefaultSortOrder{}}};
  const auto created = lake.catalog().commit({&create, 1}, Lake::count_run);
  ASSERT_TRUE(created.ok()) << created.error().to_string();
  EXPECT_EQ(created->tables[0].metadata->location, "file:///lake/curated/t");
  EXPECT_EQ(name_of(lake.catalog().commit({&create, 1})), "catalog.table_exists");
  create.name.schema = "none";
  EXPECT_EQ(name_of(lake.catalog().commit({&create, 1})), "catalog.namespace_not_found");
  create.name.schema = "a..b";
  EXPECT_EQ(name_of(lake.catalog().commit({&create, 1})), "catalog.bad_name");
  lake.reopen();
  EXPECT_EQ(lake.catalog().load_table({"curated", "t"})->metadata->current_schema().fields().size(), 2U);
}

TEST(Commit, WithoutUpdatesOnlyChecks) {
  Lake lake;
  lake.make_tables({"a"});
  const Table before = lake.catalog().load_table({"curated", "a"}).value();
  TableCommit commit = {.name = before.name,
                        .requirements = {iceberg::AssertTableUuid{before.metadata->table_uuid}}};
  const auto result = lake.catalog().commit({&commit, 1}, Lake::count_run);
  EXPECT_EQ(result->tables[0].metadata_location, before.metadata_location);
  EXPECT_EQ(lake.run_count(), 1U);
  EXPECT_EQ(lake.file_count(), 1U);
  commit.requirements = {iceberg::AssertTableUuid{"other"}};
  EXPECT_EQ(name_of(lake.catalog().commit({&commit, 1})), "catalog.commit_conflict");
  EXPECT_EQ(lake.file_count(), 1U);
}

TEST(Commit, TrimsOldMetadataFiles) {
  Lake lake;
  lake.make_tables({"a"});
  const auto commit = [&](const std::string& key, const std::string& value) {
    const TableCommit one = Lake::set_property("a", key, value);
    EXPECT_EQ(name_of(lake.catalog().commit({&one, 1})), "ok");
  };
  commit("write.metadata.previous-versions-max", "3");
  for (int number = 0; number < 10; ++number) commit("n", std::to_string(number));
  EXPECT_EQ(lake.file_count(), 4U);  // The present one and three before.
  commit("write.metadata.delete-after-commit.enabled", "false");
  commit("n", "10");
  EXPECT_EQ(lake.file_count(), 6U);
  lake.reopen();
  EXPECT_EQ(lake.catalog().load_table({"curated", "a"})->metadata->metadata_log.size(), 3U);
}

TEST(Commit, TrimsMetadataFilesOfAFormerFolder) {
  Lake lake;
  lake.make_tables({"a"});
  const auto commit = [&](const std::string& key, const std::string& value) {
    const TableCommit one = Lake::set_property("a", key, value);
    EXPECT_EQ(name_of(lake.catalog().commit({&one, 1})), "ok");
  };
  commit("write.metadata.previous-versions-max", "3");
  const std::string location = lake.catalog().load_table({"curated", "a"})->metadata->location;
  for (const char* folder : {"/elsewhere", "/metadata/deeper", "/metadata"}) {
    commit("write.metadata.path", location + folder);
    for (int number = 0; number < 4; ++number) commit("n", std::to_string(number));
    EXPECT_EQ(lake.file_count(), 4U) << folder;
  }
}

TEST(Commit, TrimsNoFileThatAnotherTableIsRegisteredFrom) {
  Lake lake;
  lake.make_tables({"a"});
  const auto commit = [&](const std::string& key, const std::string& value) {
    const TableCommit one = Lake::set_property("a", key, value);
    EXPECT_EQ(name_of(lake.catalog().commit({&one, 1})), "ok");
  };
  commit("write.metadata.previous-versions-max", "1");
  const TableName twin{"curated", "twin"};
  const std::string shared = lake.catalog().load_table({"curated", "a"})->metadata_location;
  EXPECT_EQ(name_of(lake.catalog().register_table(twin, shared)), "ok");
  for (int number = 0; number < 4; ++number) commit("n", std::to_string(number));
  EXPECT_EQ(lake.file_count(), 3U);
  lake.reopen();
  EXPECT_EQ(name_of(lake.catalog().load_table(twin)), "ok");
}

TEST(Commit, NumbersMetadataFiles) {
  EXPECT_EQ(metadata_file("/t", "", "u"), "/t/00000-u.metadata.json");
  EXPECT_EQ(metadata_file("/t", "/t/metadata/00009-x.metadata.json", "u"), "/t/00010-u.metadata.json");
  EXPECT_EQ(metadata_file("/t", "/t/metadata/99999-x.metadata.json", "u"), "/t/100000-u.metadata.json");
  EXPECT_EQ(metadata_file("/t", "/t/metadata/v3.metadata.json", "u"), "/t/00000-u.metadata.json");
  EXPECT_EQ(metadata_folder("/t", {}), "/t/metadata");
  EXPECT_EQ(metadata_folder("/t", {{"write.metadata.path", "/m/"}}), "/m");
}

// Either all of a commit is there after a crash and a restart, or nothing; `outcome` must not say otherwise.
void expect_all_or_nothing(Lake& lake, const std::string& outcome, const std::string& where) {
  lake.store().set_fault({});
  lake.store().lose_unsynced();
  lake.reopen();
  const auto a = lake.catalog().load_table({"curated", "a"});
  const auto b = lake.catalog().load_table({"curated", "b"});
  ASSERT_TRUE(a.ok() && b.ok()) << where << ": a pointer names a file that is not there";
  const bool happened = a->metadata->current_snapshot_id == 12;
  EXPECT_EQ(b->metadata->current_snapshot_id == 22, happened) << where;
  EXPECT_EQ(lake.run_count(), happened ? 2U : 1U) << where;
  if (outcome != "state.commit_unknown") {
    EXPECT_EQ(happened, outcome == "ok") << where;
  }
}

struct Crash {
  bool power_cut = false;  // From then on everything fails; else only the one operation does.
  state::CommitFault commit = state::CommitFault::kNone;
};

// Gives false when there were fewer store operations than `number`.
bool crash_at(std::uint64_t number, const Crash& crash) {
  Lake lake;
  lake.make_tables({"a", "b"});
  const std::vector<TableCommit> settings = {
      Lake::set_property("a", "write.metadata.previous-versions-max", "1"),
      Lake::set_property("b", "write.metadata.previous-versions-max", "1")};
  EXPECT_EQ(name_of(lake.catalog().commit(settings)), "ok");
  const std::vector<TableCommit> first = {lake.append("a", 11), lake.append("b", 21)};
  EXPECT_EQ(name_of(lake.catalog().commit(first, Lake::count_run)), "ok");
  const std::vector<TableCommit> second = {lake.append("a", 12), lake.append("b", 22)};
  std::uint64_t operations = 0;
  lake.store().set_fault([&](std::uint64_t, std::string_view operation, const std::string&) -> Status {
    ++operations;
    const bool fails = crash.power_cut ? operations >= number : operations == number;
    return fails ? Status(Error(io::kFailed, "simulated: " + std::string(operation))) : ok_status();
  });
  state::CommitFault once = crash.commit;
  lake.database().set_commit_fault([&] { return std::exchange(once, state::CommitFault::kNone); });
  const std::string outcome = name_of(lake.catalog().commit(second, Lake::count_run));
  const bool reached = operations >= number;
  expect_all_or_nothing(lake, outcome,
                        fmt::format("operation {}, power cut {}, commit fault {}, outcome {}", number,
                                    crash.power_cut, static_cast<int>(crash.commit), outcome));
  return reached;
}

TEST(Commit, SurvivesACrashAtEveryStoreOperation) {
  using state::CommitFault;
  for (const bool power_cut : {false, true})
    for (const CommitFault fault :
         {CommitFault::kNone, CommitFault::kFail, CommitFault::kLost, CommitFault::kLostReply}) {
      std::uint64_t number = 1;
      while (crash_at(number, {.power_cut = power_cut, .commit = fault})) ++number;
      EXPECT_GT(number, 5U) << "two writes, a sync and two removals are to be expected";
    }
}

TEST(Commit, ReadsBackWhatTheDatabaseCouldNotTell) {
  using state::CommitFault;
  const struct {
    CommitFault fault;
    CommitFault at_fence;
    std::string outcome;
    bool happened;
    std::size_t files;
  } kCases[] = {{CommitFault::kFail, CommitFault::kNone, "state.failed", false, 1},
                {CommitFault::kLost, CommitFault::kNone, "catalog.commit_failed", false, 1},
                {CommitFault::kLostReply, CommitFault::kNone, "ok", true, 2},
                // Reading back fails too: nothing is taken away, since it may have happened.
                {CommitFault::kLost, CommitFault::kFail, "state.commit_unknown", false, 2},
                {CommitFault::kLostReply, CommitFault::kFail, "state.commit_unknown", true, 2}};
  for (const auto& one : kCases) {
    Lake lake;
    lake.make_tables({"a"});
    const TableCommit commit = lake.append("a", 11);
    int commits = 0;
    lake.database().set_commit_fault([&] {
      ++commits;
      return commits == 1 ? one.fault : commits == 2 ? one.at_fence : CommitFault::kNone;
    });
    EXPECT_EQ(name_of(lake.catalog().commit({&commit, 1}, Lake::count_run)), one.outcome);
    EXPECT_EQ(lake.file_count(), one.files);
    lake.reopen();
    EXPECT_EQ(lake.catalog().load_table({"curated", "a"})->metadata->current_snapshot_id.has_value(),
              one.happened);
    EXPECT_EQ(lake.run_count(), one.happened ? 1U : 0U);
  }
}

// Replies get lost while others commit: what is reported is what happened.
TEST(Commit, ReadsBackAmongOthers) {
  constexpr int kThreads = 3;
  constexpr int kEach = 40;
  Lake lake;
  lake.make_tables({"a"});
  std::atomic<unsigned> commits = 0;
  lake.database().set_commit_fault([&] {
    const unsigned number = ++commits;
    if (number % 3 == 0) return state::CommitFault::kLostReply;
    return number % 7 == 0 ? state::CommitFault::kLost : state::CommitFault::kNone;
  });
  std::atomic<std::size_t> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&, thread] {
        for (int number = 0; number < kEach; ++number) {
          const Table table = lake.catalog().load_table({"curated", "a"}).value();
          const TableCommit commit = Lake::append(table, number * kThreads + thread + 1);
          const std::string outcome = name_of(lake.catalog().commit({&commit, 1}, Lake::count_run));
          if (outcome == "ok") ++done;
          // A fence may get lost as well; its commit stays unknown, so it is read back here.
          if (outcome != "state.commit_unknown") continue;
          const Table now = lake.catalog().load_table({"curated", "a"}).value();
          if (now.metadata->snapshot_by_id(number * kThreads + thread + 1) != nullptr) ++done;
        }
      });
  }
  lake.database().set_commit_fault({});
  lake.reopen();
  EXPECT_EQ(lake.run_count(), done);
  EXPECT_EQ(lake.catalog().load_table({"curated", "a"})->metadata->snapshots.size(), done);
  EXPECT_GT(done, 10U);
}

TEST(Commit, OfTwoAtOnceExactlyOneWins) {
  constexpr int kRounds = 60;
  Lake lake;
  lake.make_tables({"a"});
  std::barrier loaded(2);
  int wins[2] = {0, 0};
  std::string lost[2];
  const auto work = [&](int self) {
    for (int round = 0; round < kRounds; ++round) {
      const Table table = lake.catalog().load_table({"curated", "a"}).value();
      loaded.arrive_and_wait();
      const TableCommit commit = Lake::append(table, round * 2 + self + 1);
      const std::string outcome = name_of(lake.catalog().commit({&commit, 1}, Lake::count_run));
      if (outcome == "ok") ++wins[self];
      if (outcome != "ok" && outcome != "catalog.commit_conflict") lost[self] = outcome;
      loaded.arrive_and_wait();
    }
  };
  {
    const std::jthread other(work, 1);
    work(0);
  }
  EXPECT_EQ(wins[0] + wins[1], kRounds);
  EXPECT_EQ(lost[0], "");
  EXPECT_EQ(lost[1], "");
  EXPECT_EQ(lake.run_count(), static_cast<std::size_t>(kRounds));
  lake.reopen();
  const Table table = lake.catalog().load_table({"curated", "a"}).value();
  EXPECT_EQ(table.metadata->snapshots.size(), static_cast<std::size_t>(kRounds));
  EXPECT_EQ(lake.file_count(), static_cast<std::size_t>(kRounds) + 1);  // Losers' files are gone.
}

TEST(Commit, ReadersNeverSeeAHalf) {
  Lake lake;
  lake.make_tables({"a"});
  const TableCommit setting = Lake::set_property("a", "write.metadata.previous-versions-max", "1");
  EXPECT_EQ(name_of(lake.catalog().commit({&setting, 1})), "ok");
  std::jthread reader([&](const std::stop_token& stop) {
    std::int64_t last = 0;
    while (!stop.stop_requested()) {
      const auto table = lake.catalog().load_table({"curated", "a"});
      ASSERT_TRUE(table.ok()) << table.error().to_string();
      const std::int64_t now = table->metadata->current_snapshot_id.value_or(0);
      EXPECT_GE(now, last);
      last = now;
    }
  });
  for (int number = 1; number <= 100; ++number) {
    const TableCommit commit = lake.append("a", number);
    EXPECT_EQ(name_of(lake.catalog().commit({&commit, 1})), "ok");
  }
}

TEST(Commit, WorksOnRealFiles) {
  Lake lake;
  const auto store = io::make_local_object_store();
  const auto clock = io::make_system_clock();
  const auto random = io::make_system_random();
  Catalog catalog(lake.database(), *store, *clock, *random, io::file_uri(lake.folder() + "/lake"));
  EXPECT_EQ(name_of(catalog.create_namespace("curated")), "ok");
  Table table = catalog.create_table(Lake::description("a")).value();
  for (int number = 1; number <= 3; ++number) {
    const TableCommit commit = Lake::append(table, number);
    auto result = catalog.commit({&commit, 1}, Lake::count_run);
    ASSERT_TRUE(result.ok()) << result.error().to_string();
    EXPECT_TRUE(result->not_removed.empty());
    table = result->tables[0];
  }
  EXPECT_TRUE(std::filesystem::exists(io::local_path(table.metadata_location).value()));
  Catalog fresh(lake.database(), *store, *clock, *random, io::file_uri(lake.folder() + "/lake"));
  EXPECT_EQ(*fresh.load_table({"curated", "a"})->metadata, *table.metadata);
}

}  // namespace
}  // namespace tarn::catalog
