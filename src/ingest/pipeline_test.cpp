#include "ingest/pipeline.h"

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

std::string visit(const std::string& id, int version, const std::vector<std::string>& codes,
                  const std::string& more = "") {
  std::string xml = "<Visit id=\"" + id + "\" version=\"" + std::to_string(version) +
                    "\"><Stay><From>2024-03-01T08:00:00</From></Stay><Notes><Note by=\"a\">x &amp; "
                    "y</Note></Notes><Diagnoses>";
  for (const std::string& code : codes) xml += "<Diagnosis code=\"" + code + "\"/>";
  return xml + "</Diagnoses>" + more + "</Visit>";
}

TEST(Pipeline, TheLatestVersionOfAKeyWinsInWhateverOrderVersionsArrive) {
  Lake lake({kPeople});
  lake.files["people1.csv"] = "id,version,name,score\n1,2,Ann2,50\n2,1,Bob,1.50\n1,1,Ann,10\n";
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["people2.csv"] = "score,name,version,id\n7,Bob2,2,2\n0,Late,0,1\n99.99,Cyd,1,3\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->rows_superseded, 1);
  EXPECT_EQ(report->files_known, 1);
  EXPECT_THAT(
      lake.rows({"curated", "person"}, {"id", "version", "name", "score", "_source_file", "_source_record"}),
      ElementsAre("1|2|Ann2|50.00|people1.csv|1", "2|2|Bob2|7.00|people2.csv|1",
                  "3|1|Cyd|99.99|people2.csv|3"));
}

TEST(Pipeline, ABadRecordCostsThatRecordAndTheNumbersAddUp) {
  Lake lake({kPeople});
  lake.files["people.csv"] =
      "id,version,name,score\n1,1,Ann,50\n,1,NoKey,1\nx,1,Bad,1\n4,1,Dan,101\n5,1,Eve\n6,1,\"Fi\nna\",3\n7,1,"
      "Gus,1.999\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->totals.records_arrived, 7);
  EXPECT_EQ(report->totals.records_committed, 2);
  EXPECT_EQ(report->totals.records_quarantined, 5);
  EXPECT_THAT(lake.quarantine(), ElementsAre("record.missing_key record people.csv #2 id",
                                             "record.out_of_range record people.csv #4 score",
                                             "record.ragged record people.csv #5",
                                             "value.not_an_integer record people.csv #3 id",
                                             "value.too_precise record people.csv #7 score"));
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "name"}), ElementsAre("1|Ann", "6|Fi\nna"));
}

TEST(Pipeline, TheSameContentIsCountedOnceWhateverItsName) {
  Lake lake({kPeople});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,50\n";
  lake.files["people2.csv"] = lake.files["people1.csv"];
  const auto first = lake.ingest();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->totals.files_duplicate, 1);
  EXPECT_EQ(first->totals.records_arrived, 2);
  EXPECT_EQ(first->totals.records_duplicate, 1);
  lake.files["people3.csv"] = lake.files["people1.csv"];
  const auto second = lake.ingest();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->totals.files_arrived, 1);
  EXPECT_EQ(second->totals.files_duplicate, 1);
  EXPECT_EQ(lake.rows({"curated", "person"}, {"id"}).size(), 1U);
}

TEST(Pipeline, TheSameContentIsLoadedForEachFeedThatItsNamesLeadTo) {
  std::string other = kPeople;
  other.replace(other.find("feed: people"), 12, "feed: staff");
  other.replace(other.find("people*"), 7, "staff*");
  other.replace(other.find("curated.person"), 14, "curated.staff");
  Lake lake({kPeople, other});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,50\n";
  lake.files["staff1.csv"] = lake.files["people1.csv"];
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["staff2.csv"] = lake.files["people1.csv"];
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->totals.files_duplicate, 1);
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "_source_file"}), ElementsAre("1|people1.csv"));
  EXPECT_THAT(lake.rows({"curated", "staff"}, {"id", "_source_file"}), ElementsAre("1|staff1.csv"));
}

