#include "iceberg/literal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/hash.h"
#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

Literal from_json(const Type& type, std::string_view json) {
  auto literal = Literal::from_json(type, json);
  EXPECT_TRUE(literal.ok()) << json << " " << type.to_string();
  return literal.ok() ? std::move(literal).value() : Literal::boolean(false);
}

struct Form {
  Type type;
  const char* json;    ///< As in Appendix C's table of single values.
  const char* binary;  ///< Hexadecimal, Appendix D.
};

TEST(Literal, SerialisesAsTheSpecificationSays) {
  const Form kForms[] = {
      {Type::boolean(), "true", "01"},
      {Type::boolean(), "false", "00"},
      {Type::int32(), "34", "22000000"},
      {Type::int32(), "-1", "ffffffff"},
      {Type::int64(), "34", "2200000000000000"},
      {Type::int64(), "9223372036854775807", "ffffffffffffff7f"},
      {Type::float32(), "1.0", "0000803f"},
      {Type::float64(), "-4.5", "00000000000012c0"},
      {Type::decimal(9, 2), "\"14.20\"", "058c"},
      {Type::decimal(9, 2), "\"-0.01\"", "ff"},
      {Type::decimal(38, 0), "\"99999999999999999999999999999999999999\"",
       "4b3b4ca85a86c47a098a223fffffffff"},
      {Type::decimal(5, 2), "\"1.28\"", "0080"},
      {Type::date(), "\"2017-11-16\"", "4e440000"},
      {Type::date(), "\"1969-12-31\"", "ffffffff"},
      {Type::time(), "\"22:31:08.123456\"", "406509e012000000"},
      {Type::timestamp(), "\"2017-11-16T22:31:08.123456\"", "40a5282d215e0500"},
      {Type::timestamptz(), "\"2017-11-16T22:31:08.123456+00:00\"", "40a5282d215e0500"},
      {Type::string(), "\"ic\xc3\xa9\"", "6963c3a9"},
      {Type::uuid(), "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"", "f79c3e09677c4bbda4793f349cb785e7"},
      {Type::fixed(4), "\"000102ff\"", "000102ff"},
      {Type::binary(), "\"000102ff\"", "000102ff"},
  };
  for (const Form& form : kForms) {
    const Literal literal = from_json(form.type, form.json);
    EXPECT_EQ(literal.to_json(), form.json);
    EXPECT_EQ(to_hex(literal.to_binary()), form.binary) << form.json;
    const auto back = Literal::from_binary(form.type, literal.to_binary());
    ASSERT_TRUE(back.ok()) << form.json;
    EXPECT_EQ(back.value(), literal) << form.json;
  }
}

TEST(Literal, TakesWhatOtherWritersMean) {
  EXPECT_EQ(from_json(Type::timestamptz(), "\"2017-11-16T14:31:08-08:00\"").get<std::int64_t>(),
            1510871468000000);
  EXPECT_EQ(from_json(Type::timestamptz(), "\"2017-11-16T22:31:08Z\"").get<std::int64_t>(), 1510871468000000);
  EXPECT_EQ(from_json(Type::decimal(9, 2), "\"7\"").to_string(), "7.00");
  EXPECT_TRUE(std::isnan(from_json(Type::float64(), "\"NaN\"").get<double>()));
  // What an int or float column wrote before it was widened.
  EXPECT_EQ(Literal::from_binary(Type::int64(), std::string_view("\xfe\xff\xff\xff", 4)).value(),
            Literal::int64(-2));
  EXPECT_EQ(Literal::from_binary(Type::float64(), std::string_view("\0\0\x80\x3f", 4)).value(),
            Literal::float64(1));
  EXPECT_EQ(
      Literal::from_binary(Type::decimal(9, 2), std::string_view("\0\0\x05\x8c", 4)).value().to_string(),
      "14.20");
}

TEST(Literal, RefusesWhatIsNoValueOfItsType) {
  const std::pair<Type, const char*> kBadJson[] = {
      {Type::boolean(), "1"},
      {Type::int32(), "2147483648"},
      {Type::int32(), "1.5"},
      {Type::int64(), "9223372036854775808"},
      {Type::float32(), "1e39"},
      {Type::float64(), "\"1\""},
      {Type::decimal(4, 2), "\"100.00\""},
      {Type::decimal(4, 2), "\"1.234\""},
      {Type::decimal(4, 2), "\"1e2\""},
      {Type::decimal(4, 2), "\"\""},
      {Type::date(), "\"2023-02-29\""},
      {Type::date(), "\"2023-2-9\""},
      {Type::time(), "\"24:00:00\""},
      {Type::time(), "\"12:00:00.1234567\""},
      {Type::timestamp(), "\"2023-01-01 00:00:00\""},
      {Type::timestamp(), "\"2023-01-01T00:00:00Z\""},
      {Type::timestamptz(), "\"2023-01-01T00:00:00\""},
      {Type::uuid(), "\"f79c3e09677c4bbda4793f349cb785e7\""},
      {Type::fixed(4), "\"0001\""},
      {Type::binary(), "\"0g\""},
      {Type::binary(), "\"000\""},
      {Type::structure({}), "{}"},
  };
  for (const auto& [type, json] : kBadJson) {
    const auto literal = Literal::from_json(type, json);
    ASSERT_FALSE(literal.ok()) << json;
    EXPECT_EQ(literal.error().name(), "iceberg.bad_value") << json;
  }
  EXPECT_EQ(Literal::from_json(Type::int32(), "{").error().name(), "iceberg.bad_json");
  const std::pair<Type, std::string> kBadBytes[] = {
      {Type::boolean(), ""},         {Type::int32(), "abc"},
      {Type::int64(), "abc"},        {Type::decimal(9, 2), ""},
      {Type::decimal(2, 0), "\x64"}, {Type::decimal(38, 0), std::string(17, '\x7f')},
      {Type::uuid(), "short"},       {Type::fixed(3), "ab"},
      {Type::string(), "\xff"},      {Type::string(), "\xed\xa0\x80"},
      {Type::list({}), "abc"},
  };
  for (const auto& [type, bytes] : kBadBytes) {
    const auto literal = Literal::from_binary(type, bytes);
    ASSERT_FALSE(literal.ok()) << type.to_string();
    EXPECT_EQ(literal.error().name(), "iceberg.bad_value");
  }
  EXPECT_EQ(Literal::make(Type::int64(), 5).error().name(), "iceberg.bad_value");
}

TEST(Literal, OrdersAsTheTypeDemands) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const Literal kDoubles[] = {Literal::float64(-nan),     Literal::float64(-infinity), Literal::float64(-1),
                              Literal::float64(-0.0),     Literal::float64(0.0),       Literal::float64(1),
                              Literal::float64(infinity), Literal::float64(nan)};
  for (std::size_t i = 1; i < std::size(kDoubles); ++i)
    EXPECT_TRUE(compare(kDoubles[i - 1], kDoubles[i]) < 0) << i;
  EXPECT_TRUE(compare(Literal::float32(-0.0F), Literal::float32(0.0F)) < 0);
  EXPECT_TRUE(compare(Literal::string("z"), Literal::string("\xc3\xa4")) < 0);
  EXPECT_TRUE(compare(Literal::binary("\x7f"), Literal::binary("\x80")) < 0);
  const Type money = Type::decimal(38, 2);
  EXPECT_TRUE(compare(Literal::decimal(money, -1), Literal::decimal(money, 1)) < 0);
  EXPECT_EQ(compare(Literal::int32(1), Literal::int64(1)), std::partial_ordering::unordered);
}

