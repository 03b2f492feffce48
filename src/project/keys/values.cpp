#include "project/keys/values.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "base/size.h"
#include "project/errors.h"

namespace tarn::project {

namespace {

std::string only(std::string_view text, bool (*wanted)(unsigned char)) {
  std::string kept;
  for (const char c : text) {
    if (wanted(static_cast<unsigned char>(c))) kept += static_cast<char>(std::tolower(c));
  }
  return kept;
}

/// The choice that was probably meant: a synonym ("ISO-8859-1", "cp1252"), or a near name with the same
/// digits, for `windows-1251` is no slip of `windows-1252`. Null when there is none.
const Choice* meant_choice(std::string_view text, std::span<const std::string_view> names,
                           std::span<const Choice> choices) {
  const auto is_word = [](unsigned char c) { return c != '-' && c != '_' && c != ' '; };
  const auto is_digit = [](unsigned char c) { return c >= '0' && c <= '9'; };
  const std::string plain = only(text, is_word);
  const std::string_view near = nearest_name(text, names);
  for (const Choice& choice : choices) {
    if (choice.name == near && only(near, is_digit) == only(text, is_digit)) return &choice;
    if (only(choice.name, is_word) == plain) return &choice;
    std::string_view rest = choice.synonyms;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (rest.substr(0, end) == plain) return &choice;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return nullptr;
}

}  // namespace

std::optional<int> read_choice(const Node& node, const KeyInfo& key, Reader& reader) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return std::nullopt;
  std::vector<std::string_view> names;
  std::string list;
  for (const Choice& choice : key.choices) {
    if (choice.name == *text) return choice.value;
    names.push_back(choice.name);
    list += fmt::format("{}{}", list.empty() ? "" : ", ", choice.name);
  }
  const Choice* meant = meant_choice(*text, names, key.choices);
  reader.fail(kBadValue, node, fmt::format("`{}` is not a value of `{}`", *text, key.name),
              meant == nullptr ? "allowed: " + list
                               : fmt::format("did you mean `{}`? allowed: {}", meant->name, list));
  return meant == nullptr ? std::nullopt : std::optional(meant->value);
}

std::optional<std::int64_t> read_integer(const Node& node, const KeyInfo& key, Reader& reader) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  if (whole && value >= key.minimum && value <= key.maximum) return value;
  reader.fail(
      whole ? kBadValue : kWrongType, node,
      key.maximum == std::numeric_limits<std::int64_t>::max()
          ? fmt::format("`{}` takes a whole number of at least {}, not `{}`", key.name, key.minimum, *text)
          : fmt::format("`{}` takes a whole number from {} to {}, not `{}`", key.name, key.minimum,
                        key.maximum, *text),
      key.advice());
  return std::nullopt;
}

namespace {

/// "Encounter ID" → "encounter_id".
std::string as_name(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool upper = c >= 'A' && c <= 'Z';
    const bool after_lower = !name.empty() && i > 0 && text[i - 1] >= 'a' && text[i - 1] <= 'z';
    if (upper && after_lower) name += '_';
    if (upper) name += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9' && !name.empty())) name += c;
    if ((c == ' ' || c == '-' || c == '_' || c == '.') && !name.empty() && name.back() != '_') name += '_';
  }
  return name;
}

void check_name(const Node& node, const KeyInfo& key, Reader& reader, const std::string& text) {
  const re2::StringPiece pattern(key.name_pattern.data(), key.name_pattern.size());
  if (RE2::FullMatch(text, RE2(pattern))) return;
  const std::string better = as_name(text);
  reader.fail(kBadName, node,
              fmt::format("`{}` cannot be the `{}`: names match {}", text, key.name, key.name_pattern),
              better.empty() || better == text || !RE2::FullMatch(better, RE2(pattern))
                  ? "lower-case letters, digits and underscores, a letter first"
                  : fmt::format("write `{}`", better));
}

}  // namespace

void Value<std::string>::read(const Node& node, const KeyInfo& key, Reader& reader, std::string& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  out = *text;
  if (!key.name_pattern.empty()) check_name(node, key, reader, *text);
  if (key.required && text->empty()) {
    reader.fail(kBadValue, node, fmt::format("`{}` is empty", key.name), key.advice());
  }
}
Node Value<std::string>::write(const std::string& value) {
  return Node::scalar(value);
}

void Value<bool>::read(const Node& node, const KeyInfo& key, Reader& reader, bool& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  if (*text == "true" || *text == "false") {
    out = *text == "true";
    return;
  }
  reader.fail(kWrongType, node, fmt::format("`{}` takes true or false, not `{}`", key.name, *text),
              "write `true` or `false`");
}
Node Value<bool>::write(const bool& value) {
  return Node::scalar(value ? "true" : "false");
}

