#include <fmt/format.h>

#include <algorithm>

#include "project/errors.h"
#include "project/keys/key_table.h"

namespace tarn::project {

std::string KeyInfo::advice() const {
  return example.empty() ? std::string() : fmt::format("for example `{}: {}`", name, example);
}

const KeyInfo* BlockInfo::find(std::string_view key) const {
  const auto found = std::ranges::find(keys, key, &KeyInfo::name);
  return found == keys.end() ? nullptr : &*found;
}

std::string applies_words(const BlockInfo& block, const KeyInfo& key) {
  std::string words;
  if (key.applies == ~std::uint32_t{0}) return words;
  for (const Choice& choice : block.selector) {
    if ((key.applies >> static_cast<unsigned>(choice.value) & 1u) == 0) continue;
    words += fmt::format("{}{}", words.empty() ? "" : ", ", choice.name);
  }
  return words;
}

std::string_view name_of(std::span<const Choice> choices, int value) {
  for (const Choice& choice : choices) {
    if (choice.value == value && !choice.reserved) return choice.name;
  }
  return "none";
}

namespace {

std::string_view shape_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kNull:
      return "nothing";
    case NodeKind::kScalar:
      return "a single value";
    case NodeKind::kSequence:
      return "a list";
    case NodeKind::kMap:
      return "a block of keys";
  }
  return "";
}

/// Where else in the contract a key of that name belongs: "format", "columns"; empty when nowhere.
std::string_view home_of(std::string_view name, const BlockInfo& block, int levels) {
  for (const KeyInfo& key : block.keys) {
    if (key.block == nullptr || levels == 0) continue;
    if (key.block().find(name) != nullptr) return key.name;
    if (const auto deeper = home_of(name, key.block(), levels - 1); !deeper.empty()) return deeper;
  }
  return {};
}

std::string unknown_key_hint(std::string_view name, const BlockInfo& block) {
  std::vector<std::string_view> names;
  for (const KeyInfo& key : block.keys) {
    names.push_back(key.name);
    if (std::ranges::find(key.synonyms, name) != key.synonyms.end()) {
      return fmt::format("it is called `{}` here", key.name);
    }
  }
  if (name == "<<") return "merge keys are not read: write the keys out";
  for (const BlockInfo* root : {&feed_block().info(), &project_block().info()}) {
    const bool same_file = block.name == root->name || home_of(block.keys.front().name, *root, 3).size() > 0;
    const std::string_view home = same_file ? home_of(name, *root, 3) : std::string_view();
    if (!home.empty()) return fmt::format("`{}` belongs under `{}:`", name, home);
    if (same_file && root != &block && root->find(name) != nullptr) {
      return fmt::format("`{}` belongs to the top of the file: indent it less", name);
    }
  }
  for (const KeyInfo& key : block.keys) {
    if (!nearest_name(name, names).empty()) break;
    if (!nearest_name(name, key.synonyms).empty()) return fmt::format("did you mean `{}`?", key.name);
  }
  if (const auto near = nearest_name(name, names); !near.empty())
    return fmt::format("did you mean `{}`?", near);
  std::string list;
  for (const KeyInfo& key : block.keys) list += fmt::format("{}{}", list.empty() ? "" : ", ", key.name);
  return "known here: " + list;
}

}  // namespace

void Reader::fail(const ErrorCode& code, const Node& node, std::string message, std::string hint) {
  if (node.poisoned) return;
  out_.error(Error(code, std::move(message)).with_span(span(node)).with_hint(std::move(hint)));
}

const std::string* Reader::scalar(const Node& node, const KeyInfo& key) {
  if (node.poisoned) return nullptr;
  if (node.kind == NodeKind::kScalar || (key.list && !node.text.empty())) return &node.text;
  if (node.kind == NodeKind::kNull) {
    fail(kWrongType, node, fmt::format("`{}` has no value", key.name),
         node.text.empty() ? "write a value, or remove the key"
                           : fmt::format("write \"{}\" in quotes if the text is meant", node.text));
    return nullptr;
  }
  std::string hint = key.advice();
  if (node.kind == NodeKind::kSequence)
    hint = "quote the text if it begins with `[`" + (hint.empty() ? "" : "; " + hint);
  if (node.kind == NodeKind::kMap)
    hint = "quote the text if it holds `: ` or begins with `{`" + (hint.empty() ? "" : "; " + hint);
  fail(kWrongType, node, fmt::format("`{}` takes a single value, not {}", key.name, shape_of(node.kind)),
       hint);
  return nullptr;
}

bool Reader::expect_map(const Node& node, std::string_view what) {
  if (node.kind == NodeKind::kMap) return true;
  fail(kWrongType, node, fmt::format("a {} is a block of keys, not {}", what, shape_of(node.kind)),
       "write `key: value` lines, indented below it");
  return false;
}

std::span<const Node> Reader::block_items(const Node& node, const KeyInfo& key) {
  if (node.kind == NodeKind::kSequence) return node.items;
  if (node.kind == NodeKind::kMap) {
    fail(kWrongType, node, fmt::format("`{}` takes a list of blocks", key.name),
         "begin each with `- `, for example `- name: encounter_id`");
  } else {
    fail(kWrongType, node, fmt::format("`{}` takes a list of blocks, not {}", key.name, shape_of(node.kind)),
         "begin each with `- `, for example `- name: encounter_id`");
  }
  return {};
}

void Reader::unknown_key(const Node& key, const BlockInfo& block) {
  fail(kUnknownKey, key, fmt::format("`{}` is not a setting of {} {}", key.text, block.article, block.name),
       unknown_key_hint(key.text, block));
}

void Reader::missing_key(const Node& place, const KeyInfo& key, const BlockInfo& block) {
  fail(kMissingKey, place.entries.empty() ? place : place.entries.front().key,
       fmt::format("this {} has no `{}`", block.name, key.name),
       key.example.empty() ? fmt::format("add `{}:`", key.name)
                           : fmt::format("add it, for example `{}: {}`", key.name, key.example));
}

void Reader::not_applicable(const Node& key_node, const KeyInfo& key, const BlockInfo& block,
                            std::size_t selected) {
  fail(kNotApplicable, key_node,
       fmt::format("`{}` has no meaning for `{}: {}`", key.name, block.selector_key,
                   name_of(block.selector, static_cast<int>(selected))),
       fmt::format("it is a setting of {}: remove it, or correct `{}:`", applies_words(block, key),
                   block.selector_key));
}

}  // namespace tarn::project
