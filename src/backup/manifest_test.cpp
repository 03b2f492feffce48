#include "backup/manifest.h"

#include <gtest/gtest.h>

#include "backup/errors.h"

namespace tarn::backup {
namespace {

Manifest example() {
  Manifest manifest{.id = "20261121T182233.018245Z-1f0c",
                    .created_at_us = 1'795'285'353'000'000,
                    .project = "hospital",
                    .project_folder = "/srv/a \"quoted\" folder",
                    .landing = "/srv/landing",
                    .tarn_version = "tarn 0.1.0",
                    .state = {"/srv/state/tarn.db", 4096, sha256("state")},
                    .last_arrival = 77'000};
  manifest.tables = {{{"a.b", "t"}, "file:///lake/t/metadata/1.json", false, 42},
                     {{"a", "view"}, "file:///lake/v/metadata/1.json", true, std::nullopt}};
  manifest.project_files = {{"tarn.yaml", 20, sha256("yaml")}};
  manifest.files = {{"file:///lake/t/data/\xc3\xbc.parquet", 1ULL << 40, sha256("a")},
                    {"s3://b/c", 0, sha256("")}};
  manifest.missing = {"file:///lake/t/data/gone.parquet"};
  return manifest;
}

TEST(Manifest, ComesBackAsItWas) {
  const Manifest manifest = example();
  const auto again = parse_manifest(to_text(manifest));
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(*again, manifest);
  EXPECT_EQ(again->table_bytes(), 1ULL << 40);
}

TEST(Manifest, EveryChangedByteIsFound) {
  const std::string text = to_text(example());
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto parsed = parse_manifest(changed);
    ASSERT_FALSE(parsed.ok()) << at;
    EXPECT_EQ(parsed.error().name(), kDamaged.name);
  }
}

TEST(Manifest, EveryCutIsFound) {
  const std::string text = to_text(example());
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_FALSE(parse_manifest(std::string_view(text).substr(0, length)).ok()) << length;
}

// With a digest that is right, but of another program's text.
TEST(Manifest, ForeignTextsAreRefused) {
  for (const std::string body :
       {"", "\n", "x\n", "[]\n", "{}\n", "{\"format\":2}\n", "{\"format\":1,\"id\":7}\n", "\"a\"\n{}\n"}) {
    const std::string text = body + "{\"sha256\":\"" + sha256(body).hex() + "\"}\n";
    const auto parsed = parse_manifest(text);
    ASSERT_FALSE(parsed.ok()) << body;
    EXPECT_EQ(parsed.error().name(), kDamaged.name);
  }
}

}  // namespace
}  // namespace tarn::backup