void Value<char>::read(const Node& node, const KeyInfo& key, Reader& reader, char& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  const std::string_view word = *text;
  if (word == "tab" || word == "\\t") {
    out = '\t';
  } else if (word == "\\\\") {
    out = '\\';
  } else if (word.size() == 1 && static_cast<unsigned char>(word[0]) < 0x80 && word[0] != '\n' &&
             word[0] != '\r') {
    out = word[0];
  } else {
    reader.fail(kBadValue, node, fmt::format("`{}` takes one ASCII character, not `{}`", key.name, word),
                "write one character in quotes, or `tab`" +
                    std::string(key.name == "delimiter" ? "" : ", or `none`"));
  }
}
Node Value<char>::write(const char& value) {
  return value == '\t' ? Node::scalar("tab") : Node::quoted_scalar(std::string(1, value));
}

void Value<Pattern>::read(const Node& node, const KeyInfo& key, Reader& reader, Pattern& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  Result<Pattern> pattern = Pattern::compile(*text);
  if (pattern) {
    out = *std::move(pattern);
  } else {
    reader.fail(pattern.error().code(), node, pattern.error().message(), pattern.error().hint());
  }
}
Node Value<Pattern>::write(const Pattern& value) {
  return Node::quoted_scalar(value.text());
}

void Value<TableName>::read(const Node& node, const KeyInfo& key, Reader& reader, TableName& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  static const RE2 kTable("[a-z_][a-z0-9_]*(\\.[a-z_][a-z0-9_]*)+");
  const std::size_t dot = text->rfind('.');
  if (RE2::FullMatch(*text, kTable)) {
    out = {text->substr(0, dot), text->substr(dot + 1)};
    if (out.schema == "ops" || out.schema.starts_with("ops.")) {
      reader.fail(kReservedName, node, "the namespace `ops` is Tarn's own",
                  fmt::format("choose another, for example `curated.{}`", out.name));
    }
    return;
  }
  reader.fail(kBadName, node, fmt::format("`{}` is not a table's name", *text),
              dot == std::string::npos
                  ? fmt::format("name its namespace too: `curated.{}`", as_name(*text))
                  : "namespace.table, each of lower-case letters, digits and underscores");
}
Node Value<TableName>::write(const TableName& value) {
  return Node::scalar(value.to_string());
}

void Value<TextMap>::read(const Node& node, const KeyInfo& key, Reader& reader, TextMap& out) {
  if (!reader.expect_map(node, key.name)) return;
  for (const Node::Entry& entry : node.entries) {
    if (const std::string* text = reader.scalar(entry.value, key)) out[entry.key.text] = *text;
  }
}
Node Value<TextMap>::write(const TextMap& value) {
  Node map = Node::map({});
  for (const auto& [name, text] : value)
    map.entries.push_back({Node::scalar(name), Node::quoted_scalar(text)});
  return map;
}

void SizeValue::read(const Node& node, const KeyInfo& key, Reader& reader, std::uint64_t& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  const auto size = parse_size_bytes(*text);
  if (size && static_cast<std::int64_t>(*size) >= key.minimum &&
      static_cast<std::int64_t>(*size) <= key.maximum) {
    out = *size;
    return;
  }
  if (size) {
    reader.fail(kBadValue, node,
                fmt::format("`{}` must be at least {}", key.name,
                            write(static_cast<std::uint64_t>(key.minimum)).text),
                key.advice());
  } else {
    reader.fail(kWrongType, node, fmt::format("`{}` is not a size", *text),
                "a number and B, kB, MB, GB, KiB, MiB or GiB; " + key.advice());
  }
}
Node SizeValue::write(const std::uint64_t& value) {
  for (const auto& [unit, shift] :
       {std::pair("TiB", 40), std::pair("GiB", 30), std::pair("MiB", 20), std::pair("KiB", 10)}) {
    if (value > 0 && value % (1ULL << shift) == 0)
      return Node::scalar(fmt::format("{}{}", value >> shift, unit));
  }
  return Node::scalar(std::to_string(value));
}

void DurationValue::read(const Node& node, const KeyInfo& key, Reader& reader, std::int64_t& out) {
  const std::string* text = reader.scalar(node, key);
  if (text == nullptr) return;
  const auto duration = parse_duration_ms(*text);
  if (duration && *duration >= key.minimum && *duration <= key.maximum) {
    out = *duration;
    return;
  }
  if (duration) {
    reader.fail(kBadValue, node, fmt::format("`{}` must be at least {}", key.name, write(key.minimum).text),
                key.advice());
  } else {
    reader.fail(kWrongType, node, fmt::format("`{}` is not a duration", *text),
                "a number and ms, s, m, h or d; " + key.advice());
  }
}
Node DurationValue::write(const std::int64_t& value) {
  for (const auto& [unit, ms] : {std::pair("d", 86'400'000), std::pair("h", 3'600'000),
                                 std::pair("m", 60'000), std::pair("s", 1000)}) {
    if (value > 0 && value % ms == 0) return Node::scalar(fmt::format("{}{}", value / ms, unit));
  }
  return Node::scalar(fmt::format("{}ms", value));
}

}  // namespace tarn::project
