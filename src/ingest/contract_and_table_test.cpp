// What becomes of tables, and of what arrives, when contracts change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/testing/contracts.h"
#include "ingest/testing/lake.h"
#include "ingest/testing/zip.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kPeople;
using testing::kVisits;
using testing::Lake;
using testing::make_zip;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ContractAndTable, ContractsGrowTheirTables) {
  Lake lake({kPeople});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,50\n";
  ASSERT_TRUE(lake.ingest().ok());
  std::string changed = kPeople;
  changed.replace(changed.find("{name: id, type: int}"), 21, "{name: id, type: long}");
  changed.replace(changed.find("{name: name,"), 12, "{name: full_name, renamed_from: name, from: name,");
  changed += "  - {name: city, type: string, default: unknown}\n";
  lake.set_feeds({changed});
  lake.files["people2.csv"] = "id,version,name,score,city\n1,2,Ann,51,Ulm\n5000000000,1,Big,1,\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "full_name", "score", "city"}),
              ElementsAre("1|Ann|51.00|Ulm", "5000000000|Big|1.00|unknown"));
}

TEST(ContractAndTable, AFeedWithoutItsTableWaitsAndTheOthersGoOn) {
  Lake lake({kPeople, kVisits});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,50\n";
  ASSERT_TRUE(lake.ingest().ok());
  // The score becomes a date, which no widening allows. The same files serve a second feed, too.
  const std::string broken =
      replaced(kPeople, "type: \"decimal(6,2)\", range: {min: \"0\", max: \"100\"}", "type: date");
  const std::string also =
      replaced(replaced(kPeople, "feed: people", "feed: staff"), "curated.person", "curated.staff");
  lake.set_feeds({broken, kVisits, also});
  lake.files["people2.csv"] = "id,version,name,score\n2,1,Bob,60\n";
  lake.files["v.zip"] = make_zip({{"visits/1.xml", "<Visit id='V1' version='1'/>"}});
  for (int round = 0; round < 2; ++round) {
    const auto pipeline = lake.open();
    ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
    ASSERT_EQ((*pipeline)->blocked().size(), 1U);
    EXPECT_EQ((*pipeline)->blocked().front().error.name(), "ingest.incompatible_table");
    Progress progress;
    const auto report = (*pipeline)->run_once(progress, {});
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_EQ(report->files_blocked, 1);
    EXPECT_EQ(report->totals.files_committed, round == 0 ? 2 : 0);
    EXPECT_THAT(lake.rows({"curated", "person"}, {"id"}), ElementsAre("1"));
    EXPECT_THAT(lake.rows({"curated", "staff"}, {"id"}), ElementsAre("2"));
    EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id"}), ElementsAre("V1"));
  }
  lake.set_feeds({kPeople, kVisits, also});
  const auto mended = lake.ingest();
  ASSERT_TRUE(mended.ok()) << mended.error().to_string();
  EXPECT_EQ(mended->files_recovered, 1);
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "score"}), ElementsAre("1|50.00", "2|60.00"));
  EXPECT_THAT(lake.rows({"curated", "staff"}, {"id"}), ElementsAre("2"));
  EXPECT_THAT(lake.quarantine(), IsEmpty());
}

TEST(ContractAndTable, AnAppendWithoutTheKeyOfItsTableSaysThatTheModeIsTheCause) {
  Lake lake({kPeople});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,50\n";
  ASSERT_TRUE(lake.ingest().ok());
  const std::string append =
      replaced(replaced(kPeople, "mode: upsert", "mode: append"), "version_column: version\n", "");
  const std::string keyless = replaced(append, "key: [id]\n", "");
  for (const std::string& feed : {keyless, replaced(keyless, "  - {name: id, type: int}\n", "")}) {
    lake.set_feeds({feed});
    const auto pipeline = lake.open();
    ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
    ASSERT_EQ((*pipeline)->blocked().size(), 1U);
    const Error& error = (*pipeline)->blocked().front().error;
    EXPECT_EQ(error.name(), "ingest.incompatible_table");
    EXPECT_THAT(error.message(), ::testing::HasSubstr("`mode` was upsert"));
    EXPECT_THAT(error.hint(), ::testing::HasSubstr("`key: [id]`"));
    ASSERT_TRUE(error.span().has_value());
    EXPECT_EQ(error.span()->line, 7);
  }
  // With its key the feed may append.
  lake.set_feeds({append});
  lake.files["people2.csv"] = "id,version,name,score\n1,2,Ann,51\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "score"}), ElementsAre("1|50.00", "1|51.00"));
}

