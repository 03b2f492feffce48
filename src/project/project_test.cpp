#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "project/errors.h"
#include "project/load.h"

namespace tarn::project {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::optional<std::string> test_environment(std::string_view name) {
  if (name == "INBOX") return "inbox";
  return std::nullopt;
}

/// A golden case is one contract, or a project whose files begin with `#--- path` lines.
std::vector<ProjectFile> project_files(const std::string& text) {
  std::vector<ProjectFile> files;
  std::size_t at = 0;
  while ((at = text.find("#--- ", at)) != std::string::npos) {
    const std::size_t line = text.find('\n', at);
    const std::size_t next = text.find("#--- ", line);
    files.push_back({text.substr(at + 5, line - at - 5), text.substr(line + 1, next - line - 1)});
    at = line;
  }
  return files;
}

LoadOutcome outcome_of(const fs::path& path) {
  const std::string text = read_text(path);
  if (text.starts_with("#--- ")) return load(project_files(text), test_environment);
  FeedOutcome feed = load_feed({"feeds/" + path.filename().string(), text}, test_environment);
  LoadOutcome outcome{std::nullopt, std::move(feed.errors), std::move(feed.warnings)};
  if (feed.feed) outcome.project = Project{{}, {*std::move(feed.feed)}};
  return outcome;
}

std::vector<fs::path> golden_cases() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(TARN_TEST_DATA) / "golden/project")) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

class Golden : public testing::TestWithParam<fs::path> {};

