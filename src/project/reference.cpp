#include "project/reference.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "project/keys/key_table.h"

namespace tarn::project {
namespace {

using Json = nlohmann::ordered_json;

/// What a value of a kind looks like, for readers and as a schema. Plain YAML scalars reach a validator as
/// numbers and booleans too.
struct KindWords {
  std::string_view name;
  std::string_view list_name;
  std::string_view schema;
};

KindWords words_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::kText:
      return {"text", "texts", R"({"type": ["string", "number", "boolean"]})"};
    case ValueKind::kBoolean:
      return {"true or false", "", R"({"type": "boolean"})"};
    case ValueKind::kInteger:
      return {"whole number", "", R"({"type": "integer"})"};
    case ValueKind::kSize:
      return {
          "size", "",
          R"({"type": ["string", "integer"], "pattern": "^[0-9.]+ *([kKmMgGtT]?[iI]?[bB]?)$", "minimum": 0})"};
    case ValueKind::kDuration:
      return {"duration", "", R"({"type": "string", "pattern": "^[0-9.]+ *(ms|s|m|min|h|d)$"})"};
    case ValueKind::kChoice:
      return {"one of", "", R"({"type": "string"})"};
    case ValueKind::kCharacter:
      return {"one character", "", R"({"type": ["string", "integer"]})"};
    case ValueKind::kPattern:
      return {"pattern", "patterns", R"({"type": "string", "minLength": 1})"};
    case ValueKind::kTableName:
      return {"table name", "",
              R"({"type": "string", "pattern": "^[a-z_][a-z0-9_]*(\\.[a-z_][a-z0-9_]*)+$"})"};
    case ValueKind::kColumnType:
      return {"column type", "", ""};
    case ValueKind::kColumnFormat:
      return {"letters, words or notation", "", ""};
    case ValueKind::kPartition:
      return {
          "column or transform", "columns or transforms",
          R"({"type": "string", "pattern": "^ *([a-z_][a-z0-9_]*|(identity|year|month|day|hour) *\\( *[a-z_][a-z0-9_]* *\\)|(bucket|truncate) *\\( *[1-9][0-9]* *, *[a-z_][a-z0-9_]* *\\)) *$"})"};
    case ValueKind::kSort:
      return {
          "column", "columns, each with `desc` or not",
          R"({"type": "string", "pattern": "^ *[a-z_][a-z0-9_]*( +([aA][sS][cC]|[dD][eE][sS][cC]))? *$"})"};
    case ValueKind::kTextMap:
      return {"names and texts", "", R"({"type": "object", "additionalProperties": {"type": "string"}})"};
    case ValueKind::kTextsMap:
      return {
          "names, each with a text or texts", "",
          R"({"type": "object", "additionalProperties": {"anyOf": [{"type": ["string", "number", "boolean"]}, {"type": "array", "items": {"type": ["string", "number", "boolean"]}}]}})"};
    case ValueKind::kMaskMap:
      return {
          "names, each with a mask", "",
          R"({"type": "object", "additionalProperties": {"anyOf": [{"enum": ["none", "hash", "null", "year", "month", null]}, {"type": "object", "properties": {"partial": {"type": "integer", "minimum": 1}, "generalise": {"type": "integer", "minimum": 1}}, "additionalProperties": false, "minProperties": 1, "maxProperties": 1}]}})"};
    case ValueKind::kBlock:
      return {"block", "blocks", ""};
  }
  return {};
}

Json type_schema() {
  std::string names;
  for (const Choice& choice : choices_of(TypeKind{})) {
    if (choice.name == "decimal" || choice.value == static_cast<int>(TypeKind::kStruct)) continue;
    names += fmt::format("{}|", choice.name);
  }
  const std::string scalar = "(" + names + "decimal\\( *[0-9]{1,2} *, *[0-9]{1,2} *\\))";
  return {{"type", "string"}, {"pattern", fmt::format("^ *({0}|list< *({0}|struct) *>) *$", scalar)}};
}

Json format_schema() {
  const Json words = {{"type", "array"}, {"items", {{"type", Json::array({"string", "number", "boolean"})}}}};
  return {{"oneOf", Json::array({{{"type", "string"}},
                                 {{"type", "array"}, {"items", {{"type", "string"}}}},
                                 {{"type", "object"},
                                  {"properties", {{"true", words}, {"false", words}}},
                                  {"required", Json::array({"true", "false"})},
                                  {"additionalProperties", false}}})}};
}

