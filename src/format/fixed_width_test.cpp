#include "format/fixed_width.h"

#include <gtest/gtest.h>

#include "format/errors.h"

namespace tarn::format {
namespace {

std::string read_all(std::string_view text, const FixedOptions& options = {}, bool is_clean = true) {
  FixedWidthReader reader(options, {{{1, 3}, true}, {{4, 5}, false}, {{7, 7}, false}});
  reader.reset(text, is_clean);
  FixedRecord record;
  std::string out;
  while (reader.next(record)) {
    out += std::to_string(record.line);
    if (record.problem != nullptr) {
      EXPECT_EQ(record.error().name(), record.problem->name);
      out += "{" + std::string(record.problem->name) + "@" + std::to_string(record.problem_column) + "}";
      continue;
    }
    out += "[";
    for (const FixedField& field : record.fields)
      out += (field.present ? std::string(field.text) : "-") + "|";
    out += "]";
  }
  return out;
}

TEST(FixedWidth, CutsByCharacters) {
  EXPECT_EQ(read_all("abcde g\nxyz12 4\r\n"), "1[abc|de|g|]2[xyz|12|4|]");
  EXPECT_EQ(read_all("\xC3\xA4\xC3\xB6\xC3\xBC"
                     "de g"),
            "1[\xC3\xA4\xC3\xB6\xC3\xBC|de|g|]");
  EXPECT_EQ(read_all("abcd\rab\rabcdefghi"), "1[abc|d|-|]2[ab|-|-|]3[abc|de|g|]");
  EXPECT_EQ(read_all("\n\nabc"), "3[abc|-|-|]");
  FixedOptions options;
  options.skip_rows = 1;
  options.comment = '*';
  EXPECT_EQ(read_all("title\n* note\nabcde\n", options), "3[abc|de|-|]");
}

TEST(FixedWidth, TextThatNoColumnCoversMakesALineBad) {
  FixedOptions options;
  options.all_text = true;
  struct Case {
    const char* line;
    const char* outcome;
  };
  const Case cases[] = {
      {"abcde g", "1[abc|de|g|]"},
      {"abcde g \t ", "1[abc|de|g|]"},
      {"abcde\tg", "1[abc|de|g|]"},
      {"abcde", "1[abc|de|-|]"},
      {"abcde gh", "1{fixed.long_line@8}"},
      {"abcde g   h", "1{fixed.long_line@11}"},
      {"abcdefg", "1{fixed.text_between@6}"},
      {"abcdefgh", "1{fixed.text_between@6}"},
      {"abcdef", "1{fixed.text_between@6}"},
      {"\xC3\xA4\xC3\xB6\xC3\xBC"
       "de g",
       "1[\xC3\xA4\xC3\xB6\xC3\xBC|de|g|]"},
      {"\xC3\xA4\xC3\xB6\xC3\xBC"
       "de g \xC3\xA4",
       "1{fixed.long_line@9}"},
      {"\xC3\xA4\xC3\xB6\xC3\xBC"
       "de\xC3\xA4g",
       "1{fixed.text_between@6}"},
  };
  for (const Case& c : cases) EXPECT_EQ(read_all(c.line, options), c.outcome) << c.line;
  EXPECT_EQ(read_all("abcde g123\nabcde g\n", options), "1{fixed.long_line@8}2[abc|de|g|]");
}

TEST(FixedWidth, BadLinesCostThemselves) {
  FixedWidthReader reader({}, {{{1, 3}, true}, {{10, 12}, true}});
  reader.reset("abc      xyz\nabc\nabc      xyz");
  FixedRecord record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.problem, nullptr);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.error().name(), "fixed.short_line");
  EXPECT_EQ(record.problem_field, 2U);
  EXPECT_EQ(record.problem_column, 10U);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.problem, nullptr);
  EXPECT_FALSE(reader.next(record));
  EXPECT_EQ(read_all("ab\xFF"
                     "\nabcde",
                     {}, false),
            "1{text.encoding@3}2[abc|de|-|]");
  FixedOptions options;
  options.record_size = 4;
  EXPECT_EQ(read_all("abcde\nabc", options), "1{fixed.record_too_large@1}2[abc|-|-|]");
}

TEST(FixedWidth, AFieldBeyondItsLimitCostsItsLine) {
  FixedOptions options;
  options.field_size = 2;
  EXPECT_EQ(read_all("ab\nabc\nab d", options), "1[ab|-|-|]2{fixed.field_too_large@1}3[ab |d|-|]");
}

TEST(FixedWidth, RangesAreParsed) {
  EXPECT_EQ(parse_fixed_range("1-10").value(), (FixedRange{1, 10}));
  EXPECT_EQ(parse_fixed_range("7").value(), (FixedRange{7, 7}));
  for (const char* bad : {"", "0-1", "5-4", "a", "1-", "-1", "1-2-3", " 1-2", "99999999999"})
    EXPECT_EQ(parse_fixed_range(bad).error().name(), "fixed.bad_range") << bad;
}

}  // namespace
}  // namespace tarn::format
