#include <gtest/gtest.h>

#include "base/civil_time.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/keyed_hash.h"
#include "base/size.h"

namespace tarn {
namespace {

TEST(Hash, Sha256MatchesTheStandardsExamples) {
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 parts;
  parts.update("a");
  parts.update("bc");
  EXPECT_EQ(parts.finish(), sha256("abc"));
}

TEST(CivilTime, KnowsTheCalendar) {
  EXPECT_EQ(days_from_civil({1970, 1, 1}), 0);
  EXPECT_EQ(days_from_civil({2024, 2, 29}), 19782);
  EXPECT_EQ(days_from_civil({2023, 2, 29}), std::nullopt);
  EXPECT_EQ(days_from_civil({1900, 2, 29}), std::nullopt);
  EXPECT_EQ(format_date(-1), "1969-12-31");
  EXPECT_EQ(format_timestamp(-1), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(format_timestamp_utc(1709294400000000), "2024-03-01T12:00:00Z");
}

TEST(Size, ParsesWhatPeopleWrite) {
  EXPECT_EQ(parse_size_bytes("256MiB"), 268435456U);
  EXPECT_EQ(parse_size_bytes("1.5 GB"), 1500000000U);
  EXPECT_EQ(parse_size_bytes("4096"), 4096U);
  for (const char* bad : {"", "-1", "ten", "1 parsec", "1e40", "nan"})
    EXPECT_EQ(parse_size_bytes(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_duration_ms("1.5s"), 1500);
  EXPECT_EQ(parse_duration_ms("7d"), 604800000);
  EXPECT_EQ(parse_duration_ms("7"), std::nullopt);
  EXPECT_EQ(format_count(-1234567), "-1,234,567");
  EXPECT_EQ(format_size(1530000), "1.5 MB");
}

TEST(Ids, UuidsCarryVersionAndVariant) {
  const std::string four = uuid_v4({});
  EXPECT_EQ(four, "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(uuid_v7(1, {}).substr(0, 15), "00000000-0001-7");
}

// RFC 4231, test case 2; RFC 7914, section 11.
TEST(KeyedHash, IsThatOfTheStandards) {
  EXPECT_EQ(static_cast<unsigned char>(hmac_sha256("Jefe", "what do ya want for nothing?")[0]), 0x5b);
  EXPECT_EQ(static_cast<unsigned char>(hmac_sha256("Jefe", "what do ya want for nothing?")[31]), 0x43);
  const std::string derived = pbkdf2_sha256("passwd", "salt", 1);
  EXPECT_EQ(derived.substr(0, 4), "\x55\xac\x04\x6e");
  EXPECT_TRUE(equal_in_constant_time(derived, pbkdf2_sha256("passwd", "salt", 1)));
  EXPECT_FALSE(equal_in_constant_time(derived, pbkdf2_sha256("passwd", "salt", 2)));
  EXPECT_FALSE(equal_in_constant_time("a", "ab"));
}

}  // namespace
}  // namespace tarn