Json one_value(const KeyInfo& key) {
  if (key.kind == ValueKind::kBlock) return {{"$ref", fmt::format("#/$defs/{}", key.block().name)}};
  if (key.kind == ValueKind::kColumnType) return type_schema();
  if (key.kind == ValueKind::kColumnFormat) return format_schema();
  Json schema = Json::parse(words_of(key.kind).schema);
  if (key.kind == ValueKind::kChoice) {
    schema["enum"] = Json::array();
    for (const Choice& choice : key.choices) {
      schema["enum"].push_back(choice.name);
    }
  }
  if (key.kind == ValueKind::kInteger) {
    schema["minimum"] = key.minimum;
    if (key.maximum != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = key.maximum;
  }
  if (!key.name_pattern.empty())
    schema = {{"type", "string"}, {"pattern", fmt::format("^{}$", key.name_pattern)}};
  return schema;
}

Json key_schema(const BlockInfo& block, const KeyInfo& key) {
  Json schema = one_value(key);
  if (key.named) {
    schema = {{"type", "object"}, {"additionalProperties", schema}};
  } else if (key.list && key.kind == ValueKind::kBlock) {
    schema = {{"type", "array"}, {"items", schema}};
    if (key.required) schema["minItems"] = 1;
  } else if (key.list) {
    Json items = {{"type", "array"}, {"items", schema}};
    if (!key.when_empty.empty()) items["minItems"] = 1;
    schema = {{"anyOf", Json::array({schema, std::move(items)})}};
  }
  const std::string words = applies_words(block, key);
  schema["description"] = std::string(key.description) +
                          (words.empty() ? "" : fmt::format(" For {} {}.", block.selector_key, words));
  if (!key.default_yaml.empty() && key.default_text.empty() && !key.list) {
    if (key.kind == ValueKind::kBoolean) {
      schema["default"] = key.default_yaml == "true";
    } else if (key.kind == ValueKind::kInteger) {
      schema["default"] = std::stoll(key.default_yaml);
    } else if (key.kind == ValueKind::kChoice || key.kind == ValueKind::kSize ||
               key.kind == ValueKind::kDuration) {
      schema["default"] = key.default_yaml;
    }
  }
  return schema;
}

/// For blocks whose selector is a plain choice: keys that do not apply to a word are refused beside it.
Json exclusions(const BlockInfo& block) {
  Json rules = Json::array();
  const KeyInfo* selector = block.selector_key.empty() ? nullptr : block.find(block.selector_key);
  if (selector == nullptr || selector->kind != ValueKind::kChoice) return rules;
  for (const Choice& choice : block.selector) {
    Json refused = Json::object();
    for (const KeyInfo& key : block.keys) {
      if ((key.applies >> static_cast<unsigned>(choice.value) & 1u) == 0)
        refused[std::string(key.name)] = false;
    }
    const Json chosen = {{std::string(block.selector_key), {{"const", choice.name}}}};
    if (!refused.empty())
      rules.push_back({{"if", {{"properties", chosen}}}, {"then", {{"properties", refused}}}});
  }
  return rules;
}

void collect(const BlockInfo& block, Json& definitions);

Json block_schema(const BlockInfo& block, Json& definitions) {
  Json schema = {{"type", "object"}, {"description", block.description}, {"additionalProperties", false}};
  for (const KeyInfo& key : block.keys) {
    schema["properties"][std::string(key.name)] = key_schema(block, key);
    if (key.required) schema["required"].push_back(key.name);
    if (key.block != nullptr) collect(key.block(), definitions);
  }
  if (Json rules = exclusions(block); !rules.empty()) schema["allOf"] = std::move(rules);
  return schema;
}

void collect(const BlockInfo& block, Json& definitions) {
  const std::string name(block.name);
  if (definitions.contains(name)) return;
  definitions[name] = nullptr;  // being described: a block may hold itself
  Json schema = block_schema(block, definitions);
  definitions[name] = std::move(schema);
}

std::string whole_schema(const BlockInfo& block, std::string_view title) {
  Json definitions = Json::object();
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  schema.update(block_schema(block, definitions));
  schema["$defs"] = std::move(definitions);
  return schema.dump(2) + "\n";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : fmt::format("`{}`", escaped(text));
}

std::string type_words(const KeyInfo& key) {
  const KindWords words = words_of(key.kind);
  if (key.kind == ValueKind::kChoice) {
    std::string list;
    for (const Choice& choice : key.choices) {
      list += fmt::format("{}`{}`", list.empty() ? "" : ", ", choice.name);
    }
    return list;
  }
  if (key.named) return fmt::format("names, each with a [{0}](#{0}) block", key.block().name);
  if (key.list && key.kind == ValueKind::kBlock)
    return fmt::format("list of [{}](#{}) blocks", key.block().name, key.block().name);
  if (key.kind == ValueKind::kBlock) {
    std::string anchor(key.block().name);
    for (char& c : anchor) c = c == ' ' ? '-' : c;
    return fmt::format("[block](#{})", anchor);
  }
  if (key.list) return fmt::format("{}, or a list of {}", words.name, words.list_name);
  if (key.kind == ValueKind::kInteger && key.minimum > 0)
    return fmt::format("{}, at least {}", words.name, key.minimum);
  return std::string(words.name);
}

std::string default_words(const KeyInfo& key) {
  if (key.required) return "**required**";
  if (!key.default_text.empty()) return escaped(key.default_text);
  if (key.default_yaml.empty() || key.default_yaml == "\"\"" || key.default_yaml == "[]" ||
      key.default_yaml == "{}")
    return "none";
  return code(key.default_yaml);
}

void describe(const BlockInfo& block, std::string_view heading, std::set<std::string_view>& done,
              std::string& out) {
  if (!done.insert(block.name).second) return;
  out += fmt::format("{} {}\n\n{}\n\n", heading, block.name, block.description);
  out += "| key | value | default | meaning | example |\n|---|---|---|---|---|\n";
  for (const KeyInfo& key : block.keys) {
    const std::string applies = applies_words(block, key);
    out += fmt::format("| `{}` | {} | {} | {}{} | {} |\n", key.name, type_words(key), default_words(key),
                       escaped(key.description), applies.empty() ? "" : fmt::format(" For {}.", applies),
                       code(key.example));
  }
  out += '\n';
  for (const KeyInfo& key : block.keys) {
    if (key.kind != ValueKind::kChoice) continue;
    out += fmt::format("`{}`:\n\n", key.name);
    for (const Choice& choice : key.choices) {
      out += fmt::format("- `{}`: {}\n", choice.name, choice.meaning);
    }
    out += '\n';
  }
  if (block.selector_key == "type" && block.find("type")->kind == ValueKind::kColumnType) {
    out += "`type`:\n\n";
    for (const Choice& choice : block.selector)
      out += fmt::format("- `{}`: {}\n", choice.name, choice.meaning);
    out += '\n';
  }
  for (const KeyInfo& key : block.keys) {
    if (key.block != nullptr) describe(key.block(), "###", done, out);
  }
}

}  // namespace

