#include "discover/sampling/xml_shape.h"

#include <fmt/format.h>

#include <algorithm>

#include "discover/column_names.h"

namespace tarn::discover {
namespace {

constexpr std::string_view kInstance = "http://www.w3.org/2001/XMLSchema-instance";
constexpr std::string_view kXml = "http://www.w3.org/XML/1998/namespace";

std::string prefix_of(std::string_view qualified, std::string_view local) {
  return qualified.size() > local.size()
             ? std::string(qualified.substr(0, qualified.size() - local.size() - 1))
             : "";
}

ShapeNode* child_shape(ShapeNode& shape, std::string_view local, std::string_view uri, ShapeLimits& limits) {
  for (const auto& child : shape.children) {
    if (child->local == local && child->uri == uri) return child.get();
  }
  if (limits.places == 0) {
    ++limits.left_out;
    return nullptr;
  }
  --limits.places;
  shape.children.push_back(std::make_unique<ShapeNode>());
  shape.children.back()->local = local;
  shape.children.back()->uri = uri;
  return shape.children.back().get();
}

void add_attributes(format::XmlDocument& document, format::XmlNode node, KeepValues keep, ShapeNode& shape,
                    ShapeLimits& limits) {
  for (auto at = document.first_attribute(node); at; at = document.next_attribute(at)) {
    const std::string_view uri = document.uri(at);
    if (uri == kInstance || uri == kXml) continue;
    const std::string_view local = document.local_name(at);
    auto found = std::ranges::find_if(shape.attributes, [&](const ShapeNode::Attribute& attribute) {
      return attribute.local == local && attribute.uri == uri;
    });
    if (found == shape.attributes.end()) {
      if (limits.places == 0) {
        ++limits.left_out;
        continue;
      }
      --limits.places;
      shape.attributes.push_back(
          {std::string(local), prefix_of(document.qualified_name(at), local), std::string(uri), 0, {}});
      found = shape.attributes.end() - 1;
    }
    ++found->seen;
    if (keep == KeepValues::kYes) found->text.add(document.value(at));
  }
}

std::uint64_t repeated(const ShapeNode& node) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      node.children, [](const auto& child) { return child->max_in_parent > 1 && !child->is_leaf(); }));
}

/// "Messages" of "Message", "PatientList" of "Patient", "Export".
bool is_container_name(const std::string& name, const std::string& child) {
  static constexpr std::string_view kWords[] = {
      "list",     "set",   "collection", "batch",   "export",   "data",   "dataset",
      "records",  "root",  "feed",       "file",    "messages", "items",  "rows",
      "document", "table", "dump",       "extract", "report",   "result", "results"};
  const std::string snake = snake_case(name);
  const std::string one = snake_case(child);
  if (snake == one + "s" || snake == one + "es" ||
      (one.ends_with('y') && snake == one.substr(0, one.size() - 1) + "ies"))
    return true;
  const std::vector<std::string> words = words_of(snake);
  return !words.empty() && std::ranges::find(kWords, words.back()) != std::end(kWords);
}

}  // namespace

void add_shape(format::XmlDocument& document, format::XmlNode node, KeepValues keep, ShapeNode& shape,
               ShapeLimits& limits) {
  const std::string_view local = document.local_name(node);
  if (shape.seen == 0) {
    shape.local = local;
    shape.prefix = prefix_of(document.qualified_name(node), local);
    shape.uri = document.uri(node);
  }
  ++shape.seen;
  shape.max_in_parent = std::max<std::uint64_t>(shape.max_in_parent, 1);
  add_attributes(document, node, keep, shape, limits);
  const bool has_text = document.has_text(node);
  shape.has_text = shape.has_text || has_text;
  if (has_text && document.first_child(node)) ++shape.mixed;
  if (keep == KeepValues::kYes) {
    if (document.is_nil(node))
      shape.text.add("");
    else if (has_text || !document.first_child(node))
      shape.text.add(document.text(node));
  }
  std::map<ShapeNode*, std::uint64_t> counts;
  for (auto child = document.first_child(node); child; child = document.next_sibling(child)) {
    ShapeNode* place = child_shape(shape, document.local_name(child), document.uri(child), limits);
    if (place == nullptr) continue;
    ++counts[place];
    add_shape(document, child, keep, *place, limits);
  }
  for (const auto& [place, count] : counts) place->max_in_parent = std::max(place->max_in_parent, count);
}

RecordPlace find_record(const ShapeNode& root) {
  RecordPlace place;
  place.steps.push_back(&root);
  const ShapeNode* node = &root;
  while (true) {
    const ShapeNode* repeats = nullptr;
    const ShapeNode* inner = nullptr;
    std::size_t leaves = node->attributes.size();
    std::size_t structured = 0;
    for (const auto& child : node->children) {
      const bool is_leaf = child->children.empty() && child->max_in_parent <= 1;
      leaves += is_leaf ? 1 : 0;
      if (is_leaf) continue;
      ++structured;
      if (child->max_in_parent > 1 && !child->is_leaf()) repeats = child.get();
      inner = child.get();
    }
    if (structured != 1) break;
    const bool is_alone = node->children.size() == 1;
    if (repeats != nullptr) {
      if (!is_alone && (leaves > 3 || !is_container_name(node->local, repeats->local))) break;
      place.steps.push_back(repeats);
      place.reason = fmt::format("`{}` repeats within `{}`: each is a record", repeats->local, node->local);
      return place;
    }
    if (leaves > 3 || repeated(*inner) != 1) break;
    place.steps.push_back(inner);
    node = inner;
  }
  place.steps.resize(1);
  place.reason = "each document is one record";
  return place;
}

}  // namespace tarn::discover
