#include <arrow/api.h>

#include <fstream>
#include <sstream>

#include "table/data_files.h"
#include "table/deletes/delete_file.h"
#include "table/errors.h"
#include "table/reader.h"
#include "table/scan.h"
#include "table/snapshot_builder.h"
#include "table/testing/rows.h"

namespace tarn::table {
namespace {

using iceberg::Type;
using testing::must;
using testing::TestTable;

iceberg::Schema small_schema() {
  return must(iceberg::Schema::make({.fields = {{.id = 1, .name = "id", .type = Type::int64()},
                                                {.id = 2, .name = "part", .type = Type::int32()}}}));
}

std::shared_ptr<arrow::RecordBatch> rows_of(const TestTable& table, std::int64_t first, std::int64_t count,
                                            std::int32_t parts = 2) {
  arrow::Int64Builder ids;
  arrow::Int32Builder partitions;
  for (std::int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE(partitions.Append(static_cast<std::int32_t>(i % parts)).ok());
  }
  return arrow::RecordBatch::Make(must(to_arrow_schema(table.metadata.current_schema())), count,
                                  {ids.Finish().ValueOrDie(), partitions.Finish().ValueOrDie()});
}

std::vector<iceberg::PartitionTerm> by_part() {
  return {{.column = "part", .transform = iceberg::Transform::identity()}};
}

std::size_t live_rows(TestTable& table, const SnapshotSelector& selector = CurrentSnapshot{}) {
  const auto batches = must(read_all(table.store, must(plan_scan(table.cache, table.metadata, selector))));
  return testing::row_texts(batches).size();
}

/// One delete file for the file at `index` of what `files` wrote.
NewFile delete_rows(TestTable& table, const NewFile& data, std::vector<std::int64_t> positions,
                    const std::string& name) {
  NewFile file{must(write_position_deletes(table.store, "file:///lake/t/data/" + name,
                                           {{data.file.file_path, std::move(positions)}})),
               data.spec_id};
  file.file.partition = data.file.partition;
  return file;
}

TEST(BuildSnapshot, CountsInTheSummaryWhatTheSpecificationNames) {
  TestTable table(small_schema(), by_part());
  const auto first =
      must(write_data_files(table.store, std::vector{rows_of(table, 0, 10)}, table.request("a")));
  const auto built = table.build({.data_files = first.files, .summary = {{"tarn.batch-id", "a"}}});
  table.commit(built);
  auto summary = built.snapshot.summary;
  EXPECT_EQ(built.snapshot.operation, "append");
  EXPECT_EQ(summary["tarn.batch-id"], "a");
  EXPECT_EQ(summary["added-data-files"], "2");
  EXPECT_EQ(summary["added-records"], "10");
  EXPECT_EQ(summary["total-records"], "10");
  EXPECT_EQ(summary["total-delete-files"], "0");
  EXPECT_EQ(summary["changed-partition-count"], "2");
  EXPECT_EQ(summary["added-files-size"], summary["total-files-size"]);
  EXPECT_FALSE(summary.contains("added-delete-files"));

  const auto second =
      must(write_data_files(table.store, std::vector{rows_of(table, 10, 4)}, table.request("b")));
  const auto deletes = delete_rows(table, first.files[0], {0, 3}, "b-9-deletes.parquet");
  const auto upsert = table.build({.data_files = second.files, .delete_files = {deletes}});
  table.commit(upsert);
  summary = upsert.snapshot.summary;
  EXPECT_EQ(upsert.snapshot.operation, "overwrite");
  EXPECT_EQ(upsert.snapshot.sequence_number, 2);
  EXPECT_EQ(summary["total-data-files"], "4");
  EXPECT_EQ(summary["total-records"], "14");
  EXPECT_EQ(summary["added-position-deletes"], "2");
  EXPECT_EQ(summary["added-position-delete-files"], "1");
  EXPECT_EQ(summary["total-position-deletes"], "2");
  EXPECT_EQ(summary["total-delete-files"], "1");
  EXPECT_EQ(live_rows(table), 12U);
  EXPECT_EQ(live_rows(table, SnapshotById{built.snapshot.snapshot_id}), 10U);

  const auto only_deletes =
      table.build({.delete_files = {delete_rows(table, first.files[1], {1}, "c-deletes.parquet")}});
  table.commit(only_deletes);
  EXPECT_EQ(only_deletes.snapshot.operation, "delete");
  EXPECT_EQ(live_rows(table), 11U);

  const auto removal =
      table.build({.removed_files = {first.files[0].file.file_path, deletes.file.file_path}});
  table.commit(removal);
  summary = removal.snapshot.summary;
  EXPECT_EQ(removal.snapshot.operation, "delete");
  EXPECT_EQ(summary["deleted-data-files"], "1");
  EXPECT_EQ(summary["removed-position-deletes"], "2");
  EXPECT_EQ(summary["deleted-records"], "5");
  EXPECT_EQ(summary["total-records"], "9");
  EXPECT_EQ(live_rows(table), 8U);
}

TEST(BuildSnapshot, RefusesWhatMakesNoSnapshot) {
  TestTable table(small_schema(), by_part());
  const auto error = [&](const SnapshotChange& change) {
    return std::string(
        build_snapshot(table.store, table.cache, table.random, table.metadata, change).error().name());
  };
  const auto files =
      must(write_data_files(table.store, std::vector{rows_of(table, 0, 4)}, table.request("a"))).files;
  EXPECT_EQ(error({}), "table.bad_change");
  EXPECT_EQ(error({.data_files = {{files[0].file, 7}}}), "table.bad_change");
  EXPECT_EQ(error({.delete_files = files}), "table.bad_change");
  EXPECT_EQ(error({.data_files = files, .removed_files = {"/none"}}), "table.bad_change");
  EXPECT_EQ(error({.data_files = files, .schema_id = 9}), "table.bad_change");
  auto wrong = files;
  wrong[0].file.partition.clear();
  EXPECT_EQ(error({.data_files = wrong}), "iceberg.bad_manifest");
  NewFile deletes{must(write_position_deletes(table.store, "file:///lake/t/data/d.parquet", {{"/a", {0}}})),
                  0};
  deletes.file.partition = files[0].file.partition;
  table.metadata.format_version = 1;
  EXPECT_EQ(error({.delete_files = {deletes}}), "iceberg.unsupported_version");
  table.metadata.format_version = 3;
  EXPECT_EQ(error({.delete_files = {deletes}}), "iceberg.bad_manifest");
  const auto vectors =
      must(write_deletion_vectors(table.store, "file:///lake/t/data/v.puffin", {{"/a", {0}}}));
  EXPECT_EQ(error({.delete_files = {{vectors[0], 0}, {vectors[0], 0}}}), "table.bad_change");
}

TEST(BuildSnapshot, AConflictingCommitIsRefusedAndBuiltAgain) {
  TestTable table(small_schema());
  const auto mine =
      must(write_data_files(table.store, std::vector{rows_of(table, 0, 5)}, table.request("a"))).files;
  const auto built = table.build({.data_files = mine});
  table.append({rows_of(table, 100, 3)}, "other");
  EXPECT_EQ(iceberg::check(&table.metadata, built.requirements).error().name(), "iceberg.requirement_failed");
  table.commit(table.build({.data_files = mine}));
  EXPECT_EQ(live_rows(table), 8U);
}

TEST(BuildSnapshot, MergesManifestsSoThatPlanningStaysShort) {
  TestTable table(small_schema(), by_part());
  table.metadata.properties["commit.manifest.min-count-to-merge"] = "10";
  std::size_t most = 0;
  std::vector<NewFile> all;
  for (int i = 0; i < 64; ++i) {
    const auto files = must(write_data_files(table.store, std::vector{rows_of(table, i * 10, 10)},
                                             table.request("b" + std::to_string(i))))
                           .files;
    SnapshotChange change{.data_files = files};
    if (i > 0)
      change.delete_files = {
          delete_rows(table, all.back(), {4}, "d" + std::to_string(i) + "-deletes.parquet")};
    const auto built = table.build(change);
    table.commit(built);
    all.insert(all.end(), files.begin(), files.end());
    for (const std::string& location : built.written_locations) EXPECT_TRUE(table.store.stat(location).ok());
    most = std::max(most, must(table.cache.manifest_list(*table.metadata.current_snapshot()))->size());
  }
  EXPECT_LE(most, 20U) << "fewer than ten of data and of deletes each";
  EXPECT_EQ(live_rows(table), 640U - 63U);
  const Scan scan = must(plan_scan(table.cache, table.metadata));
  ASSERT_EQ(scan.tasks.size(), 128U);
  std::map<std::string, std::int64_t> sequence;
  for (const ScanTask& task : scan.tasks) sequence[task.data->file.file_path] = task.data->sequence_number;
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(sequence[all[i].file.file_path], static_cast<std::int64_t>(i / 2 + 1)) << "kept through merges";
  EXPECT_EQ(table.metadata.current_snapshot()->summary.at("total-records"), "640");
  // Without merging, one manifest a commit.
  table.metadata.properties["commit.manifest-merge.enabled"] = "false";
  for (int i = 0; i < 12; ++i) table.append({rows_of(table, 1000 + i, 1)}, "x" + std::to_string(i));
  EXPECT_GT(must(table.cache.manifest_list(*table.metadata.current_snapshot()))->size(), 12U);
}

TEST(PlanScan, SelectsByIdTimeAndRef) {
  TestTable table(small_schema());
  EXPECT_FALSE(must(plan_scan(table.cache, table.metadata)).snapshot_id);
  const std::int64_t first = table.append({rows_of(table, 0, 3)}, "a");
  const std::int64_t first_ms = table.now_ms;
  table.append({rows_of(table, 3, 3)}, "b");
  table.metadata.refs["audit"] = {.snapshot_id = first, .kind = iceberg::SnapshotRef::Kind::kTag};
  EXPECT_EQ(live_rows(table), 6U);
  EXPECT_EQ(live_rows(table, SnapshotById{first}), 3U);
  EXPECT_EQ(live_rows(table, SnapshotAsOf{first_ms}), 3U);
  EXPECT_EQ(live_rows(table, SnapshotByRef{"audit"}), 3U);
  EXPECT_EQ(live_rows(table, SnapshotByRef{"main"}), 6U);
  for (const SnapshotSelector& selector :
       {SnapshotSelector(SnapshotById{1}), SnapshotSelector(SnapshotAsOf{5}),
        SnapshotSelector(SnapshotByRef{"nope"})})
    EXPECT_EQ(plan_scan(table.cache, table.metadata, selector).error().name(), "table.snapshot_not_found");
  // A branch of its own.
  auto change = SnapshotChange{.branch = "dev"};
  change.data_files =
      must(write_data_files(table.store, std::vector{rows_of(table, 0, 1)}, table.request("c"))).files;
  table.commit(table.build(change));
  EXPECT_EQ(live_rows(table, SnapshotByRef{"dev"}), 1U);
  EXPECT_EQ(live_rows(table), 6U);
  change.branch = "audit";
  EXPECT_EQ(build_snapshot(table.store, table.cache, table.random, table.metadata, change).error().name(),
            "table.bad_change");
}

TEST(PlanScan, AppliesDeletesBySequencePartitionAndPath) {
  TestTable table(small_schema(), by_part());
  const auto a =
      must(write_data_files(table.store, std::vector{rows_of(table, 0, 6)}, table.request("a"))).files;
  table.commit(table.build({.data_files = a}));
  // Names both files of the table, but is of one partition only: it applies there alone.
  NewFile both{must(write_position_deletes(table.store, "file:///lake/t/data/x-deletes.parquet",
                                           {{a[0].file.file_path, {0}}, {a[1].file.file_path, {0}}})),
               0};
  both.file.partition = a[0].file.partition;
  EXPECT_FALSE(both.file.referenced_data_file);
  const auto later =
      must(write_data_files(table.store, std::vector{rows_of(table, 6, 2)}, table.request("b"))).files;
  table.commit(table.build({.data_files = later, .delete_files = {both}}));
  table.append({rows_of(table, 20, 2)}, "c");
  const Scan scan = must(plan_scan(table.cache, table.metadata));
  std::map<std::string, std::size_t> count;
  for (const ScanTask& task : scan.tasks) count[task.data->file.file_path] = task.deletes.size();
  EXPECT_EQ(count[a[0].file.file_path], 1U);
  EXPECT_EQ(count[a[1].file.file_path], 0U);
  EXPECT_EQ(live_rows(table), 9U);
  EXPECT_EQ(scan.delete_files.size(), 1);
}

TEST(PlanScan, RefusesDeletesItCannotApply) {
  TestTable equality(small_schema());
  equality.append({rows_of(equality, 0, 3)}, "a");
  NewFile deletes{{.content = iceberg::FileContent::kEqualityDeletes,
                   .file_path = "/x",
                   .record_count = 1,
                   .file_size_bytes = 10},
                  0};
  deletes.file.equality_ids = {1};
  equality.commit(equality.build({.delete_files = {deletes}}));
  EXPECT_EQ(plan_scan(equality.cache, equality.metadata).error().name(), "table.unsupported_delete");
  TestTable table(small_schema());
  table.commit(table.build({.data_files = {{{.file_path = "/x.orc",
                                             .file_format = iceberg::FileFormat::kOrc,
                                             .record_count = 1,
                                             .file_size_bytes = 10},
                                            0}}}));
  EXPECT_EQ(plan_scan(table.cache, table.metadata).error().name(), "table.unsupported_format");
}

TEST(PositionDeletes, ReadsTheDeletionVectorThatTheManifestNames) {
  std::ifstream in(std::string(TARN_TEST_DATA) + "/golden/iceberg/deletion_vectors/small.bin",
                   std::ios::binary);
  std::ostringstream blob;
  blob << in.rdbuf();
  const auto size = static_cast<std::int64_t>(blob.str().size());
  io::MemoryObjectStore store;
  must(store.write("/v.puffin", "PFA1" + blob.str() + blob.str() + "rest", io::IfExists::kReplace));
  iceberg::DataFile vector{.content = iceberg::FileContent::kPositionDeletes,
                           .file_path = "/v.puffin",
                           .file_format = iceberg::FileFormat::kPuffin,
                           .record_count = 3,
                           .referenced_data_file = "/a.parquet",
                           .content_offset = 4 + size,
                           .content_size_bytes = size};
  EXPECT_EQ(must(read_position_deletes(store, vector)), (DeletedPositions{{"/a.parquet", {0, 3, 7}}}));
  iceberg::DataFile other = vector;
  other.content_offset = 4;
  EXPECT_NE(delete_file_key(vector), delete_file_key(other));
  for (const std::int64_t offset : {std::int64_t{-1}, std::int64_t{5}, 4 + 2 * size, INT64_MAX}) {
    other.content_offset = offset;
    EXPECT_EQ(read_position_deletes(store, other).error().name(), "iceberg.bad_value") << offset;
  }
  vector.referenced_data_file.reset();
  EXPECT_EQ(read_position_deletes(store, vector).error().name(), "iceberg.bad_value");
}

TEST(PositionDeletes, RoundTripAndBoundThePath) {
  io::MemoryObjectStore store;
  const DeletedPositions one{{"file:///a/very/long/path/of/a/file.parquet", {1, 5, 9}}};
  const auto file = must(write_position_deletes(store, "/d1", one));
  EXPECT_EQ(file.content, iceberg::FileContent::kPositionDeletes);
  EXPECT_EQ(file.record_count, 3);
  EXPECT_EQ(*file.lower_bounds.find(iceberg::kDeleteFilePathId), one.begin()->first);
  EXPECT_EQ(*file.upper_bounds.find(iceberg::kDeleteFilePathId), one.begin()->first);
  EXPECT_EQ(file.referenced_data_file, one.begin()->first);
  EXPECT_EQ(must(read_position_deletes(store, file)), one);
  DeletedPositions many;
  for (int f = 0; f < 300; ++f)
    for (int p = 0; p < 700; ++p) many["/data/" + std::to_string(f)].push_back(p * 2);
  const auto big = must(write_position_deletes(store, "/d2", many));
  EXPECT_FALSE(big.referenced_data_file);
  EXPECT_EQ(must(read_position_deletes(store, big)), many);
  EXPECT_EQ(write_position_deletes(store, "/d3", {}).error().name(), "table.bad_change");
  EXPECT_EQ(read_position_deletes(store, {.file_path = "/d1", .file_format = iceberg::FileFormat::kAvro})
                .error()
                .name(),
            "table.unsupported_format");
}

TEST(ManifestCache, HoldsNoMoreThanItsCapacity) {
  TestTable table(small_schema());
  ManifestCache cache(table.store, 60'000);
  for (int i = 0; i < 20; ++i) {
    table.append({rows_of(table, i, 1)}, "b" + std::to_string(i));
    EXPECT_EQ(must(plan_scan(cache, table.metadata)).tasks.size(), static_cast<std::size_t>(i + 1));
    EXPECT_LE(cache.size_bytes(), 60'000U);
  }
  EXPECT_GT(cache.size_bytes(), 0U);
  iceberg::Snapshot old;
  EXPECT_EQ(cache.manifest_list(old).error().name(), "table.unsupported_format");
  old.manifest_list = "/none";
  EXPECT_EQ(cache.manifest_list(old).error().name(), "io.not_found");
}

}  // namespace
}  // namespace tarn::table
