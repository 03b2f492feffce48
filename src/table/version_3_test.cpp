#include <algorithm>
#include <set>

#include "table/maintenance/reachable.h"
#include "table/testing/compact.h"
#include "table/testing/upsert.h"

// What is different in tables of Iceberg's format version 3: deletion vectors and row ids.
namespace tarn::table {
namespace {

using testing::commit_compaction;
using testing::eager;
using testing::Model;
using testing::must;
using testing::Rng;
using testing::Row;
using Kind = KeyIndex::SyncOutcome::Kind;

class Version3Test : public testing::UpsertFixture {
 protected:
  Version3Test() { restart(3); }

  void batch(std::size_t rows, bool note = true) {
    const auto some = random_rows(rng_, rows, ++arrival_);
    model_.upsert(some);
    upsert(some, note);
  }
  ResolvedCompaction compact() {
    const std::string id = "compact" + std::to_string(arrival_);
    return must(commit_compaction(table_, must(testing::rewrite(table_, eager(), id)), id));
  }
  Scan scan() { return must(plan_scan(table_.cache, table_.metadata)); }
  std::size_t delete_files(bool vectors) {
    const Scan now = scan();
    return static_cast<std::size_t>(std::ranges::count_if(
        now.delete_files, [&](const auto& file) { return is_deletion_vector(file->file) == vectors; }));
  }
  NewFile vector_of(const LiveFile& data, const std::vector<std::int64_t>& positions) {
    const std::string location = "file:///lake/t/data/foreign" + std::to_string(++foreign_) + ".puffin";
    NewFile vector{
        must(write_deletion_vectors(table_.store, location, {{data.file.file_path, positions}}))[0],
        data.spec_id};
    vector.file.partition = data.file.partition;
    return vector;
  }

  Rng rng_{3};
  Model model_;
  std::int64_t arrival_ = 0;
  int foreign_ = 0;
};

TEST_F(Version3Test, UpsertsWriteOneVectorADataFileInAFileOfItsOwn) {
  for (int i = 0; i < 6; ++i) batch(150);
  EXPECT_EQ(table_rows(), model_rows(model_));
  expect_version_3();
  EXPECT_EQ(delete_files(false), 0U);
  EXPECT_GT(delete_files(true), 6U);
  std::set<std::string> puffins;
  for (const auto& file : scan().delete_files) puffins.insert(file->file.file_path);
  EXPECT_EQ(puffins.size(), scan().delete_files.size()) << "some readers take the wrong one of several";
  const auto& summary = table_.metadata.current_snapshot()->summary;
  EXPECT_TRUE(summary.contains("added-dvs") && summary.contains("removed-dvs"));
  EXPECT_FALSE(summary.contains("added-position-delete-files"));
  EXPECT_EQ(std::stoll(summary.at("total-records")) - std::stoll(summary.at("total-position-deletes")),
            std::ssize(model_.rows()));
}

TEST_F(Version3Test, RowIdsSurviveMergingAndRewritingManifests) {
  table_.metadata.properties["commit.manifest.min-count-to-merge"] = "2";
  batch(100);
  auto before = lineage();
  for (int i = 0; i < 5; ++i) {
    batch(30);
    const auto now = lineage();
    for (const auto& [row, known] : now) EXPECT_TRUE(!before.contains(row) || known == before.at(row)) << row;
    before = now;
  }
  table_.commit(table_.build({.operation = "replace", .rewrite_manifests = true}));
  EXPECT_EQ(lineage(), before);
  expect_version_3();
  EXPECT_EQ(table_rows(), model_rows(model_));
}

TEST_F(Version3Test, AnUpgradedTableGetsRowIdsAndItsDeletesBecomeVectors) {
  restart(2);
  for (int i = 0; i < 5; ++i) batch(150);
  const std::size_t old_files = delete_files(false);
  ASSERT_GT(old_files, 0U);
  upgrade();
  for (const auto& [row, known] : lineage()) EXPECT_FALSE(known.first);
  batch(60);
  EXPECT_EQ(table_rows(), model_rows(model_));
  expect_version_3();
  EXPECT_GT(delete_files(true), 0U);
  EXPECT_LE(delete_files(false), old_files);
  batch(60, false);
  EXPECT_EQ(sync().kind, Kind::kCaughtUp) << "what vectors repeat of older deletes is no deletion";
  const auto before = lineage();
  compact();
  EXPECT_EQ(lineage(), before);
  EXPECT_EQ(delete_files(false), 0U);
  EXPECT_EQ(table_rows(), model_rows(model_));
  EXPECT_TRUE(must(plan_compaction(table_.store, table_.cache, table_.metadata, eager())).empty());
}

TEST_F(Version3Test, ManyOldDeleteFilesAreFoldedIntoVectors) {
  restart(2);
  batch(400);
  for (int i = 0; i < 5; ++i) batch(40);
  upgrade();
  CompactionPolicy folds_only = eager();
  folds_only.min_files = 3;
  folds_only.max_deleted_percent = 101;
  folds_only.target_file_bytes = 1;
  const auto run = must(testing::rewrite(table_, folds_only, "fold"));
  EXPECT_TRUE(run.groups.empty());
  ASSERT_FALSE(run.plan.folds.empty());
  must(commit_compaction(table_, run, "fold"));
  EXPECT_EQ(delete_files(false), 0U);
  EXPECT_EQ(table_rows(), model_rows(model_));
  EXPECT_TRUE(must(plan_compaction(table_.store, table_.cache, table_.metadata, folds_only)).empty());
}

TEST_F(Version3Test, CompactionKeepsTheLineageOfRowsAgainAndAgain) {
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3; ++i) batch(80);
    const auto before = lineage();
    EXPECT_FALSE(compact().changes_nothing());
    EXPECT_EQ(lineage(), before);
    expect_version_3();
  }
  EXPECT_EQ(delete_files(true), 0U) << "no vector is left of a file that is gone";
  EXPECT_EQ(table_rows(), model_rows(model_));
}

