#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "project/keys/key_info.h"
#include "project/project_spec.h"

/// How each type of a spec's members is read from YAML and written to it. Internal.
namespace tarn::project {

/// How a T is read from a node and written to one. `read` leaves `out` alone when it says an error.
template <typename T>
struct Value;

/// Types whose words are a list of Choice; each has `std::span<const Choice> choices_of(E)`.
std::span<const Choice> choices_of(AfterIngest);
std::span<const Choice> choices_of(LoadMode);
std::span<const Choice> choices_of(FormatType);
std::span<const Choice> choices_of(Encoding);
std::span<const Choice> choices_of(Drift);
std::span<const Choice> choices_of(Identifying);
std::span<const Choice> choices_of(BinaryText);
std::span<const Choice> choices_of(Transform);
std::span<const Choice> choices_of(TypeKind);
std::span<const Choice> choices_of(S3Addressing);
std::string_view name_of(std::span<const Choice> choices, int value);

std::optional<int> read_choice(const Node& node, const KeyInfo& key, Reader& reader);
std::optional<std::int64_t> read_integer(const Node& node, const KeyInfo& key, Reader& reader);

#define TARN_PROJECT_VALUE(type, value_kind)                                           \
  template <>                                                                          \
  struct Value<type> {                                                                 \
    static constexpr ValueKind kKind = value_kind;                                     \
    static void read(const Node& node, const KeyInfo& key, Reader& reader, type& out); \
    static Node write(const type& value);                                              \
  }
TARN_PROJECT_VALUE(std::string, ValueKind::kText);
TARN_PROJECT_VALUE(bool, ValueKind::kBoolean);
TARN_PROJECT_VALUE(char, ValueKind::kCharacter);
TARN_PROJECT_VALUE(Pattern, ValueKind::kPattern);
TARN_PROJECT_VALUE(TableName, ValueKind::kTableName);
TARN_PROJECT_VALUE(ColumnType, ValueKind::kColumnType);
TARN_PROJECT_VALUE(ColumnFormat, ValueKind::kColumnFormat);
TARN_PROJECT_VALUE(PartitionField, ValueKind::kPartition);
TARN_PROJECT_VALUE(SortField, ValueKind::kSort);
using TextMap = std::map<std::string, std::string>;
TARN_PROJECT_VALUE(TextMap, ValueKind::kTextMap);
TARN_PROJECT_VALUE(AttributeMap, ValueKind::kTextsMap);
TARN_PROJECT_VALUE(MaskMap, ValueKind::kMaskMap);
#undef TARN_PROJECT_VALUE

template <typename T>
  requires std::is_enum_v<T>
struct Value<T> {
  static constexpr ValueKind kKind = ValueKind::kChoice;
  static void read(const Node& node, const KeyInfo& key, Reader& reader, T& out) {
    if (const auto value = read_choice(node, key, reader)) out = static_cast<T>(*value);
  }
  static Node write(const T& value) {
    return Node::scalar(std::string(name_of(choices_of(T{}), static_cast<int>(value))));
  }
};

template <typename T>
  requires std::is_integral_v<T>
struct Value<T> {
  static constexpr ValueKind kKind = ValueKind::kInteger;
  static void read(const Node& node, const KeyInfo& key, Reader& reader, T& out) {
    if (const auto value = read_integer(node, key, reader)) out = static_cast<T>(*value);
  }
  static Node write(const T& value) { return Node::scalar(std::to_string(value)); }
};

/// Stand in for Value where a number is bytes or milliseconds.
struct SizeValue {
  static constexpr ValueKind kKind = ValueKind::kSize;
  static void read(const Node& node, const KeyInfo& key, Reader& reader, std::uint64_t& out);
  static Node write(const std::uint64_t& value);
};
struct DurationValue {
  static constexpr ValueKind kKind = ValueKind::kDuration;
  static void read(const Node& node, const KeyInfo& key, Reader& reader, std::int64_t& out);
  static Node write(const std::int64_t& value);
};

/// Reads or writes a member of type M whose innermost values are read by Codec.
template <typename M, typename Codec>
struct Member {
  static constexpr bool kList = false;
  static void read(const Node& node, const KeyInfo& key, Reader& reader, M& out) {
    Codec::read(node, key, reader, out);
  }
  static std::optional<Node> write(const M& value) { return Codec::write(value); }
};

template <typename T, typename Codec>
struct Member<Located<T>, Codec> {
  static constexpr bool kList = Member<T, Codec>::kList;
  static void read(const Node& node, const KeyInfo& key, Reader& reader, Located<T>& out) {
    out.span = reader.span(node);
    Member<T, Codec>::read(node, key, reader, out.value);
  }
  static std::optional<Node> write(const Located<T>& value) { return Member<T, Codec>::write(value.value); }
};

template <typename T, typename Codec>
struct Member<std::optional<T>, Codec> {
  static constexpr bool kList = Member<T, Codec>::kList;
  static void read(const Node& node, const KeyInfo& key, Reader& reader, std::optional<T>& out) {
    if (std::is_same_v<T, char> && node.kind == NodeKind::kScalar && node.text == "none") {
      out.reset();
    } else {
      T value{};
      Member<T, Codec>::read(node, key, reader, value);
      out = std::move(value);
    }
  }
  static std::optional<Node> write(const std::optional<T>& value) {
    if (value) return Member<T, Codec>::write(*value);
    return std::is_same_v<T, char> ? std::optional<Node>(Node::scalar("none")) : std::nullopt;
  }
};

template <typename T, typename Codec>
struct Member<std::vector<T>, Codec> {
  static constexpr bool kList = true;
  static void read(const Node& node, const KeyInfo& key, Reader& reader, std::vector<T>& out) {
    out.clear();
    if (node.kind != NodeKind::kSequence) {
      Member<T, Codec>::read(node, key, reader, out.emplace_back());
      return;
    }
    reader.expect_items(node, key);
    out.reserve(node.items.size());
    for (const Node& item : node.items) Member<T, Codec>::read(item, key, reader, out.emplace_back());
  }
  static std::optional<Node> write(const std::vector<T>& values) {
    std::vector<Node> items;
    for (const T& value : values) items.push_back(Member<T, Codec>::write(value).value_or(Node()));
    return Node::sequence(std::move(items));
  }
};

/// The type inside Located, optional and vector.
template <typename M>
struct Innermost {
  using Type = M;
};
template <typename T>
struct Innermost<Located<T>> : Innermost<T> {};
template <typename T>
struct Innermost<std::optional<T>> : Innermost<T> {};
template <typename T>
struct Innermost<std::vector<T>> : Innermost<T> {};

}  // namespace tarn::project
