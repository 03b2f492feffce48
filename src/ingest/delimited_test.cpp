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

TEST(Delimited, ABackslashOutsideQuotesIsAPlainCharacter) {
  Lake lake({notes_feed("format: {type: csv, escape: '\\'}")});
  lake.files["a.csv"] = "v,id\nC:\\,7\n\"say \\\"hi\\\"\",8\na\\,b,9\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "note"}, {"id", "v"}), ElementsAre("7|C:\\", "8|say \"hi\""));
  EXPECT_THAT(lake.quarantine(), ElementsAre("record.ragged record a.csv #3"));
}

}  // namespace
}  // namespace tarn::ingest
