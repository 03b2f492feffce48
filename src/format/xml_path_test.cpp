#include "format/xml_path.h"

#include <gtest/gtest.h>

#include "format/errors.h"

namespace tarn::format {
namespace {

const std::string kMessages = R"(<Messages sent="2024-01-01">
  <Message id="1"><Patient id="P1"><Name>Ann</Name></Patient><Id type="mrn">M1</Id><Id type="ssn">S1</Id>
    <Phone><Kind>home</Kind><No>11</No></Phone><Phone><Kind>work</Kind><No>22</No></Phone></Message>
  <Message id="2"><Patient id="P2"/><Id>none</Id></Message>
</Messages>)";

std::string find(std::string_view document, std::string_view path_text,
                 const XmlNamespaces& namespaces = {}) {
  XmlDocument xml;
  EXPECT_TRUE(xml.parse(document, {}).ok());
  const auto path = XmlPath::compile(path_text, namespaces);
  if (!path.ok()) return std::string(path.error().name());
  std::uint32_t count = 0;
  const XmlHit hit = path->find(xml, xml.root(), &count);
  if (!hit) return "-";
  return std::to_string(count) + ":" +
         std::string(hit.attribute ? xml.value(hit.attribute) : xml.text(hit.element));
}

TEST(XmlPath, FindsElementsAttributesAndText) {
  const std::pair<const char*, const char*> cases[] = {
      {"@sent", "1:2024-01-01"},
      {"Message/@id", "2:1"},
      {"Message[2]/@id", "1:2"},
      {"Message[3]/@id", "-"},
      {"Message/Patient/Name", "1:Ann"},
      {"Message/Patient/Name/text()", "1:Ann"},
      {"./Message/Patient/@id", "2:P1"},
      {"Message/Id[@type='ssn']", "1:S1"},
      {"Message/Id[@type=\"ssn\"]/@type", "1:ssn"},
      {"Message[1]/Id[2]", "1:S1"},
      {"Message/Id[1]", "2:M1"},
      {"Message/Phone[Kind='work']/No", "1:22"},
      {"Message/Phone[Kind='fax']/No", "-"},
      {"Message/Id[@type='mrn'][2]", "-"},
      {"Message/Nothing", "-"},
      {"/Messages/Message/@id", "2:1"},
      {"/Other/Message", "-"},
  };
  for (const auto& [path, expected] : cases) EXPECT_EQ(find(kMessages, path), expected) << path;
  EXPECT_EQ(find("<a>x</a>", "."), "1:x");
  EXPECT_EQ(find("<a>x</a>", "text()"), "1:x");
}

TEST(XmlPath, RespectsNamespaces) {
  const std::string text = "<m xmlns='urn:d' xmlns:q='urn:q'><q:v q:a='1'>Q</q:v><v a='2'>D</v></m>";
  EXPECT_EQ(find(text, "v"), "2:Q");
  EXPECT_EQ(find(text, "v/@a"), "2:1");
  EXPECT_EQ(find(text, "d:v", {{"d", "urn:d"}}), "1:D");
  EXPECT_EQ(find(text, "q:v/@q:a", {{"q", "urn:q"}}), "1:1");
  EXPECT_EQ(find(text, "v", {{"q", "urn:q"}}), "-");
  EXPECT_EQ(find(text, "d:v/@a", {{"d", "urn:d"}}), "1:2");
  EXPECT_EQ(find(text, "z:v", {{"d", "urn:d"}}), "xml.bad_path");
  EXPECT_EQ(find(text, "z:v"), "xml.bad_path");
}

TEST(XmlPath, BadPathsAreRefused) {
  for (const char* bad :
       {"",      "/",   "//a",   "a//b",    "a/",       "@",          "@a/b",       "a/@b/c",  "a[",  "a[]",
        "a[0]",  "a[1", "a[@b]", "a[@b=1]", "a[@b='1'", "a[b='1]",    "../a",       "*",       "a/*", "a b",
        "a:b:c", ":a",  "a|b",   "1a",      "text()/a", "a/text()/b", "position()", "/text()", "/@a", "a]"})
    EXPECT_EQ(find("<a/>", bad), "xml.bad_path") << bad;
}

XmlPathSet make_set(const std::vector<std::pair<std::string, XmlPathSet::Use>>& paths) {
  XmlPathSet set;
  for (const auto& [text, use] : paths) EXPECT_TRUE(set.add(XmlPath::compile(text).value(), use).ok());
  return set;
}

TEST(XmlPathSet, TakesARecordInOneWalk) {
  using Use = XmlPathSet::Use;
  const XmlPathSet set = make_set({{"@id", Use::kValue},
                                   {"Patient/@id", Use::kValue},
                                   {"Patient/Name", Use::kValue},
                                   {"Id[@type='mrn']", Use::kValue},
                                   {"Phone", Use::kNodes},
                                   {"Missing", Use::kValue},
                                   {"Id", Use::kValue}});
  XmlDocument xml;
  ASSERT_TRUE(xml.parse(kMessages, {}).ok());
  std::vector<XmlNode> records;
  XmlPath::compile("/Messages/Message")->select(xml, XmlNode(), records);
  ASSERT_EQ(records.size(), 2U);
  XmlExtraction got;
  set.extract(xml, records[0], got);
  EXPECT_EQ(got.values[0].text, "1");
  EXPECT_EQ(got.values[1].text, "P1");
  EXPECT_EQ(got.values[2].text, "Ann");
  EXPECT_EQ(got.values[3].text, "M1");
  EXPECT_EQ(got.values[3].count, 1U);
  EXPECT_EQ(got.nodes[4].size(), 2U);
  EXPECT_FALSE(got.values[5].present());
  EXPECT_EQ(got.values[6].count, 2U);
  EXPECT_TRUE(got.unknown.empty());
  set.extract(xml, records[1], got);
  EXPECT_EQ(got.values[1].text, "P2");
  EXPECT_FALSE(got.values[2].present());
  EXPECT_FALSE(got.values[3].present());
  EXPECT_TRUE(got.nodes[4].empty());
}

TEST(XmlPathSet, ReportsWhatNoPathCovers) {
  using Use = XmlPathSet::Use;
  const XmlPathSet set = make_set({{"P/@id", Use::kValue}, {"P/N", Use::kValue}, {"L/I", Use::kNodes}});
  const std::string text =
      "<r xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b' v='1'>"
      "<P id='1' x='2'>stray<N k='3'>n<Deep/></N><New><Er>e</Er></New></P><L><I "
      "any='thing'><Goes/></I><J/></L>"
      "<Q a='1'><R>r</R><S/></Q></r>";
  XmlDocument xml;
  ASSERT_TRUE(xml.parse(text, {}).ok());
  XmlExtraction got;
  set.extract(xml, xml.root(), got);
  std::string unknown;
  for (const XmlHit& hit : got.unknown) unknown += path_of(xml, hit, xml.root()) + " ";
  EXPECT_EQ(unknown, "@v P/@x P P/N/@k P/N/Deep P/New L/J Q ");
  EXPECT_EQ(got.values[1].text, "n");
  std::vector<XmlLeaf> leaves;
  append_leaves(xml, got.unknown.back(), xml.root(), leaves);
  append_leaves(xml, got.unknown.front(), xml.root(), leaves);
  std::string found;
  for (const XmlLeaf& leaf : leaves) found += leaf.path + "=" + std::string(leaf.text) + " ";
  EXPECT_EQ(found, "Q/@a=1 Q/R=r Q/S= @v=1 ");
}

TEST(XmlPathSet, RefusesPathsThatCannotBe) {
  XmlPathSet set;
  EXPECT_EQ(set.add(XmlPath::compile("/a/b").value(), XmlPathSet::Use::kValue).error().name(),
            "xml.bad_path");
  EXPECT_EQ(set.add(XmlPath::compile("a/@b").value(), XmlPathSet::Use::kNodes).error().name(),
            "xml.bad_path");
  EXPECT_EQ(set.add(XmlPath::compile(".").value(), XmlPathSet::Use::kNodes).error().name(), "xml.bad_path");
}

}  // namespace
}  // namespace tarn::format
