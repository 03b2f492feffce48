#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/errors.h"
#include "catalog/lake_test.h"

namespace tarn::catalog {
namespace {

const TableName kTable{"curated", "t"};

// By both doors: a drop alone, and one among a transaction's commits.
TEST(Drops, KeepTheFilesUntilTheyArePurged) {
  for (const bool in_commit : {false, true}) {
    Lake lake;
    lake.make_tables({"t", "u"});
    const Table before = lake.catalog().load_table(kTable).value();
    const std::vector<TableCommit> commits = {{.name = kTable, .drop = Purge::kYes}};
    EXPECT_EQ(in_commit ? name_of(lake.catalog().commit(commits))
                        : name_of(lake.catalog().drop_table(kTable, Purge::kYes)),
              "ok");
    lake.reopen();
    EXPECT_EQ(name_of(lake.catalog().load_table(kTable)), "catalog.table_not_found");
    EXPECT_EQ(lake.file_count(), 2U);
    const auto dropped = lake.catalog().dropped_tables().value();
    ASSERT_EQ(dropped.size(), 1U);
    EXPECT_EQ(dropped[0].name, kTable);
    EXPECT_EQ(dropped[0].metadata_location, before.metadata_location);
    EXPECT_EQ(dropped[0].location, before.metadata->location);
    EXPECT_EQ(dropped[0].dropped_at_us, lake.clock().now_us());
    // Another one of the name is another table.
    EXPECT_EQ(name_of(lake.catalog().create_table(Lake::description("t"))), "ok");
    const PurgeReport report = lake.catalog().purge(dropped[0]).value();
    EXPECT_EQ(report.files_removed, 1);
    EXPECT_GT(report.bytes_removed, 0);
    EXPECT_EQ(report.files_left, 0);
    EXPECT_TRUE(lake.catalog().dropped_tables()->empty());
    EXPECT_EQ(lake.file_count(), 2U);
    EXPECT_EQ(name_of(lake.catalog().load_table(kTable)), "ok");
    EXPECT_EQ(name_of(lake.catalog().purge(dropped[0])), "state.not_found");
  }
}

TEST(Drops, ComeBack) {
  Lake lake;
  Catalog& catalog = lake.catalog();
  lake.make_tables({"t"});
  const Table before = catalog.load_table(kTable).value();
  EXPECT_EQ(name_of(catalog.drop_table(kTable, Purge::kYes)), "ok");
  EXPECT_EQ(name_of(catalog.create_table(Lake::description("t"))), "ok");
  const auto dropped = catalog.dropped_tables().value();
  EXPECT_EQ(name_of(catalog.restore_table(dropped[0], kTable)), "catalog.table_exists");
  EXPECT_EQ(name_of(catalog.restore_table(dropped[0], {"nowhere", "t"})), "catalog.namespace_not_found");
  EXPECT_EQ(name_of(catalog.restore_table(dropped[0], {"curated", ".."})), "catalog.bad_name");
  EXPECT_EQ(catalog.dropped_tables()->size(), 1U) << "what failed has changed nothing";
  const Table back = catalog.restore_table(dropped[0], {"curated", "again"}).value();
  EXPECT_EQ(*back.metadata, *before.metadata);
  lake.reopen();
  EXPECT_EQ(lake.catalog().load_table({"curated", "again"})->metadata->table_uuid,
            before.metadata->table_uuid);
  EXPECT_TRUE(lake.catalog().dropped_tables()->empty());
  EXPECT_EQ(name_of(lake.catalog().restore_table(dropped[0], {"curated", "twice"})), "state.not_found");
  // Registered by its file instead: then its files are in use.
  EXPECT_EQ(name_of(lake.catalog().drop_table(kTable, Purge::kYes)), "ok");
  const auto second = lake.catalog().dropped_tables().value();
  EXPECT_EQ(name_of(lake.catalog().register_table(kTable, second.at(0).metadata_location)), "ok");
  EXPECT_EQ(lake.catalog().purge(second[0])->files_removed, 0);
  EXPECT_EQ(name_of(lake.catalog().load_table(kTable)), "ok");
  EXPECT_TRUE(lake.catalog().dropped_tables()->empty());
}

TEST(Drops, PurgeNothingThatAnotherTableUses) {
  Lake lake;
  Catalog& catalog = lake.catalog();
  lake.make_tables({"t"});
  CreateTable inside = Lake::description("inside");
  inside.location = catalog.load_table(kTable)->metadata->location + "/inside";
  EXPECT_EQ(name_of(catalog.create_table(inside)), "ok");
  EXPECT_EQ(name_of(catalog.drop_table(kTable, Purge::kYes)), "ok");
  EXPECT_EQ(catalog.purge(catalog.dropped_tables()->at(0))->files_removed, 0);
  EXPECT_EQ(lake.file_count(), 2U);
  EXPECT_EQ(name_of(catalog.drop_table(inside.name, Purge::kYes)), "ok");
  EXPECT_EQ(catalog.purge(catalog.dropped_tables()->at(0))->files_removed, 1);
  EXPECT_EQ(lake.file_count(), 1U);
}

// Its readers have the later one's grace.
TEST(Drops, PurgeNothingThatWasDroppedLater) {
  Lake lake;
  Catalog& catalog = lake.catalog();
  lake.make_tables({"t"});
  EXPECT_EQ(name_of(catalog.drop_table(kTable, Purge::kYes)), "ok");
  const state::DroppedTable first = catalog.dropped_tables()->at(0);
  EXPECT_EQ(name_of(catalog.register_table(kTable, first.metadata_location)), "ok");
  EXPECT_EQ(name_of(catalog.drop_table(kTable, Purge::kYes)), "ok");
  const state::DroppedTable second = catalog.dropped_tables()->at(1);
  EXPECT_EQ(catalog.purge(first)->files_removed, 0);
  EXPECT_EQ(catalog.dropped_tables()->size(), 2U);
  EXPECT_EQ(catalog.purge(second)->files_removed, 1);
  EXPECT_EQ(catalog.purge(first)->files_removed, 0);
  EXPECT_TRUE(catalog.dropped_tables()->empty());
}

// Cut off at any file, the next run removes the rest.
TEST(Drops, PurgeGoesOn) {
  Lake lake;
  lake.make_tables({"t"});
  const std::string location = lake.catalog().load_table(kTable)->metadata->location;
  for (const char* name : {"/data/a", "/data/b", "/data/c"})
    ASSERT_TRUE(lake.store().write(location + name, "x", io::IfExists::kFail).ok());
  ASSERT_EQ(name_of(lake.catalog().drop_table(kTable, Purge::kYes)), "ok");
  const state::DroppedTable dropped = lake.catalog().dropped_tables()->at(0);
  lake.store().set_fault([&](std::uint64_t, std::string_view operation, const std::string& at) -> Status {
    if (operation == "remove" && at.ends_with("/b")) return Error(kBadLocation, "stuck");
    return ok_status();
  });
  EXPECT_EQ(lake.catalog().purge(dropped)->files_left, 1);
  EXPECT_EQ(lake.catalog().dropped_tables()->size(), 1U);
  lake.store().set_fault({});
  const PurgeReport rest = lake.catalog().purge(dropped).value();
  EXPECT_EQ(rest.files_removed, 1);
  EXPECT_TRUE(lake.catalog().dropped_tables()->empty());
  EXPECT_EQ(lake.file_count(), 0U);
  EXPECT_EQ(name_of(lake.catalog().restore_table(dropped, kTable)), "catalog.metadata_not_found");
}

}  // namespace
}  // namespace tarn::catalog
