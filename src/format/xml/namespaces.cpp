#include <algorithm>
#include <numeric>

#include "format/errors.h"
#include "format/xml/scanner.h"

// Namespaces in XML 1.0 (third edition). The part of the scanner that binds prefixes.
namespace tarn::format {

namespace {
constexpr std::size_t kMaxBindings = 256;
constexpr std::size_t kInternWindow = 32;
constexpr std::uint32_t kFewAttributes = 12;
}  // namespace

bool XmlScanner::declare_namespace(const Attribute& attribute, std::uint32_t& declared) {
  const char* const place = begin_ + attribute.name.offset;
  const std::string_view raw(begin_ + attribute.value_begin, attribute.value_end - attribute.value_begin);
  const std::string_view uri =
      attribute.decode ? document_.decode(raw, XmlDocument::Whitespace::kAttribute) : raw;
  const std::string_view prefix =
      attribute.name.prefix > 0 ? document_.local(attribute.name) : std::string_view();
  auto& bindings = document_.bindings_;
  if (prefix == "xmlns" || (prefix == "xml") != (uri == kXmlUri) || uri == kXmlnsUri)
    return fail(kXmlNamespace, "a reserved prefix or namespace is declared", place);
  if (attribute.name.prefix > 0 && uri.empty())
    return fail(kXmlNamespace, "a prefix is declared for no namespace", place);
  for (std::size_t i = bindings.size(); i-- > 0 && bindings[i].depth == depth_;)
    if (bindings[i].prefix == prefix)
      return fail(kXmlMalformed, "an attribute stands twice in one tag", place);
  if (bindings.size() >= kMaxBindings)
    return fail(kXmlNamespace, "there are too many namespace declarations in scope", place);
  bindings.push_back({prefix, intern(uri), depth_});
  ++declared;
  return true;
}

// Nearby uses of one namespace share one entry; far ones may have several, so that this stays cheap whatever
// the document declares. The first entries are fixed.
std::uint32_t XmlScanner::intern(std::string_view uri) {
  auto& uris = document_.uris_;
  for (std::uint32_t i = 0; i < XmlDocument::kReservedUris; ++i)
    if (uris[i] == uri) return i;
  const std::size_t lowest = uris.size() > kInternWindow ? uris.size() - kInternWindow : 0;
  for (std::size_t i = uris.size(); i-- > lowest;)
    if (uris[i] == uri) return static_cast<std::uint32_t>(i);
  uris.push_back(uri);
  return static_cast<std::uint32_t>(uris.size() - 1);
}

bool XmlScanner::find_uri(std::string_view prefix, std::uint32_t& uri) const {
  const auto& bindings = document_.bindings_;
  for (std::size_t i = bindings.size(); i-- > 0;) {
    if (bindings[i].prefix != prefix) continue;
    uri = bindings[i].uri;
    return true;
  }
  uri = prefix == "xml" ? 1 : 0;
  return prefix.empty() || prefix == "xml";
}

bool XmlScanner::resolve_names(std::uint32_t element) {
  Element& node = document_.elements_[element];
  const auto prefix_of = [&](const Name& name) {
    return name.prefix > 0 ? std::string_view(begin_ + name.offset, name.prefix - 1) : std::string_view();
  };
  if (!find_uri(prefix_of(node.name), node.name.uri))
    return fail(kXmlNamespace, "the prefix of an element is not declared", begin_ + node.name.offset);
  if (!has_prefixes_) return true;
  bool any = false;
  for (std::uint32_t i = 0; i < node.attribute_count; ++i) {
    Attribute& attribute = document_.attributes_[node.first_attribute + i];
    if (attribute.name.prefix == 0) continue;
    any = true;
    if (!find_uri(prefix_of(attribute.name), attribute.name.uri))
      return fail(kXmlNamespace, "the prefix of an attribute is not declared",
                  begin_ + attribute.name.offset);
    if (attribute.name.uri == 2 && document_.local(attribute.name) == "nil") node.flags |= XmlDocument::kNil;
  }
  // Two prefixes may stand for one namespace, so names are compared again (section 6.3).
  return !any || check_unique(node.first_attribute, node.attribute_count);
}

bool XmlScanner::check_unique(std::uint32_t first, std::uint32_t count) {
  if (count < 2) return true;
  const auto& attributes = document_.attributes_;
  const auto same = [&](std::uint32_t a, std::uint32_t b) {
    const Name& left = attributes[a].name;
    const Name& right = attributes[b].name;
    if (document_.qualified(left) == document_.qualified(right)) return true;
    // Before prefixes are resolved, names with a prefix are judged by the name as written only.
    if (left.uri == 0 || right.uri == 0) return false;
    return document_.local(left) == document_.local(right) &&
           document_.uris_[left.uri] == document_.uris_[right.uri];
  };
  const auto twice = [&](std::uint32_t index) {
    return fail(kXmlMalformed, "an attribute stands twice in one tag",
                begin_ + attributes[index].name.offset);
  };
  if (count <= kFewAttributes) {
    for (std::uint32_t i = first + 1; i < first + count; ++i)
      for (std::uint32_t j = first; j < i; ++j)
        if (same(i, j)) return twice(i);
    return true;
  }
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), first);
  // By local name first, so that equal names are neighbours under either comparison.
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Name& left = attributes[a].name;
    const Name& right = attributes[b].name;
    const int by_local = document_.local(left).compare(document_.local(right));
    if (by_local != 0) return by_local < 0;
    const int by_uri = document_.uris_[left.uri].compare(document_.uris_[right.uri]);
    if (by_uri != 0) return by_uri < 0;
    return document_.qualified(left) < document_.qualified(right);
  });
  for (std::uint32_t i = 1; i < count; ++i)
    if (same(order_[i - 1], order_[i])) return twice(std::max(order_[i - 1], order_[i]));
  return true;
}

}  // namespace tarn::format
