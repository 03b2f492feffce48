#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/scram.h"
#include "pgwire/protocol/scram.h"
#include "pgwire/values/row_encoder.h"
#include "pgwire/values/values.h"

#include "engine/database.h"

namespace tarn::pgwire {
namespace {

/// The first cell of a query, in a format.
std::string sent(const std::string& sql, Format format) {
  const auto database = engine::Database::open({});
  EXPECT_TRUE(database.ok());
  const auto connection = (*database)->connect();
  auto rows = (*connection)->query(sql);
  EXPECT_TRUE(rows.ok()) << rows.error().to_string();
  const auto chunk = rows->next();
  const engine::ColumnType type = rows->columns()[0].precise;
  WireWriter out;
  if (format == Format::kText)
    append_text((*chunk)->cell(0, 0), type, query::postgres::wire_type(type), out.buffer());
  else
    append_binary((*chunk)->cell(0, 0), type, query::postgres::wire_type(type), out);
  return out.buffer();
}

TEST(TextValues, AreAsPostgresqlPrintsThem) {
  const std::pair<std::string, std::string> cases[] = {
      {"true", "t"},
      {"1::DOUBLE", "1"},
      {"'nan'::DOUBLE", "NaN"},
      {"'-inf'::DOUBLE", "-Infinity"},
      {"0.1::FLOAT", "0.1"},
      {"12.50::DECIMAL(10,2)", "12.50"},
      {"'\\x00\\xFF'::BLOB", "\\x00ff"},
      {"DATE '2024-02-29'", "2024-02-29"},
      {"'infinity'::DATE", "infinity"},
      {"TIMESTAMP '2024-02-29 01:02:03.5'", "2024-02-29 01:02:03.5"},
      {"TIMESTAMPTZ '2024-02-29 01:02:03+00'", "2024-02-29 01:02:03+00"},
      {"TIMESTAMP '0044-03-15 (BC) 00:00:00'", "0044-03-15 00:00:00 BC"},
      {"INTERVAL '1 year 2 months -3 days 4 hours'", "1 year 2 mons -3 days +04:00:00"},
      {"INTERVAL 0 DAYS", "00:00:00"},
      {"[1, NULL, 3]", "{1,NULL,3}"},
      {"['a', 'b c', '', 'NULL', 'q\"\\']", "{a,\"b c\",\"\",\"NULL\",\"q\\\"\\\\\"}"},
      {"[true, false]", "{t,f}"},
      {"{'a': 1, 'b': [DATE '2024-01-01']}", "{\"a\":1,\"b\":[\"2024-01-01\"]}"},
      {"[[1], [2, 3]]", "[[1],[2,3]]"},
      {"170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(sent("SELECT " + value, Format::kText), text) << value;
}

/// What a binary value says once read_parameter() has read it back.
std::string round_trip(const std::string& value, std::uint32_t oid) {
  const std::string bytes = sent("SELECT " + value, Format::kBinary);
  const auto read = read_parameter(bytes, Format::kBinary, oid);
  if (!read.ok()) return read.error().to_string();
  if (const auto* text = std::get_if<std::string>(&*read)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&*read)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&*read)) return std::to_string(*real);
  if (const auto* truth = std::get_if<bool>(&*read)) return *truth ? "true" : "false";
  return std::get<engine::BinaryValue>(*read).bytes;
}

TEST(BinaryValues, ComeBackAsTheyWere) {
  struct Case {
    std::string value;
    std::uint32_t oid;
    std::string text;
  };
  const Case cases[] = {
      {"true", 16, "true"},
      {"(-7)::SMALLINT", 21, "-7"},
      {"2147483647::INTEGER", 23, "2147483647"},
      {"(-9223372036854775808)::BIGINT", 20, "-9223372036854775808"},
      {"4294967295::UINTEGER", 26, "4294967295"},
      {"1.5::DOUBLE", 701, "1.500000"},
      {"12345.6789::DECIMAL(18,4)", 1700, "12345.6789"},
      {"(-0.05)::DECIMAL(5,2)", 1700, "-0.05"},
      {"0::DECIMAL(5,2)", 1700, "0.00"},
      {"100000000::DECIMAL(12,0)", 1700, "100000000"},
      {"10000.00::DECIMAL(12,2)", 1700, "10000.00"},
      {"DATE '1969-12-31'", 1082, "1969-12-31"},
      {"'-infinity'::DATE", 1082, "-infinity"},
      {"TIME '23:59:59.999999'", 1083, "23:59:59.999999"},
      {"TIMESTAMP '1999-12-31 23:59:59.5'", 1114, "1999-12-31T23:59:59.500000"},
      {"TIMESTAMPTZ '2024-01-01 00:00:00+00'", 1184, "2024-01-01T00:00:00Z"},
      {"'550e8400-e29b-41d4-a716-446655440000'::UUID", 2950, "550e8400-e29b-41d4-a716-446655440000"},
      {"'\\x00A'::BLOB", 17, std::string("\0A", 2)},
      {"[1, NULL, 3]", 1007, "[\"1\", NULL, \"3\"]"},
      {"['a\"b']", 1009, "[\"a\\\"b\"]"},
      {"[]::INTEGER[]", 1007, "[]"},
  };
  for (const Case& one : cases) EXPECT_EQ(round_trip(one.value, one.oid), one.text) << one.value;
}

TEST(Parameters, OfWrongFormAreRefused) {
  struct Case {
    std::string_view bytes;
    Format format;
    std::uint32_t oid;
  };
  const Case cases[] = {
      {"12x", Format::kText, 23},   {"maybe", Format::kText, 16},   {"abc", Format::kText, 17},
      {"\\xg0", Format::kText, 17}, {"{1", Format::kText, 1007},    {"{{1}}", Format::kText, 1007},
      {"abc", Format::kBinary, 23}, {"abc", Format::kBinary, 2950}, {"ab", Format::kBinary, 1700}};
  for (const Case& one : cases) {
    const auto read = read_parameter(one.bytes, one.format, one.oid);
    ASSERT_FALSE(read.ok()) << one.bytes;
    EXPECT_EQ(read.error().name(), "pgwire.bad_parameter") << one.bytes;
  }
}

/// A generator that always gives the same bytes.
class FixedRandom : public io::Random {
 public:
  std::array<std::uint8_t, 16> bytes16() override {
    return {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  }
};

TEST(Scram, RefusesWrongProofsAndUsersThatDoNotExist) {
  FixedRandom random;
  const std::string verifier = to_string(make_scram_verifier("pencil", "0123456789abcdef", 4096));
  for (const std::string& known : {verifier, std::string()}) {
    ScramExchange exchange(known, "ann", "secret", random);
    const auto challenge = exchange.answer_first("n,,n=,r=abc");
    ASSERT_TRUE(challenge.ok());
    ASSERT_TRUE(challenge->starts_with("r=abc"));
    const std::string nonce = challenge->substr(0, challenge->find(','));
    const std::string zeros = to_base64(std::string(32, '\0'));
    EXPECT_EQ(exchange.answer_final("c=biws," + nonce + ",p=" + zeros).error().name(),
              "pgwire.not_authenticated");
  }
}

TEST(Scram, RefusesMalformedMessages) {
  FixedRandom random;
  for (const std::string_view first : {"", "n,,", "p=tls-unique,,n=,r=a", "n,,m=x,r=a", "n,,n=ann"}) {
    ScramExchange exchange("", "ann", "secret", random);
    EXPECT_EQ(exchange.answer_first(first).error().name(), "pgwire.bad_message") << first;
  }
  ScramExchange exchange("", "ann", "secret", random);
  ASSERT_TRUE(exchange.answer_first("n,,n=,r=abc").ok());
  for (const std::string_view last : {"", "c=biws,r=abc", "c=biws,r=other,p=AAAA", "c=eSws,r=abc,p=AAAA"})
    EXPECT_EQ(exchange.answer_final(last).error().name(), "pgwire.bad_message") << last;
}

}  // namespace
}  // namespace tarn::pgwire
