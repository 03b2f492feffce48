#include "project/render.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "project/load.h"

namespace tarn::project {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::optional<std::string> inbox(std::string_view) {
  return "inbox";
}

FeedSpec read_feed(const std::string& text) {
  const FeedOutcome outcome = load_feed({"feeds/x.yaml", text}, inbox);
  for (const Error& error : outcome.errors) ADD_FAILURE() << render_diagnostic(error, false) << text;
  return outcome.feed.value_or(FeedSpec());
}

/// Contracts that load() accepts: the good golden cases and the examples.
std::vector<fs::path> good_feeds() {
  std::vector<fs::path> paths;
  const fs::path tests = TARN_TEST_DATA;
  for (const char* name : {"good_minimal", "good_everything", "good_fixed", "good_no_header"}) {
    paths.push_back(tests / "golden/project" / (std::string(name) + ".yaml"));
  }
  for (const auto& entry : fs::recursive_directory_iterator(tests.parent_path() / "examples")) {
    const fs::path path = entry.path();
    if (path.extension() == ".yaml" && path.parent_path().filename() == "feeds") paths.push_back(path);
  }
  return paths;
}

TEST(RenderFeed, IsReadBackEqual) {
  for (const fs::path& path : good_feeds()) {
    const FeedSpec feed = read_feed(read_text(path));
    const std::string text = render_feed_yaml(feed);
    const FeedSpec again = read_feed(text);
    EXPECT_EQ(feed, again) << path << "\n" << text;
    EXPECT_EQ(render_feed_yaml(again), text) << path;
    EXPECT_EQ(contract_fingerprint(again), contract_fingerprint(feed)) << path;
  }
}

FeedSpec small_feed() {
  return read_feed(read_text(fs::path(TARN_TEST_DATA) / "golden/project/good_minimal.yaml"));
}

TEST(RenderFeed, LaysOutAsAPersonWould) {
  FeedSpec feed = small_feed();
  feed.format.delimiter = '\t';
  feed.format.quote.reset();
  feed.columns[0].accepted = {{"NO"}, {"01"}, {"plain"}};
  feed.columns[2].range = {Located<std::string>("0"), Located<std::string>("99.5")};
  const Comments comments = {{"", "Proposed from 3 samples.\nCheck the key."},
                             {"format.delimiter", "seen in every line"},
                             {"columns", "In the order of the file."},
                             {"columns.taken_at", "Always filled."},
                             {"columns.value.name", "looks like a result\nof the laboratory"}};
  EXPECT_EQ(render_feed_yaml(feed, comments),
            "# Proposed from 3 samples.\n"
            "# Check the key.\n"
            "feed: labs\n"
            "owner: lab@example.org\n"
            "description: Results.\n"
            "\n"
            "source:\n"
            "  folder: inbox\n"
            "\n"
            "table: curated.lab\n"
            "\n"
            "format:\n"
            "  type: csv\n"
            "  delimiter: tab  # seen in every line\n"
            "  quote: none\n"
            "\n"
            "# In the order of the file.\n"
            "columns:\n"
            "  - name: id\n"
            "    type: string\n"
            "    accepted: [\"NO\", \"01\", plain]\n"
            "  # Always filled.\n"
            "  - name: taken_at\n"
            "    type: timestamp\n"
            "  - name: value  # looks like a result of the laboratory\n"
            "    type: decimal(10,2)\n"
            "    range: {min: 0, max: 99.5}\n");
}

TEST(RenderFeed, KeepsDifficultTexts) {
  for (const std::string text : {"a: b",       "# no comment",
                                 "- dash",     " blank ",
                                 "'single'",   "\"double\"",
                                 "${HOME}",    "$${HOME}",
                                 "*star",      "&and",
                                 "!tag",       "%percent",
                                 "@at",        "`tick`",
                                 "[list]",     "{map}",
                                 "null",       "~",
                                 "true",       "yes",
                                 "0x1F",       "1e3",
                                 "2024-01-01", "line\nbreak",
                                 "tab\there",  "back\\slash",
                                 "\x01\x7f",   "M\xc3\xbcnchen",
                                 "a, b",       "trailing:",
                                 "?",          "|",
                                 ">",          "12:30",
                                 "...",        "---",
                                 "=",          "<<",
                                 ".5",         "a #b"}) {
    FeedSpec feed = small_feed();
    feed.description = text;
    feed.columns[0].accepted = {{text}, {"b"}};
    feed.columns[0].description = text;
    feed.format.null_markers = {text};
    EXPECT_EQ(read_feed(render_feed_yaml(feed)), feed) << render_feed_yaml(feed);
  }
}

TEST(RenderFeed, RemarksCannotBreakOut) {
  const FeedSpec feed = small_feed();
  const std::string text = render_feed_yaml(
      feed, {{"", "a\nmode: upsert\r\nb"}, {"table", "x\ttable: y"}, {"columns.id.name", "a\nb: c"}});
  EXPECT_EQ(read_feed(text), feed) << text;
}

TEST(RenderProject, IsReadBackEqual) {
  ProjectSpec spec;
  spec.name.value = "clinic";
  spec.warehouse.value = "file:///data/lake";
  spec.limits.threads = 3;
  spec.batch.max_age_ms = 1500;
  const std::string text = render_project_yaml(spec, {{"", "The clinic's lake."}});
  EXPECT_EQ(
      text,
      "# The clinic's lake.\nproject: clinic\nwarehouse: \"file:///data/lake\"\n\nlimits:\n  threads: 3\n\n"
      "batch:\n  max_age: 1500ms\n");
  const LoadOutcome outcome = load({{"tarn.yaml", text}}, nullptr);
  ASSERT_TRUE(outcome.project) << render_outcome(outcome, false);
  EXPECT_EQ(outcome.project->spec, spec);
}

TEST(Fingerprint, CountsMeaningOnly) {
  const FeedSpec feed = small_feed();
  const std::string before = contract_fingerprint(feed);
  EXPECT_EQ(before.size(), 32u);
  FeedSpec same = feed;
  same.owner = "someone else";
  same.description = "Other words.";
  same.contract_version = 9;
  same.columns[0].description = "Words.";
  same.columns[0].identifying = Identifying::kName;
  same.limits.depth = 3;
  same.source.folder.value = "elsewhere";
  same.columns[1].from.span.line = 77;
  EXPECT_EQ(contract_fingerprint(same), before);

  const auto changed = [&](auto&& change) {
    FeedSpec other = feed;
    change(other);
    return contract_fingerprint(other) != before;
  };
  EXPECT_TRUE(changed([](FeedSpec& f) { f.columns[0].type->kind = TypeKind::kLong; }));
  EXPECT_TRUE(changed([](FeedSpec& f) { f.columns[0].from.value = "Id"; }));
  EXPECT_TRUE(changed([](FeedSpec& f) { f.columns[0].required = true; }));
  EXPECT_TRUE(changed([](FeedSpec& f) { std::swap(f.columns[0], f.columns[1]); }));
  EXPECT_TRUE(changed([](FeedSpec& f) { f.columns[0].accepted = {{"a"}}; }));
  EXPECT_TRUE(changed([](FeedSpec& f) { f.format.delimiter = ';'; }));
  EXPECT_TRUE(changed([](FeedSpec& f) { f.mode.value = LoadMode::kUpsert; }));
  EXPECT_TRUE(changed([](FeedSpec& f) { f.key = {{"id"}}; }));
  EXPECT_TRUE(changed([](FeedSpec& f) { f.drift = Drift::kEvolve; }));
}

// The fingerprint is stored beside data: it may not change from one version of Tarn to the next.
TEST(Fingerprint, IsStable) {
  EXPECT_EQ(contract_fingerprint(small_feed()), "c7ccff71510a4bf4704eba0bd87d3864");
}

}  // namespace
}  // namespace tarn::project