TEST(ContractAndTable, MembersOfABlockedFeedWaitWithoutQuarantine) {
  const std::string notes = R"yaml(
feed: notes
owner: o@example.org
description: Notes.
source: {folder: in, files: "*.zip", members: "notes/*.csv"}
table: curated.note
mode: append
format: {type: csv}
columns:
  - {name: id, type: int}
)yaml";
  Lake lake({notes});
  lake.files["a.zip"] = make_zip({{"notes/1.csv", "id\n1\n"}});
  ASSERT_TRUE(lake.ingest().ok());
  lake.set_feeds({replaced(notes, "type: int", "type: date"), kVisits});
  lake.files["b.zip"] =
      make_zip({{"notes/2.csv", "id\n2\n"}, {"visits/1.xml", "<Visit id='V1' version='1'/>"}});
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(), IsEmpty());
  EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id"}), ElementsAre("V1"));
  lake.set_feeds({notes, kVisits});
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(), IsEmpty());
  EXPECT_THAT(lake.rows({"curated", "note"}, {"id"}), ElementsAre("1", "2"));
  EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id"}), ElementsAre("V1"));
}

TEST(ContractAndTable, ADroppedRequiredColumnIsNullFromThenOn) {
  Lake lake({replaced(kPeople, "{name: name, type: string}", "{name: name, type: string, required: true}")});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,50\n";
  ASSERT_TRUE(lake.ingest().ok());
  lake.set_feeds({replaced(kPeople, "  - {name: name, type: string}\n", "")});
  lake.files["people2.csv"] = "id,version,score\n2,1,60\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "name"}), ElementsAre("1|Ann", "2|~"));
}

TEST(ContractAndTable, ANewLayoutHoldsForNewFilesAndUpsertsReachTheOldOnes) {
  Lake lake({kPeople});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,50\n2,1,Bob,60\n";
  ASSERT_TRUE(lake.ingest().ok());
  lake.set_feeds({std::string(kPeople) + "partition: [\"bucket(2, id)\"]\nsort: [name]\n"});
  lake.files["people2.csv"] = "id,version,name,score\n1,2,Ann2,51\n3,1,Cyd,70\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  auto table = lake.catalog->load_table({"curated", "person"});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->metadata->default_spec().fields.size(), 1U);
  EXPECT_EQ(table->metadata->default_sort_order().fields.size(), 1U);
  const auto commits = table->metadata->metadata_log.size();
  lake.files["people3.csv"] = "id,version,name,score\n3,2,Cyd2,71\n2,2,Bob2,61\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "name"}), ElementsAre("1|Ann2", "2|Bob2", "3|Cyd2"));
  table = lake.catalog->load_table({"curated", "person"});
  EXPECT_EQ(table->metadata->metadata_log.size(), commits + 1) << "an unchanged contract changes no table";
}

TEST(ContractAndTable, AValueThatATruncatePartitionCannotHoldIsRefused) {
  const std::string numbers = R"yaml(
feed: numbers
owner: o@example.org
description: Numbers.
source: {folder: in, files: "*.csv"}
table: curated.number
mode: append
format: {type: csv}
partition: ["truncate(10, i)", "truncate(10, d)"]
columns:
  - {name: i, type: int}
  - {name: d, type: "decimal(4,2)"}
)yaml";
  Lake lake({numbers});
  lake.files["a.csv"] = "i,d\n-2147483640,-99.90\n-2147483641,1\n1,-99.91\n2147483647,99.99\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows({"curated", "number"}, {"i", "d"}),
              ElementsAre("-2147483640|-99.90", "2147483647|99.99"));
  EXPECT_THAT(lake.quarantine(),
              ElementsAre("record.out_of_range record a.csv #2 i", "record.out_of_range record a.csv #3 d"));
}

}  // namespace
}  // namespace tarn::ingest
