// `drift: evolve`: every column of the source keeps its column of the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iceberg/schema_update.h"
#include "ingest/drift/drift_columns.h"
#include "ingest/testing/lake.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Lake;

const TableName kTable{"c", "t"};

std::string feed(const std::string& columns, const std::string& more = "format: {type: csv}\n",
                 const std::string& name = "f") {
  return "feed: " + name + "\nowner: o@example.org\ndescription: d\nsource: {folder: in, files: \"" + name +
         "*\"}\ntable: c.t\ndrift: evolve\n" + more + "columns:\n" + columns;
}

const std::string kId = "  - {name: id, type: string}\n";

struct Dropped {
  const char* mode;
  const char* format;
  const char* column;  // that the contract drops
  const char* others;  // that it keeps besides `id`
  const char* first;
  const char* second;
};

constexpr const char* kCsv = "format: {type: csv}\n";
constexpr const char* kXml = "format: {type: xml, record: /Rs/R}\n";
constexpr const char* kInt = "  - {name: a, type: int}\n";
constexpr const char* kAttribute = "  - {name: a, type: int, from: \"@a\"}\n";
constexpr const char* kVersion = "  - {name: v, type: int}\n";
constexpr const char* kXmlFirst = "<Rs><R id='1' a='5'/></Rs>";
constexpr const char* kXmlSecond = "<Rs><R id='2' a='06'/></Rs>";

TEST(Drift, ADroppedColumnGoesOnAsTextBesideTheTypedOne) {
  const Dropped cases[] = {
      {"", kCsv, kInt, "", "id,a\n1,5\n", "id,a\n2,06\n"},
      {"mode: upsert\nkey: [id]\n", kCsv, kInt, "", "id,a\n1,5\n", "id,a\n2,06\n"},
      {"mode: replace\nkey: [id]\nreplace: {by: [id]}\n", kCsv, kInt, "", "id,a\n1,5\n", "id,a\n2,06\n"},
      {"mode: scd2\nkey: [id]\nversion_column: v\n", kCsv, kInt, kVersion, "id,v,a\n1,1,5\n",
       "id,v,a\n2,1,06\n"},
      {"mode: scd3\nkey: [id]\nversion_column: v\nprevious: [w]\n", kCsv, kInt,
       "  - {name: v, type: int}\n  - {name: w, type: string}\n", "id,v,w,a\n1,1,x,5\n",
       "id,v,w,a\n2,1,x,06\n"},
      {"", kXml, kAttribute, "", kXmlFirst, kXmlSecond},
      {"mode: upsert\nkey: [id]\n", kXml, kAttribute, "", kXmlFirst, kXmlSecond}};
  for (const Dropped& c : cases) {
    const std::string more = std::string(c.mode) + c.format;
    const std::string id = c.format == kCsv ? kId : "  - {name: id, type: string, from: \"@id\"}\n";
    Lake lake({feed(id + c.others + c.column, more)});
    lake.files["f1"] = c.first;
    ASSERT_TRUE(lake.ingest().ok()) << more;
    lake.set_feeds({feed(id + c.others, more)});
    lake.files["f2"] = c.second;
    for (int round = 0; round < 2; ++round) {
      const auto report = lake.ingest();
      ASSERT_TRUE(report.ok()) << more << report.error().to_string();
    }
    EXPECT_THAT(lake.quarantine(), IsEmpty()) << more;
    EXPECT_THAT(lake.rows(kTable, {"id", "a", "a_2"}), ElementsAre("1|5|~", "2|~|06")) << more;
  }
}

TEST(Drift, ASourceKeepsItsColumnInWhateverOrderItComes) {
  for (const std::uint32_t files_a_batch : {1U, 100U}) {
    const std::string yaml =
        "project: test\nlimits: {threads: 2}\nbatch: {max_files: " + std::to_string(files_a_batch) + "}\n";
    Lake lake({feed(kId)}, yaml);
    lake.files["f1"] = "id,Discount %,Discount $\n1,10pct,5usd\n";
    lake.files["f2"] = "id,Discount $\n2,6usd\n";
    lake.files["f3"] = "Discount $,Discount %,id\n7usd,30pct,3\n";
    ASSERT_TRUE(lake.ingest().ok());
    lake.files["f4"] = "id,Discount #,Discount $\n4,n,8usd\n";
    lake.files["f5"] = "id,discount\n5,plain\n";
    lake.files["f6"] = "id,Discount #, Discount %\n6,m,60pct\n";
    ASSERT_TRUE(lake.ingest().ok());
    EXPECT_THAT(lake.rows(kTable, {"id", "discount", "discount_2", "discount_3", "discount_4"}),
                ElementsAre("1|10pct|5usd|~|~", "2|~|6usd|~|~", "3|30pct|7usd|~|~", "4|~|8usd|n|~",
                            "5|~|~|~|plain", "6|60pct|~|m|~"));
  }
}

