#include "table/maintenance/compaction.h"

#include <arrow/api.h>

#include <algorithm>
#include <set>

#include "table/errors.h"
#include "table/partition.h"
#include "table/reader.h"
#include "table/testing/compact.h"
#include "table/testing/upsert.h"

namespace tarn::table {
namespace {

using iceberg::Transform;
using iceberg::Type;
using testing::commit_compaction;
using testing::CompactionRun;
using testing::eager;
using testing::Model;
using testing::must;
using testing::Rng;
using testing::Row;
using testing::TestTable;
using testing::to_batch;
using Kind = KeyIndex::SyncOutcome::Kind;

class CompactionTest : public testing::UpsertFixture {
 protected:
  ResolvedCompaction compact(const CompactionPolicy& policy = eager()) {
    const std::string id = "compact" + std::to_string(++run_);
    return must(commit_compaction(table_, must(testing::rewrite(table_, policy, id)), id));
  }
  Scan scan() { return must(plan_scan(table_.cache, table_.metadata)); }
  /// Whether the rows of every data file are in the table's order.
  void expect_sorted() {
    const Scan now = scan();
    for (const ScanTask& task : now.tasks) {
      Scan one = now;
      one.tasks = {{task.data, {}}};
      const auto batches = must(read_all(table_.store, one));
      const auto whole = arrow::ConcatenateRecordBatches(batches).ValueOrDie();
      const auto order =
          must(ordered_rows(*whole, now.schema, table_.metadata.default_sort_order(), nullptr));
      EXPECT_TRUE(std::ranges::is_sorted(order)) << task.data->file.file_path;
      EXPECT_EQ(task.data->file.sort_order_id, table_.metadata.default_sort_order_id);
    }
  }
  int run_ = 0;
};

// Upserts, compactions in between and while rows are being rewritten, indices that saw it and that did not:
// the table is always the model, and the index never needs a scan.
TEST_F(CompactionTest, EqualsTheModelWhateverIsCommittedMeanwhile) {
  // The last seeds' tables begin as version 2 and go on as version 3.
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    restart(seed == 3 || seed == 4 ? 3 : 2);
    // Files of every other table lie along a curve instead of in the sort order.
    const bool has_curve = seed % 2 == 0;
    table_.metadata.properties["tarn.zorder"] = has_curve ? "code,ward,version" : "";
    const bool upgrades = seed > 4;
    Model model;
    std::int64_t arrival = 0;
    std::int64_t carried = 0;
    const auto one_batch = [&] {
      const auto rows = random_rows(rng, 1 + rng() % 120, ++arrival);
      model.upsert(rows);
      upsert(rows, rng() % 3 != 0);
    };
    one_batch();
    for (int round = 0; round < 8; ++round) {
      for (std::uint64_t i = rng() % 4; i > 0; --i) one_batch();
      CompactionPolicy policy = eager();
      policy.min_files = 2 + rng() % 3;
      policy.target_file_bytes = rng() % 2 == 0 ? 1 << 20 : 6000;
      policy.memory_bytes = rng() % 2 == 0 ? 1 << 20 : 4000;
      if (upgrades && round == 4) upgrade();
      const std::string id = "compact" + std::to_string(++run_);
      const CompactionRun run = must(testing::rewrite(table_, policy, id));
      for (std::uint64_t i = rng() % 3; i > 0; --i) one_batch();
      const Lineage before = lineage();
      const auto resolved = must(commit_compaction(table_, run, id, rng() % 4 != 0));
      EXPECT_TRUE(resolved.refused.empty() || (upgrades && round == 4)) << "rows were numbered meanwhile";
      if (table_.metadata.format_version > 2) {
        for (const auto& [row, known] : lineage())
          ASSERT_TRUE(!before.at(row).first || known == before.at(row)) << row;
      }
      carried += resolved.carried_deletes;
      ASSERT_EQ(table_rows(), model_rows(model));
      if (rng() % 2 == 0) open();
      ASSERT_NE(sync().kind, Kind::kRebuilt);
      ASSERT_EQ(must(index_->count_keys()), static_cast<std::int64_t>(model.rows().size()));
    }
    EXPECT_GT(carried, 0) << "deletes that were committed while files were rewritten";
    if (!has_curve) expect_sorted();
    compact();
    EXPECT_LE(scan().tasks.size(), 5U) << "a file a partition, and one that was not small";
    EXPECT_TRUE(must(plan_compaction(table_.store, table_.cache, table_.metadata, eager())).groups.empty());
    ASSERT_EQ(table_rows(), model_rows(model));
    if (table_.metadata.format_version > 2) expect_version_3();
  }
}

TEST_F(CompactionTest, TheIndexFollowsWithoutAScanAndUpsertsAreRight) {
  Rng rng(7);
  Model model;
  for (std::int64_t arrival = 1; arrival <= 6; ++arrival) {
    const auto rows = random_rows(rng, 100, arrival);
    model.upsert(rows);
    upsert(rows);
  }
  const auto resolved = compact();
  EXPECT_FALSE(resolved.changes_nothing());
  const auto outcome = sync();
  EXPECT_EQ(outcome.kind, Kind::kCaughtUp);
  EXPECT_EQ(outcome.rows_read, static_cast<std::int64_t>(model.rows().size()));
  EXPECT_EQ(outcome.duplicate_keys, 0);
  const auto rows = random_rows(rng, 300, 7);
  const UpsertCounts expected = model.upsert(rows);
  const UpsertCounts counts = upsert(rows);
  EXPECT_EQ(counts.inserted, expected.inserted);
  EXPECT_EQ(counts.updated, expected.updated);
  EXPECT_GT(counts.updated, 0);
  EXPECT_EQ(table_rows(), model_rows(model));
}

TEST_F(CompactionTest, TheIndexFollowsWhenItsSnapshotHasExpired) {
  Rng rng(8);
  Model model;
  const auto rows = random_rows(rng, 200, 1);
  model.upsert(rows);
  upsert(rows);
  const std::int64_t former = *table_.metadata.current_snapshot_id;
  const auto more = random_rows(rng, 20, 2);
  model.upsert(more);
  upsert(more, false);
  const std::vector<iceberg::TableUpdate> updates{iceberg::RemoveSnapshots{{former}}};
  table_.metadata = must(iceberg::apply(table_.metadata, updates, {.now_ms = table_.now_ms}));
  EXPECT_EQ(sync().kind, Kind::kCaughtUp);
  EXPECT_EQ(must(index_->count_keys()), static_cast<std::int64_t>(model.rows().size()));
}

TEST_F(CompactionTest, AReplacementThatChangesRowsRebuildsTheIndex) {
  const std::vector<Row> rows{{.facility = 1, .code = "a", .version = 1, .ward = 1},
                              {.facility = 1, .code = "b", .version = 1, .ward = 1}};
  upsert(rows);
  // A foreign writer says `replace` and means something else.
  const std::vector<Row> others{{.facility = 2, .code = "z", .version = 1, .ward = 1}};
  const auto written =
      must(write_data_files(table_.store, std::vector{to_batch(table_, others)}, table_.request("foreign")));
  table_.commit(table_.build({.data_files = written.files, .operation = "replace"}));
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
  EXPECT_EQ(must(index_->count_keys()), 3);
}

TEST_F(CompactionTest, SummaryAndSequenceNumbersAreThoseOfARewrite) {
  Rng rng(9);
  for (std::int64_t arrival = 1; arrival <= 4; ++arrival) upsert(random_rows(rng, 100, arrival));
  const iceberg::Snapshot before = *table_.metadata.current_snapshot();
  const auto live = table_rows().size();
  compact();
  const iceberg::Snapshot& after = *table_.metadata.current_snapshot();
  EXPECT_EQ(after.operation, "replace");
  EXPECT_EQ(after.summary.at("total-records"), std::to_string(live));
  EXPECT_EQ(after.summary.at("total-position-deletes"), "0");
  EXPECT_EQ(after.summary.at("total-delete-files"), "0");
  EXPECT_EQ(after.summary.at("deleted-data-files"), before.summary.at("total-data-files"));
  for (const ScanTask& task : scan().tasks) {
    EXPECT_EQ(task.data->sequence_number, before.sequence_number) << "deletes committed since would apply";
    EXPECT_TRUE(task.deletes.empty());
  }
  // Also through a merge of manifests.
  table_.metadata.properties["commit.manifest.min-count-to-merge"] = "2";
  upsert(random_rows(rng, 100, 5));
  compact();
  upsert(random_rows(rng, 3, 6));
  for (const ScanTask& task : scan().tasks) EXPECT_GT(task.data->sequence_number, 0);
  const auto scanned = table_rows();
  open();
  EXPECT_NE(sync().kind, Kind::kRebuilt);
  EXPECT_EQ(scanned, table_rows());
}

TEST_F(CompactionTest, AGroupWhoseFileIsGoneIsRefused) {
  Rng rng(10);
  for (std::int64_t arrival = 1; arrival <= 3; ++arrival) upsert(random_rows(rng, 100, arrival));
  const CompactionRun run = must(testing::rewrite(table_, eager(), "late"));
  ASSERT_GE(run.groups.size(), 2U);
  const CompactionRun other = must(testing::rewrite(table_, eager(), "first"));
  must(commit_compaction(table_, other, "first"));
  const auto rows = table_rows();
  const auto resolved = must(commit_compaction(table_, run, "late"));
  EXPECT_EQ(resolved.refused.size(), run.groups.size());
  EXPECT_TRUE(resolved.changes_nothing());
  EXPECT_EQ(table_rows(), rows);
}

TEST_F(CompactionTest, ManyDeleteFilesBecomeOne) {
  Rng rng(11);
  Model model;
  std::vector<Row> rows;
  for (int i = 0; i < 3000; ++i)
    rows.push_back({.facility = i, .code = "c", .version = 1, .ward = i % 50, .arrival = 1, .record = i});
  model.upsert(rows);
  upsert(rows);
  for (std::int64_t arrival = 2; arrival <= 9; ++arrival) {
    std::vector<Row> updates;
    for (int i = 0; i < 6; ++i)
      updates.push_back({.facility = static_cast<std::int32_t>(arrival * 100 + i),
                         .code = "c",
                         .version = arrival,
                         .ward = i,
                         .arrival = arrival,
                         .record = i});
    model.upsert(updates);
    upsert(updates);
  }
  CompactionPolicy policy{.target_file_bytes = 20'000, .min_files = 4, .max_deleted_percent = 50};
  ASSERT_GT(scan().delete_files.size(), 8U);
  compact(policy);
  EXPECT_LE(scan().delete_files.size(), 3U) << "one a partition";
  EXPECT_EQ(table_rows(), model_rows(model));
  EXPECT_NE(sync().kind, Kind::kRebuilt);
  const auto again = must(plan_compaction(table_.store, table_.cache, table_.metadata, policy));
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(again.before.delete_files, std::ssize(scan().delete_files));
}

TEST_F(CompactionTest, OnlyWhereItPays) {
  const auto add = [&](int rows, const std::string& id) {
    std::vector<Row> batch;
    for (int i = 0; i < rows; ++i)
      batch.push_back({.facility = i, .code = id, .version = 1, .ward = 1, .note = std::to_string(i * 7919)});
    table_.append({to_batch(table_, batch)}, id);
  };
  const auto groups = [&](const CompactionPolicy& policy) {
    std::vector<std::size_t> sizes;
    for (const FileGroup& group :
         must(plan_compaction(table_.store, table_.cache, table_.metadata, policy)).groups)
      sizes.push_back(group.files.size());
    return sizes;
  };
  using Sizes = std::vector<std::size_t>;
  const CompactionPolicy policy{.target_file_bytes = 200'000, .min_files = 3};
  EXPECT_EQ(groups(policy), Sizes{}) << "an empty table";
  add(5, "a");
  add(5, "b");
  EXPECT_EQ(groups(policy), Sizes{}) << "too few";
  add(5, "c");
  EXPECT_EQ(groups(policy), Sizes{3});
  add(20'000, "big");
  EXPECT_EQ(groups(policy), Sizes{3}) << "a big file is not rewritten for three tiny ones";
  const CompactionPolicy huge{.target_file_bytes = 1'000'000, .min_files = 2};
  EXPECT_EQ(groups(huge), Sizes{3}) << "the tiny ones are no tenth of it";
  add(20'000, "big too");
  EXPECT_EQ(groups({.target_file_bytes = 1'000'000, .min_files = 4}), Sizes{})
      << "neither three nor two are enough";
  add(20'000, "third");
  EXPECT_EQ(groups({.target_file_bytes = 1'000'000, .min_files = 4}), Sizes{}) << "nor are three";
  add(20'000, "fourth");
  EXPECT_EQ(groups({.target_file_bytes = 1'000'000, .min_files = 4}), Sizes{4}) << "four of one size are";
  CompactionPolicy narrow = policy;
  narrow.memory_bytes = 5'000;
  for (const std::size_t size : groups(narrow)) EXPECT_LT(size, 3U) << "what memory allows";
  table_.metadata.properties["write.target-file-size-bytes"] = "100";
  EXPECT_EQ(groups(policy), Sizes{}) << "all are big enough for the table's own target";
}

TEST_F(CompactionTest, AFaultAnywhereLeavesTheTableAsItWas) {
  Rng rng(12);
  for (std::int64_t arrival = 1; arrival <= 4; ++arrival) upsert(random_rows(rng, 60, arrival));
  const auto rows = table_rows();
  const auto snapshot = table_.metadata.current_snapshot_id;
  std::uint64_t operations = 0;
  std::uint64_t fail_at = 0;
  table_.memory.set_fault([&](std::uint64_t, std::string_view operation, const std::string& where) -> Status {
    ++operations;
    if (operations == fail_at) return Error(kParquetFailed, std::string(operation) + " of " + where);
    return ok_status();
  });
  int failed = 0;
  for (fail_at = 1;; fail_at += 3) {
    operations = 0;
    const std::string id = "compact" + std::to_string(++run_);
    const auto run = testing::rewrite(table_, eager(), id);
    const auto outcome =
        run.ok() ? commit_compaction(table_, *run, id) : Result<ResolvedCompaction>(run.error());
    if (outcome.ok()) break;
    EXPECT_EQ(outcome.error().name(), "table.parquet_failed");
    EXPECT_EQ(table_.metadata.current_snapshot_id, snapshot);
    ++failed;
  }
  EXPECT_GT(failed, 5);
  fail_at = 0;
  EXPECT_EQ(table_rows(), rows);
  EXPECT_EQ(scan().delete_files.size(), 0U);
}

TEST_F(CompactionTest, RefusesWhatItCannotRead) {
  Rng rng(13);
  for (std::int64_t arrival = 1; arrival <= 3; ++arrival) upsert(random_rows(rng, 50, arrival));
  const CompactionRun run = must(testing::rewrite(table_, eager(), "a"));
  NewFile equality{must(write_position_deletes(table_.store, "file:///lake/t/data/e.parquet", {{"x", {0}}})),
                   0};
  equality.file.content = iceberg::FileContent::kEqualityDeletes;
  equality.file.equality_ids = {1};
  equality.file.partition = scan().tasks[0].data->file.partition;
  equality.file.referenced_data_file.reset();
  table_.commit(table_.build({.delete_files = {equality}}));
  EXPECT_EQ(commit_compaction(table_, run, "a").error().name(), "table.unsupported_delete")
      << "its deletes would be lost";
  EXPECT_EQ(plan_compaction(table_.store, table_.cache, table_.metadata, eager()).error().name(),
            "table.unsupported_delete");
}

// A file that claims the table's order and does not keep it loses no row.
TEST_F(CompactionTest, RowsOfAFalseClaimSurvive) {
  Rng rng(14);
  for (int i = 0; i < 3; ++i) {
    auto request = table_.request("liar" + std::to_string(i));
    request.order = {};
    auto written = must(
        write_data_files(table_.store, std::vector{to_batch(table_, random_rows(rng, 500, i))}, request));
    for (NewFile& file : written.files) file.file.sort_order_id = table_.metadata.default_sort_order_id;
    table_.commit(table_.build({.data_files = written.files}));
  }
  const auto rows = table_rows();
  CompactionPolicy policy = eager();
  policy.memory_bytes = 60'000;
  compact(policy);
  EXPECT_EQ(table_rows(), rows);
}

TEST_F(CompactionTest, ManifestsAreRewrittenByPartition) {
  Rng rng(15);
  for (std::int64_t arrival = 1; arrival <= 9; ++arrival) upsert(random_rows(rng, 60, arrival));
  const auto rows = table_rows();
  const auto manifests = [&] {
    return must(table_.cache.manifest_list(*table_.metadata.current_snapshot()))->size();
  };
  ASSERT_GT(manifests(), 10U);
  const auto built = table_.build({.operation = "replace", .rewrite_manifests = true});
  table_.commit(built);
  EXPECT_EQ(manifests(), 2U) << "data and deletes";
  EXPECT_EQ(built.snapshot.summary.at("manifests-created"), "2");
  EXPECT_EQ(built.snapshot.summary.at("manifests-kept"), "0");
  EXPECT_EQ(table_rows(), rows);
  const Scan now = scan();
  EXPECT_TRUE(std::ranges::is_sorted(now.tasks, {}, [](const ScanTask& task) {
    const auto& bucket = task.data->file.partition[0];
    return bucket ? bucket->get<std::int32_t>() : -1;
  }));
  const auto outcome = sync();
  EXPECT_EQ(outcome.kind, Kind::kCaughtUp);
  EXPECT_EQ(outcome.rows_read, 0);
  const auto bad = build_snapshot(table_.store, table_.cache, table_.random, table_.metadata,
                                  {.removed_files = {"x"}, .rewrite_manifests = true});
  EXPECT_EQ(bad.error().name(), "table.bad_change");
}

}  // namespace
}  // namespace tarn::table
