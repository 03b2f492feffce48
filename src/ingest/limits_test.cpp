// What a feed's `limits` refuse: each unit alone, and the rest of the file goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/testing/lake.h"
#include "ingest/testing/zip.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Lake;
using testing::make_zip;

std::string contract(const std::string& format, const std::string& limits, const std::string& from,
                     const std::string& more = "") {
  return "feed: f\nowner: o@example.org\ndescription: d\nsource: {folder: in, files: \"**\"}\ntable: c.t\n"
         "limits: {" +
         limits + "}\nformat: {" + format + "}\n" + more + "columns:\n  - {name: v, type: string" +
         (from.empty() ? "" : ", from: \"" + from + "\"") + "}\n";
}

// A gzip file with one stored block (RFC 1951, 3.2.4).
std::string make_gzip(const std::string& content) {
  const auto number = [](std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xFF);
    return text;
  };
  return "\x1F\x8B\x08" + std::string(7, '\0') + "\x01" + number(content.size(), 2) +
         number(~content.size(), 2) + content + number(testing::crc32_of(content), 4) +
         number(content.size(), 4);
}

TEST(Limits, AFileBeyondFileSizeIsRefusedAsItCame) {
  Lake lake({contract("type: csv", "file_size: 200", "")});
  const std::string large = "v\n" + std::string(300, 'x') + "\n";
  lake.files["a.csv"] = large;
  lake.files["b.csv.gz"] = make_gzip(large);
  lake.files["c.zip"] = make_zip({{"c.csv", large}});
  lake.files["d.csv"] = "v\n" + std::string(197, 'y') + "\n";
  const auto report = lake.ingest();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(lake.quarantine(),
              ElementsAre("archive.file_too_large file a.csv", "archive.file_too_large file b.csv.gz",
                          "archive.file_too_large file c.zip"));
  EXPECT_THAT(lake.rows({"c", "t"}, {"v"}), ElementsAre(std::string(197, 'y')));
}

TEST(Limits, TotalSizeHoldsForGzip) {
  Lake lake({contract("type: csv", "total_size: 6", "")});
  lake.files["a.csv.gz"] = make_gzip("v\n12345\n");
  lake.files["b.csv.gz"] = make_gzip("v\n123\n");
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(), ElementsAre("archive.total_too_large file a.csv.gz"));
  EXPECT_THAT(lake.rows({"c", "t"}, {"v"}), ElementsAre("123"));
}

TEST(Limits, FixedWidthValuesAndLines) {
  Lake lake({contract("type: fixed", "record_size: 20, field_size: 5", "1-10")});
  lake.files["a.txt"] = "abcdefghij\n" + std::string(50, 'q') + "\nabc       \n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(),
              ElementsAre("fixed.field_too_large record a.txt #1", "fixed.record_too_large record a.txt #2"));
  EXPECT_EQ(lake.rows({"c", "t"}, {"v"}).size(), 1U);
}

TEST(Limits, XmlRecordsAndValues) {
  Lake lake(
      {contract("type: xml, record: /Ms/M", "record_size: 200, field_size: 50", "T", "drift: freeze\n") +
       "  - {name: l, type: list<string>, from: L}\n"});
  lake.files["a.xml"] = "<Ms><M><T>" + std::string(51, 'x') + "</T></M><M><Z>" + std::string(300, 'y') +
                        "</Z></M><M><T>" + std::string(50, 'z') + "</T></M><M><L>" + std::string(51, 'x') +
                        "</L></M></Ms>";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(),
              ElementsAre("xml.field_too_large record a.xml #1 v", "xml.field_too_large record a.xml #4 L/l",
                          "xml.record_too_large record a.xml #2"));
  EXPECT_THAT(lake.rows({"c", "t"}, {"v"}), ElementsAre(std::string(50, 'z')));
}

TEST(Limits, XmlValuesThatDriftFinds) {
  Lake lake({contract("type: xml, record: /Ms/M", "field_size: 5", "T", "drift: evolve\n")});
  lake.files["a.xml"] = "<Ms><M><T>a</T><U>123456</U></M><M><T>b</T><U>12345</U></M></Ms>";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(), ElementsAre("xml.field_too_large record a.xml #1 u"));
  EXPECT_THAT(lake.rows({"c", "t"}, {"v", "u"}), ElementsAre("b|12345"));
}

TEST(Limits, ARaisedLimitAndAReplayLoadTheFile) {
  Lake lake({contract("type: csv", "file_size: 5", "")});
  lake.files["a.csv"] = "v\n12345\n";
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.quarantine(), ElementsAre("archive.file_too_large file a.csv"));
  lake.set_feeds({contract("type: csv", "file_size: 50", "")});
  const auto pipeline = lake.open();
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().to_string();
  const auto open = state::list_quarantine(*lake.database, {});
  ASSERT_TRUE(open.ok());
  const auto replayed = (*pipeline)->replay(*open, {});
  ASSERT_TRUE(replayed.ok()) << replayed.error().to_string();
  EXPECT_THAT(lake.quarantine(), IsEmpty());
  EXPECT_THAT(lake.rows({"c", "t"}, {"v"}), ElementsAre("12345"));
}

}  // namespace
}  // namespace tarn::ingest
