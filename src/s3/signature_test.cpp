#include "s3/signature.h"

#include <gmock/gmock.h>

namespace tarn::s3 {
namespace {

// 2013-05-24 00:00:00 UTC, and the keys of Amazon's examples.
constexpr std::int64_t kMay24 = 1369353600LL * 1'000'000;
const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

std::string authorization(net::HttpRequest request, const Credentials& credentials) {
  sign(request, "examplebucket.s3.amazonaws.com", credentials, {.region = "us-east-1", .now_us = kMay24});
  return std::string(request.headers.find("Authorization"));
}

// Amazon's example "GET Bucket Lifecycle".
TEST(Signature, IsWhatAmazonsExampleSays) {
  EXPECT_EQ(authorization({.method = "GET", .target = "/?lifecycle="}, kExample),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
            "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

// Amazon's example "GET Bucket (List Objects)".
TEST(Signature, CoversTheQuery) {
  EXPECT_THAT(
      authorization({.method = "GET", .target = "/?max-keys=2&prefix=J"}, kExample),
      testing::EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(Signature, CoversTokenAndMetadata) {
  net::HttpRequest request{.method = "PUT", .target = "/a", .body = "x"};
  request.headers.add("X-Amz-Meta-Mark", "m");
  request.headers.add("If-None-Match", "*");
  Credentials temporary = kExample;
  temporary.session_token = "token";
  EXPECT_THAT(authorization(request, temporary),
              testing::HasSubstr("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-mark;"
                                 "x-amz-security-token,"));
}

TEST(Signature, WritesTheDateAsAmazonWantsIt) {
  EXPECT_EQ(amz_date(kMay24), "20130524T000000Z");
}

}  // namespace
}  // namespace tarn::s3
