#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "project/keys/key_info.h"
#include "project/keys/values.h"
#include "project/project_spec.h"

/// The one description of the contract language, and what is common to all that is made of it. A block of
/// YAML is a Block<T>: a list of keys, each with its documentation (KeyInfo) and the member of T that it
/// fills. Parsing, the JSON Schema, the Markdown reference, rendering and the fingerprint all walk these
/// blocks. Internal.
///
///   block.add(field(&SourceSpec::folder), {.name = "folder", .description = "…", .example = "inbox",
///                                          .required = true});
///
/// A default is what the member of a fresh T holds: it is never written down a second time.
namespace tarn::project {

/// What a key does with an object of type T.
template <typename T>
struct Binding {
  ValueKind kind;
  bool list;
  std::span<const Choice> choices;
  const BlockInfo& (*block)();
  std::function<void(const Node&, const KeyInfo&, Reader&, T&)> read;
  std::function<std::optional<Node>(const T&, bool with_descriptive)> write;  ///< Nothing: leave the key out.
  std::function<bool(const T&)> is_absent = nullptr;  ///< A block that nobody wrote; null for all else.
  bool named = false;
};

template <typename Codec, typename T, typename M>
Binding<T> field_as(M T::*member) {
  using Inner = typename Innermost<M>::Type;
  std::span<const Choice> choices;
  if constexpr (std::is_enum_v<Inner>) choices = choices_of(Inner{});
  return {Codec::kKind,
          Member<M, Codec>::kList,
          choices,
          nullptr,
          [member](const Node& node, const KeyInfo& key, Reader& reader, T& out) {
            Member<M, Codec>::read(node, key, reader, out.*member);
          },
          [member](const T& value, bool) { return Member<M, Codec>::write(value.*member); }};
}

/// A key that fills a member by its type.
template <typename T, typename M>
Binding<T> field(M T::*member) {
  return field_as<Value<typename Innermost<M>::Type>>(member);
}
template <typename T, typename M>
Binding<T> size_field(M T::*member) {
  return field_as<SizeValue>(member);
}
template <typename T, typename M>
Binding<T> duration_field(M T::*member) {
  return field_as<DurationValue>(member);
}

/// A block of YAML that fills a T.
template <typename T>
class Block {
 public:
  explicit Block(BlockInfo info) : info_(std::move(info)) {}

  void add(Binding<T> binding, KeyInfo key) {
    key.kind = binding.kind;
    key.list = binding.list;
    key.named = binding.named;
    key.choices = binding.choices;
    key.block = binding.block;
    blanks_.push_back(key.kind == ValueKind::kBlock ? std::nullopt : binding.write(T{}, true));
    key.default_yaml = key.default_text;
    if (key.default_yaml.empty() && !key.required && blanks_.back())
      key.default_yaml = flow_yaml(*blanks_.back());
    info_.keys.push_back(std::move(key));
    bindings_.push_back(std::move(binding));
  }
  /// Which bit of KeyInfo::applies an object is; nothing where it is not known.
  void select(std::optional<std::size_t> (*selected)(const T&)) { selected_ = selected; }

  const BlockInfo& info() const { return info_; }

  void read(const Node& node, Reader& reader, T& out) const {
    if (!reader.expect_map(node, info_.name)) return;
    std::vector<const Node::Entry*> found(info_.keys.size());
    bool is_selected = false;  // the selector's word could be read
    const auto take = [&](const Node::Entry& entry, const KeyInfo& key) {
      const std::size_t index = index_of(key);
      const std::size_t errors = reader.error_count();
      found[index] = &entry;
      bindings_[index].read(entry.value, key, reader, out);
      if (key.name == info_.selector_key)
        is_selected = !entry.value.poisoned && reader.error_count() == errors;
    };
    // A misspelt key is told, then read as the key that it must mean, so that nothing is missed twice.
    for (const Node::Entry& entry : node.entries) {
      if (info_.find(entry.key.text) != nullptr) continue;
      const KeyInfo* meant = reader.unknown_key(entry, info_);
      if (meant != nullptr && found[index_of(*meant)] == nullptr && !node.has(meant->name))
        take(entry, *meant);
    }
    for (const Node::Entry& entry : node.entries) {
      if (const KeyInfo* key = info_.find(entry.key.text)) take(entry, *key);
    }
    for (std::size_t i = 0; reader.is_root(node) && i < reader.misplaced().size(); ++i) {
      const Node::Entry& entry = *reader.misplaced()[i];
      const KeyInfo* key = info_.find(entry.key.text);
      if (key != nullptr && found[index_of(*key)] == nullptr) take(entry, *key);
    }
    const std::optional<std::size_t> selected =
        selected_ != nullptr && is_selected ? selected_(out) : std::nullopt;
    std::vector<const Node::Entry*> out_of_place;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const KeyInfo& key = info_.keys[i];
      if (found[i] == nullptr && key.required) reader.missing_key(node, key, info_);
      if (found[i] != nullptr && selected && (key.applies >> *selected & 1u) == 0)
        out_of_place.push_back(found[i]);
    }
    if (!out_of_place.empty())
      reader.not_applicable(out_of_place, *found[index_of(*selector())], info_, *selected);
  }

