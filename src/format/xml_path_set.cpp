#include <algorithm>

#include <fmt/format.h>

#include "format/errors.h"
#include "format/xml/scanner.h"
#include "format/xml_path.h"

namespace tarn::format {

namespace {
// Attributes that say how to read a document, not what it says.
bool is_markup(std::string_view uri) {
  return uri == kXsiUri || uri == kXmlUri;
}
}  // namespace

XmlPathSet::XmlPathSet() : tree_(1) {}

std::uint32_t XmlPathSet::child_of(std::uint32_t parent, const XmlPath::NameTest& name, bool attribute) {
  const auto& known = attribute ? tree_[parent].attributes : tree_[parent].children;
  for (const std::uint32_t child : known)
    if (tree_[child].name == name) return child;
  const auto added = static_cast<std::uint32_t>(tree_.size());
  TreeNode node;
  node.name = name;
  tree_.push_back(std::move(node));
  (attribute ? tree_[parent].attributes : tree_[parent].children).push_back(added);
  return added;
}

Result<std::size_t> XmlPathSet::add(XmlPath path, Use use) {
  if (path.is_absolute())
    return Error(kXmlBadPath,
                 fmt::format("`{}` is absolute, but a path within a record is needed", path.text()));
  if (use == Use::kNodes && path.is_attribute())
    return Error(kXmlBadPath, fmt::format("`{}` is an attribute, which cannot repeat", path.text()));
  if (use == Use::kNodes && path.steps_.empty())
    return Error(kXmlBadPath, fmt::format("`{}` is the record itself, which cannot repeat", path.text()));
  const auto index = static_cast<std::uint32_t>(paths_.size());
  const bool apart = path.has_predicates();
  std::uint32_t at = 0;
  for (const XmlPath::Step& step : path.steps_) {
    at = child_of(at, step.name, step.kind == XmlPath::StepKind::kAttribute);
    for (const XmlPath::Predicate& predicate : step.predicates) {
      if (predicate.kind == XmlPath::PredicateKind::kPosition) continue;
      const bool attribute = predicate.kind == XmlPath::PredicateKind::kAttribute;
      tree_[child_of(at, predicate.name, attribute)].covers_text = true;
    }
  }
  tree_[at].covers_text = true;
  if (use == Use::kNodes) tree_[at].covers_all = true;
  if (!apart) (use == Use::kNodes ? tree_[at].nodes : tree_[at].values).push_back(index);
  if (apart) apart_.push_back(index);
  paths_.push_back(std::move(path));
  uses_.push_back(use);
  return std::size_t{index};
}

void XmlPathSet::extract(XmlDocument& document, XmlNode record, XmlExtraction& out) const {
  out.values.assign(paths_.size(), XmlValue());
  out.nodes.resize(paths_.size());
  for (std::vector<XmlNode>& nodes : out.nodes) nodes.clear();
  out.unknown.clear();
  walk(document, record, 0, out);
  for (const std::uint32_t index : apart_) {
    if (uses_[index] == Use::kNodes) {
      paths_[index].select(document, record, out.nodes[index]);
      continue;
    }
    XmlValue& value = out.values[index];
    value.hit = paths_[index].find(document, record, &value.count);
    if (value.count == 0) continue;
    value.text = value.hit.attribute ? document.value(value.hit.attribute) : document.text(value.hit.element);
    value.nil = !value.hit.attribute && document.is_nil(value.hit.element);
  }
}

void XmlPathSet::take_attributes(XmlDocument& document, XmlNode node, const TreeNode& tree,
                                 XmlExtraction& out) const {
  for (XmlAttribute a = document.first_attribute(node); a; a = document.next_attribute(a)) {
    bool covered = tree.covers_all || is_markup(document.uri(a));
    for (const std::uint32_t index : tree.attributes) {
      if (!XmlPath::matches(document, a, tree_[index].name)) continue;
      covered = true;
      for (const std::uint32_t path : tree_[index].values) {
        XmlValue& value = out.values[path];
        // Without declared namespaces `@id` may match a:id and b:id of one element: the first is taken.
        if (value.count++ > 0) continue;
        value.hit = {node, a};
        value.text = document.value(a);
      }
    }
    if (!covered && out.unknown.size() < kMaxUnknown) out.unknown.push_back({node, a});
  }
}

void XmlPathSet::walk(XmlDocument& document, XmlNode node, std::uint32_t tree_node,
                      XmlExtraction& out) const {
  const TreeNode& tree = tree_[tree_node];
  for (const std::uint32_t path : tree.nodes) out.nodes[path].push_back(node);
  for (const std::uint32_t path : tree.values) {
    XmlValue& value = out.values[path];
    if (value.count++ > 0) continue;
    value.hit = {node, {}};
    value.text = document.text(node);
    value.nil = document.is_nil(node);
  }
  take_attributes(document, node, tree, out);
  if (!tree.covers_text && document.has_text(node) && out.unknown.size() < kMaxUnknown)
    out.unknown.push_back({node, {}});
  // Documents mostly keep the order of the contract, so the search begins where the last one ended.
  std::size_t hint = 0;
  for (XmlNode child = document.first_child(node); child; child = document.next_sibling(child)) {
    bool found = false;
    for (std::size_t i = 0; i < tree.children.size(); ++i) {
      const std::size_t slot = hint + i < tree.children.size() ? hint + i : hint + i - tree.children.size();
      if (!XmlPath::matches(document, child, tree_[tree.children[slot]].name)) continue;
      found = true;
      walk(document, child, tree.children[slot], out);
      hint = slot;
      break;
    }
    if (!found && !tree.covers_all && out.unknown.size() < kMaxUnknown) out.unknown.push_back({child, {}});
  }
}

std::string path_of(const XmlDocument& document, const XmlHit& hit, XmlNode record) {
  std::string path = document.path(hit.element, record);
  if (!hit.attribute) return path;
  if (path == ".") path.clear();
  return fmt::format("{}{}@{}", path, path.empty() ? "" : "/", document.qualified_name(hit.attribute));
}

namespace {

std::string local_path(const XmlDocument& document, XmlNode node, XmlNode record) {
  std::vector<std::string_view> names;
  for (; node && node != record; node = document.parent(node)) names.push_back(document.local_name(node));
  std::string path;
  for (std::size_t i = names.size(); i-- > 0;) {
    if (!path.empty()) path += '/';
    path += names[i];
  }
  return path;
}

void append_element_leaves(XmlDocument& document, XmlNode node, const std::string& path,
                           std::vector<XmlLeaf>& out) {
  const XmlNode child = document.first_child(node);
  if (!child || document.has_text(node)) out.push_back({path.empty() ? "." : path, document.text(node)});
  const std::string prefix = path.empty() ? "" : path + "/";
  for (XmlAttribute a = document.first_attribute(node); a; a = document.next_attribute(a))
    if (!is_markup(document.uri(a)))
      out.push_back({fmt::format("{}@{}", prefix, document.local_name(a)), document.value(a)});
  for (XmlNode c = child; c; c = document.next_sibling(c))
    append_element_leaves(document, c, prefix + std::string(document.local_name(c)), out);
}

}  // namespace

void append_leaves(XmlDocument& document, const XmlHit& hit, XmlNode record, std::vector<XmlLeaf>& out) {
  const std::string path = local_path(document, hit.element, record);
  if (hit.attribute) {
    out.push_back({fmt::format("{}{}@{}", path, path.empty() ? "" : "/", document.local_name(hit.attribute)),
                   document.value(hit.attribute)});
    return;
  }
  append_element_leaves(document, hit.element, path, out);
}

}  // namespace tarn::format
