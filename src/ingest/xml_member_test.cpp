// What the quarantine says of XML documents that are refused as a whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/testing/lake.h"

namespace tarn::ingest {
namespace {

using testing::Lake;

constexpr const char* kFeed = R"yaml(
feed: records
owner: o@example.org
description: Records.
source: {folder: in, files: "*.xml"}
table: c.t
format: {type: xml, record: "/r:Rs/r:R", namespaces: {r: "urn:r"}}
columns:
  - {name: id, type: string, from: "@id"}
)yaml";

TEST(XmlMember, ARefusedDocumentTellsThePlaceAndTheNamespace) {
  struct Case {
    std::string bytes;
    const char* code;
    std::int64_t line;
    std::int64_t column;
    const char* reason;
  };
  const Case cases[] = {
      {"<Rs xmlns='urn:r'>\n<R/>\xFF</Rs>", "text.encoding", 2, 5, "a byte that is no text"},
      {"<Rs xmlns='urn:r'>\n\x01</Rs>", "xml.character", 2, 1, "a character that XML forbids"},
      {"<?xml version='1.0' encoding='utf-16'?><Rs/>", "xml.encoding", 1, 1, "declares"},
      {"<Rs xmlns='urn:other'><R/></Rs>", "xml.no_record", 1, 0, "there it has the namespace `urn:other`"},
      {"<Rs><R/></Rs>", "xml.no_record", 1, 0, "there it has no namespace"},
      {"<Qs><R/></Qs>", "xml.no_record", 1, 0, "no element at `/r:Rs/r:R`"}};
  for (const Case& c : cases) {
    Lake lake({kFeed});
    lake.files["a.xml"] = c.bytes;
    ASSERT_TRUE(lake.ingest().ok());
    const auto entries = state::list_quarantine(*lake.database, {});
    ASSERT_EQ(entries->size(), 1U);
    EXPECT_EQ(entries->front().code, c.code);
    EXPECT_EQ(entries->front().line.value_or(0), c.line) << c.code;
    EXPECT_EQ(entries->front().column.value_or(0), c.column) << c.code;
    EXPECT_THAT(entries->front().reason, ::testing::HasSubstr(c.reason));
  }
}

}  // namespace
}  // namespace tarn::ingest
