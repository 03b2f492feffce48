#include "format/values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "format/errors.h"

namespace tarn::format {
namespace {

std::string name_of(ValueProblem problem) {
  return problem == nullptr ? "" : std::string(problem->name);
}

TEST(Values, Integers) {
  struct Case {
    const char* text;
    std::int64_t value;
    const char* code64;
    const char* code32;
  };
  const Case cases[] = {
      {"0", 0, "", ""},
      {"-0", 0, "", ""},
      {"+5", 5, "", ""},
      {"007", 7, "", ""},
      {"00000000000000000000000000001", 1, "", ""},
      {"2147483647", 2147483647, "", ""},
      {"2147483648", 2147483648, "", "value.out_of_range"},
      {"-2147483648", -2147483648LL, "", ""},
      {"-2147483649", -2147483649LL, "", "value.out_of_range"},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max(), "", "value.out_of_range"},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min(), "", "value.out_of_range"},
      {"9223372036854775808", 0, "value.out_of_range", "value.out_of_range"},
      {"-9223372036854775809", 0, "value.out_of_range", "value.out_of_range"},
      {"18446744073709551616", 0, "value.out_of_range", "value.out_of_range"},
      {"99999999999999999999", 0, "value.out_of_range", "value.out_of_range"},
      {"", 0, "value.empty", "value.empty"},
      {"-", 0, "value.not_an_integer", "value.not_an_integer"},
      {"--1", 0, "value.not_an_integer", "value.not_an_integer"},
      {"12.0", 0, "value.not_an_integer", "value.not_an_integer"},
      {"1e3", 0, "value.not_an_integer", "value.not_an_integer"},
      {"0x10", 0, "value.not_an_integer", "value.not_an_integer"},
      {"1,000", 0, "value.not_an_integer", "value.not_an_integer"},
      {" 1", 0, "value.not_an_integer", "value.not_an_integer"},
      {"1 ", 0, "value.not_an_integer", "value.not_an_integer"},
      {"\xD9\xA1", 0, "value.not_an_integer", "value.not_an_integer"},
  };
  for (const Case& c : cases) {
    std::int64_t wide = -77;
    std::int32_t narrow = -77;
    EXPECT_EQ(name_of(parse_int64(c.text, wide)), c.code64) << c.text;
    EXPECT_EQ(name_of(parse_int32(c.text, narrow)), c.code32) << c.text;
    EXPECT_EQ(wide, *c.code64 == '\0' ? c.value : -77) << c.text;
    EXPECT_EQ(narrow, *c.code32 == '\0' ? c.value : -77) << c.text;
  }
}