TEST(Pipeline, AParentsNewVersionReplacesAllOfItsChildren) {
  Lake lake({kVisits});
  lake.files["a.zip"] = make_zip(
      {{"visits/1.xml", visit("V1", 1, {"A1", "B2", "C3"})}, {"visits/2.xml", visit("V2", 5, {"D4"})}});
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "visit_diagnosis"}, {"visit_id", "ordinal", "code"}),
              ElementsAre("V1|1|A1", "V1|2|B2", "V1|3|C3", "V2|1|D4"));
  lake.files["b.zip"] =
      make_zip({{"visits/1.xml", visit("V1", 2, {"E5"})}, {"visits/2.xml", visit("V2", 4, {"X9", "Y9"})}});
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows({"curated", "visit_diagnosis"},
                        {"visit_id", "ordinal", "code", "_source_file", "_source_member"}),
              ElementsAre("V1|1|E5|b.zip|visits/1.xml", "V2|1|D4|a.zip|visits/2.xml"));
  lake.files["c.zip"] =
      make_zip({{"visits/1.xml", visit("V1", 3, {})}, {"visits/2.xml", visit("V2", 6, {"F6", "G7"})}});
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "visit_diagnosis"}, {"visit_id", "ordinal", "code"}),
              ElementsAre("V2|1|F6", "V2|2|G7"));
  EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id", "version", "notes"}).size(), 2U);
}

TEST(Pipeline, EachBadUnitCostsItselfAlone) {
  Lake lake({kVisits});
  std::string corrupt = make_zip({{"visits/1.xml", visit("V9", 1, {})}});
  corrupt[corrupt.find("2024")] = '3';
  lake.files["bad.zip"] = corrupt;
  lake.files["cut.zip"] = make_zip({{"visits/1.xml", visit("V8", 1, {})}}).substr(0, 60);
  lake.files["empty.zip"] = make_zip({});
  lake.files["page.zip"] = "<html>not found</html>";
  lake.files["good.zip"] = make_zip({{"visits/1.xml", visit("V1", 1, {"A1"})},
                                     {"visits/2.xml", "<Visit id='V2'"},
                                     {"visits/3.xml", "<!DOCTYPE x><Visit id='V3' version='1'/>"},
                                     {"../visits/4.xml", visit("V4", 1, {})},
                                     {"other/5.txt", "?"},
                                     {"visits/6.xml", visit("V6", 1, {"7"})},
                                     {"visits/7.xml", visit("V7", 1, {}, "<New>1</New>")},
                                     {"visits/8.xml", make_zip({{"a", "b"}})}});
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id"}), ElementsAre("V1"));
  EXPECT_THAT(
      lake.quarantine(),
      ElementsAre("archive.crc member bad.zip!visits/1.xml", "archive.empty file empty.zip",
                  "archive.nested member good.zip!visits/8.xml", "archive.not_a_zip file page.zip",
                  "archive.truncated file cut.zip", "archive.unsafe_name member good.zip!../visits/4.xml",
                  "drift.unknown_column record good.zip!visits/7.xml #1",
                  "record.pattern_mismatch record good.zip!visits/6.xml #1 Diagnoses/Diagnosis/code",
                  "route.no_feed member good.zip!other/5.txt", "xml.dtd member good.zip!visits/3.xml",
                  "xml.malformed member good.zip!visits/2.xml"));
  const auto summary = state::summary(*lake.database);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->files_arrived(), 5);
  EXPECT_EQ(summary->committed.files, 1);
  EXPECT_EQ(summary->quarantined.files, 4);
  EXPECT_EQ(summary->records_arrived(), summary->records_committed() + summary->records_quarantined());
}

