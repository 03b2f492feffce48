#include "format/xml.h"

#include <gtest/gtest.h>

#include <fstream>
#include <pugixml.hpp>
#include <sstream>

#include "format/errors.h"

namespace tarn::format {
namespace {

using namespace std::string_literals;

std::string code_of(std::string_view text, const XmlOptions& options = {}) {
  XmlDocument xml;
  const Status status = xml.parse(text, options);
  if (!status.ok()) {
    EXPECT_FALSE(xml.root());
  }
  return status.ok() ? std::string() : std::string(status.error().name());
}

// A document as name(attributes){text}[children], by what the parser gives.
void dump(XmlDocument& xml, XmlNode node, std::string& out) {
  out += std::string(xml.qualified_name(node)) + "(";
  for (XmlAttribute a = xml.first_attribute(node); a; a = xml.next_attribute(a))
    out += std::string(xml.qualified_name(a)) + "=" + std::string(xml.value(a)) + ";";
  out += "){" + std::string(xml.has_text(node) ? xml.text(node) : "") + "}[";
  for (XmlNode child = xml.first_child(node); child; child = xml.next_sibling(child)) dump(xml, child, out);
  out += "]";
}

// The same by pugixml, an independent parser.
void dump(const pugi::xml_node& node, std::string& out) {
  out += std::string(node.name()) + "(";
  for (const auto& a : node.attributes())
    if (!std::string_view(a.name()).starts_with("xmlns"))
      out += std::string(a.name()) + "=" + a.value() + ";";
  std::string text;
  for (const auto& child : node.children())
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  const bool blank = text.find_first_not_of(" \t\r\n") == std::string::npos;
  out += "){" + (blank ? std::string() : text) + "}[";
  for (const auto& child : node.children())
    if (child.type() == pugi::node_element) dump(child, out);
  out += "]";
}

void expect_like_pugixml(const std::string& text) {
  XmlDocument xml;
  const Status status = xml.parse(text, {});
  ASSERT_TRUE(status.ok()) << status.error().to_string();
  std::string mine;
  dump(xml, xml.root(), mine);
  pugi::xml_document other;
  ASSERT_TRUE(other.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata));
  std::string theirs;
  dump(other.document_element(), theirs);
  EXPECT_EQ(mine, theirs);
}

TEST(Xml, ReadsWhatPugixmlReads) {
  for (const char* text :
       {"<a/>", "<a></a>", "<a b='1' c=\"2\"/>", "<?xml version='1.0'?><!-- c --><a>t</a><!-- d --><?p i?>\n",
        "<a> x <b>y</b> z <b/> w</a>", "<a>1<!-- 2 -->3<?p 4?>5<![CDATA[6<&]]>7</a>",
        "<a><![CDATA[only]]></a>", "<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#228;&#x1F600;</a>",
        "<a b='&lt;&#10;x\ty\nz'/>", "<a>l1\r\nl2\rl3</a>", "<a><![CDATA[l1\r\nl2]]></a>",
        "<x:a xmlns:x='urn:x' x:b='1'><x:c/></x:a>", "<a  b = '1'\n>t</a  >", "<\xC3\xA4>\xC3\xB6</\xC3\xA4>",
        "<a>]]</a>", "<a>x ]> y</a>"})
    expect_like_pugixml(text);
}

TEST(Xml, ReadsRealClinicalDocuments) {
  // A hand-made document in the manner of C-CDA: default and prefixed namespaces, mixed content, nesting.
  expect_like_pugixml(R"(<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="CDA.xsl"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:hl7-org:v3 CDA.xsd">
  <id extension="TT988" root="2.16.840.1.113883.19.5"/>
  <recordTarget><patientRole><patient><name use="L"><given>Ann &amp; Mary</given><family>O'Hara</family></name>
  <sdtc:raceCode code="2131-1" nullFlavor="UNK"/></patient></patientRole></recordTarget>
  <text>Some <content ID="a1">marked</content> text<br/>and <![CDATA[<raw>]]> more.</text>
</ClinicalDocument>)");
}

TEST(Xml, MalformedDocumentsAreRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "xml.empty"},
      {"  \n", "xml.empty"},
      {"<?xml version='1.0'?>", "xml.empty"},
      {"<!-- only -->", "xml.empty"},
      {"plain text", "xml.malformed"},
      {"<a>", "xml.malformed"},
      {"<a", "xml.malformed"},
      {"<a b", "xml.malformed"},
      {"<a b=", "xml.malformed"},
      {"<a b='", "xml.malformed"},
      {"<", "xml.malformed"},
      {"<a><", "xml.malformed"},
      {"<a></", "xml.malformed"},
      {"<a></a", "xml.malformed"},
      {"<a></b>", "xml.malformed"},
      {"<a></ab>", "xml.malformed"},
      {"<ab></a>", "xml.malformed"},
      {"<a><b></a></b>", "xml.malformed"},
      {"<a/><b/>", "xml.malformed"},
      {"<a/>text", "xml.malformed"},
      {"text<a/>", "xml.malformed"},
      {"<a></a></a>", "xml.malformed"},
      {"<a b='1' b='2'/>", "xml.malformed"},
      {"<a b='1'c='2'/>", "xml.malformed"},
      {"<a b=1/>", "xml.malformed"},
      {"<a b/>", "xml.malformed"},
      {"<a b='<'/>", "xml.malformed"},
      {"<a>&</a>", "xml.malformed"},
      {"<a>a & b</a>", "xml.malformed"},
      {"<a b='x&y'/>", "xml.malformed"},
      {"<a>&amp</a>", "xml.malformed"},
      {"<a>&;</a>", "xml.malformed"},
      {"<a>x ]]> y</a>", "xml.malformed"},
      {"<a><!-- x -- y --></a>", "xml.malformed"},
      {"<a><!-- x --->", "xml.malformed"},
      {"<a><!-- x", "xml.malformed"},
      {"<a><![CDATA[x</a>", "xml.malformed"},
      {"<a><?p x</a>", "xml.malformed"},
      {"<a><?xml version='1.0'?></a>", "xml.malformed"},
      {" <?xml version='1.0'?><a/>", "xml.malformed"},
      {"<?xml encoding='utf-8'?><a/>", "xml.malformed"},
      {"<?xml version='2.0'?><a/>", "xml.malformed"},
      {"<a / >", "xml.malformed"},
      {"<1a/>", "xml.malformed"},
      {"< a/>", "xml.malformed"},
      {"<a><!ELEMENT b></a>", "xml.malformed"},
  };
  for (const auto& [text, code] : cases) EXPECT_EQ(code_of(text), code) << text;
}

TEST(Xml, ForbiddenPartsAreRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"<!DOCTYPE a><a/>", "xml.dtd"},
      {"<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "xml.dtd"},
      {"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "xml.dtd"},
      {"<a>&nbsp;</a>", "xml.entity"},
      {"<a b='&xxe;'/>", "xml.entity"},
      {"<a>&#0;</a>", "xml.character"},
      {"<a>&#x1F;</a>", "xml.character"},
      {"<a>&#xD800;</a>", "xml.character"},
      {"<a>&#xFFFF;</a>", "xml.character"},
      {"<a>&#x110000;</a>", "xml.character"},
      {"<a>&#99999999999999;</a>", "xml.character"},
      {"<a>&#;</a>", "xml.character"},
      {"<a>&#x;</a>", "xml.character"},
      {"<a>\x01</a>", "xml.character"},
      {"<a b='\x0B'/>", "xml.character"},
      {"<a><!-- \x02 --></a>", "xml.character"},
      {"<a>\xEF\xBF\xBF</a>", "xml.character"},
      {"<a>\0</a>"s, "text.nul_byte"},
      {"<a>\xE4</a>", "text.encoding"},
      {"<x:a/>", "xml.namespace"},
      {"<a x:b='1'/>", "xml.namespace"},
      {"<a><b xmlns:x='u'/><x:c/></a>", "xml.namespace"},
      {"<a xmlns:x=''/>", "xml.namespace"},
      {"<a xmlns:xml='u'/>", "xml.namespace"},
      {"<a xmlns:xmlns='u'/>", "xml.namespace"},
      {"<a:b:c xmlns:a='u'/>", "xml.malformed"},
      {"<:a/>", "xml.malformed"},
      {"<a xmlns='u' xmlns='v'/>", "xml.malformed"},
      {"<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", "xml.malformed"},
  };
  for (const auto& [text, code] : cases) EXPECT_EQ(code_of(text), code) << text;
}

