#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "project/errors.h"
#include "project/keys/values.h"

// The values that stand in a column, and those that name columns.
namespace tarn::project {
namespace {

constexpr std::array kBinaryText = {
    Choice{"base64", int(BinaryText::kBase64), "RFC 4648, section 4"},
    Choice{"hex", int(BinaryText::kHex), "two hexadecimal digits a byte"},
};
constexpr std::array kTransform = {
    Choice{"identity", int(Transform::kIdentity), "the value itself"},
    Choice{"bucket", int(Transform::kBucket), "a hash of it, modulo n"},
    Choice{"truncate", int(Transform::kTruncate), "its first n characters, or the multiple of n below"},
    Choice{"year", int(Transform::kYear), "its year"},
    Choice{"month", int(Transform::kMonth), "its month"},
    Choice{"day", int(Transform::kDay), "its day"},
    Choice{"hour", int(Transform::kHour), "its hour"},
};

}  // namespace

std::span<const Choice> choices_of(BinaryText) {
  return kBinaryText;
}
std::span<const Choice> choices_of(Transform) {
  return kTransform;
}

void Value<ColumnType>::read(const Node& node, const KeyInfo& key, Reader& reader, ColumnType& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  const Result<ColumnType> type = parse_column_type(*text);
  if (type) {
    out = *type;
  } else {
    reader.fail(type.error().code(), node, type.error().message(), type.error().hint());
  }
}
Node Value<ColumnType>::write(const ColumnType& value) {
  return Node::scalar(to_string(value));
}

namespace {

void read_words(const Node& node, const KeyInfo& key, Reader& reader, std::vector<std::string>& out) {
  Member<std::vector<std::string>, Value<std::string>>::read(node, key, reader, out);
}

Node words(const std::vector<std::string>& values) {
  std::vector<Node> items;
  for (const std::string& value : values) items.push_back(Node::quoted_scalar(value));
  return Node::sequence(std::move(items));
}

}  // namespace

void Value<ColumnFormat>::read(const Node& node, const KeyInfo& key, Reader& reader, ColumnFormat& out) {
  KeyInfo listed = key;
  listed.list = true;
  if (node.kind != NodeKind::kMap) {
    // "base64" and "hex" are the words of a binary column; check_columns() holds text and type together.
    Member<std::vector<Located<std::string>>, Value<std::string>>::read(node, listed, reader, out.patterns);
    return;
  }
  for (const Node::Entry& entry : node.entries) {
    if (entry.key.text == "true") {
      read_words(entry.value, listed, reader, out.true_values);
    } else if (entry.key.text == "false") {
      read_words(entry.value, listed, reader, out.false_values);
    } else {
      reader.fail(kUnknownKey, entry.key,
                  fmt::format("`{}` is not a setting of a boolean's format", entry.key.text),
                  "write `format: {true: [Y], false: [N]}`");
    }
  }
}

Node Value<ColumnFormat>::write(const ColumnFormat& value) {
  if (!value.true_values.empty() || !value.false_values.empty()) {
    return Node::map({{Node::scalar("true"), words(value.true_values)},
                      {Node::scalar("false"), words(value.false_values)}});
  }
  if (value.binary == BinaryText::kHex) return Node::scalar("hex");
  std::vector<Node> items;
  for (const auto& pattern : value.patterns) items.push_back(Node::quoted_scalar(*pattern));
  return items.size() == 1 ? items.front() : Node::sequence(std::move(items));
}

namespace {

Error bad_partition(std::string message, std::string hint) {
  return Error(kBadPartition, std::move(message)).with_hint(std::move(hint));
}

Result<PartitionField> parse_partition(const std::string& text) {
  static const RE2 kPlain("\\s*([A-Za-z_][A-Za-z0-9_]*)\\s*");
  static const RE2 kCall(
      "\\s*([A-Za-z_]+)\\s*\\(\\s*(?:([0-9]{1,9})\\s*,\\s*)?([A-Za-z_][A-Za-z0-9_]*)\\s*\\)\\s*");
  PartitionField field;
  std::string name, parameter;
  if (RE2::FullMatch(text, kPlain, &field.column)) return field;
  if (!RE2::FullMatch(text, kCall, &name, &parameter, &field.column)) {
    return bad_partition(fmt::format("`{}` is not a partition", text),
                         "write a column, or as in `month(admitted_at)` or `bucket(16, facility_id)`");
  }
  const auto choice = std::ranges::find(kTransform, name, &Choice::name);
  if (choice == kTransform.end()) {
    std::vector<std::string_view> names;
    for (const Choice& known : kTransform) names.push_back(known.name);
    const std::string_view near = nearest_name(name, names);
    return bad_partition(fmt::format("`{}` is not a transform", name),
                         near.empty() ? "identity, bucket, truncate, year, month, day or hour"
                                      : fmt::format("did you mean `{}`?", near));
  }
  field.transform = static_cast<Transform>(choice->value);
  field.parameter = parameter.empty() ? 0 : static_cast<std::uint32_t>(std::stoul(parameter));
  const bool takes_number = field.transform == Transform::kBucket || field.transform == Transform::kTruncate;
  if (takes_number && field.parameter == 0) {
    return bad_partition(fmt::format("`{}` needs a number of at least 1", name),
                         fmt::format("write `{}(16, {})`", name, field.column));
  }
  if (!takes_number && !parameter.empty()) {
    return bad_partition(fmt::format("`{}` takes a column only", name),
                         fmt::format("write `{}({})`", name, field.column));
  }
  return field;
}

}  // namespace

void Value<PartitionField>::read(const Node& node, const KeyInfo& key, Reader& reader, PartitionField& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  const Result<PartitionField> field = parse_partition(*text);
  if (field) {
    out = field.value();
  } else {
    reader.fail(field.error().code(), node, field.error().message(), field.error().hint());
  }
}
Node Value<PartitionField>::write(const PartitionField& value) {
  return Node::scalar(to_string(value));
}

void Value<SortField>::read(const Node& node, const KeyInfo& key, Reader& reader, SortField& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  static const RE2 kSortText("\\s*([A-Za-z_][A-Za-z0-9_]*)(?:\\s+(?i)(asc|desc))?\\s*");
  std::string direction;
  if (!RE2::FullMatch(*text, kSortText, &out.column, &direction)) {
    reader.fail(kBadSort, node, fmt::format("`{}` is not a sort column", *text),
                "write as in `admitted_at desc`");
    return;
  }
  out.descending = direction.size() == 4;
}
Node Value<SortField>::write(const SortField& value) {
  return Node::scalar(to_string(value));
}

}  // namespace tarn::project
