#include "format/csv.h"

#include <gtest/gtest.h>

#include "format/encoding.h"
#include "format/errors.h"

namespace tarn::format {
namespace {

using namespace std::string_literals;

// Every record as [field|"quoted"|…] or {code@line:column,field}, one after the other.
std::string read_all(const std::string& text, const CsvOptions& options = {}, bool is_clean = true) {
  auto created = CsvReader::create(options);
  if (!created.ok()) return std::string(created.error().name());
  CsvReader reader = std::move(created).value();
  reader.reset(text, is_clean);
  CsvRecord record;
  std::string out;
  std::uint64_t number = 0;
  while (reader.next(record)) {
    EXPECT_EQ(record.number, ++number);
    EXPECT_EQ(record.raw, std::string_view(text).substr(record.begin, record.end - record.begin));
    if (record.problem != nullptr) {
      EXPECT_TRUE(record.fields.empty());
      EXPECT_EQ(record.error().name(), record.problem->name);
      out += "{" + std::string(record.problem->name) + "@" + std::to_string(record.problem_line) + ":" +
             std::to_string(record.problem_column) + "," + std::to_string(record.problem_field) + "}";
      continue;
    }
    out += std::to_string(record.line) + "[";
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      if (i > 0) out += "|";
      const char* const mark = record.fields[i].quoted ? "\"" : "";
      out += mark + std::string(record.fields[i].text) + mark;
    }
    out += "]";
  }
  return out;
}

struct Case {
  std::string text;
  std::string expected;
};

TEST(Csv, FollowsRfc4180) {
  const Case cases[] = {
      {"", ""},
      {"\n", ""},
      {"a", "1[a]"},
      {"a,b\r\n1,2\r\n", "1[a|b]2[1|2]"},
      {"a,b\n1,2", "1[a|b]2[1|2]"},
      {"a,b\r1,2\r", "1[a|b]2[1|2]"},
      {"a,,c\n,\n", "1[a||c]2[|]"},
      {"a,\"b\",c", "1[a|\"b\"|c]"},
      {"\"\",", "1[\"\"|]"},
      {",\"\"", "1[|\"\"]"},
      {"\"a \"\"q\"\" b\",x", "1[\"a \"q\" b\"|x]"},
      {"\"\"\"\"", "1[\"\"\"]"},
      {"\"x\ny\",2\nz,3", "1[\"x\ny\"|2]3[z|3]"},
      {"\"x\r\ny\r\nz\",2\r\nz,3", "1[\"x\r\ny\r\nz\"|2]4[z|3]"},
      {"\"a,b\",c", "1[\"a,b\"|c]"},
      {"\n\na\n\nb\n", "3[a]5[b]"},
      {" \"a\" ,b", "1[ \"a\" |b]"},
      {"a\"b,c", "1[a\"b|c]"},
      {"0123456789abcdef0123456789,x\n", "1[0123456789abcdef0123456789|x]"},
  };
  for (const Case& c : cases) EXPECT_EQ(read_all(c.text), c.expected) << c.text;
}

TEST(Csv, ABadRecordCostsItselfOnly) {
  const Case cases[] = {
      {"a,\"b\nc,d\n", "{csv.unterminated_quote@1:3,2}2[c|d]"},
      {"1,x\n2,\"never\n3,y\n4,z", "1[1|x]{csv.unterminated_quote@2:3,2}3[3|y]4[4|z]"},
      {"\"", "{csv.unterminated_quote@1:1,1}"},
      {"\"a\"b,c\nd,e", "{csv.text_after_quote@1:4,1}2[d|e]"},
      {"\"a\" ,c\nd,e", "{csv.text_after_quote@1:4,1}2[d|e]"},
      {"1,\"say \"hi\" now\"\n2,ok\n", "{csv.text_after_quote@1:9,2}2[2|ok]"},
      // The opening quote was the stray one: the rows that follow are not swallowed.
      {"1,\"abc\n2,\"def\"\n3,x\n", "{csv.text_after_quote@2:4,2}2[2|\"def\"]3[3|x]"},
      {"\"abc\n\"def\",2\n3,x\n", "{csv.text_after_quote@2:2,1}2[\"def\"|2]3[3|x]"},
      // A field over several lines with text behind it goes with the line that the text is on.
      {"\"one\ntwo\" x,3\n4,5\n", "{csv.text_after_quote@2:5,1}3[4|5]"},
  };
  for (const Case& c : cases) EXPECT_EQ(read_all(c.text), c.expected) << c.text;
}

TEST(Csv, LimitsCostTheRecord) {
  CsvOptions options;
  options.field_size = 5;
  EXPECT_EQ(read_all("123456,x\n1,2", options), "{csv.field_too_large@1:1,1}2[1|2]");
  EXPECT_EQ(read_all("x,\"123456\"\n1,2", options), "{csv.field_too_large@1:4,2}2[1|2]");
  options = {};
  options.columns = 2;
  EXPECT_EQ(read_all("1,2,3,4\n1,2", options), "{csv.too_many_columns@1:5,3}2[1|2]");
  options = {};
  options.record_size = 8;
  EXPECT_EQ(read_all("123456789\n1,2", options), "{csv.record_too_large@1:1,1}2[1|2]");
}

TEST(Csv, ATooLargeRecordHidesItsInnerLines) {
  CsvOptions options;
  options.record_size = 8;
  const Case cases[] = {
      {"\"123456789\nx\"\n1,2", "{csv.record_too_large@1:1,1}3[1|2]"},
      {"1,\"note:\n2,evil\n2,evil\n\"\n3,ok\n", "{csv.record_too_large@1:1,2}5[3|ok]"},
      // Each field is in reach of the limit, together they are not.
      {"\"1\n2\",\"3\n4\",\"5\n6\"\n7,ok\n", "{csv.record_too_large@1:1,2}5[7|ok]"},
      {"\"1\n2\n3\n4\n5\n\"\"6\",x\n7,ok\n", "{csv.record_too_large@1:1,1}7[7|ok]"},
      {"\"1\n2\n3\n4\n5\n6\"", "{csv.record_too_large@1:1,1}"},
      // A quote that is never closed costs its line, however far the next quote is.
      {"1,\"x\n2,yyyyy\n3,zz\n", "{csv.unterminated_quote@1:3,2}2[2|yyyyy]3[3|zz]"},
      {"1,\"x\n2,yyyyy\n3,\"z\"\n", "{csv.unterminated_quote@1:3,2}2[2|yyyyy]3[3|\"z\"]"},
      {"1,\"x\n2,yyyyy\n3,5\" z\n", "{csv.unterminated_quote@1:3,2}2[2|yyyyy]3[3|5\" z]"},
      {"1,\"x\n2,\"\"\n3,yyyyy\n", "{csv.unterminated_quote@1:3,2}2[2|\"\"]3[3|yyyyy]"},
      // Fields that are closed stay closed when a later quote is not.
      {"1,\"a\n2,evil\n\",\"b\n3,ok\n", "{csv.record_too_large@1:1,2}4[3|ok]"},
      {"1,\"a\n2,evil\n\",\"b\"c\n3,ok\n", "{csv.record_too_large@1:1,2}4[3|ok]"},
  };
  for (const Case& c : cases) EXPECT_EQ(read_all(c.text, options), c.expected) << c.text;
}

TEST(Csv, ALoneCarriageReturnEndsRecordsOnlyWhereItEndsTheFirstLine) {
  const Case cases[] = {
      {"a,b\n1,x\ry\n2,z\n", "1[a|b]2[1|x\ry]4[2|z]"},
      {"a,b\r\n1,x\ry\r\n2,z\r\n", "1[a|b]2[1|x\ry]4[2|z]"},
      {"a,b\n\r1,x\n2,y\r", "1[a|b]2[\r1|x]4[2|y]"},
      {"a,b\n1,\"x\"\ry\n2,z\n", "1[a|b]{csv.text_after_quote@2:6,2}4[2|z]"},
      {"\"a\rb\",c\n1,x\ry\n", "1[\"a\rb\"|c]3[1|x\ry]"},
      {"a,b\r1,x\r2,\"y\r\"\r3,z\n4,u\r\n5,v", "1[a|b]2[1|x]3[2|\"y\r\"]5[3|z]6[4|u]7[5|v]"},
      {"a,b\r\r\n1,x\r\r\n2,y\r\r\n", "1[a|b]3[1|x]5[2|y]"},
  };
  for (const Case& c : cases) EXPECT_EQ(read_all(c.text), c.expected) << c.text;
  CsvOptions preamble;
  preamble.skip_rows = 1;
  preamble.comment = '#';
  EXPECT_EQ(read_all("Report\na,b\n#no\rte\n1,x\ry\n", preamble), "2[a|b]5[1|x\ry]");
}

TEST(Csv, DialectsAreObeyed) {
  CsvOptions pipe;
  pipe.delimiter = '|';
  pipe.quote = '\0';
  EXPECT_EQ(read_all("a|\"b|c\n", pipe), "1[a|\"b|c]");
  CsvOptions tab;
  tab.delimiter = '\t';
  EXPECT_EQ(read_all("a\tb c\t\"d\te\"", tab), "1[a|b c|\"d\te\"]");
  CsvOptions backslash;
  backslash.escape = '\\';
  EXPECT_EQ(read_all("\"a\\\"b\",\\N,C:\\x", backslash), "1[\"a\"b\"|\\N|C:\\x]");
  // Outside quotes it is a character like any other.
  EXPECT_EQ(read_all("C:\\,7\na\\,b,8\n\\\"x\\\\,9\\", backslash), "1[C:\\|7]2[a\\|b|8]3[\\\"x\\\\|9\\]");
  backslash.quote = '\0';
  EXPECT_EQ(read_all("C:\\,\"7\\\\", backslash), "1[C:\\|\"7\\\\]");
  backslash.quote = '"';
  EXPECT_EQ(read_all("\"a\\\\\",b", backslash), "1[\"a\\\"|b]");
  EXPECT_EQ(read_all("\"a\"\"b\",c\nd", backslash), "{csv.text_after_quote@1:4,1}2[d]");
  CsvOptions preamble;
  preamble.skip_rows = 2;
  preamble.comment = '#';
  EXPECT_EQ(read_all("Report \"of\nthe day\n# note\nid,x\n#\n1,2", preamble), "4[id|x]6[1|2]");
  CsvOptions lines;
  lines.skip_empty_lines = false;
  EXPECT_EQ(read_all("a\n\nb\n", lines), "1[a]2[]3[b]");
}

TEST(Csv, ImpossibleDialectsAreRefused) {
  const auto code = [](char delimiter, char quote, char escape, char comment) {
    CsvOptions options;
    options.delimiter = delimiter;
    options.quote = quote;
    options.escape = escape;
    options.comment = comment;
    const auto created = CsvReader::create(options);
    return created.ok() ? std::string_view() : created.error().name();
  };
  EXPECT_EQ(code(',', '"', '"', '#'), "");
  EXPECT_EQ(code('"', '"', '"', '#'), "csv.bad_options");
  EXPECT_EQ(code('\n', '"', '"', '#'), "csv.bad_options");
  EXPECT_EQ(code('\0', '"', '"', '#'), "csv.bad_options");
  EXPECT_EQ(code(',', '"', ',', '#'), "csv.bad_options");
  EXPECT_EQ(code(',', '"', '"', ','), "csv.bad_options");
  EXPECT_EQ(code('\xC3', '"', '"', '#'), "csv.bad_options");
}

TEST(Csv, OneBadByteCostsTheRecordNotTheFile) {
  EXPECT_EQ(read_all("a,b\n1,\xFF\n2,y\n3,\0\n4,\xC3\xA4"s, {}, false),
            "1[a|b]{text.encoding@2:3,0}3[2|y]{text.nul_byte@4:3,0}5[4|\xC3\xA4]");
}

TEST(Csv, ManyUnescapedFieldsStayInPlace) {
  std::string text;
  std::string expected = "1[";
  for (int i = 0; i < 500; ++i) {
    const std::string number = std::to_string(i);
    text += (i > 0 ? "," : "") + "\"q\"\""s + number + "\"";
    expected += (i > 0 ? "|" : "") + "\"q\""s + number + "\"";
  }
  EXPECT_EQ(read_all(text), expected + "]");
}

}  // namespace
}  // namespace tarn::format