TEST(Pipeline, ReplayLoadsWhatNowPassesOnce) {
  Lake lake({kPeople});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,500\n2,1,Bob,50\n3,1,Cyd,oops\n";
  lake.files["people2.csv"] = "id,version,name,score,extra\n4,1,Dan,5,x\n5,1,Eve,bad,y\n";
  ASSERT_TRUE(lake.ingest().ok());
  ASSERT_EQ(lake.quarantine().size(), 3U);
  std::string wider = kPeople;
  wider.replace(wider.find("max: \"100\""), 10, "max: \"999\"");
  wider += "  - {name: extra, type: string}\ndrift: freeze\n";
  lake.set_feeds({wider});
  for (int round = 0; round < 2; ++round) {
    const auto pipeline = lake.open();
    ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
    auto open = state::list_quarantine(*lake.database, {.status = state::QuarantineStatus::kOpen});
    const auto report = (*pipeline)->replay(*open, {});
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_EQ(report->replayed, round == 0 ? 2 : 0);
    EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "score", "extra"}),
                ElementsAre("1|500.00|~", "2|50.00|~", "4|5.00|x"));
    EXPECT_THAT(lake.quarantine(), ElementsAre("value.not_a_number record people1.csv #3 score",
                                               "value.not_a_number record people2.csv #2 score"));
  }
  const auto summary = state::summary(*lake.database);
  EXPECT_EQ(summary->records_arrived(), 5);
  EXPECT_EQ(summary->records_committed(), 3);
  EXPECT_EQ(summary->records_quarantined(), 2);
}

// Its name leads to the first one, which was read.
TEST(Pipeline, ASecondMemberOfANameIsNeverReplayed) {
  std::string zipped = kPeople;
  zipped.replace(zipped.find("people*"), 7, "*.zip");
  const std::string upsert = "mode: upsert\nkey: [id]\nversion_column: version\n";
  zipped.replace(zipped.find(upsert), upsert.size(), "mode: append\n");
  Lake lake({zipped});
  lake.files["a.zip"] = make_zip(
      {{"x.csv", "id,version,name,score\n11,1,Ann,5\n"}, {"x.csv", "id,version,name,score\n12,1,Bob,6\n"}});
  ASSERT_TRUE(lake.ingest().ok());
  const auto pipeline = lake.open();
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
  const auto open = state::list_quarantine(*lake.database, {.status = state::QuarantineStatus::kOpen});
  const auto report = (*pipeline)->replay(*open, {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->replayed, 0);
  EXPECT_EQ(report->still_failing, 1);
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id"}), ElementsAre("11"));
  EXPECT_THAT(lake.quarantine(), ElementsAre("archive.duplicate_member member a.zip!x.csv"));
}

TEST(Pipeline, AFileNameThatIsNoTextIsMadeReadable) {
  Lake lake({kPeople});
  lake.files["people M\xFCller.csv"] = "id,version,name,score\n1,1,Ann,5\n2,1,Bob,x\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "_source_file"}),
              ElementsAre("1|people M\\xFCller.csv"));
  EXPECT_THAT(lake.quarantine(), ElementsAre("value.not_a_number record people M\\xFCller.csv #2 score"));
  const auto arrivals = state::list_arrivals(*lake.database, {.path_glob = "*M\\xFC*"});
  ASSERT_TRUE(arrivals.ok());
  ASSERT_EQ(arrivals->size(), 1U);
  EXPECT_EQ(arrivals->front().path, "people M\\xFCller.csv");
  const auto again = lake.ingest();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->files_known, 1);
  EXPECT_EQ(again->totals.files_arrived, 0);
}

TEST(Pipeline, EachFeedsFilesGoAsItSays) {
  const auto feed = [](const std::string& name, const std::string& files, const std::string& after) {
    return "feed: " + name + "\nowner: o\ndescription: d\nsource: {folder: in, files: " + files + after +
           "}\ntable: c." + name + "\nformat: {type: csv}\ncolumns:\n  - {name: id, type: int}\n";
  };
  Lake lake({feed("a", "\"a*\"", ", after: delete"), feed("b", "\"b*\"", ", after: move, move_to: done"),
             feed("c", "\"c*\"", ""), feed("d", "\"/^.+d$/\"", ", after: delete"),
             feed("e", "\"/^.+e$/\"", ", after: move, move_to: other")});
  for (const char* name : {"a1", "b1", "c1", "a1d", "b1d", "b1e", "xd"}) lake.files[name] = "id\n1\n";
  ASSERT_TRUE(lake.ingest().ok());
  const std::map<std::string, std::string> expected = {
      {"a1", "deleted"}, {"b1", "done"}, {"a1d", "deleted"}, {"xd", "deleted"}};
  EXPECT_EQ(lake.released, expected);
  EXPECT_EQ(lake.files.size(), 3U) << "c1, and where feeds do not agree";
}

