#include <gtest/gtest.h>

#include <vector>

#include "catalog/catalog.h"
#include "catalog/lake_test.h"

namespace tarn::catalog {
namespace {

// What a transaction of SQL does to names, at once: swaps them, frees them and takes them again.
TEST(Commit, MovesAndDropsNames) {
  Lake lake;
  lake.make_tables({"a", "b", "c"});
  const auto uuid = [&](const std::string& name) {
    const auto table = lake.catalog().load_table({"curated", name});
    return table.ok() ? table->metadata->table_uuid : std::string(table.error().name());
  };
  const std::string a = uuid("a");
  const std::string b = uuid("b");
  const std::string c = uuid("c");
  TableCommit moved = lake.append("a", 11);
  moved.rename_to = TableName{"curated", "b"};
  const TableCommit back{.name = {"curated", "b"}, .rename_to = TableName{"curated", "a"}};
  const TableCommit gone{.name = {"curated", "c"}, .drop = Purge::kYes};
  TableCommit fresh{.name = {"curated", "c"}, .requirements = {iceberg::AssertCreate{}}};
  fresh.updates = {iceberg::AddSchema{Lake::description("x").schema},
                   iceberg::SetCurrentSchema{},
                   iceberg::AddPartitionSpec{},
                   iceberg::SetDefaultSpec{},
                   iceberg::AddSortOrder{},
                   iceberg::SetDefaultSortOrder{}};
  const auto outcome = [&](const std::vector<TableCommit>& all) {
    return name_of(lake.catalog().commit(all, Lake::count_run));
  };
  EXPECT_EQ(outcome({moved, back, gone, fresh}), "ok");
  lake.reopen();
  EXPECT_EQ(uuid("b"), a);
  EXPECT_EQ(uuid("a"), b);
  EXPECT_NE(uuid("c"), c);
  EXPECT_EQ(lake.catalog().load_table({"curated", "b"})->metadata->current_snapshot_id, 11);
  EXPECT_EQ(lake.catalog().list_tables()->size(), 3U);

  const TableCommit onto{.name = {"curated", "a"}, .rename_to = TableName{"curated", "b"}};
  EXPECT_EQ(outcome({onto}), "catalog.table_exists");
  const TableCommit away{.name = {"curated", "a"}, .rename_to = TableName{"nowhere", "a"}};
  EXPECT_EQ(outcome({away}), "catalog.namespace_not_found");
  const TableCommit both{
      .name = {"curated", "a"}, .rename_to = TableName{"curated", "d"}, .drop = Purge::kNo};
  EXPECT_EQ(outcome({both}), "catalog.bad_commit");
  const TableCommit other{.name = {"curated", "c"}, .rename_to = TableName{"curated", "d"}};
  const TableCommit same{.name = {"curated", "a"}, .rename_to = TableName{"curated", "d"}};
  EXPECT_EQ(outcome({other, same}), "catalog.bad_commit");
  TableCommit stale{.name = {"curated", "a"}, .drop = Purge::kYes};
  stale.requirements = {iceberg::AssertTableUuid{"another"}};
  EXPECT_EQ(outcome({stale}), "catalog.commit_conflict");
  EXPECT_EQ(lake.catalog().list_tables()->size(), 3U);
  EXPECT_EQ(lake.run_count(), 1U);
}

}  // namespace
}  // namespace tarn::catalog