// Each case holds what load() says in its `.expected`, to the letter; a good one has an empty file.
// TARN_UPDATE_GOLDEN=1 writes the files anew, to be read before they are committed.
TEST_P(Golden, SaysWhatIsExpected) {
  const LoadOutcome outcome = outcome_of(GetParam());
  const std::string rendered = render_outcome(outcome, false);
  fs::path expected = GetParam();
  expected.replace_extension(".expected");
  if (std::getenv("TARN_UPDATE_GOLDEN") != nullptr) std::ofstream(expected, std::ios::binary) << rendered;
  EXPECT_EQ(rendered, read_text(expected));
  EXPECT_EQ(outcome.project.has_value(), outcome.errors.empty());
  EXPECT_EQ(GetParam().stem().string().starts_with("good"),
            outcome.errors.empty() && outcome.warnings.empty());
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(golden_cases()), [](const auto& param) {
  std::string name = param.param.stem().string();
  std::ranges::replace_if(
      name, [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
});

// Every code that this library declares is shown by a golden case or by a test below.
TEST(Golden, ShowsEveryCode) {
  std::set<std::string_view> seen = {"contract.not_utf8", "contract.too_large"};
  for (const fs::path& path : golden_cases()) {
    const LoadOutcome outcome = outcome_of(path);
    for (const Error& error : outcome.errors) {
      seen.insert(error.name());
      EXPECT_FALSE(error.hint().empty()) << path << ": " << error.to_string();
    }
    for (const Error& warning : outcome.warnings) seen.insert(warning.name());
  }
  for (const ErrorCode* code : error_codes()) EXPECT_THAT(seen, testing::Contains(code->name));
}

std::vector<std::string_view> codes_of(std::string text) {
  std::vector<std::string_view> codes;
  for (const Error& error : load_feed({"feeds/x.yaml", std::move(text)}, nullptr).errors)
    codes.push_back(error.name());
  return codes;
}

TEST(Load, RefusesBytesThatAreNotText) {
  EXPECT_THAT(codes_of("feed: \xff\n"), testing::ElementsAre("contract.not_utf8"));
  EXPECT_THAT(codes_of(std::string("feed: a\0b\n", 10)), testing::ElementsAre("contract.not_utf8"));
  EXPECT_THAT(codes_of("feed: \xed\xa0\x80\n"), testing::ElementsAre("contract.not_utf8"));
  EXPECT_THAT(codes_of("feed: \xf0\x80\x80\x80\n"), testing::ElementsAre("contract.not_utf8"));
}

TEST(Load, RefusesWhatIsTooLargeOrTooDeep) {
  EXPECT_THAT(codes_of(std::string(5 << 20, 'a')), testing::ElementsAre("contract.too_large"));
  EXPECT_THAT(codes_of(std::string(100'000, '[')), testing::ElementsAre("contract.too_large"));
  std::string blocks = "a:\n";
  for (int i = 1; i < 100; ++i) blocks += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(codes_of(blocks), testing::ElementsAre("contract.too_large"));
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  EXPECT_THAT(codes_of(dashes), testing::ElementsAre("contract.too_large"));
}

TEST(Load, RefusesBombsOfAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    std::string list;
    for (int j = 0; j < 10; ++j) list += (j > 0 ? ", " : "") + before;
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + list + "]\n";
  }
  EXPECT_THAT(codes_of(bomb), testing::ElementsAre("contract.too_large"));
}

TEST(Load, TakesAMarkAndWindowsLineEnds) {
  std::string text = read_text(fs::path(TARN_TEST_DATA) / "golden/project/good_minimal.yaml");
  std::string windows = "\xef\xbb\xbf";
  for (const char c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_TRUE(load_feed({"feeds/x.yaml", windows}, nullptr).feed.has_value());
}

TEST(Load, FillsTheSpec) {
  const LoadOutcome outcome = outcome_of(fs::path(TARN_TEST_DATA) / "golden/project/good_everything.yaml");
  ASSERT_TRUE(outcome.project) << render_outcome(outcome, false);
  const FeedSpec& feed = outcome.project->feeds.front();
  EXPECT_EQ(*feed.name, "encounters");
  EXPECT_EQ(feed.contract_version, 3);
  EXPECT_EQ(*feed.source.folder, "inbox");
  EXPECT_EQ(feed.source.settle_ms, 5000);
  EXPECT_EQ(feed.source.after, AfterIngest::kMove);
  EXPECT_EQ(feed.table->schema, "lake.curated");
  EXPECT_EQ(feed.table->name, "encounter");
  EXPECT_EQ(*feed.mode, LoadMode::kUpsert);
  EXPECT_EQ(feed.format.null_markers, (std::vector<std::string>{"", "NULL", "null", "~"}));
  EXPECT_TRUE(feed.format.trims());
  const ColumnSpec* id = find_column(feed.columns, "encounter_id");
  ASSERT_NE(id, nullptr);
  EXPECT_TRUE(id->required) << "key columns are required by implication";
  EXPECT_EQ(id->name.span.line, 31u);
  EXPECT_EQ(id->name.span.column, 11u);
  const ColumnSpec* cost = find_column(feed.columns, "cost");
  ASSERT_NE(cost, nullptr);
  EXPECT_EQ(*cost->type, (ColumnType{TypeKind::kDecimal, TypeKind::kString, 12, 2}));
  EXPECT_EQ(cost->decimal_mark, ',');
  EXPECT_EQ(cost->thousands_mark, '.');
  EXPECT_EQ(*cost->from, "cost") << "defaults to the name";
  EXPECT_FALSE(cost->from.written());
  EXPECT_EQ(find_column(feed.columns, "photo")->format.binary, BinaryText::kHex);
  EXPECT_TRUE(find_column(feed.columns, "notes")->type->is_list_of_struct());
  ASSERT_EQ(feed.partition.size(), 3u);
  EXPECT_EQ(feed.partition[1].value, (PartitionField{Transform::kBucket, 16, "facility_id"}));
  EXPECT_EQ(feed.sort[1].value, (SortField{"admitted_at", true}));
  EXPECT_EQ(feed.lateness_ms->value, 7LL * 86'400'000);
  EXPECT_EQ(feed.limits.record_size, 1u << 20);
  EXPECT_EQ(feed.children.front().table->to_string(), "lake.curated.diagnosis");
}

TEST(Load, SaysEverythingAtOnceInOrder) {
  const LoadOutcome outcome = outcome_of(fs::path(TARN_TEST_DATA) / "golden/project/many_errors.yaml");
  EXPECT_GE(outcome.errors.size(), 5u);
  EXPECT_TRUE(
      std::ranges::is_sorted(outcome.errors, {}, [](const Error& error) { return error.span()->line; }));
}

TEST(Load, ReadsTheExamples) {
  const fs::path examples = fs::path(TARN_TEST_DATA).parent_path() / "examples";
  std::size_t projects = 0;
  for (const auto& example : fs::directory_iterator(examples)) {
    std::vector<ProjectFile> files;
    for (const auto& entry : fs::recursive_directory_iterator(example.path())) {
      const std::string path = fs::relative(entry.path(), example.path()).generic_string();
      if (is_project_file(path)) files.push_back({path, read_text(entry.path())});
    }
    if (files.empty()) continue;
    const LoadOutcome outcome = load(files, test_environment);
    EXPECT_TRUE(outcome.project) << example.path() << "\n" << render_outcome(outcome, false);
    ++projects;
  }
  EXPECT_GT(projects, 0u);
}

TEST(Load, TellsWarningsFromErrors) {
  const Error warning = Error(kNoFeeds, "none").with_span({"feeds/", 0, 0, 1, ""});
  EXPECT_TRUE(render_warning(warning, false).starts_with("warning[project.no_feeds]: none\n"));
  EXPECT_TRUE(render_warning(warning, true).starts_with("\x1b[1;33mwarning[project.no_feeds]"));
}

TEST(Load, KnowsItsFiles) {
  EXPECT_TRUE(is_project_file("tarn.yaml"));
  EXPECT_TRUE(is_project_file("feeds/a.yaml"));
  EXPECT_TRUE(is_project_file("feeds/north/a.yml"));
  EXPECT_FALSE(is_project_file("feeds/a.md"));
  EXPECT_FALSE(is_project_file("other/a.yaml"));
}

}  // namespace
}  // namespace tarn::project