TEST(Drift, ManyFilesInOneBatchOfSeveralThreadsAgree) {
  Lake lake({feed(kId)}, "project: test\nlimits: {threads: 4}\n");
  for (int i = 100; i < 140; ++i) {
    const std::string number = std::to_string(i);
    lake.files["f" + number] =
        i % 2 == 0 ? "id,A!,A?\n" + number + ",yes,no\n" : "id,A?,A!,A-\n" + number + ",no,yes,maybe\n";
  }
  ASSERT_TRUE(lake.ingest().ok());
  const auto rows = lake.rows(kTable, {"a", "a_2", "a_3"});
  EXPECT_EQ(std::ranges::count(rows, "yes|no|~"), 20);
  EXPECT_EQ(std::ranges::count(rows, "yes|no|maybe"), 20);
}

TEST(Drift, ANameThatAHeaderHasTwiceIsTwoColumns) {
  Lake lake({feed(kId)});
  lake.files["f1"] = "id,x,x,,\n1,a,b,c,d\n";
  lake.files["f2"] =
      "x,id, x,x\x1F"
      "2\na2,2,b2,c2\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, {"id", "x", "x_2", "column_", "column__2", "x_2_2"}),
              ElementsAre("1|a|b|c|d|~", "2|a2|b2|~|~|c2"));
}

TEST(Drift, PathsThatDifferAreDifferentSources) {
  Lake lake({feed("  - {name: id, type: string, from: \"@id\"}\n", kXml)});
  lake.files["f1"] =
      "<Rs xmlns:p='urn:p' xmlns:d='urn:d'><R id='1'><p:Name>p</p:Name><d:Name>d</d:Name>"
      "<Unit>u</Unit><a><b>ab</b></a></R></Rs>";
  // Prefixes are the document's own; the namespaces count.
  lake.files["f2"] =
      "<Rs xmlns:p='urn:d' xmlns:q='urn:p'><R id='2' Unit='at'><p:Name>d</p:Name><q:Name>p</q:Name>"
      "<a_b>a_b</a_b></R><R id='3' Unit='at'><Unit>u</Unit>mixed<text>t</text></R></Rs>";
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["f3"] = "<Rs><R id='4'><a_b>a_b</a_b><text>t</text><a><b>ab</b></a>mixed</R></Rs>";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(), IsEmpty());
  EXPECT_THAT(lake.rows(kTable, {"id", "name", "name_2", "unit", "unit_2", "a_b", "a_b_2", "text", "text_2"}),
              ElementsAre("1|p|d|u|~|ab|~|~|~", "2|p|d|~|at|~|a_b|~|~", "3|~|~|u|at|~|~|mixed|t",
                          "4|~|~|~|~|ab|a_b|mixed|t"));
}

TEST(Drift, APathThatComesTwiceInARecordIsStillRefused) {
  Lake lake({feed("  - {name: id, type: string, from: \"@id\"}\n", kXml)});
  lake.files["f1"] = "<Rs><R id='1'><N>a</N><N>b</N></R></Rs>";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(), ElementsAre("record.repeated record f1 #1 n"));
}

// As tables are that were made before sources were remembered.
void forget_sources(Lake& lake) {
  const auto table = lake.catalog->load_table(kTable);
  ASSERT_TRUE(table.ok());
  iceberg::RemoveProperties forgotten;
  for (const auto& [name, value] : table->metadata->properties)
    if (name.starts_with(kDriftProperty)) forgotten.keys.push_back(name);
  ASSERT_FALSE(forgotten.keys.empty());
  const std::vector<catalog::TableCommit> commits = {{kTable, {}, {forgotten}}};
  ASSERT_TRUE(lake.catalog->commit(commits).ok());
}

