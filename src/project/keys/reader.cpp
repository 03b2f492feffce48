#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

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
    if (choice.value == value) return choice.name;
  }
  return "none";
}

namespace {

/// Whether a key is called like what must not be shown.
bool holds_secret(std::string_view key) {
  constexpr std::array<std::string_view, 4> kWords = {"secret", "password", "token", "access_key"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return key.find(word) != key.npos; });
}

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

/// A place of the language where a key is known: the block's own key, and the key in it.
struct Home {
  const KeyInfo* block = nullptr;
  const KeyInfo* key = nullptr;
};

/// Where else in the contract a key of that name belongs; nulls when nowhere.
Home home_of(std::string_view name, const BlockInfo& block, int levels) {
  for (const KeyInfo& key : block.keys) {
    if (key.block == nullptr || levels == 0) continue;
    if (const KeyInfo* found = key.block().find(name)) return {&key, found};
    if (const Home deeper = home_of(name, key.block(), levels - 1); deeper.key != nullptr) return deeper;
  }
  return {};
}

/// What a key that is not known here was probably meant to be.
struct Guess {
  std::string hint;
  const KeyInfo* meant = nullptr;  ///< A key of the same block.
  bool belongs_to_top = false;
  Home home = {};
};

/// Whether the block and the root are of one kind of file; then where a key would belong in it.
std::optional<Guess> guess_elsewhere(std::string_view name, const BlockInfo& block) {
  for (const BlockInfo* root : {&feed_block().info(), &project_block().info(), &access_block().info()}) {
    const bool same_file =
        block.name == root->name || home_of(block.keys.front().name, *root, 3).key != nullptr;
    if (!same_file) continue;
    if (root != &block && root->find(name) != nullptr) {
      return Guess{.hint = fmt::format("`{}` belongs to the top of the file: indent it less", name),
                   .belongs_to_top = true};
    }
    if (const Home home = home_of(name, *root, 3); home.key != nullptr)
      return Guess{.hint = fmt::format("`{}` belongs under `{}:`", name, home.block->name), .home = home};
  }
  return std::nullopt;
}

Guess guess_key(std::string_view name, const BlockInfo& block) {
  std::vector<std::string_view> names;
  for (const KeyInfo& key : block.keys) {
    names.push_back(key.name);
    if (std::ranges::find(key.synonyms, name) != key.synonyms.end())
      return {.hint = fmt::format("it is called `{}` here", key.name), .meant = &key};
  }
  if (name == "<<") return {.hint = "merge keys are not read: write the keys out"};
  if (std::optional<Guess> guess = guess_elsewhere(name, block)) return *std::move(guess);
  const KeyInfo* meant = block.find(nearest_name(name, names));
  for (const KeyInfo& key : block.keys) {
    if (meant == nullptr && !nearest_name(name, key.synonyms).empty()) meant = &key;
  }
  if (meant != nullptr) return {.hint = fmt::format("did you mean `{}`?", meant->name), .meant = meant};
  std::string list;
  for (const KeyInfo& key : block.keys) list += fmt::format("{}{}", list.empty() ? "" : ", ", key.name);
  return {.hint = "known here: " + list};
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

void Reader::expect_items(const Node& node, const KeyInfo& key) {
  if (!node.items.empty() || key.when_empty.empty()) return;
  fail(kBadValue, node, fmt::format("`{}` is an empty list: {}", key.name, key.when_empty),
       "remove the key, or fill the list: " + key.advice());
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

const KeyInfo* Reader::unknown_key(const Node::Entry& entry, const BlockInfo& block) {
  Guess guess = guess_key(entry.key.text, block);
  SourceSpan place = span(entry.key);
  // A secret that was written where none belongs is not shown to whoever reads the log.
  if (holds_secret(entry.key.text) || (guess.meant != nullptr && holds_secret(guess.meant->name)))
    place.line_text.clear();
  out_.error(Error(kUnknownKey,
                   fmt::format("`{}` is not a setting of {} {}", entry.key.text, block.article, block.name))
                 .with_span(std::move(place))
                 .with_hint(std::move(guess.hint)));
  if (guess.belongs_to_top) misplaced_.push_back(&entry);
  if (guess.home.key != nullptr) seen_elsewhere_.insert({guess.home.block, guess.home.key});
  return guess.meant;
}

void Reader::missing_key(const Node& place, const KeyInfo& key, const BlockInfo& block) {
  if (seen_elsewhere_.contains(&key)) return;
  fail(kMissingKey, place.entries.empty() ? place : place.entries.front().key,
       fmt::format("this {} has no `{}`", block.name, key.name),
       key.example.empty() ? fmt::format("add `{}:`", key.name)
                           : fmt::format("add it, for example `{}: {}`", key.name, key.example));
}

void Reader::not_applicable(const std::vector<const Node::Entry*>& entries, const Node::Entry& selector,
                            const BlockInfo& block, std::size_t selected) {
  const std::string_view word = name_of(block.selector, static_cast<int>(selected));
  if (entries.size() > 1) {
    std::string names;
    for (const Node::Entry* entry : entries)
      names += fmt::format("{}`{}`", names.empty() ? "" : ", ", entry->key.text);
    fail(kNotApplicable, selector.value,
         fmt::format("{} have no meaning for `{}: {}`", names, block.selector_key, word),
         fmt::format("correct `{}:`, or remove these keys", block.selector_key));
    return;
  }
  const Node& key_node = entries.front()->key;
  const KeyInfo* key = block.find(key_node.text);
  fail(kNotApplicable, key_node,
       fmt::format("`{}` has no meaning for `{}: {}`", key_node.text, block.selector_key, word),
       fmt::format("{}remove it, or correct `{}:`",
                   key == nullptr ? "" : fmt::format("it is a setting of {}: ", applies_words(block, *key)),
                   block.selector_key));
}

}  // namespace tarn::project
