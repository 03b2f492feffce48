// What becomes of delimited files that are not as their contract wants them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/testing/lake.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Lake;

std::string notes_feed(const std::string& more) {
  return R"yaml(
feed: notes
owner: o@example.org
description: Notes.
source: {folder: in, files: "*.csv"}
table: curated.note
)yaml" + more +
         R"yaml(
columns:
  - {name: id, type: int}
  - {name: v, type: string}
)yaml";
}

std::vector<state::QuarantineEntry> entries(Lake& lake) {
  auto listed = state::list_quarantine(*lake.database, {});
  EXPECT_TRUE(listed.ok());
  return std::move(listed).value();
}

TEST(Delimited, ATooLargeRecordIsOneEntryAndItsLinesAreNoRows) {
  Lake lake({notes_feed("format: {type: csv}\nlimits: {record_size: 1KiB, field_size: 600}")});
  std::string evil = "1,\"note:\n";
  for (int i = 0; i < 40; ++i) evil += "2,evil\n";
  lake.files["a.csv"] = "id,v\n0,first\n" + evil + "\",\"" + std::string(500, 'x') + "\n2,evil\n" +
                        std::string(400, 'y') + "\"\n3,ok\n4," + std::string(601, 'z') + "\n5,ok\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.rows({"curated", "note"}, {"id", "v"}), ElementsAre("0|first", "3|ok", "5|ok"));
  EXPECT_THAT(lake.quarantine(),
              ElementsAre("csv.field_too_large record a.csv #4", "csv.record_too_large record a.csv #2"));
  ASSERT_EQ(entries(lake).size(), 2U);
  EXPECT_EQ(entries(lake).front().line, 3);
}

TEST(Delimited, AHeadersTrailingDelimiterIsNamed) {
  Lake lake({notes_feed("format: {type: csv}")});
  lake.files["a.csv"] = "id,v,\n1,x,\n";
  lake.files["b.csv"] = "id,,v\n1,,x\n";
  ASSERT_TRUE(lake.ingest().ok());
  std::vector<std::string> reasons;
  for (const auto& entry : entries(lake)) reasons.push_back(entry.code + ": " + entry.reason);
  EXPECT_THAT(reasons,
              ::testing::UnorderedElementsAre(
                  "drift.unknown_column: the header's column 3 has no name: a delimiter ends the line",
                  "drift.unknown_column: the header's column 2 has no name"));
}

TEST(Delimited, ALoneCarriageReturnInALineFeedFileIsData) {
  Lake lake({notes_feed("format: {type: csv}")});
  lake.files["a.csv"] = "id,v\n11,x\n12,a\rb\n13,y\n";
  lake.files["b.csv"] = "id,v\r21,x\r22,y\r";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "note"}, {"id", "v"}),
              ElementsAre("11|x", "12|a\rb", "13|y", "21|x", "22|y"));
  EXPECT_THAT(lake.quarantine(), IsEmpty());
}

TEST(Delimited, TheFormatThatFitsATimeSaysWhatIsWrongWithIt) {
  const char* const kFeed = R"yaml(
feed: notes
owner: o@example.org
description: Notes.
source: {folder: in, files: "*.csv"}
table: curated.note
format: {type: csv}
columns:
  - {name: day, type: date, format: ["%d.%m.%Y", "%Y-%m-%d"]}
)yaml";
  Lake lake({kFeed});
  lake.files["a.csv"] = "day\n31.02.2024\n2024-02-31\n29.02.2024\nsoon\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "note"}, {"day"}), ElementsAre("2024-02-29"));
  EXPECT_THAT(lake.quarantine(),
              ElementsAre("value.no_such_time record a.csv #1 day", "value.no_such_time record a.csv #2 day",
                          "value.not_a_time record a.csv #4 day"));
}

TEST(Delimited, TheEndMarkOfDosIsNoRecord) {
  Lake lake({notes_feed("format: {type: csv}")});
  lake.files["a.csv"] = "id,v\r\n1,x\r\n\x1A";
  lake.files["b.csv"] = "id,v\r\n2,x\x1A";
  lake.files["c.csv"] =
      "id,v\n3,a\x1A"
      "b\n\x1A\x1A";
  lake.files["d.csv"] = std::string(
      "\xFF\xFEi\0d\0,\0v\0\n\0"
      "4\0,\0x\0\n\0\x1A\0",
      22);
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "note"}, {"id", "v"}), ElementsAre("1|x", "2|x",
                                                                       "3|a\x1A"
                                                                       "b",
                                                                       "4|x"));
  EXPECT_THAT(lake.quarantine(), ElementsAre("record.ragged record c.csv #2"));
}

std::string fixed_feed(const std::string& drift) {
  return R"yaml(
feed: notes
owner: o@example.org
description: Notes.
source: {folder: in, files: "*.csv"}
table: curated.note
format: {type: fixed}
)yaml" + drift +
         R"yaml(
columns:
  - {name: id, type: int, from: "1-4"}
  - {name: day, type: date, from: "6-13", format: "%Y%m%d"}
  - {name: amount, type: int, from: "15-18"}
)yaml";
}

TEST(Delimited, FixedTextOutsideOfTheColumnsIsDrift) {
  const std::string text =
      "0001 20240229   12  \n0002 20240229   123456\n0003X20240229 0013\n"
      "0004 20240229 00140005 20240229 0015\n0006 20240229 0016\r\n\x1A";
  for (const std::string drift : {"", "drift: quarantine", "drift: evolve", "drift: freeze"}) {
    Lake lake({fixed_feed(drift)});
    lake.files["a.csv"] = text;
    ASSERT_TRUE(lake.ingest().ok());
    const auto rows = lake.rows({"curated", "note"}, {"id", "day", "amount"});
    if (drift == "drift: freeze") {
      EXPECT_EQ(rows.size(), 5U);
      EXPECT_THAT(lake.quarantine(), IsEmpty());
      continue;
    }
    EXPECT_THAT(rows, ElementsAre("1|2024-02-29|12", "6|2024-02-29|16")) << drift;
    EXPECT_THAT(lake.quarantine(),
                ElementsAre("fixed.long_line record a.csv #2", "fixed.long_line record a.csv #4",
                            "fixed.text_between record a.csv #3"));
    EXPECT_EQ(entries(lake).front().column, 19) << drift;
    EXPECT_EQ(entries(lake).front().rule, drift == "drift: evolve" ? drift : "drift: quarantine");
  }
}

TEST(Delimited, ABackslashOutsideQuotesIsAPlainCharacter) {
  Lake lake({notes_feed("format: {type: csv, escape: '\\'}")});
  lake.files["a.csv"] = "v,id\nC:\\,7\n\"say \\\"hi\\\"\",8\na\\,b,9\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "note"}, {"id", "v"}), ElementsAre("7|C:\\", "8|say \"hi\""));
  EXPECT_THAT(lake.quarantine(), ElementsAre("record.ragged record a.csv #3"));
}

}  // namespace
}  // namespace tarn::ingest
