#include "project/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tarn::project {
namespace {

struct Case {
  std::string_view pattern;
  std::string_view path;
  bool matches;
};

TEST(Pattern, Meets) {
  struct Pair {
    std::string_view a;
    std::string_view b;
    bool meets;
  };
  constexpr Pair kPairs[] = {
      {"**", "a/b.zip", true},
      {"f*", "o*", false},
      {"f*", "*1.csv", true},
      {"*.zip", "*.csv", false},
      {"**/ADT_*.zip", "**/LAB_*.zip", false},
      {"**/*ADT*.zip", "**/LAB_*", true},
      {"adt/**", "**/lab/*", true},
      {"adt/*", "**/lab/*", false},
      {"adt/*", "adt/x/*", false},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"?.csv", "\xc3\xa9.csv", true},
      {"[a-c]*", "[d-f]*", false},
      {"[a-c]*", "[c-f]*", true},
      {"[!a]x", "ax", false},
      {"{a,b}*", "{b,c}*", true},
      {"{a,b}*", "{c,d}*", false},
      {"*", "**/x", true},
      {"*", "y/x", false},
      {"\\*", "a", false},
      {"/^a/", "/^a/", true},
      {"/^a/", "a*", false},
  };
  for (const Pair& pair : kPairs) {
    const auto a = Pattern::compile(pair.a);
    const auto b = Pattern::compile(pair.b);
    ASSERT_TRUE(a.ok() && b.ok()) << pair.a << " " << pair.b;
    EXPECT_EQ(a->meets(*b), pair.meets) << pair.a << " " << pair.b;
    EXPECT_EQ(b->meets(*a), pair.meets) << pair.b << " " << pair.a;
  }
}

TEST(Pattern, Matches) {
  constexpr Case kCases[] = {
      {"**", "a.zip", true},
      {"**", "a/b/c.zip", true},
      {"*.zip", "a.zip", true},
      {"*.zip", "A.ZIP", false},
      {"*.zip", "in/a.zip", false},
      {"**/*.zip", "a.zip", true},
      {"**/*.zip", "in/deep/a.zip", true},
      {"**/*.zip", "in/deep/a.zip.part", false},
      {"adt/**", "adt/a.xml", true},
      {"adt/**", "adt/a/b.xml", true},
      {"adt/**", "adt", false},
      {"adt/**", "adt/", false},
      {"adt/**", "badt/a.xml", false},
      {"adt/*.xml", "adt/a.xml", true},
      {"adt/*.xml", "adt/x/a.xml", false},
      {"a/**/b", "a/b", true},
      {"a/**/b", "a/x/y/b", true},
      {"a/**/b", "a/x/yb", false},
      {"**/x/**/y.csv", "x/y.csv", true},
      {"**/x/**/y.csv", "a/x/b/x/c/y.csv", true},
      {"**/x/**/y.csv", "a/b/y.csv", false},
      {"a**b", "axxb", true},
      {"a**b", "a/b", false},
      {"*a*b*c", "xxaxxbxxc", true},
      {"*a*b*c", "xxaxxbxx", false},
      {"lab_????.csv", "lab_2024.csv", true},
      {"lab_????.csv", "lab_202.csv", false},
      {"?.csv", "\xc3\xa9.csv", true},
      {"?.csv", "/.csv", false},
      {"[a-c]x", "bx", true},
      {"[a-c]x", "dx", false},
      {"[!a-c]x", "dx", true},
      {"[!a-c]x", "/x", false},
      {"[]x]", "]", true},
      {"[a-]", "-", true},
      {"[\xc3\xa0-\xc3\xbf].csv", "\xc3\xa9.csv", true},
      {"{adt,lab}/*.xml", "lab/a.xml", true},
      {"{adt,lab}/*.xml", "bed/a.xml", false},
      {"*.{csv,t{x,s}t}", "a.tst", true},
      {"a{,b}c", "ac", true},
      {"\\*.csv", "*.csv", true},
      {"\\*.csv", "a.csv", false},
      {"\\{a\\}", "{a}", true},
      {"/^adt_\\d{8}\\.zip$/", "adt_20240301.zip", true},
      {"/^adt_\\d{8}\\.zip$/", "in/adt_20240301.zip", false},
      {"/lab/", "in/labs/x.csv", true},
      {"**/*.zip", "", false},
      {"*", "", true},
      {"a", "ab", false},
      {"**/a*/b", "ax/c/ay/b", true},
  };
  for (const Case& c : kCases) {
    const Result<Pattern> pattern = Pattern::compile(c.pattern);
    ASSERT_TRUE(pattern) << c.pattern << ": " << pattern.error().to_string();
    EXPECT_EQ(pattern->matches(c.path), c.matches) << c.pattern << " on " << c.path;
  }
}

TEST(Pattern, RefusesWhatIsNoPattern) {
  for (const std::string_view text : {"", "[a", "{a,b", "[z-a]", "a\\", "/", "/abs/path.zip", "/(/",
                                      "/(?=a)/", "./a", "../a", "a/../b", "[/]"}) {
    const Result<Pattern> pattern = Pattern::compile(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_EQ(pattern.error().name(), "contract.bad_pattern") << text;
    EXPECT_FALSE(pattern.error().hint().empty()) << text;
  }
  std::string braces;
  for (int i = 0; i < 20; ++i) braces += "{a,b}";
  EXPECT_EQ(Pattern::compile(braces).error().name(), "contract.bad_pattern");
  EXPECT_EQ(Pattern::compile(std::string(3000, '{') + std::string(2000, '}')).error().name(),
            "contract.bad_pattern");
}

TEST(Pattern, StaysFastOnAdversarialInput) {
  const Result<Pattern> stars = Pattern::compile("*a*a*a*a*a*a*a*a*a*b");
  const Result<Pattern> parts = Pattern::compile("**/a/**/a/**/a/**/a/**/b");
  std::string long_part(20'000, 'a');
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "a/";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(stars->matches(long_part));
  EXPECT_FALSE(parts->matches(deep));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Pattern, ListMatchesAny) {
  PatternList list;
  EXPECT_FALSE(matches_any(list, "a"));
  list.emplace_back(*Pattern::compile("*.csv"));
  list.emplace_back(*Pattern::compile("*.txt"));
  EXPECT_TRUE(matches_any(list, "a.txt"));
  EXPECT_FALSE(matches_any(list, "a.xml"));
  EXPECT_TRUE(Pattern().matches("anything/at/all"));
  EXPECT_EQ(Pattern(), *Pattern::compile("**"));
}

}  // namespace
}  // namespace tarn::project
