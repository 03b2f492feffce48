#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "format/xml.h"
#include "format/xml_path.h"

namespace {

using namespace tarn::format;

// Reads everything of an element; what it gives must be valid text.
void read(XmlDocument& xml, XmlNode node) {
  TARN_CHECK(find_bad_text(xml.text(node)) == xml.text(node).size());
  TARN_CHECK(!xml.local_name(node).empty() && xml.raw(node).starts_with('<') && xml.raw(node).ends_with('>'));
  for (XmlAttribute a = xml.first_attribute(node); a; a = xml.next_attribute(a)) {
    TARN_CHECK(xml.owner(a) == node && find_bad_text(xml.value(a)) == xml.value(a).size());
    (void)xml.uri(a);
  }
  (void)xml.is_nil(node);
  for (XmlNode child = xml.first_child(node); child; child = xml.next_sibling(child)) {
    TARN_CHECK(xml.parent(child) == node);
    read(xml, child);
  }
}

void extract(XmlDocument& xml) {
  XmlPathSet set;
  for (const char* path : {"a", "a/@b", "a/b[2]", "a[@b='c']/d", "a[b='c']", "."})
    TARN_CHECK(set.add(XmlPath::compile(path).value(), XmlPathSet::Use::kValue).ok());
  TARN_CHECK(set.add(XmlPath::compile("b").value(), XmlPathSet::Use::kNodes).ok());
  XmlExtraction got;
  set.extract(xml, xml.root(), got);
  std::vector<XmlLeaf> leaves;
  for (const XmlHit& hit : got.unknown) {
    TARN_CHECK(!path_of(xml, hit, xml.root()).empty());
    append_leaves(xml, hit, xml.root(), leaves);
  }
}

}  // namespace

// The text up to the first line end is also compiled as a path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static XmlDocument xml;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto path = XmlPath::compile(bytes.substr(0, bytes.find('\n')), {{"p", "urn:p"}});
  const tarn::Status status = xml.parse(bytes, {});
  if (!status.ok()) {
    TARN_CHECK(!xml.root());
    return 0;
  }
  read(xml, xml.root());
  extract(xml);
  if (path.ok()) (void)path->find(xml, xml.root());
  // An element alone is a document again, when no namespaces are inherited.
  if (!xml.has_namespaces()) {
    const std::string raw(xml.raw(xml.root()));
    XmlDocument again;
    XmlOptions options;
    options.encoding = Encoding::kUtf8;
    TARN_CHECK(again.parse(raw, options).ok() && again.element_count() == xml.element_count());
  }
  return 0;
}