TEST(Values, Decimals) {
  struct Case {
    const char* text;
    DecimalType type;
    NumberMarks marks;
    std::int64_t unscaled;
    const char* code;
  };
  const NumberMarks plain;
  const NumberMarks german{',', '.'};
  const Case cases[] = {
      {"12.34", {10, 2}, plain, 1234, ""},
      {"-12.3", {10, 2}, plain, -1230, ""},
      {"12", {10, 2}, plain, 1200, ""},
      {".5", {10, 2}, plain, 50, ""},
      {"5.", {10, 2}, plain, 500, ""},
      {"1.500000", {10, 2}, plain, 150, ""},
      {"000001.5", {2, 1}, plain, 15, ""},
      {"0", {1, 1}, plain, 0, ""},
      {"0.5", {1, 1}, plain, 5, ""},
      {"99999999.99", {10, 2}, plain, 9999999999, ""},
      {"1.234.567,89", {10, 2}, german, 123456789, ""},
      {"1234567,89", {10, 2}, german, 123456789, ""},
      {"12.345", {10, 2}, german, 1234500, ""},
      {"100000000.00", {10, 2}, plain, 0, "value.out_of_range"},
      {"10", {2, 1}, plain, 0, "value.out_of_range"},
      {"1", {1, 1}, plain, 0, "value.out_of_range"},
      {"1.005", {10, 2}, plain, 0, "value.too_precise"},
      {"1,5", {10, 2}, plain, 0, "value.not_a_number"},
      {"1,234.5", {10, 2}, plain, 0, "value.not_a_number"},
      {"1.5", {10, 2}, german, 0, "value.not_a_number"},
      {"12.34.567,0", {10, 2}, german, 0, "value.not_a_number"},
      {".123,0", {10, 2}, german, 0, "value.not_a_number"},
      {"1234.567,0", {10, 2}, german, 0, "value.not_a_number"},
      {"1,2.345", {10, 5}, german, 0, "value.not_a_number"},
      {"0.125", {12, 3}, german, 0, "value.not_a_number"},
      {"00.500", {12, 3}, german, 0, "value.not_a_number"},
      {"-0.001", {12, 3}, german, 0, "value.not_a_number"},
      {"012.345", {12, 3}, german, 0, "value.not_a_number"},
      {"0.000.001", {12, 3}, german, 0, "value.not_a_number"},
      {"0,125", {12, 3}, german, 125, ""},
      {"007", {12, 3}, german, 7000, ""},
      {"10.020,5", {12, 3}, german, 10020500, ""},
      {"0\'125", {12, 3}, {'.', '\''}, 0, "value.not_a_number"},
      {"0 125", {12, 3}, {'.', ' '}, 0, "value.not_a_number"},
      {"1e3", {10, 2}, plain, 0, "value.not_a_number"},
      {"", {10, 2}, plain, 0, "value.empty"},
      {".", {10, 2}, plain, 0, "value.not_a_number"},
      {"-", {10, 2}, plain, 0, "value.not_a_number"},
      {"1.2.3", {10, 2}, plain, 0, "value.not_a_number"},
      {"NaN", {10, 2}, plain, 0, "value.not_a_number"},
      {"$5", {10, 2}, plain, 0, "value.not_a_number"},
  };
  for (const Case& c : cases) {
    Int128 value = -77;
    EXPECT_EQ(name_of(parse_decimal(c.text, c.type, c.marks, value)), c.code) << c.text;
    EXPECT_EQ(static_cast<std::int64_t>(value), *c.code == '\0' ? c.unscaled : -77) << c.text;
  }
  Int128 value = 0;
  EXPECT_EQ(parse_decimal(std::string(38, '9'), {38, 0}, {}, value), nullptr);
  Int128 expected = 0;
  for (int i = 0; i < 38; ++i) expected = expected * 10 + 9;
  EXPECT_TRUE(value == expected);
  EXPECT_EQ(parse_decimal("1" + std::string(38, '0'), {38, 0}, {}, value), &kValueOutOfRange);
}

TEST(Values, Doubles) {
  struct Case {
    const char* text;
    DoubleOptions options;
    double value;
    const char* code;
  };
  const DoubleOptions plain;
  const DoubleOptions german{{',', '.'}, false};
  const DoubleOptions lax{{}, true};
  const double infinity = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {"1.5", plain, 1.5, ""},
      {"-2.5e-3", plain, -2.5e-3, ""},
      {"+1E+5", plain, 1e5, ""},
      {".5", plain, 0.5, ""},
      {"5.", plain, 5, ""},
      {"0.1", plain, 0.1, ""},
      {"17976931348623157e292", plain, 17976931348623157e292, ""},
      {"1.234,5", german, 1234.5, ""},
      {"1.234,5e1", german, 12345, ""},
      {"inf", lax, infinity, ""},
      {"-Infinity", lax, -infinity, ""},
      {"inf", plain, 0, "value.not_a_number"},
      {"nan", plain, 0, "value.not_a_number"},
      {"1e999", plain, 0, "value.out_of_range"},
      {"1e-999", plain, 0, "value.out_of_range"},
      {"", plain, 0, "value.empty"},
      {"1,5", plain, 0, "value.not_a_number"},
      {"1.5", german, 0, "value.not_a_number"},
      {"0.125", german, 0, "value.not_a_number"},
      {"000.5", german, 0, "value.not_a_number"},
      {"-0.001,5e2", german, 0, "value.not_a_number"},
      {"0,125", german, 0.125, ""},
      {"0x1p3", plain, 0, "value.not_a_number"},
      {"1e", plain, 0, "value.not_a_number"},
      {"e5", plain, 0, "value.not_a_number"},
      {"1.5 ", plain, 0, "value.not_a_number"},
      {"--1", plain, 0, "value.not_a_number"},
      {".", plain, 0, "value.not_a_number"},
      {",", german, 0, "value.not_a_number"},
      {"nan(1)", lax, 0, "value.not_a_number"},
      {"infx", lax, 0, "value.not_a_number"},
  };
  for (const Case& c : cases) {
    double value = -77;
    EXPECT_EQ(name_of(parse_double(c.text, c.options, value)), c.code) << c.text;
    EXPECT_EQ(value, *c.code == '\0' ? c.value : -77) << c.text;
  }
  double value = 0;
  EXPECT_EQ(parse_double("NaN", lax, value), nullptr);
  EXPECT_TRUE(std::isnan(value));
  EXPECT_EQ(parse_double(std::string(600, '1'), german, value), &kValueNotANumber);
}