// Rows that were not numbered when they were rewritten, and are now: the group is rewritten anew.
TEST_F(Version3Test, AGroupWhoseRowsWereNumberedMeanwhileIsRefused) {
  restart(2);
  for (int i = 0; i < 3; ++i) batch(80);
  upgrade();
  const auto run = must(testing::rewrite(table_, eager(), "early"));
  ASSERT_FALSE(run.groups.empty());
  batch(10);
  const auto before = lineage();
  EXPECT_EQ(must(commit_compaction(table_, run, "early")).refused.size(), run.groups.size());
  EXPECT_EQ(lineage(), before);
  compact();
  EXPECT_EQ(lineage(), before);
  EXPECT_EQ(table_rows(), model_rows(model_));
}

TEST_F(Version3Test, ForeignVectorsAreMergedAndSeenByTheIndex) {
  batch(200);
  const auto keys = must(index_->count_keys());
  const auto data = scan().tasks[0].data;
  table_.commit(table_.build({.delete_files = {vector_of(*data, {0, 1})}}));
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
  EXPECT_EQ(must(index_->count_keys()), keys - 2);
  const auto error = build_snapshot(table_.store, table_.cache, table_.random, table_.metadata,
                                    {.delete_files = {vector_of(*data, {2})}});
  EXPECT_EQ(error.error().name(), "table.bad_change") << "a second vector of the same file";
  // Fewer positions than before: rows come back.
  const auto former = delete_file_key(scan().delete_files[0]->file);
  table_.commit(table_.build({.delete_files = {vector_of(*data, {1})}, .removed_files = {former}}));
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
  EXPECT_EQ(must(index_->count_keys()), keys - 1);
  upsert(random_rows(rng_, 300, 9));
  expect_version_3();
  EXPECT_EQ(must(index_->count_keys()), std::ssize(table_rows()));
}

TEST_F(Version3Test, ADataFileTakesItsVectorWithIt) {
  batch(300);
  batch(150);
  const Scan before = scan();
  const std::string data_file = *before.delete_files[0]->file.referenced_data_file;
  const auto built = table_.build({.removed_files = {data_file}});
  table_.commit(built);
  EXPECT_EQ(built.snapshot.summary.at("removed-dvs"), "1");
  EXPECT_EQ(scan().delete_files.size(), before.delete_files.size() - 1);
  expect_version_3();
}

TEST_F(Version3Test, APuffinFileStaysWhileAnyOfItsVectorsIsLive) {
  batch(300);
  // As other writers do: the vectors of all data files in one Puffin file.
  DeletedPositions first_rows;
  std::map<std::string, NewFile> partitions;
  const Scan before = scan();
  for (const ScanTask& task : before.tasks) {
    first_rows[task.data->file.file_path] = {0};
    partitions[task.data->file.file_path] = {.file = task.data->file, .spec_id = task.data->spec_id};
  }
  SnapshotChange change;
  for (iceberg::DataFile& vector :
       must(write_deletion_vectors(table_.store, "file:///lake/t/data/many.puffin", first_rows))) {
    const NewFile& of = partitions.at(*vector.referenced_data_file);
    vector.partition = of.file.partition;
    change.delete_files.push_back({vector, of.spec_id});
  }
  table_.commit(table_.build(std::move(change)));
  const Scan with_many = scan();
  const auto first = with_many.delete_files[0];
  const std::string puffin = first->file.file_path;
  ASSERT_GT(with_many.delete_files.size(), 1U);
  // One of its vectors is replaced.
  const auto data = *std::ranges::find_if(with_many.tasks, [&](const ScanTask& task) {
    return task.data->file.file_path == *first->file.referenced_data_file;
  });
  const std::vector<std::int64_t> positions{0, 1};
  table_.commit(table_.build(
      {.delete_files = {vector_of(*data.data, positions)}, .removed_files = {delete_file_key(first->file)}}));
  const auto expire_others = [&] {
    iceberg::TableMetadata after = table_.metadata;
    std::erase_if(after.snapshots, [&](const iceberg::Snapshot& snapshot) {
      return snapshot.snapshot_id != *after.current_snapshot_id;
    });
    return must(unreachable_files(table_.cache, table_.metadata, after));
  };
  EXPECT_FALSE(std::ranges::binary_search(expire_others(), puffin));
  std::set<std::string> others;
  for (const auto& file : scan().delete_files)
    if (file->file.file_path == puffin) others.insert(delete_file_key(file->file));
  ASSERT_FALSE(others.empty());
  table_.commit(table_.build({.removed_files = others}));
  EXPECT_TRUE(std::ranges::binary_search(expire_others(), puffin));
}

}  // namespace
}  // namespace tarn::table