TEST(Drift, AColumnWithoutAKnownSourceIsFoundByItsNameAndRemembered) {
  Lake lake({feed(kId)});
  lake.files["f1"] = "id,Blood Type,Ward\n1,A+,w1\n";
  ASSERT_TRUE(lake.ingest().ok());
  forget_sources(lake);
  lake.files["f2"] = "id,Blood Type\n2,B+\n";
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["f3"] = "id,Blood-Type,Ward\n3,other,w3\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, {"id", "blood_type", "blood_type_2", "ward"}),
              ElementsAre("1|A+|~|w1", "2|B+|~|~", "3|~|other|w3"));
}

TEST(Drift, ATextColumnThatTheContractDroppedGoesOn) {
  Lake lake({feed(kId + "  - {name: a, type: string}\n")});
  lake.files["f1"] = "id,a\n1,x\n";
  ASSERT_TRUE(lake.ingest().ok());
  lake.set_feeds({feed(kId)});
  lake.files["f2"] = "id,a,A?\n2,y,z\n";
  ASSERT_TRUE(lake.ingest().ok());
  lake.set_feeds({feed(kId + "  - {name: a, type: string, from: \"A?\"}\n")});
  lake.files["f3"] = "id,a,A?\n3,y,z\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows(kTable, {"id", "a", "a_2", "a_3"}), ElementsAre("1|x|~|~", "2|y|z|~", "3|z|~|y"));
}

TEST(Drift, FeedsOfOneTableShareTheColumnOfASource) {
  Lake lake({feed(kId), feed(kId, "format: {type: csv, delimiter: ';'}\n", "g")});
  lake.files["f1"] = "id,w,W\n1,x,y\n";
  lake.files["g1"] = "W;w;id\ny;x;2\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows(kTable, {"id", "w", "w_2"}), ElementsAre("1|x|y", "2|x|y"));
}

TEST(Drift, AReplayPutsValuesWhereTheyBelong) {
  Lake lake({feed("  - {name: id, type: string, length: {max: 1}}\n")});
  lake.files["f1"] = "id,A!,A?\n1,yes,no\n22,yes,no\n";
  lake.files["f2"] = "id,A?\n33,no\n";
  ASSERT_TRUE(lake.ingest().ok());
  lake.set_feeds({feed(kId)});
  const auto open = state::list_quarantine(*lake.database, {});
  ASSERT_EQ(open->size(), 2U);
  const auto pipeline = lake.open();
  ASSERT_TRUE(pipeline.ok());
  ASSERT_TRUE((*pipeline)->replay(*open, {}).ok());
  EXPECT_THAT(lake.rows(kTable, {"id", "a", "a_2"}), ElementsAre("1|yes|no", "22|yes|no", "33|~|no"));
}

// An engine adds a column while the batch is written; the commit is tried once more.
TEST(Drift, AColumnThatAnEngineAddsMeanwhileStaysItsOwn) {
  Lake lake({feed(kId)});
  lake.files["f1"] = "id,a\n1,x\n";
  const std::string before = "id\n0\n";
  lake.files["f0"] = before;
  bool added = false;
  lake.store.set_fault([&](std::uint64_t, std::string_view, const std::string& location) -> Status {
    if (added || !location.ends_with(".parquet")) return ok_status();
    added = true;
    const auto table = lake.catalog->load_table(kTable);
    iceberg::SchemaUpdate update(table->metadata->current_schema(), table->metadata->last_column_id);
    EXPECT_TRUE(update.add({.name = "a", .type = iceberg::Type::int32()}).ok());
    const auto changed = update.finish();
    const std::vector<catalog::TableCommit> commits = {
        {kTable, {}, {iceberg::AddSchema{changed->schema}, iceberg::SetCurrentSchema{}}}};
    EXPECT_TRUE(lake.catalog->commit(commits).ok());
    return ok_status();
  });
  const auto report = lake.ingest();
  lake.store.set_fault({});
  ASSERT_TRUE(added);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows(kTable, {"id", "a", "a_2"}), ElementsAre("0|~|~", "1|~|x"));
}

}  // namespace
}  // namespace tarn::ingest