TEST(Values, Booleans) {
  const BooleanWords standard;
  bool value = false;
  for (const char* yes : {"true", "TRUE", "t", "1", "Yes", "y"}) {
    EXPECT_EQ(standard.parse(yes, value), nullptr) << yes;
    EXPECT_TRUE(value) << yes;
  }
  for (const char* no : {"false", "F", "0", "No", "n"}) {
    EXPECT_EQ(standard.parse(no, value), nullptr) << no;
    EXPECT_FALSE(value) << no;
  }
  EXPECT_EQ(standard.parse("", value), &kValueEmpty);
  for (const char* bad : {"2", "tru", "on", "-1", " true"})
    EXPECT_EQ(standard.parse(bad, value), &kValueNotABoolean) << bad;
  const std::string yes[] = {"J"};
  const std::string no[] = {"N", ""};
  const BooleanWords own = BooleanWords::create(yes, no).value();
  EXPECT_EQ(own.parse("J", value), nullptr);
  EXPECT_TRUE(value);
  EXPECT_EQ(own.parse("", value), nullptr);
  EXPECT_FALSE(value);
  EXPECT_EQ(own.parse("j", value), &kValueNotABoolean);
  EXPECT_EQ(BooleanWords::create(yes, yes).error().name(), "value.bad_format");
  EXPECT_EQ(BooleanWords::create({}, no).error().name(), "value.bad_format");
}

TEST(Values, UuidsAndBinary) {
  UuidBytes uuid{};
  for (const char* good :
       {"00112233-4455-6677-8899-AABBCCDDEEFF", "00112233445566778899aabbccddeeff",
        "{00112233-4455-6677-8899-aabbccddeeff}", "urn:uuid:00112233-4455-6677-8899-aabbccddeeff"}) {
    EXPECT_EQ(parse_uuid(good, uuid), nullptr) << good;
    EXPECT_EQ(uuid[1], 0x11);
    EXPECT_EQ(uuid[15], 0xFF);
  }
  EXPECT_EQ(parse_uuid("", uuid), &kValueEmpty);
  for (const char* bad : {"00112233-4455-6677-8899-AABBCCDDEEF", "00112233-4455-6677-8899-AABBCCDDEEFG",
                          "001122334-455-6677-8899-AABBCCDDEEFF", "{00112233445566778899aabbccddeeff}"})
    EXPECT_EQ(parse_uuid(bad, uuid), &kValueNotAUuid) << bad;
  std::string out;
  const std::pair<const char*, const char*> base64[] = {{"", ""},
                                                        {"Zg==", "f"},
                                                        {"Zm8=", "fo"},
                                                        {"Zm9v", "foo"},
                                                        {"Zm8", "fo"},
                                                        {"Zm9v\r\nYmFy", "foobar"},
                                                        {"//8=", "\xFF\xFF"}};
  for (const auto& [text, bytes] : base64) {
    EXPECT_EQ(parse_base64(text, out), nullptr) << text;
    EXPECT_EQ(out, bytes);
  }
  for (const char* bad : {"Z", "Zg=", "Zg===", "=", "Zm9v=", "Zh==", "Zm9=", "Zm-v", "Zm 9v", "Z=g="})
    EXPECT_EQ(parse_base64(bad, out), &kValueNotBase64) << bad;
  EXPECT_EQ(parse_hex("DEADbeef", out), nullptr);
  EXPECT_EQ(out, "\xDE\xAD\xBE\xEF");
  EXPECT_EQ(parse_hex("0x00", out), nullptr);
  EXPECT_EQ(out, std::string(1, '\0'));
  for (const char* bad : {"1", "0x1", "zz", "12 34"}) EXPECT_EQ(parse_hex(bad, out), &kValueNotHex) << bad;
  EXPECT_EQ(value_error(kValueNotHex, "binary").name(), "value.not_hex");
}

TEST(Values, EveryCodeIsListedOnce) {
  std::vector<std::string_view> names;
  for (const ErrorCode* code : error_codes()) names.push_back(code->name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_GT(names.size(), 50U);
}

}  // namespace
}  // namespace tarn::format
