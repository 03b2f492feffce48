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

/// The two paths of a leaf, as they grow.
struct LeafPath {
  std::string local;
  std::string source;

  LeafPath then(std::string_view mark, std::string_view name, std::string_view uri) const {
    const std::string_view slash = source.empty() ? "" : "/";
    return {fmt::format("{}{}{}{}", local, slash, mark, name),
            uri.empty() ? fmt::format("{}{}{}{}", source, slash, mark, name)
                        : fmt::format("{}{}{}{{{}}}{}", source, slash, mark, uri, name)};
  }
};

LeafPath leaf_path(const XmlDocument& document, XmlNode node, XmlNode record) {
  if (!node || node == record) return {};
  return leaf_path(document, document.parent(node), record)
      .then("", document.local_name(node), document.uri(node));
}

void append_attribute_leaf(XmlDocument& document, XmlAttribute attribute, const LeafPath& element,
                           std::vector<XmlLeaf>& out) {
  LeafPath path = element.then("@", document.local_name(attribute), document.uri(attribute));
  out.push_back({std::move(path.local), std::move(path.source), document.value(attribute)});
}

void append_element_leaves(XmlDocument& document, XmlNode node, const LeafPath& path,
                           std::vector<XmlLeaf>& out) {
  const XmlNode child = document.first_child(node);
  if (!child || document.has_text(node)) {
    if (path.source.empty())
      out.push_back({".", ".", document.text(node)});
    else
      out.push_back({path.local, path.source, document.text(node)});
  }
  for (XmlAttribute a = document.first_attribute(node); a; a = document.next_attribute(a))
    if (!is_markup(document.uri(a))) append_attribute_leaf(document, a, path, out);
  for (XmlNode c = child; c; c = document.next_sibling(c))
    append_element_leaves(document, c, path.then("", document.local_name(c), document.uri(c)), out);
}

}  // namespace

void append_leaves(XmlDocument& document, const XmlHit& hit, XmlNode record, std::vector<XmlLeaf>& out) {
  const LeafPath path = leaf_path(document, hit.element, record);
  if (hit.attribute)
    append_attribute_leaf(document, hit.attribute, path, out);
  else
    append_element_leaves(document, hit.element, path, out);
}

}  // namespace tarn::format