  /// A map of the keys that differ from their defaults, and of the required ones.
  Node write(const T& value, bool with_descriptive) const {
    Node map = Node::map({});
    for (std::size_t i = 0; i < bindings_.size(); ++i) {
      const KeyInfo& key = info_.keys[i];
      if (key.descriptive && !with_descriptive) continue;
      // Such a block has none of its required keys either.
      if (!key.required && bindings_[i].is_absent && bindings_[i].is_absent(value)) continue;
      std::optional<Node> node = bindings_[i].write(value, with_descriptive);
      if (!node || (!key.required && blanks_[i] && *node == *blanks_[i])) continue;
      if (key.kind == ValueKind::kBlock && node->entries.empty() && node->items.empty()) continue;
      map.entries.push_back({Node::scalar(std::string(key.name)), *std::move(node)});
    }
    return map;
  }

 private:
  const KeyInfo* selector() const { return info_.find(info_.selector_key); }
  std::size_t index_of(const KeyInfo& key) const {
    return static_cast<std::size_t>(&key - info_.keys.data());
  }

  BlockInfo info_;
  std::vector<Binding<T>> bindings_;
  std::vector<std::optional<Node>> blanks_;  // what the keys of a fresh T write
  std::optional<std::size_t> (*selected_)(const T&) = nullptr;
};

/// A key that holds a block, or a list of blocks, described by the function `kDescribed`.
template <auto kDescribed, typename T, typename M>
Binding<T> block_field(M T::*member) {
  constexpr bool kIsList = !std::is_same_v<M, typename Innermost<M>::Type>;
  const auto info = +[]() -> const BlockInfo& { return kDescribed().info(); };
  Binding<T> binding{ValueKind::kBlock, kIsList, {}, info, nullptr, nullptr};
  if constexpr (kIsList) {
    binding.read = [member](const Node& node, const KeyInfo& key, Reader& reader, T& out) {
      const std::span<const Node> items = reader.block_items(node, key);
      for (const Node& item : items) kDescribed().read(item, reader, (out.*member).emplace_back());
    };
    binding.write = [member](const T& value, bool with_descriptive) {
      std::vector<Node> items;
      for (const auto& item : value.*member) items.push_back(kDescribed().write(item, with_descriptive));
      return std::optional<Node>(Node::sequence(std::move(items)));
    };
  } else {
    binding.read = [member](const Node& node, const KeyInfo&, Reader& reader, T& out) {
      kDescribed().read(node, reader, out.*member);
    };
    binding.is_absent = [member](const T& value) { return value.*member == M{}; };
    binding.write = [member](const T& value, bool with_descriptive) {
      return std::optional<Node>(kDescribed().write(value.*member, with_descriptive));
    };
  }
  return binding;
}

/// A key that holds names, each with a block described by the function `kDescribed`, whose `name` it is.
template <auto kDescribed, typename T, typename Item>
Binding<T> named_blocks(std::vector<Item> T::*member) {
  const auto info = +[]() -> const BlockInfo& { return kDescribed().info(); };
  Binding<T> binding{ValueKind::kBlock, false, {}, info, nullptr, nullptr};
  binding.named = true;
  binding.read = [member](const Node& node, const KeyInfo& key, Reader& reader, T& out) {
    if (!reader.expect_map(node, key.name)) return;
    for (const Node::Entry& entry : node.entries) {
      Item& item = (out.*member).emplace_back();
      Value<std::string>::read(entry.key, key, reader, item.name.value);
      item.name.span = reader.span(entry.key);
      kDescribed().read(entry.value, reader, item);
    }
  };
  binding.write = [member](const T& value, bool with_descriptive) {
    Node map = Node::map({});
    for (const Item& item : value.*member)
      map.entries.push_back({Node::scalar(*item.name), kDescribed().write(item, with_descriptive)});
    return std::optional<Node>(std::move(map));
  };
  return binding;
}

const Block<AccessSpec>& access_block();
const Block<ProjectSpec>& project_block();
const Block<S3Spec>& s3_block();
const Block<FeedSpec>& feed_block();
const Block<ColumnSpec>& column_block();
const Block<FormatSpec>& format_block();
/// Adds the rows `columns` and `children`, which stand with those of a column.
void add_column_keys(Block<FeedSpec>& block);

}  // namespace tarn::project
