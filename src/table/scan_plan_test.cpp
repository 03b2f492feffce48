#include "table/plan/scan_plan.h"

#include <gtest/gtest.h>

#include "iceberg/errors.h"
#include "table/errors.h"
#include "table/scan.h"
#include "table/testing/table.h"

namespace tarn::table {
namespace {

using iceberg::FileContent;
using iceberg::Literal;
using iceberg::Type;
using testing::must;
using testing::TestTable;

iceberg::Schema small_schema() {
  return must(iceberg::Schema::make({.fields = {{.id = 1, .name = "id", .type = Type::int64()},
                                                {.id = 2, .name = "part", .type = Type::int32()}}}));
}

std::vector<iceberg::PartitionTerm> by_part() {
  return {{.column = "part", .transform = iceberg::Transform::identity()}};
}

NewFile file(const std::string& name, std::int32_t part, std::int64_t first_id = 0,
             FileContent content = FileContent::kData) {
  NewFile made;
  made.file.content = content;
  made.file.file_path = "file:///lake/t/data/" + name;
  made.file.partition = {Literal::int32(part)};
  made.file.record_count = 10;
  made.file.file_size_bytes = 100;
  made.file.lower_bounds = {{1, Literal::int64(first_id).to_binary()}};
  made.file.upper_bounds = {{1, Literal::int64(first_id + 9).to_binary()}};
  if (content == FileContent::kEqualityDeletes) made.file.equality_ids = {1};
  if (content != FileContent::kData) made.file.lower_bounds = made.file.upper_bounds = {};
  return made;
}

std::int64_t commit(TestTable& table, SnapshotChange change) {
  const BuiltSnapshot built = table.build(std::move(change));
  table.commit(built);
  return built.snapshot.snapshot_id;
}

iceberg::Filter compare_with(iceberg::Operator op, std::int32_t column, Literal value) {
  const Type type = value.type();
  return iceberg::Filter::of(
      {.op = op, .column_id = column, .column = "c", .type = type, .values = {std::move(value)}});
}

Result<ScanPlan> plan_of(TestTable& table, ScanRequest request, const ScanPlan::Options& options = {}) {
  return ScanPlan::make(table.cache, std::make_shared<const iceberg::TableMetadata>(table.metadata),
                        std::move(request), table.metadata.current_schema(), options);
}

/// "b: x, y" for each planned file and its deletes.
std::vector<std::string> files_of(TestTable& table, const ScanPlan& plan) {
  std::vector<std::string> texts;
  const auto name = [](const DeleteIndex::File& one) {
    return one->file.file_path.substr(one->file.file_path.rfind('/') + 1);
  };
  for (std::size_t page = 0; page < plan.page_count(); ++page) {
    for (const PlannedFile& planned : must(plan.page(table.cache, page))) {
      std::string text = name(planned.data);
      for (const auto& one : planned.deletes) text += " -" + name(one);
      texts.push_back(std::move(text));
    }
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

using Texts = std::vector<std::string>;

TEST(ScanPlan, LeavesOutWhatCannotMatch) {
  TestTable table(small_schema(), by_part());
  commit(table, {.data_files = {file("a", 1, 0), file("b", 1, 100)}});
  commit(table, {.data_files = {file("c", 2, 0)}});
  EXPECT_EQ(files_of(table, must(plan_of(table, {}))), (Texts{"a", "b", "c"}));
  const auto part = compare_with(iceberg::Operator::kEq, 2, Literal::int32(1));
  EXPECT_EQ(files_of(table, must(plan_of(table, {.filter = part}))), (Texts{"a", "b"}));
  const auto ids = compare_with(iceberg::Operator::kGt, 1, Literal::int64(50));
  EXPECT_EQ(files_of(table, must(plan_of(table, {.filter = ids}))), (Texts{"b"}));
  EXPECT_EQ(must(plan_of(table, {.filter = iceberg::Filter::always(false)})).page_count(), 0U);
  // A manifest whose partitions cannot match is not even read.
  Texts read;
  const auto may_read = [&](const std::string& location) {
    read.push_back(location);
    return ok_status();
  };
  must(plan_of(table, {.filter = part}, {.may_read = may_read}));
  EXPECT_EQ(read.size(), 2U);  // The list and one manifest.
}

TEST(ScanPlan, IsToldInPages) {
  TestTable table(small_schema(), by_part());
  SnapshotChange change;
  Texts names;
  for (int index = 0; index < 25; ++index) {
    names.push_back("f" + std::to_string(100 + index));
    change.data_files.push_back(file(names.back(), 1));
  }
  commit(table, std::move(change));
  commit(table, {.data_files = {file("g", 1)}});
  names.emplace_back("g");
  const ScanPlan plan = must(plan_of(table, {}, {.entries_per_page = 10}));
  EXPECT_EQ(plan.page_count(), 4U);
  EXPECT_EQ(files_of(table, plan), names);
}

TEST(ScanPlan, NamesTheDeletesOfEachFile) {
  TestTable table(small_schema(), by_part());
  commit(table, {.data_files = {file("a", 1), file("b", 1), file("c", 2)}});
  NewFile vector = file("vector", 1, 0, FileContent::kPositionDeletes);
  vector.file.referenced_data_file = "file:///lake/t/data/a";
  commit(table, {.data_files = {file("later", 1)},
                 .delete_files = {vector, file("positions", 1, 0, FileContent::kPositionDeletes),
                                  file("equality", 1, 0, FileContent::kEqualityDeletes)}});
  EXPECT_EQ(files_of(table, must(plan_of(table, {}))),
            (Texts{"a -vector -positions -equality", "b -positions -equality", "c", "later -positions"}));
  // Tarn's own scans read no equality deletes.
  EXPECT_EQ(plan_scan(table.cache, table.metadata).error().name(), kUnsupportedDelete.name);
}

TEST(ScanPlan, AppliesEqualityDeletesWithoutPartitionEverywhere) {
  TestTable table(small_schema(), {});
  const auto plain = [](NewFile one) {
    one.file.partition.clear();
    return one;
  };
  commit(table, {.data_files = {plain(file("a", 1))}});
  commit(table, {.delete_files = {plain(file("equality", 1, 0, FileContent::kEqualityDeletes))}});
  EXPECT_EQ(files_of(table, must(plan_of(table, {}))), (Texts{"a -equality"}));
}

TEST(ScanPlan, TellsWhatWasAppendedBetweenSnapshots) {
  TestTable table(small_schema(), by_part());
  const std::int64_t first = commit(table, {.data_files = {file("a", 1)}});
  const std::int64_t second = commit(table, {.data_files = {file("b", 1)}});
  commit(
      table,
      {.data_files = {file("moved", 1)}, .removed_files = {"file:///lake/t/data/b"}, .operation = "replace"});
  const std::int64_t last = commit(table, {.data_files = {file("c", 2)}});
  const auto between = [&](std::int64_t start, std::int64_t end) {
    return plan_of(table, {.start_snapshot_id = start, .end_snapshot_id = end});
  };
  EXPECT_EQ(files_of(table, must(between(first, last))), (Texts{"b", "c"}));
  EXPECT_EQ(files_of(table, must(between(second, last))), (Texts{"c"}));
  EXPECT_EQ(files_of(table, must(between(last, last))), Texts{});
  EXPECT_EQ(between(last, first).error().name(), kNotAnAncestor.name);
  EXPECT_EQ(between(first, 5).error().name(), kSnapshotNotFound.name);
  EXPECT_EQ(files_of(table, must(plan_of(table, {.snapshot_id = second}))), (Texts{"a", "b"}));
}

TEST(ScanPlan, ReadsOnlyWhereItMay) {
  TestTable table(small_schema(), by_part());
  commit(table, {.data_files = {file("a", 1)}});
  const auto refuse = [](const std::string&) -> Status { return Error(kBadChange, "no"); };
  EXPECT_EQ(plan_of(table, {}, {.may_read = refuse}).error().name(), kBadChange.name);
  TestTable empty(small_schema(), by_part());
  EXPECT_EQ(must(plan_of(empty, {}, {.may_read = refuse})).page_count(), 0U);
}

TEST(ScanPlan, TakesTheSchemaOfTheSnapshotWhereAsked) {
  TestTable table(small_schema(), by_part());
  const std::int64_t first = commit(table, {.data_files = {file("a", 1)}});
  const auto wider =
      must(iceberg::Schema::make({.fields = {{.id = 1, .name = "number", .type = Type::int64()},
                                             {.id = 2, .name = "part", .type = Type::int32()}}}));
  table.metadata = must(iceberg::apply(
      table.metadata,
      std::vector<iceberg::TableUpdate>{iceberg::AddSchema{wider}, iceberg::SetCurrentSchema{-1}},
      {.now_ms = table.now_ms}));
  const ScanRequest request{.snapshot_id = first};
  EXPECT_NE(must(scan_schema(table.metadata, request, true))->find("id"), nullptr);
  EXPECT_NE(must(scan_schema(table.metadata, request, false))->find("number"), nullptr);
  EXPECT_FALSE(scan_schema(table.metadata, {.snapshot_id = 5}, false).ok());
}

}  // namespace
}  // namespace tarn::table
