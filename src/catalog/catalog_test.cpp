#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "catalog/errors.h"
#include "catalog/lake_test.h"
#include "catalog/metadata_cache.h"
#include "catalog/names.h"

namespace tarn::catalog {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

TEST(Names, RefuseTricks) {
  for (const std::string good :
       {"a", "curated", "a.b.c", R"(a\.b)", "a/b", "/a", "Größe", "with space", "a-b", "_", "日本"})
    EXPECT_EQ(name_of(check_namespace_name(good)), "ok") << good;
  const std::vector<std::string> bad = {"",
                                        ".",
                                        "..",
                                        "a..b",
                                        ".a",
                                        "a.",
                                        "a\\b",
                                        "a\nb",
                                        "a\x7f",
                                        "\xc2\x85",
                                        "\xff",
                                        "\xc0\xaf",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xe2\x82",
                                        std::string("a\0b", 3),
                                        std::string(256, 'a')};
  for (const std::string& name : bad) {
    EXPECT_EQ(name_of(check_namespace_name(name)), "catalog.bad_name") << name;
    EXPECT_EQ(name_of(check_table_name({name, "t"})), "catalog.bad_name") << name;
  }
  for (const std::string name : {"", ".", "..", "a\\b", "a\nb", "\xff"})
    EXPECT_EQ(name_of(check_table_name({"curated", name})), "catalog.bad_name") << name;
  for (const std::string name : {"c.d", "../x", "a/b", ".hidden"})
    EXPECT_EQ(name_of(check_table_name({"a.b", name})), "ok") << name;
  EXPECT_EQ(name_of(check_namespace_name(std::string(255, 'a'))), "ok");
  std::string deep = "a";
  for (int level = 0; level < 40; ++level) deep += ".a";
  EXPECT_EQ(name_of(check_namespace_name(deep)), "catalog.bad_name");
}

TEST(Names, BecomeFolders) {
  EXPECT_EQ(folder_name("Encounter_2"), "Encounter_2");
  EXPECT_EQ(folder_name("a b/é%"), "a_b____");
  EXPECT_EQ(folder_name(std::string(300, 'x')).size(), 200U);
  EXPECT_TRUE(folder_name_is_lossy("a b"));
  EXPECT_FALSE(folder_name_is_lossy("a.b-c"));
  EXPECT_EQ(folder_name(".."), "_.");
  EXPECT_EQ(folder_name("../.x..y"), "_._.x._y");
  EXPECT_THAT(namespace_levels("a.b"), ElementsAre("a", "b"));
  EXPECT_THAT(namespace_levels(R"(a\.b.c/d)"), ElementsAre("a.b", "c/d"));
  const std::string levels[] = {"a.b", "c/d"};
  EXPECT_EQ(*namespace_name(levels), R"(a\.b.c/d)");
  const std::string tricks[] = {"a\\", "b"};
  EXPECT_EQ(name_of(namespace_name(tricks)), "catalog.bad_name");
  EXPECT_EQ(parent_namespace(R"(a\.b)"), "");
  EXPECT_EQ(parent_namespace(R"(a\.b.c\.d)"), R"(a\.b)");
  EXPECT_EQ(parent_namespace("a.b.c"), "a.b");
  EXPECT_EQ(parent_namespace("a"), "");
}

TEST(MetadataCache, KeepsTheRecentlyUsed) {
  MetadataCache cache(80);
  const auto of = [](const std::string& uuid) {
    iceberg::TableMetadata metadata;
    metadata.table_uuid = uuid;
    return std::make_shared<const iceberg::TableMetadata>(std::move(metadata));
  };
  const auto metadata = of("1");
  cache.insert("a", metadata, 10);
  cache.insert("b", of("2"), 10);
  EXPECT_EQ(cache.find("a"), metadata);
  cache.insert("c", of("3"), 10);
  cache.insert("c", of("3"), 10);
  EXPECT_EQ(cache.find("b"), nullptr);
  EXPECT_EQ(cache.find("a"), metadata);
  EXPECT_NE(cache.find("c"), nullptr);
  cache.insert("huge", of("4"), 1000);  // One that is worked on is not read again and again.
  EXPECT_NE(cache.find("huge"), nullptr);
  EXPECT_EQ(cache.find("a"), nullptr);
}

TEST(MetadataCache, KeepsTheNewestTwoOfATable) {
  MetadataCache cache(1'000'000);
  iceberg::TableMetadata other;
  other.table_uuid = "other";
  cache.insert("other", std::make_shared<const iceberg::TableMetadata>(std::move(other)), 10);
  const auto metadata = std::make_shared<const iceberg::TableMetadata>();
  for (const char* location : {"1", "2", "3"}) cache.insert(location, metadata, 10);
  EXPECT_EQ(cache.find("1"), nullptr);
  EXPECT_EQ(cache.find("2"), metadata);
  EXPECT_EQ(cache.find("3"), metadata);
  EXPECT_NE(cache.find("other"), nullptr);
}

TEST(Catalog, Namespaces) {
  Lake lake;
  Catalog& catalog = lake.catalog();
  EXPECT_EQ(name_of(catalog.create_namespace("a.b.c", {{"owner", "me"}})), "ok");
  EXPECT_EQ(name_of(catalog.create_namespace("a")), "catalog.namespace_exists");
  EXPECT_EQ(name_of(catalog.create_namespace("a..b")), "catalog.bad_name");
  EXPECT_EQ(name_of(catalog.create_namespace("A")), "ok");  // Case counts.
  EXPECT_THAT(*catalog.list_namespaces(), ElementsAre("A", "a", "a.b", "a.b.c"));
  EXPECT_THAT(*catalog.list_namespaces("a"), ElementsAre("a.b"));
  EXPECT_EQ(name_of(catalog.list_namespaces("x")), "catalog.namespace_not_found");
  const std::vector<std::string> gone = {"owner", "never"};
  EXPECT_EQ(name_of(catalog.update_namespace_properties("a.b.c", {{"k", "v"}}, gone)), "ok");
  EXPECT_EQ(catalog.namespace_properties("a.b.c").value(), (Properties{{"k", "v"}}));
  EXPECT_EQ(name_of(catalog.update_namespace_properties("x", {}, {})), "catalog.namespace_not_found");
  EXPECT_EQ(name_of(catalog.namespace_properties("x")), "catalog.namespace_not_found");
  EXPECT_EQ(name_of(catalog.drop_namespace("a.b")), "catalog.namespace_not_empty");
  EXPECT_EQ(name_of(catalog.drop_namespace("a.b.c")), "ok");
  EXPECT_EQ(name_of(catalog.drop_namespace("a.b.c")), "catalog.namespace_not_found");
}

TEST(Catalog, CreatesAndLoadsTables) {
  Lake lake;
  Catalog& catalog = lake.catalog();
  EXPECT_EQ(name_of(catalog.create_table(Lake::description("t"))), "catalog.namespace_not_found");
  EXPECT_EQ(lake.file_count(), 0U);
  EXPECT_EQ(name_of(catalog.load_table({"curated", "t"})), "catalog.table_not_found");
  lake.make_tables({"t"});
  const Table table = catalog.load_table({"curated", "t"}).value();
  EXPECT_THAT(table.metadata_location, StartsWith("file:///lake/curated/t/metadata/00000-"));
  EXPECT_EQ(table.metadata->location, "file:///lake/curated/t");
  EXPECT_EQ(table.metadata->properties.at("owner"), "tests");
  EXPECT_EQ(catalog.load_table({"curated", "t"})->metadata, table.metadata);  // Cached.
  lake.reopen();
  const Table again = lake.catalog().load_table({"curated", "t"}).value();
  EXPECT_EQ(*again.metadata, *table.metadata);
  EXPECT_EQ(name_of(lake.catalog().create_table(Lake::description("t"))), "catalog.table_exists");
  EXPECT_EQ(lake.file_count(), 1U);
  EXPECT_EQ(name_of(lake.catalog().create_table(Lake::description(".."))), "catalog.bad_name");
  EXPECT_TRUE(lake.catalog().table_exists({"curated", "t"}).value());
  EXPECT_FALSE(lake.catalog().table_exists({"curated", "T"}).value());
  EXPECT_EQ(name_of(lake.catalog().drop_namespace("curated")), "catalog.namespace_not_empty");
}

TEST(Catalog, GivesEachTableAFolderOfItsOwn) {
  Lake lake;
  Catalog& catalog = lake.catalog();
  lake.make_tables({"t", "a b", "a_b"});
  EXPECT_EQ(name_of(catalog.create_namespace("curated.deep")), "ok");
  EXPECT_EQ(name_of(catalog.create_table(Lake::description("t", "curated.deep"))), "ok");
  std::set<std::string> locations;
  const std::vector<TableName> names = catalog.list_tables().value();
  for (const TableName& name : names) locations.insert(catalog.load_table(name)->metadata->location);
  EXPECT_EQ(locations.size(), 4U);
  EXPECT_TRUE(locations.contains("file:///lake/curated.deep/t"));
  // What was dropped keeps its files, so the next of that name goes elsewhere.
  EXPECT_EQ(name_of(catalog.drop_table({"curated", "t"})), "ok");
  EXPECT_EQ(name_of(catalog.drop_table({"curated", "t"})), "catalog.table_not_found");
  const Table fresh = catalog.create_table(Lake::description("t")).value();
  EXPECT_TRUE(locations.insert(fresh.metadata->location).second);
  EXPECT_THAT(fresh.metadata->location, StartsWith("file:///lake/curated/t-"));
}

TEST(Catalog, RenamesListsAndRegisters) {
  Lake lake;
  Catalog& catalog = lake.catalog();
  lake.make_tables({"t", "u"});
  const Table before = catalog.load_table({"curated", "t"}).value();
  EXPECT_EQ(name_of(catalog.rename_table({"curated", "t"}, {"curated", "u"})), "catalog.table_exists");
  EXPECT_EQ(name_of(catalog.rename_table({"curated", "t"}, {"none", "t"})), "catalog.namespace_not_found");
  EXPECT_EQ(name_of(catalog.rename_table({"curated", "x"}, {"curated", "y"})), "catalog.table_not_found");
  EXPECT_EQ(name_of(catalog.rename_table({"curated", "t"}, {"curated", ".."})), "catalog.bad_name");
  EXPECT_EQ(name_of(catalog.rename_table({"curated", "t"}, {"curated", "v"})), "ok");
  EXPECT_EQ(catalog.load_table({"curated", "v"})->metadata, before.metadata);
  EXPECT_EQ(catalog.list_tables("curated")->size(), 2U);
  EXPECT_EQ(name_of(catalog.list_tables("none")), "catalog.namespace_not_found");
  EXPECT_EQ(name_of(catalog.register_table({"curated", "t"}, before.metadata_location)), "ok");
  EXPECT_EQ(name_of(catalog.register_table({"curated", "t"}, before.metadata_location)),
            "catalog.table_exists");
  EXPECT_EQ(name_of(catalog.register_table({"curated", "z"}, "file:///lake/none.json")),
            "catalog.metadata_not_found");
  EXPECT_TRUE(lake.store().read(before.metadata_location).ok());  // The failed ones took nothing away.
}

TEST(Catalog, SaysWhichMetadataIsDamaged) {
  Lake lake;
  lake.make_tables({"t"});
  const std::string location = lake.catalog().load_table({"curated", "t"})->metadata_location;
  ASSERT_TRUE(lake.store().write(location, "{\"format-version\": 2", io::IfExists::kReplace).ok());
  lake.reopen();
  const auto damaged = lake.catalog().load_table({"curated", "t"});
  EXPECT_EQ(name_of(damaged), "iceberg.bad_json");
  EXPECT_NE(damaged.error().to_string().find(location), std::string::npos);
  ASSERT_TRUE(lake.store().remove(location).ok());
  EXPECT_EQ(name_of(lake.catalog().load_table({"curated", "t"})), "catalog.metadata_not_found");
}

TEST(ErrorCodes, AreListedOnce) {
  std::set<std::string_view> names;
  for (const ErrorCode* code : error_codes()) {
    EXPECT_TRUE(code->name.starts_with("catalog."));
    EXPECT_TRUE(names.insert(code->name).second) << code->name;
  }
}

}  // namespace
}  // namespace tarn::catalog