TEST(Literal, CutsBoundsAtCodePoints) {
  struct Case {
    const char* value;
    const char* lower;
    const char* upper;  ///< Null: there is none.
  };
  const Case kCases[] = {
      {"abc", "abc", "abc"},
      {"abcd", "abc", "abd"},
      {"ab\xc3\xa9z", "ab\xc3\xa9", "ab\xc3\xaa"},
      {"ab\xed\x9f\xbfz", "ab\xed\x9f\xbf", "ab\xee\x80\x80"},  // U+D7FF goes on at U+E000.
      {"ab\xf4\x8f\xbf\xbfz", "ab\xf4\x8f\xbf\xbf", "ac"},      // U+10FFFF is the last.
      {"a\x7f\x7fz", "a\x7f\x7f", "a\x7f\xc2\x80"},             // A byte becomes two.
      {"\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf"
       "a",
       "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf", nullptr},
  };
  for (const Case& item : kCases) {
    EXPECT_EQ(truncated_lower_bound(Literal::string(item.value), 3), Literal::string(item.lower));
    const auto upper = truncated_upper_bound(Literal::string(item.value), 3);
    ASSERT_EQ(upper.has_value(), item.upper != nullptr) << item.value;
    if (upper) {
      EXPECT_EQ(*upper, Literal::string(item.upper)) << item.value;
    }
  }
  EXPECT_EQ(truncated_upper_bound(Literal::binary("a\xff\xff"), 2), Literal::binary("b"));
  EXPECT_EQ(truncated_upper_bound(Literal::binary("\xff\xff\xff"), 2), std::nullopt);
  EXPECT_EQ(truncated_upper_bound(Literal::int64(7), 1), Literal::int64(7));
}

}  // namespace
}  // namespace tarn::iceberg
