#include "maintain/maintainer.h"

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "catalog/errors.h"
#include "io/simulated.h"
#include "maintain/background.h"
#include "state/batches.h"
#include "state/runs.h"
#include "state/testing/state_location.h"
#include "table/data_files.h"
#include "table/reader.h"
#include "table/testing/rows.h"

namespace tarn::maintain {
namespace {

using table::testing::must;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kDayUs = 24 * kHourUs;

/// The time of a ManualClock, and sleep that takes time.
class SleepingClock final : public io::Clock {
 public:
  explicit SleepingClock(io::Clock& time) : time_(time) {}
  std::int64_t now_us() override { return time_.now_us(); }
  std::int64_t monotonic_us() override { return time_.monotonic_us(); }
  bool sleep(std::chrono::milliseconds duration, std::stop_token stop) override {
    return real_->sleep(duration, std::move(stop));
  }

 private:
  io::Clock& time_;
  std::unique_ptr<io::Clock> real_ = io::make_system_clock();
};

/// A catalog on a state database in a folder of its own, its warehouse in memory, and one table.
class MaintainerTest : public ::testing::Test {
 protected:
  MaintainerTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarn-maintain-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    database_ =
        must(state::Database::open(state::state_location(folder_ + "/tarn.db"), state::OpenMode::kReadWrite));
    catalog_ = std::make_unique<catalog::Catalog>(*database_, store_, clock_, random_, "file:///lake");
    store_.set_clock(clock_);
    must(catalog_->create_namespace("curated"));
    must(catalog_->create_table({.name = name_, .schema = table::testing::all_types()}));
  }
  ~MaintainerTest() override {
    catalog_.reset();
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Maintainer::Services services() { return {*database_, *catalog_, store_, clock_, random_, manifests_}; }
  Maintainer maintainer(Maintainer::Door door = {}) {
    Settings settings;
    settings.compaction = {.target_file_bytes = 1 << 20, .min_files = 3};
    settings.expiry = {.max_snapshot_age_ms = 3'600'000};
    settings.orphan_grace_us = 3 * kDayUs;
    return {services(), settings, std::move(door)};
  }
  void append(const std::string& id) {
    clock_.advance_us(1'000'000);
    const catalog::Table now = must(catalog_->load_table(name_));
    const auto batch = table::testing::random_batch(now.metadata->current_schema(), 30, rng_);
    const auto written = must(table::write_data_files(store_, std::vector{batch},
                                                      {.schema = now.metadata->current_schema(),
                                                       .table_location = now.metadata->location,
                                                       .batch_id = id}));
    const auto built =
        must(table::build_snapshot(store_, manifests_, random_, *now.metadata,
                                   {.data_files = written.files, .timestamp_ms = clock_.now_us() / 1000}));
    const std::vector<catalog::TableCommit> commits = {{name_, built.requirements, built.updates}};
    must(catalog_->commit(commits));
  }
  std::vector<std::string> rows() {
    table::ManifestCache fresh(store_);
    const catalog::Table now = must(catalog_->load_table(name_));
    return table::testing::row_texts(
        must(table::read_all(store_, must(table::plan_scan(fresh, *now.metadata)))));
  }
  std::size_t live_files() {
    table::ManifestCache fresh(store_);
    return must(table::plan_scan(fresh, *must(catalog_->load_table(name_)).metadata)).tasks.size();
  }
  std::size_t data_files() {
    return static_cast<std::size_t>(
        std::ranges::count_if(must(store_.list("file:///lake")),
                              [](const auto& object) { return object.location.ends_with(".parquet"); }));
  }

  const TableName name_{"curated", "encounter"};
  std::string folder_;
  io::MemoryObjectStore store_;
  io::ManualClock clock_{1'790'000'000'000'000};
  io::SeededRandom random_{5};
  table::testing::Rng rng_{17};
  table::ManifestCache manifests_{store_};
  std::unique_ptr<state::Database> database_;
  std::unique_ptr<catalog::Catalog> catalog_;
};

TEST_F(MaintainerTest, ManySmallCommitsBecomeOneFileAndTheRestLeavesTheStore) {
  for (int i = 0; i < 40; ++i) append("b" + std::to_string(i));
  const auto before = rows();
  const TableReport planned = must(maintainer().plan(name_, {}));
  EXPECT_EQ(planned.before.data_files, 40);
  EXPECT_EQ(planned.after.data_files, 1);
  EXPECT_TRUE(planned.changed());
  EXPECT_EQ(data_files(), 40U) << "planning changes nothing";
  const TableReport done = must(maintainer().run(name_, {}, {}));
  EXPECT_EQ(done.after.data_files, 1);
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(data_files(), 41U) << "young snapshots still name them";
  clock_.advance_us(2 * kHourUs);
  const TableReport later = must(maintainer().run(name_, {}, {}));
  EXPECT_EQ(later.snapshots_after, 1);
  EXPECT_GT(later.files_removed, 40);
  EXPECT_EQ(data_files(), 1U);
  EXPECT_EQ(rows(), before);
  EXPECT_FALSE(must(maintainer().run(name_, {}, {})).changed()) << "done once";
  clock_.advance_us(4 * kDayUs);
  must(maintainer().run(name_, {}, {}));
  EXPECT_FALSE(must(maintainer().plan(name_, {})).changed());
  EXPECT_EQ(rows(), before);
}

// A fault at any operation of the store: the table is as it was or as it should be, a rerun ends the work,
// and after the grace period nothing is left that the table does not name.
TEST_F(MaintainerTest, AFaultAnywhereIsMendedByTheNextRun) {
  for (int i = 0; i < 8; ++i) append("b" + std::to_string(i));
  const auto before = rows();
  clock_.advance_us(2 * kHourUs);
  std::uint64_t seen = 0;
  std::uint64_t fail_at = 0;
  store_.set_fault([&](std::uint64_t, std::string_view operation, const std::string&) -> Status {
    return fail_at != 0 && ++seen >= fail_at
               ? Status(Error(catalog::kBadCommit, "cut at " + std::string(operation)))
               : ok_status();
  });
  int failed = 0;
  for (std::uint64_t at = 1; at < 200; at += 7) {
    append("more" + std::to_string(at));
    const auto expected = rows();
    fail_at = at;
    seen = 0;
    const auto outcome = maintainer().run(name_, {}, {});
    fail_at = 0;
    failed += outcome.ok() ? 0 : 1;
    ASSERT_EQ(rows(), expected) << at;
  }
  EXPECT_GT(failed, 5);
  must(maintainer().run(name_, {}, {}));
  clock_.advance_us(4 * kDayUs);
  const auto expected = rows();
  must(maintainer().run(name_, {}, {}));
  EXPECT_EQ(rows(), expected);
  const catalog::Table now = must(catalog_->load_table(name_));
  const auto scan = must(table::plan_scan(manifests_, *now.metadata));
  EXPECT_EQ(data_files(), scan.tasks.size());
}

TEST_F(MaintainerTest, NothingYoungerThanARunningBatchIsAnOrphan) {
  append("b");
  const std::string orphan = must(catalog_->load_table(name_)).metadata->location + "/data/lost.parquet";
  {
    auto transaction = must(database_->begin());
    must(state::begin_batch(transaction, {BatchId("slow"), clock_.now_us(), std::nullopt}));
    must(transaction.commit());
  }
  clock_.advance_us(1);
  must(store_.write(orphan, "x", io::IfExists::kFail));
  clock_.advance_us(10 * kDayUs);
  const Tasks tasks{.compaction = false, .expiry = false, .orphans = true};
  EXPECT_EQ(must(maintainer().run(name_, tasks, {})).files_removed, 0);
  {
    auto transaction = must(database_->begin());
    must(state::abandon_batch(transaction, BatchId("slow"), clock_.now_us()));
    must(transaction.commit());
  }
  EXPECT_EQ(must(maintainer().plan(name_, tasks)).files_removed, 1);
  EXPECT_EQ(must(maintainer().run(name_, tasks, {})).files_removed, 1);
  EXPECT_EQ(store_.stat(orphan).error().name(), "io.not_found");
}

// Ingest commits before maintenance gets its turn.
TEST_F(MaintainerTest, CommitsMeanwhileAreKept) {
  for (int i = 0; i < 6; ++i) append("b" + std::to_string(i));
  int turns = 0;
  auto busy = maintainer([&](const std::function<Status()>& commit) {
    append("meanwhile" + std::to_string(++turns));
    return commit();
  });
  const std::size_t count = rows().size();
  must(busy.run(name_, {.compaction = true, .expiry = false, .orphans = false}, {}));
  EXPECT_EQ(rows().size(), count + 30 * static_cast<std::size_t>(turns));
  EXPECT_GT(turns, 0);
}

TEST_F(MaintainerTest, SaysWhatItCannotDo) {
  EXPECT_EQ(maintainer().run({"curated", "nothing"}, {}, {}).error().name(), "catalog.table_not_found");
  EXPECT_EQ(maintainer().plan({"curated", "nothing"}, {}).error().name(), "catalog.table_not_found");
  for (int i = 0; i < 4; ++i) append("b" + std::to_string(i));
  const auto before = rows();
  auto stopped =
      maintainer([](const std::function<Status()>&) -> Status { return Error(catalog::kBadCommit, "test"); });
  EXPECT_EQ(stopped.run(name_, {}, {}).error().name(), catalog::kBadCommit.name);
  EXPECT_EQ(data_files(), 4U) << "what was written for it is gone again";
  EXPECT_EQ(rows(), before);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(must(maintainer().run(name_, {}, stop.get_token())).changed());
}

// Without a block `maintenance:` small files are merged, but what could be queried can be queried for ever.
TEST_F(MaintainerTest, NothingExpiresByDefault) {
  const Settings settings = Settings::of(project::ProjectSpec{});
  EXPECT_EQ(settings.orphan_grace_us, 3 * kDayUs);
  for (int i = 0; i < 6; ++i) append("b" + std::to_string(i));
  clock_.advance_us(1000 * kDayUs);
  Maintainer by_default(services(), settings);
  EXPECT_EQ(must(by_default.plan(name_, {})).snapshots_after, 6);
  const TableReport done = must(by_default.run(name_, {}, {}));
  EXPECT_EQ(done.after.data_files, 1);
  EXPECT_EQ(done.files_removed, 0);
  clock_.advance_us(1000 * kDayUs);
  EXPECT_FALSE(must(by_default.run(name_, {}, {})).changed());
  const catalog::Table now = must(catalog_->load_table(name_));
  EXPECT_EQ(now.metadata->snapshots.size(), 7U);
  EXPECT_EQ(now.metadata->refs.size(), 1U) << "no tags";
  EXPECT_EQ(data_files(), 7U);
}

TEST_F(MaintainerTest, WhatTarnDoesNotMaintainIsSkippedAndSaid) {
  const auto nanoseconds = must(iceberg::Schema::make(
      {.fields = {{.id = 1, .name = "at", .type = must(iceberg::Type::parse("timestamp_ns"))}}}));
  const std::tuple<int, iceberg::Schema, std::string> cases[] = {
      {1, table::testing::all_types(), "has version 1"},
      {3, nanoseconds, "no file is rewritten"},
      {3, table::testing::all_types(), ""},
  };
  for (const auto& [version, schema, said] : cases) {
    const TableName other{"curated", "other" + std::to_string(said.size())};
    must(catalog_->create_table({.name = other, .schema = schema, .format_version = version}));
    for (const TableReport& report :
         {must(maintainer().plan(other, {})), must(maintainer().run(other, {}, {}))}) {
      EXPECT_EQ(report.left_alone.empty(), said.empty());
      EXPECT_NE(report.left_alone.find(said), std::string::npos) << report.left_alone;
      EXPECT_FALSE(report.changed());
    }
  }
  EXPECT_EQ(must(maintainer().plan(name_, {})).left_alone, "");
}

// Threads that commit as ingest does, one batch after the other, beside maintenance: no batch is refused, no
// row is lost or doubled, and the files stay few.
TEST_F(MaintainerTest, KeepsTablesSmallBesideIngest) {
  SleepingClock clock(clock_);
  std::ostringstream lines;
  telemetry::Log log(lines, telemetry::Level::kInfo, [] { return std::int64_t{0}; });
  catalog::CommitTurns turns;
  Settings settings;
  settings.compaction = {.target_file_bytes = 1 << 20, .min_files = 3};
  settings.max_bytes_per_s = 1 << 30;
  const Maintainer::Services services{*database_, *catalog_, store_, clock, random_, manifests_};
  std::size_t count = 0;
  std::int64_t replacements = 0;
  {
    const Background background({services, settings, {.interval_ms = 1}, turns, log});
    while (count < 40 || (replacements < 4 && count < 2000)) {
      {
        const auto turn = turns.next();
        append("b" + std::to_string(count++));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      const catalog::Table now = must(catalog_->load_table(name_));
      replacements = std::ranges::count(now.metadata->snapshots, std::string(iceberg::kOperationReplace),
                                        &iceberg::Snapshot::operation);
    }
  }
  EXPECT_GE(replacements, 4) << lines.str();
  EXPECT_EQ(rows().size(), 30 * count);
  EXPECT_LT(live_files(), count);
  // On a busy machine ingest may win ten races in a row: maintenance gives way, and comes again.
  std::istringstream told(lines.str());
  for (std::string line; std::getline(told, line);)
    EXPECT_TRUE(line.find("maintain.failed") == std::string::npos ||
                line.find("catalog.commit_conflict") != std::string::npos)
        << line;
}

// Batches come without a gap, each before maintenance can commit: it drops its work, which leaves no file.
// A commit takes longer than may be spent in a turn, and others are always first: it gets a turn in the end.
TEST_F(MaintainerTest, WhoLosesRaceAfterRaceGetsATurn) {
  for (int i = 0; i < 6; ++i) append("b" + std::to_string(i));
  Settings settings;
  settings.compaction = {.target_file_bytes = 1 << 20, .min_files = 3};
  settings.longest_turn_us = -1;  // whatever it takes is too long
  int others = 0;
  Maintainer unlucky(services(), settings, [&](const std::function<Status()>& commit) {
    if (others < 6) append("meanwhile" + std::to_string(others++));
    return commit();
  });
  const auto outcome = unlucky.run(name_, {.compaction = true, .expiry = false, .orphans = false}, {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  EXPECT_EQ(rows().size(), 30U * 12);
  EXPECT_LT(outcome->after.data_files, 12);
}

TEST_F(MaintainerTest, DroppedTablesGoAfterTheGracePeriod) {
  append("b");
  must(catalog_->drop_table(name_, catalog::Purge::kYes));
  clock_.advance_us(3 * kDayUs - 1);
  EXPECT_TRUE(must(maintainer().purge_dropped(true, {})).empty());
  clock_.advance_us(1);
  const auto files = static_cast<std::int64_t>(must(store_.list("file:///lake")).size());
  for (const bool really : {false, true}) {
    const auto reports = must(maintainer().purge_dropped(really, {}));
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].name, name_);
    EXPECT_EQ(reports[0].files_removed, files);
    EXPECT_GT(reports[0].bytes_removed, 0);
  }
  EXPECT_TRUE(must(store_.list("file:///lake")).empty());
  EXPECT_TRUE(must(maintainer().purge_dropped(true, {})).empty());
}

// One table registered by two names: what one of them has written since is no orphan of the other.
TEST_F(MaintainerTest, NoFileOfASharedFolderIsRemoved) {
  append("b");
  const catalog::Table first = must(catalog_->load_table(name_));
  const TableName twin{"curated", "twin"};
  must(catalog_->register_table(twin, first.metadata_location));
  for (int i = 0; i < 4; ++i) append("later" + std::to_string(i));
  const auto before = rows();
  clock_.advance_us(10 * kDayUs);
  for (const TableName& name : {name_, twin}) {
    const TableReport planned = must(maintainer().plan(name, {}));
    EXPECT_NE(planned.left_alone.find("shares its folder"), std::string::npos);
    EXPECT_EQ(planned.files_removed, 0);
    const TableReport done = must(maintainer().run(name, {}, {}));
    EXPECT_EQ(done.left_alone, planned.left_alone);
    EXPECT_EQ(done.files_removed, 0);
  }
  EXPECT_EQ(rows(), before);
}

}  // namespace
}  // namespace tarn::maintain
