#include <gtest/gtest.h>

#include "project/checks/constants.h"
#include "project/checks/time_pattern.h"
#include "project/column_spec.h"

namespace tarn::project {
namespace {

TEST(ColumnType, ReadsAndWrites) {
  for (const std::string_view text :
       {"boolean", "int", "long", "decimal(38,0)", "decimal(1,1)", "double", "string", "date", "time",
        "timestamp", "timestamptz", "uuid", "binary", "list<struct>", "list<decimal(9,2)>", "list<date>"}) {
    const Result<ColumnType> type = parse_column_type(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(to_string(*type), text);
    EXPECT_EQ(type->is_scalar(), !text.starts_with("list"));
  }
  EXPECT_EQ(to_string(*parse_column_type(" decimal( 10 , 2 ) ")), "decimal(10,2)");
  EXPECT_EQ(to_string(parse_column_type("list<decimal(9,2)>")->element_type()), "decimal(9,2)");
}

TEST(ColumnType, RefusesWithTheMend) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"varchar(20)", "write `string`"},
      {"Integer", "write `int`"},
      {"BIGINT", "write `long`"},
      {"datetime", "write `timestamp`"},
      {"timestmp", "did you mean `timestamp`?"},
      {"decimal()", "write `decimal(18,2)`"},
      {"float", "write `double`"},
      {"array<int>", "known: "},
      {"", "known: "},
  };
  for (const auto& [text, hint] : cases) {
    const Result<ColumnType> type = parse_column_type(text);
    ASSERT_FALSE(type) << text;
    EXPECT_EQ(type.error().name(), "contract.bad_type");
    EXPECT_TRUE(type.error().hint().starts_with(hint)) << text << ": " << type.error().hint();
  }
  for (const std::string_view text :
       {"decimal(0,0)", "decimal(39,0)", "decimal(5,6)", "decimal(99999,1)", "list<>", "list<list<int>>",
        "list<int", "struct", "list<list<struct>>"}) {
    EXPECT_FALSE(parse_column_type(text)) << text;
  }
}

