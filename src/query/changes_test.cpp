#include "query/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/lake_test.h"

namespace tarn::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TableName kTable{"curated", "lab"};

iceberg::Schema schema(bool keyed) {
  iceberg::Schema::Parts parts;
  parts.fields = {{.id = 1, .name = "id", .required = true, .type = iceberg::Type::int32()},
                  {.id = 2, .name = "note", .type = iceberg::Type::string()}};
  if (keyed) parts.identifier_field_ids = {1};
  return must(iceberg::Schema::make(std::move(parts)));
}

std::vector<std::string> changes(TestLake& lake, std::int64_t from, std::int64_t to = 0) {
  const catalog::Table table = must(lake.catalog().load_table(kTable));
  const iceberg::TableMetadata& metadata = *table.metadata;
  const auto snapshots =
      must(snapshots_after(metadata, *metadata.snapshot_by_id(from),
                           to == 0 ? *metadata.current_snapshot() : *metadata.snapshot_by_id(to)));
  must(collect_changes(lake.connection(), lake.store(), lake.manifests(), metadata, snapshots));
  auto rows =
      must(lake.connection().query("SELECT _change_ordinal, _change_type, id, note FROM _tarn_changes"));
  std::vector<std::string> lines;
  for (const auto& row : must(engine::read_texts(rows))) {
    std::string line;
    for (const auto& cell : row) line += (line.empty() ? "" : " ") + cell.value_or("~");
    lines.push_back(line);
  }
  return lines;
}

TEST(Changes, AreToldSnapshotBySnapshot) {
  TestLake lake;
  lake.create(kTable, schema(true));
  const auto first =
      lake.append(kTable, "SELECT 1 AS id, 'a' AS note UNION ALL SELECT 2, 'b' UNION ALL SELECT 3, 'c'");
  // An update, a deletion and an insertion at once; then what was inserted goes again.
  const auto second = lake.change(
      kTable,
      {.select = "SELECT 4 AS id, 'd' AS note UNION ALL SELECT 2, 'B'", .file = 1, .deleted = {1, 2}});
  lake.change(kTable, {.file = 2, .deleted = {0}});
  EXPECT_THAT(changes(lake, first), ElementsAre("0 UPDATE_BEFORE 2 b", "0 UPDATE_AFTER 2 B", "0 DELETE 3 c",
                                                "0 INSERT 4 d", "1 DELETE 4 d"));
  EXPECT_THAT(changes(lake, second), ElementsAre("0 DELETE 4 d"));
  EXPECT_THAT(changes(lake, first, second).size(), 4U);
  EXPECT_THAT(changes(lake, second, second), IsEmpty());
}

TEST(Changes, OfRewrittenFilesAreTheRowsThatDiffer) {
  for (const bool keyed : {true, false}) {
    SCOPED_TRACE(keyed);
    TestLake lake;
    lake.create(kTable, schema(keyed));
    const auto first =
        lake.append(kTable, "SELECT 1 AS id, 'a' AS note UNION ALL SELECT 2, 'b' UNION ALL SELECT 3, 'c'");
    // Compaction says `replace`, copy-on-write does not.
    lake.change(kTable,
                {.select = "SELECT 3 AS id, 'c' AS note UNION ALL SELECT 2, 'b' UNION ALL SELECT 1, 'a'",
                 .file = 1,
                 .whole_file = true,
                 .operation = "replace"});
    lake.change(
        kTable,
        {.select = "SELECT 1 AS id, 'a' AS note UNION ALL SELECT 2, 'x'", .file = 2, .whole_file = true});
    const std::vector<std::string> expected =
        keyed ? std::vector<std::string>{"1 UPDATE_BEFORE 2 b", "1 UPDATE_AFTER 2 x", "1 DELETE 3 c"}
              : std::vector<std::string>{"1 DELETE 2 b", "1 DELETE 3 c", "1 INSERT 2 x"};
    const std::vector<std::string> told = changes(lake, first);
    if (keyed) {
      EXPECT_EQ(told, expected);
    } else {
      EXPECT_THAT(told, ::testing::UnorderedElementsAreArray(expected));
    }
  }
}

TEST(Changes, ThatCannotBeToldAnyMoreSayFromWhereTheyCan) {
  TestLake lake;
  lake.create(kTable, schema(true));
  const auto first = lake.append(kTable, "SELECT 1 AS id, 'a' AS note");
  const auto second = lake.append(kTable, "SELECT 2 AS id, 'a' AS note");
  const auto third = lake.append(kTable, "SELECT 3 AS id, 'a' AS note");
  lake.expire(kTable, second);
  const catalog::Table table = must(lake.catalog().load_table(kTable));
  const auto refused = snapshots_after(*table.metadata, *table.metadata->snapshot_by_id(first),
                                       *table.metadata->current_snapshot());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().name(), "table.not_an_ancestor");
  EXPECT_THAT(refused.error().hint(), HasSubstr(std::to_string(third)));
}

}  // namespace
}  // namespace tarn::query