TEST(Xml, EveryCutOfADocumentIsRefused) {
  const std::string text = "<?xml version='1.0'?><a b='1'><!-- c --><d>&amp;<![CDATA[x]]></d><?p q?><e/></a>";
  ASSERT_EQ(code_of(text), "");
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_NE(code_of(text.substr(0, size)), "") << size;
}

TEST(Xml, LimitsHold) {
  XmlOptions options;
  options.depth = 3;
  EXPECT_EQ(code_of("<a><b><c/></b></a>", options), "");
  EXPECT_EQ(code_of("<a><b><c><d/></c></b></a>", options), "xml.depth");
  options.attributes = 2;
  EXPECT_EQ(code_of("<a b='' c=''/>", options), "");
  EXPECT_EQ(code_of("<a b='' c='' d=''/>", options), "xml.too_many_attributes");
  EXPECT_EQ(code_of("<a b='' xmlns:c='c' xmlns:d='d'/>", options), "xml.too_many_attributes");
  std::string many = "<a";
  for (int i = 0; i < 500; ++i) many += " a" + std::to_string(i) + "='1'";
  EXPECT_EQ(code_of(many + "/>"), "");
  EXPECT_EQ(code_of(many + " a7='2'/>"), "xml.malformed");
  std::string namespaces = "<a";
  for (int i = 0; i < 257; ++i) namespaces += " xmlns:a" + std::to_string(i) + "='u'";
  EXPECT_EQ(code_of(namespaces + "/>"), "xml.namespace");
  EXPECT_EQ(code_of(std::string(100'000, '<')), "xml.malformed");
}

TEST(Xml, ErrorsNameTheirPlace) {
  XmlDocument xml;
  const Status status = xml.parse("<a>\n  <b>\n  </c>\n</a>", {});
  ASSERT_FALSE(status.ok());
  ASSERT_TRUE(status.error().span().has_value());
  EXPECT_EQ(status.error().span()->line, 3U);
  EXPECT_EQ(status.error().span()->column, 3U);
}

TEST(Xml, DeclaredEncodingsAreDecoded) {
  const auto text_of = [](const std::string& bytes, Encoding wanted = Encoding::kAuto) {
    XmlDocument xml;
    XmlOptions options;
    options.encoding = wanted;
    const Status status = xml.parse(bytes, options);
    return status.ok() ? std::string(xml.text(xml.root())) : std::string(status.error().name());
  };
  const auto utf16 = [](std::string_view ascii) {
    std::string out = "\xFF\xFE";
    for (const char c : ascii) out += {c, '\0'};
    return out;
  };
  EXPECT_EQ(text_of("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE4</a>"), "\xC3\xA4");
  EXPECT_EQ(text_of("<?xml version=\"1.0\" encoding=\"windows-1252\"?><a>\x80</a>"), "\xE2\x82\xAC");
  EXPECT_EQ(text_of("<?xml version='1.0' encoding='windows-1252'?><a>\x81</a>"), "text.encoding");
  EXPECT_EQ(text_of("<?xml version='1.0' encoding='utf-8'?><a>\xE4</a>"), "text.encoding");
  EXPECT_EQ(text_of("<?xml version='1.0' encoding='utf-8'?><a>\xE4</a>", Encoding::kLatin1), "\xC3\xA4");
  EXPECT_EQ(text_of("\xEF\xBB\xBF<?xml version='1.0' encoding='UTF-8'?><a>x</a>"), "x");
  EXPECT_EQ(text_of(utf16("<?xml version='1.0' encoding='UTF-16'?><a>x</a>")), "x");
  EXPECT_EQ(text_of(utf16("<a>x</a>")), "x");
  EXPECT_EQ(text_of(utf16("<a>x</a>").substr(2)), "x");
  EXPECT_EQ(text_of(utf16("<?xml version='1.0' encoding='UTF-8'?><a>x</a>")), "xml.encoding");
  EXPECT_EQ(text_of("<?xml version='1.0' encoding='UTF-16'?><a>x</a>"), "xml.encoding");
  EXPECT_EQ(text_of("<?xml version='1.0' encoding='UTF-16'?><a>x</a>", Encoding::kUtf8), "x");
  EXPECT_EQ(text_of("\xEF\xBB\xBF<?xml version='1.0' encoding='ISO-8859-1'?><a>x</a>"), "xml.encoding");
  EXPECT_EQ(text_of("<?xml version='1.0' encoding='EBCDIC'?><a>x</a>"), "xml.encoding");
}

TEST(Xml, NamespacesAreResolvedInScope) {
  const std::string text =
      "<a xmlns='urn:d' xmlns:p='urn:1'><p:b p:x='1' y='2'/><c xmlns='' xmlns:p='urn:2'><p:d/></c><p:e/>"
      "<f xml:lang='de'/></a>";
  XmlDocument xml;
  ASSERT_TRUE(xml.parse(text, {}).ok());
  XmlNode node = xml.root();
  EXPECT_EQ(xml.uri(node), "urn:d");
  node = xml.first_child(node);
  EXPECT_EQ(xml.uri(node), "urn:1");
  EXPECT_EQ(xml.uri(xml.first_attribute(node)), "urn:1");
  EXPECT_EQ(xml.uri(xml.next_attribute(xml.first_attribute(node))), "");
  node = xml.next_sibling(node);
  EXPECT_EQ(xml.uri(node), "");
  EXPECT_EQ(xml.uri(xml.first_child(node)), "urn:2");
  EXPECT_EQ(xml.path(xml.first_child(node), xml.root()), "c/p:d");
  node = xml.next_sibling(node);
  EXPECT_EQ(xml.uri(node), "urn:1");
  node = xml.next_sibling(node);
  EXPECT_EQ(xml.uri(node), "urn:d");
  EXPECT_EQ(xml.uri(xml.first_attribute(node)), "http://www.w3.org/XML/1998/namespace");
}

TEST(Xml, GivesRawTextPlaceAndNil) {
  const std::string text =
      "<r xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>\n <m a='&amp;'>x &lt; y</m>\n <n "
      "xsi:nil='true'/>"
      "<o xsi:nil='false'/></r>";
  XmlDocument xml;
  ASSERT_TRUE(xml.parse(text, {}).ok());
  const XmlNode m = xml.first_child(xml.root());
  EXPECT_EQ(xml.text(m), "x < y");
  EXPECT_EQ(xml.raw(m), "<m a='&amp;'>x &lt; y</m>");
  EXPECT_EQ(xml.place(m).line, 2U);
  EXPECT_EQ(xml.place(m).column, 2U);
  EXPECT_FALSE(xml.is_nil(m));
  const XmlNode n = xml.next_sibling(m);
  EXPECT_TRUE(xml.is_nil(n));
  EXPECT_EQ(xml.raw(n), "<n xsi:nil='true'/>");
  EXPECT_FALSE(xml.is_nil(xml.next_sibling(n)));
  // Reused for another document; the first one's input was never changed.
  ASSERT_TRUE(xml.parse("<z>&#228;</z>", {}).ok());
  EXPECT_EQ(xml.text(xml.root()), "\xC3\xA4");
  EXPECT_EQ(xml.element_count(), 1U);
}

}  // namespace
}  // namespace tarn::format