TEST(Pipeline, ReplayedRecordsThatLoseToNewerOnesAreCountedAsSuperseded) {
  Lake lake({kPeople});
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,500\n2,1,Bob,500\n";
  lake.files["people2.csv"] = "id,version,name,score\n1,2,Ann2,50\n";
  ASSERT_TRUE(lake.ingest().ok());
  std::string mended = kPeople;
  mended.replace(mended.find("max: \"100\""), 10, "max: \"900\"");
  lake.set_feeds({mended});
  const auto open = state::list_quarantine(*lake.database, {});
  ASSERT_EQ(open->size(), 2U);
  const auto pipeline = lake.open();
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
  ASSERT_TRUE((*pipeline)->replay(*open, {}).ok());
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "name"}), ElementsAre("1|Ann2", "2|Bob"));
  const auto arrivals = state::list_arrivals(*lake.database, {});
  ASSERT_TRUE(arrivals.ok());
  for (const state::Arrival& arrival : *arrivals) {
    EXPECT_EQ(arrival.records.superseded, arrival.path == "people1.csv" ? 1 : 0) << arrival.path;
    EXPECT_EQ(arrival.records.quarantined, 0) << arrival.path;
  }
}

TEST(Pipeline, DriftEvolvesTheTableWhenTheContractSaysSo) {
  std::string evolving = std::string(kPeople) + "drift: evolve\n";
  Lake lake({evolving});
  lake.files["people1.csv"] = "id,version,name,score,Blood Type\n1,1,Ann,50,A+\n";
  lake.files["people2.csv"] = "id,version,name\n2,1,Bob\n";
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["people3.csv"] = "id,version,name,score,Blood Type,Height\n3,1,Cyd,5,B-,170\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "score", "blood_type", "height"}),
              ElementsAre("1|50.00|A+|~", "2|~|~|~", "3|5.00|B-|170"));
  EXPECT_THAT(lake.quarantine(), IsEmpty());
}

// Every store operation fails once, as a crash would; the next process starts from what is durable.
TEST(Pipeline, ACrashAtAnyStoreOperationAndARerunGiveTheSameTables) {
  int crashes = 0;
  for (std::uint64_t at = 1; at < 400; ++at) {
    Lake lake({kPeople, kVisits});
    lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,50\n2,1,Bob,oops\n";
    lake.files["people2.csv"] = "id,version,name,score\n1,2,Ann2,51\n";
    lake.files["v.zip"] =
        make_zip({{"visits/1.xml", visit("V1", 1, {"A1", "B2"})}, {"visits/2.xml", visit("V1", 2, {"C3"})}});
    lake.lose_power_at(at);
    const auto first = lake.ingest();
    lake.come_back();
    const auto second = lake.ingest();
    ASSERT_TRUE(second.ok()) << at << ": " << second.error().to_string();
    EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "name"}), ElementsAre("1|Ann2")) << at;
    EXPECT_THAT(lake.rows({"curated", "visit"}, {"visit_id", "version"}), ElementsAre("V1|2")) << at;
    EXPECT_THAT(lake.rows({"curated", "visit_diagnosis"}, {"visit_id", "code"}), ElementsAre("V1|C3")) << at;
    EXPECT_EQ(lake.quarantine().size(), 1U) << at;
    const auto summary = state::summary(*lake.database);
    EXPECT_EQ(summary->files_arrived(), 3) << at;
    EXPECT_EQ(summary->records_committed(), 4) << at;
    if (!lake.power_was_lost()) break;
    ++crashes;
    EXPECT_LT(at, 399U) << "the operations did not end";
  }
  EXPECT_GT(crashes, 20);
}

}  // namespace
}  // namespace tarn::ingest
