#include "s3/location.h"

#include <gmock/gmock.h>

#include "s3/endpoint.h"

namespace tarn::s3 {
namespace {

TEST(Location, IsTakenApart) {
  const auto place = parse_location("s3://lake/prod/a b%20.parquet");
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->bucket, "lake");
  EXPECT_EQ(place->key, "prod/a b%20.parquet") << "keys are bytes as they are";
  EXPECT_EQ(parse_location("s3a://lake/x/")->key, "x");
  EXPECT_EQ(parse_location("s3://lake")->key, "");
}

TEST(Location, OddOnesAreRefused) {
  for (const std::string bad : {"/lake/x", "file:///lake/x", "s3://", "s3://UP/x", "s3://a/x",
                                "s3://lake/a//b", "s3://lake/../x", "s3://lake/a/./b"})
    EXPECT_EQ(parse_location(bad).error().name(), "io.bad_location") << bad;
  EXPECT_EQ(parse_location("s3://lake/" + std::string(1025, 'k')).error().name(), "io.bad_location");
}

TEST(Location, PathsAreEncodedAsTheSignatureWantsThem) {
  EXPECT_EQ(encode_path("a/day=1 +%~ä"), "a/day%3D1%20%2B%25~%C3%A4");
}

TEST(Endpoint, IsReadFromTheSettings) {
  const auto own = endpoint_of({.endpoint = "http://127.0.0.1:9000", .region = "eu-1"});
  ASSERT_TRUE(own.ok()) << own.error().to_string();
  EXPECT_EQ(own->authority(), "127.0.0.1:9000");
  EXPECT_FALSE(own->tls);
  EXPECT_EQ(own->addressing, Addressing::kPath);
  const auto amazon = endpoint_of({.region = "eu-central-1"});
  EXPECT_EQ(amazon->authority(), "s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(amazon->addressing, Addressing::kVirtual);
  EXPECT_EQ(endpoint_of({.endpoint = "https://[::1]:9000"})->authority(), "[::1]:9000");
  EXPECT_EQ(endpoint_of({.region = "cn-north-1"})->host, "s3.cn-north-1.amazonaws.com.cn");
}

TEST(Endpoint, WrongSettingsAreTold) {
  for (const std::string bad : {"ftp://x", "http://", "http://h:0", "http://h:70000", "http://h/bucket"})
    EXPECT_EQ(endpoint_of({.endpoint = bad}).error().name(), "s3.bad_setting") << bad;
  EXPECT_EQ(endpoint_of({.ca_file = "/nowhere/ca.pem"}).error().name(), "s3.bad_setting");
}

TEST(Endpoint, BucketsAreNamedInThePathOrInTheHost) {
  Endpoint endpoint{.host = "s3.example", .addressing = Addressing::kVirtual};
  EXPECT_EQ(target_of(endpoint, {"lake", "a b"}).host, "lake.s3.example");
  EXPECT_EQ(target_of(endpoint, {"lake", "a b"}).path, "/a%20b");
  EXPECT_EQ(target_of(endpoint, {"my.lake", "a"}).path, "/my.lake/a") << "no certificate covers such a name";
  endpoint.addressing = Addressing::kPath;
  EXPECT_EQ(target_of(endpoint, {"lake", "a"}).path, "/lake/a");
  EXPECT_EQ(target_of(endpoint, {"lake", ""}).path, "/lake");
}

}  // namespace
}  // namespace tarn::s3
