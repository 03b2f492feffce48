#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "project/errors.h"
#include "project/keys/values.h"

// Masks and attributes of access/*.yaml.
namespace tarn::project {
namespace {

struct MaskWord {
  std::string_view word;
  MaskKind kind;
  bool has_amount;
};
constexpr std::array kMaskWords = {
    MaskWord{"none", MaskKind::kNone, false},           MaskWord{"hash", MaskKind::kHash, false},
    MaskWord{"null", MaskKind::kNull, false},           MaskWord{"year", MaskKind::kYear, false},
    MaskWord{"month", MaskKind::kMonth, false},         MaskWord{"partial", MaskKind::kPartial, true},
    MaskWord{"generalise", MaskKind::kGeneralise, true}};

constexpr std::string_view kMaskAdvice =
    "write none, hash, null, year, month, {partial: 4} (keeps the last 4 characters) or {generalise: 10}";

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<MaskSpec> read_mask(const Node& node) {
  // `null` without quotes is YAML's own null: it means the mask here.
  if (node.kind == NodeKind::kNull && !node.text.empty()) return MaskSpec{MaskKind::kNull};
  if (node.kind == NodeKind::kScalar) {
    for (const MaskWord& word : kMaskWords) {
      if (!word.has_amount && word.word == node.text) return MaskSpec{word.kind};
    }
  }
  if (node.kind != NodeKind::kMap || node.entries.size() != 1) return std::nullopt;
  const Node::Entry& entry = node.entries.front();
  const std::optional<std::int64_t> amount =
      entry.value.kind == NodeKind::kScalar ? whole_number(entry.value.text) : std::nullopt;
  for (const MaskWord& word : kMaskWords) {
    if (word.has_amount && word.word == entry.key.text && amount && *amount >= 1 && *amount <= 1'000'000'000)
      return MaskSpec{word.kind, *amount};
  }
  return std::nullopt;
}

}  // namespace

std::string to_string(const MaskSpec& mask) {
  for (const MaskWord& word : kMaskWords) {
    if (word.kind == mask.kind)
      return word.has_amount ? fmt::format("{}: {}", word.word, mask.amount) : std::string(word.word);
  }
  return "";
}

void Value<MaskMap>::read(const Node& node, const KeyInfo& key, Reader& reader, MaskMap& out) {
  if (!reader.expect_map(node, key.name)) return;
  for (const Node::Entry& entry : node.entries) {
    if (const std::optional<MaskSpec> mask = read_mask(entry.value)) {
      out[entry.key.text] = Located<MaskSpec>(*mask, reader.span(entry.key));
    } else {
      reader.fail(kBadMask, entry.value, fmt::format("this is not a mask for `{}`", entry.key.text),
                  std::string(kMaskAdvice));
    }
  }
}

Node Value<MaskMap>::write(const MaskMap& value) {
  Node map = Node::map({});
  for (const auto& [column, mask] : value) {
    for (const MaskWord& word : kMaskWords) {
      if (word.kind != mask->kind) continue;
      Node written = Node::quoted_scalar(std::string(word.word));
      if (word.has_amount)
        written =
            Node::map({{Node::scalar(std::string(word.word)), Node::scalar(std::to_string(mask->amount))}});
      map.entries.push_back({Node::scalar(column), std::move(written)});
    }
  }
  return map;
}

void Value<AttributeMap>::read(const Node& node, const KeyInfo& key, Reader& reader, AttributeMap& out) {
  if (!reader.expect_map(node, key.name)) return;
  for (const Node::Entry& entry : node.entries) {
    std::vector<std::string>& texts = out[entry.key.text];
    if (entry.value.kind == NodeKind::kSequence) {
      for (const Node& item : entry.value.items) {
        if (const std::string* text = reader.scalar(item, key)) texts.push_back(*text);
      }
      if (entry.value.items.empty())
        reader.fail(kBadValue, entry.value,
                    fmt::format("the attribute `{}` is an empty list", entry.key.text),
                    "remove it, or fill the list");
    } else if (const std::string* text = reader.scalar(entry.value, key)) {
      texts.push_back(*text);
    }
  }
}

Node Value<AttributeMap>::write(const AttributeMap& value) {
  Node map = Node::map({});
  for (const auto& [name, texts] : value) {
    std::vector<Node> items;
    for (const std::string& text : texts) items.push_back(Node::quoted_scalar(text));
    map.entries.push_back({Node::scalar(name), Node::sequence(std::move(items))});
  }
  return map;
}

}  // namespace tarn::project