TEST(Places, ReadNumbersAndRanges) {
  EXPECT_EQ(parse_character_range("1-10"), (CharacterRange{1, 10}));
  EXPECT_EQ(parse_character_range("7"), (CharacterRange{7, 7}));
  EXPECT_EQ(parse_character_range(" 3 - 4 "), (CharacterRange{3, 4}));
  for (const std::string_view text : {"", "0-5", "5-4", "1-", "-5", "a-b", "1-2-3", "1-1000001", "1.5"}) {
    EXPECT_EQ(parse_character_range(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_column_number("4096"), 4096u);
  for (const std::string_view text : {"", "0", "4097", "-1", "1x"})
    EXPECT_EQ(parse_column_number(text), std::nullopt) << text;
}

ColumnSpec column_of(std::string_view type) {
  ColumnSpec column;
  column.name.value = "x";
  column.type.value = *parse_column_type(type);
  return column;
}

TEST(Constants, ReadByType) {
  const std::pair<std::string_view, std::string_view> good[] = {
      {"int", "-2147483648"},
      {"int", "+7"},
      {"long", "9223372036854775807"},
      {"decimal(3,1)", "99.9"},
      {"decimal(3,1)", "-00.50"},
      {"decimal(3,1)", "12"},
      {"double", "1e300"},
      {"double", "-0.5"},
      {"boolean", "YES"},
      {"boolean", "f"},
      {"date", "2024-02-29"},
      {"time", "23:59"},
      {"time", "23:59:59.5"},
      {"timestamp", "2024-02-29 10:00"},
      {"timestamptz", "2024-02-29T10:00:00.123456+0530"},
      {"uuid", "123e4567-e89b-12d3-a456-426614174000"},
      {"binary", "AAEC"},
      {"string", ""},
      {"list<int>", "5"},
  };
  for (const auto& [type, text] : good) {
    const Result<Constant> value = read_constant(text, column_of(type));
    EXPECT_TRUE(value) << type << " " << text << ": " << value.error().to_string();
  }
  const std::pair<std::string_view, std::string_view> bad[] = {
      {"int", "2147483648"},
      {"int", ""},
      {"int", "1.0"},
      {"int", "0x1"},
      {"long", "9223372036854775808"},
      {"decimal(3,1)", "100"},
      {"decimal(3,1)", "1.25"},
      {"decimal(3,1)", "1e1"},
      {"decimal(3,1)", "."},
      {"double", "nan"},
      {"double", "inf"},
      {"double", "1,5"},
      {"double", ""},
      {"boolean", "maybe"},
      {"date", "2023-02-29"},
      {"date", "2024-2-9"},
      {"date", "2024-02-29T00:00:00"},
      {"time", "24:00"},
      {"time", "12:00.5"},
      {"timestamp", "2024-02-29T10:00:00Z"},
      {"timestamptz", "2024-02-29T10:00:00"},
      {"uuid", "123"},
      {"binary", "A%"},
  };
  for (const auto& [type, text] : bad) {
    const Result<Constant> value = read_constant(text, column_of(type));
    ASSERT_FALSE(value) << type << " " << text;
    EXPECT_EQ(value.error().name(), "contract.bad_constant");
  }
}

TEST(Constants, ReadMarksAndWords) {
  ColumnSpec money = column_of("decimal(9,2)");
  money.decimal_mark = ',';
  money.thousands_mark = '.';
  EXPECT_EQ(*read_constant("1.234,5", money), *read_constant("1234,50", money));
  EXPECT_FALSE(read_constant("1,2,3", money));
  ColumnSpec flag = column_of("boolean");
  flag.format.true_values = {"J"};
  flag.format.false_values = {"N"};
  EXPECT_NE(*read_constant("J", flag), *read_constant("N", flag));
  EXPECT_FALSE(read_constant("j", flag));
  ColumnSpec hex = column_of("binary");
  hex.format.binary = BinaryText::kHex;
  EXPECT_TRUE(read_constant("0xDEADbeef", hex));
  EXPECT_FALSE(read_constant("ABC", hex));
}

TEST(Constants, Compare) {
  const auto less = [](std::string_view type, std::string_view a, std::string_view b) {
    return *read_constant(a, column_of(type)) < *read_constant(b, column_of(type));
  };
  EXPECT_TRUE(less("decimal(5,2)", "-10", "-9.99"));
  EXPECT_TRUE(less("decimal(5,2)", "-0.01", "0"));
  EXPECT_TRUE(less("decimal(5,2)", "9.99", "10"));
  EXPECT_FALSE(less("decimal(5,2)", "-0", "0"));
  EXPECT_TRUE(less("timestamptz", "2024-01-01T00:00:00+01:00", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(less("time", "09:59:59.999999", "10:00"));
}

TEST(TimePattern, Reads) {
  struct Case {
    std::string_view pattern, text;
    TypeKind kind;
    std::int64_t micros;
  };
  constexpr std::int64_t kDay = 86'400'000'000;
  const Case cases[] = {
      {"%Y-%m-%d", "1970-01-02", TypeKind::kDate, kDay},
      {"%d%b%Y", "02JAN1970", TypeKind::kDate, kDay},
      {"%B %e, %y", "January  2, 70", TypeKind::kDate, kDay},
      {"%Y%j", "1970002", TypeKind::kDate, kDay},
      {"%F %T", "1970-01-02 00:00:01", TypeKind::kTimestamp, kDay + 1'000'000},
      {"%Y%m%d%H%M%S", "19700102000001", TypeKind::kTimestamp, kDay + 1'000'000},
      {"%m/%d/%Y %I:%M %p", "01/02/1970 12:00 AM", TypeKind::kTimestamp, kDay},
      {"%F %T.%f%z", "1970-01-02 01:00:00.5+01:00", TypeKind::kTimestamptz, kDay + 500'000},
      {"%s", "86400", TypeKind::kTimestamptz, kDay},
      {"%H%M", "0001", TypeKind::kTime, 60'000'000},
  };
  for (const Case& c : cases) {
    const Result<TimePattern> pattern = TimePattern::compile(c.pattern, c.kind);
    ASSERT_TRUE(pattern) << c.pattern << ": " << pattern.error().to_string();
    EXPECT_EQ(pattern->read(c.text), c.micros) << c.pattern;
    EXPECT_EQ(pattern->read(std::string(c.text) + "x"), std::nullopt) << c.pattern;
    EXPECT_EQ(pattern->read(""), std::nullopt) << c.pattern;
  }
}

TEST(TimePattern, RefusesWhatCannotYieldTheType) {
  const std::pair<std::string_view, TypeKind> cases[] = {
      {"%Q", TypeKind::kDate},         {"%Y-%m", TypeKind::kDate},        {"%Y-%m-%d %", TypeKind::kDate},
      {"yyyy", TypeKind::kDate},       {"%H:%M", TypeKind::kTimestamp},   {"%Y-%m-%d", TypeKind::kTime},
      {"%I:%M", TypeKind::kTime},      {"%F %T%z", TypeKind::kTimestamp}, {"%F %d", TypeKind::kDate},
      {"%F %S", TypeKind::kTimestamp}, {"%s %H", TypeKind::kTimestamp},   {"%Y-%j-%m", TypeKind::kDate},
  };
  for (const auto& [text, kind] : cases) {
    const Result<TimePattern> pattern = TimePattern::compile(text, kind);
    ASSERT_FALSE(pattern) << text;
    EXPECT_EQ(pattern.error().name(), "contract.bad_format") << text;
  }
}

}  // namespace
}  // namespace tarn::project
