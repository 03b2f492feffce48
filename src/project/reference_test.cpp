#include "project/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "project/keys/key_table.h"

namespace tarn::project {
namespace {

using Json = nlohmann::json;

TEST(JsonSchema, DescribesAFeed) {
  const Json schema = Json::parse(feed_json_schema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"],
            Json::parse(R"(["feed", "owner", "description", "source", "table", "format", "columns"])"));
  EXPECT_EQ(schema["properties"]["mode"]["enum"],
            Json::parse(R"(["append", "upsert", "scd1", "scd2", "replace", "scd3"])"));
  EXPECT_EQ(schema["properties"]["mode"]["default"], "append");
  EXPECT_EQ(schema["properties"]["contract_version"]["minimum"], 1);
  EXPECT_EQ(schema["properties"]["columns"]["items"]["$ref"], "#/$defs/column");
  EXPECT_EQ(schema["$defs"]["column"]["properties"]["columns"]["items"]["$ref"], "#/$defs/column")
      << "a column holds columns";
  EXPECT_EQ(schema["$defs"]["column"]["required"], Json::parse(R"(["name", "type"])"));
  EXPECT_EQ(schema["$defs"]["limits"]["properties"]["file_size"]["default"], "1GiB");
}

TEST(JsonSchema, RefusesKeysOfAnotherFormat) {
  const Json schema = Json::parse(feed_json_schema());
  bool found = false;
  for (const Json& rule : schema["$defs"]["format"]["allOf"]) {
    if (rule["if"]["properties"]["type"]["const"] != "csv") continue;
    EXPECT_EQ(rule["then"]["properties"]["record"], false);
    EXPECT_FALSE(rule["then"]["properties"].contains("delimiter"));
    found = true;
  }
  EXPECT_TRUE(found);
}

TEST(JsonSchema, EveryReferenceLeadsSomewhere) {
  for (const std::string& text : {feed_json_schema(), project_json_schema()}) {
    const Json schema = Json::parse(text);
    std::size_t references = 0;
    const auto visit = [&](auto&& self, const Json& node) -> void {
      if (node.is_object() && node.contains("$ref")) {
        ++references;
        EXPECT_TRUE(schema.contains(Json::json_pointer(node["$ref"].get<std::string>().substr(1)))) << node;
      }
      if (node.is_structured()) {
        for (const Json& child : node) self(self, child);
      }
    };
    visit(visit, schema);
    EXPECT_GT(references, 0u);
  }
}

TEST(JsonSchema, DescribesAProject) {
  const Json schema = Json::parse(project_json_schema());
  EXPECT_EQ(schema["required"], Json::parse(R"(["project"])"));
  EXPECT_EQ(schema["$defs"]["batch"]["properties"]["max_rows"]["default"], 2'000'000);
}

/// Calls `visit` with each block under `block`, once.
void each_block(const BlockInfo& block, std::vector<std::string_view>& done,
                const std::function<void(const BlockInfo&)>& visit) {
  if (std::ranges::find(done, block.name) != done.end()) return;
  done.push_back(block.name);
  visit(block);
  for (const KeyInfo& key : block.keys) {
    if (key.block != nullptr) each_block(key.block(), done, visit);
  }
}

TEST(Reference, NamesEveryKeyWithItsMeaning) {
  const std::string page = contract_reference_markdown();
  std::vector<std::string_view> done;
  const auto visit = [&](const BlockInfo& block) {
    EXPECT_THAT(page, testing::HasSubstr(std::string(block.name)));
    EXPECT_FALSE(block.description.empty()) << block.name;
    for (const KeyInfo& key : block.keys) {
      EXPECT_THAT(page, testing::HasSubstr("| `" + std::string(key.name) + "` |")) << block.name;
      EXPECT_TRUE(key.description.ends_with('.') || key.description.ends_with(')'))
          << block.name << " " << key.name;
      EXPECT_FALSE(key.example.empty()) << block.name << " " << key.name;
    }
  };
  each_block(project_block().info(), done, visit);
  each_block(feed_block().info(), done, visit);
  EXPECT_TRUE(page.starts_with("## project\n"));
  EXPECT_THAT(page, testing::HasSubstr("| `folder` | text | **required** |"));
  EXPECT_THAT(page, testing::HasSubstr("| `settle` | duration | `2s` |"));
  EXPECT_THAT(page, testing::HasSubstr("- `_source_sha256`\n"));
  EXPECT_EQ(page, contract_reference_markdown()) << "the same bytes every time";
}

TEST(Reference, ExamplesAreYaml) {
  std::vector<std::string_view> done;
  const auto visit = [&](const BlockInfo& block) {
    for (const KeyInfo& key : block.keys) {
      if (key.kind == ValueKind::kBlock) continue;
      Diagnostics out;
      Document document;
      const std::string text = std::string(key.name) + ": " + std::string(key.example) + "\n";
      ASSERT_TRUE(parse_yaml({"example.yaml", text}, document, out)) << text;
      ASSERT_EQ(document.root.entries.size(), 1u) << text;
    }
  };
  each_block(project_block().info(), done, visit);
  each_block(feed_block().info(), done, visit);
}

}  // namespace
}  // namespace tarn::project