std::string feed_json_schema() {
  return whole_schema(feed_block().info(), "A feed's contract (feeds/*.yaml)");
}

std::string project_json_schema() {
  return whole_schema(project_block().info(), "A project (tarn.yaml)");
}

std::string access_json_schema() {
  return whole_schema(access_block().info(), "Who may see what (access/*.yaml)");
}

std::string contract_reference_markdown() {
  std::set<std::string_view> done;
  std::string out;
  describe(project_block().info(), "##", done, out);
  describe(feed_block().info(), "##", done, out);
  describe(access_block().info(), "##", done, out);
  out +=
      "## Values\n\n"
      "- Where a list may stand, one value alone is a list of one.\n"
      "- Sizes: `256MiB`, `1.5GB`, `4096`. Durations: `250ms`, `2s`, `15m`, `6h`, `7d`.\n"
      "- `${NAME}` in a value is replaced from the environment; `$${` stands for `${` itself.\n"
      "- Nothing is guessed: `NO`, `1.10` and `NULL` in lists of texts stay these texts.\n"
      "- Patterns: `*` any characters of one part of a path, `?` one, `[a-z]` one of these, `{a,b}` either, "
      "`**` any "
      "parts; between slashes a regular expression.\n\n"
      "## Columns that Tarn adds\n\n";
  for (const std::string_view name : audit_column_names()) out += fmt::format("- `{}`\n", name);
  return out;
}

}  // namespace tarn::project
