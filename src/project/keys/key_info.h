#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "project/yaml_tree.h"

/// What is known of one key of the contract language, and how a file's nodes are read by it. Internal.
namespace tarn::project {

/// One allowed word of a key, and what it means.
struct Choice {
  std::string_view name;
  int value = 0;
  std::string_view meaning;
  std::string_view synonyms =
      {};  ///< What people write instead, parted by blanks; lower case, no `-` and `_`.
};

/// What one value looks like.
enum class ValueKind : std::uint8_t {
  kText,
  kBoolean,
  kInteger,
  kSize,
  kDuration,
  kChoice,
  kCharacter,
  kPattern,
  kTableName,
  kColumnType,
  kColumnFormat,
  kPartition,
  kSort,
  kTextMap,
  kTextsMap,
  kMaskMap,
  kBlock,
};

struct BlockInfo;

struct KeyInfo {
  std::string_view name;
  std::string_view description;
  std::string_view example;            ///< As YAML.
  std::string_view default_text = {};  ///< For the reference, where the member's own default does not say it.
  bool required = false;
  bool descriptive = false;  ///< Means nothing for the data: not in the fingerprint.
  std::int64_t minimum = 0;
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::string_view name_pattern = {};  ///< Of kText: the regular expression that a name matches wholly.
  std::uint32_t applies = ~std::uint32_t{0};    ///< Which of BlockInfo::selector the key has a meaning for.
  std::string_view when_empty = {};             ///< Of a list: why it cannot be empty.
  std::vector<std::string_view> synonyms = {};  ///< What people write instead; for hints.
  // Filled by Block::add().
  ValueKind kind = ValueKind::kText;
  bool list = false;   ///< A list of such values, or one alone.
  bool named = false;  ///< Of kBlock: names, each with such a block.
  std::string default_yaml = {};
  std::span<const Choice> choices = {};
  const BlockInfo& (*block)() = nullptr;

  /// "for example `key: value`".
  std::string advice() const;
};

/// The bit of KeyInfo::applies for an enumerator.
template <typename E>
constexpr std::uint32_t bit(E value) {
  return std::uint32_t{1} << static_cast<unsigned>(value);
}

struct BlockInfo {
  std::string_view name;  ///< "feed", "source": as the reference calls it.
  std::string_view description;
  std::vector<KeyInfo> keys = {};
  std::string_view article = "a";         ///< "a feed", "the limits".
  std::string_view selector_key = {};     ///< "type": the key that KeyInfo::applies is about.
  std::span<const Choice> selector = {};  ///< Its words.

  const KeyInfo* find(std::string_view key) const;
};

/// "csv, fixed": the words of `selector` that a key applies to; empty when to all.
std::string applies_words(const BlockInfo& block, const KeyInfo& key);

/// Reads one file's nodes, saying what is wrong with each.
class Reader {
 public:
  Reader(const Document& document, Diagnostics& out) : document_(document), out_(out) {}

  SourceSpan span(const Node& node) const { return document_.span(node); }
  bool is_root(const Node& node) const { return &node == &document_.root; }
  std::size_t error_count() const { return out_.error_count(); }
  void fail(const ErrorCode& code, const Node& node, std::string message, std::string hint);
  /// The scalar's text, or null when it is something else, which is said.
  const std::string* scalar(const Node& node, const KeyInfo& key);
  /// Refuses an empty list where KeyInfo::when_empty says why.
  void expect_items(const Node& node, const KeyInfo& key);
  bool expect_map(const Node& node, std::string_view what);
  /// The blocks of a list of blocks; one block alone is a list of one.
  std::span<const Node> block_items(const Node& node, const KeyInfo& key);
  /// The key of the block that was meant, when one is near enough; else null.
  const KeyInfo* unknown_key(const Node::Entry& entry, const BlockInfo& block);
  /// Entries of inner blocks whose keys belong to the top of the file, as far as they were read.
  const std::vector<const Node::Entry*>& misplaced() const { return misplaced_; }
  /// Says so, unless the key was seen at a wrong place.
  void missing_key(const Node& place, const KeyInfo& key, const BlockInfo& block);
  /// Keys that have no meaning for the selector's word; when they are many it is the word that is doubtful.
  void not_applicable(const std::vector<const Node::Entry*>& entries, const Node::Entry& selector,
                      const BlockInfo& block, std::size_t selected);

 private:
  const Document& document_;
  Diagnostics& out_;
  std::vector<const Node::Entry*> misplaced_;
  std::set<const KeyInfo*> seen_elsewhere_;
};

}  // namespace tarn::project
