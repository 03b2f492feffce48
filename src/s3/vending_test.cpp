#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "io/simulated.h"
#include "net/http_server.h"
#include "s3/vending/credential_vendor.h"
#include "s3/vending/session_policy.h"

namespace tarn::s3 {
namespace {

constexpr const char* kAnswer =
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"
    "<AccessKeyId>ID</AccessKeyId><SecretAccessKey>SECRET</SecretAccessKey><SessionToken>TOKEN</SessionToken>"
    "<Expiration>2023-11-14T23:13:20Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
constexpr std::int64_t kNowUs = 1'700'000'000'000'000;  // an hour before that

TEST(SessionPolicyTest, OfAReaderNamesNoRightToWrite) {
  const auto policy = session_policy({"lake", "t"}, Reach::kRead, "aws");
  ASSERT_TRUE(policy.ok());
  EXPECT_NE(policy->find(R"("Action":["s3:GetObject"],)"), std::string::npos) << *policy;
  EXPECT_EQ(policy->find("Put"), std::string::npos);
  EXPECT_EQ(policy->find("Delete"), std::string::npos);
}

TEST(SessionPolicyTest, IsLimitedToWhatLiesBelow) {
  const auto policy = nlohmann::json::parse(session_policy({"lake", "a/b"}, Reach::kWrite, "aws-cn").value());
  const auto& statements = policy["Statement"];
  ASSERT_EQ(statements.size(), 3U);
  EXPECT_EQ(statements[0]["Resource"].dump(), R"(["arn:aws-cn:s3:::lake/a/b/*"])");
  EXPECT_EQ(statements[1]["Action"].dump(), R"(["s3:ListBucket"])");
  EXPECT_EQ(statements[1]["Condition"].dump(), R"({"StringLike":{"s3:prefix":["a/b/*"]}})");
  EXPECT_EQ(statements[2]["Action"].dump(), R"(["s3:GetBucketLocation"])");
  for (const auto& statement : statements) EXPECT_EQ(statement["Effect"], "Allow");
}

TEST(SessionPolicyTest, PatternsAndWholeBucketsAreRefused) {
  for (const char* key : {"", "*", "a*", "a?b", "${aws:username}", "a\"b", "a\\b", "a b", "\xc3\xa9"})
    EXPECT_EQ(session_policy({"lake", key}, Reach::kWrite, "aws").error().name(), "io.bad_location") << key;
}

/// A security token service that answers as it is told.
class VendorTest : public testing::Test {
 protected:
  VendorTest()
      : server_(net::HttpServer::start({},
                                       [this](const auto& request) {
                                         asked_.push_back(request);
                                         return reply_;
                                       })
                    .value()),
        vendor_(
            {.sts = {.host = "127.0.0.1", .port = server_->port(), .tls = false, .region = "r"},
             .role = "arn:aws:iam::1:role/lake"},
            [] {
              return std::optional<Credentials>(Credentials{"own", "secret", ""});
            },
            clock_, random_) {
    reply_.body = kAnswer;
  }

  net::HttpResponse reply_;
  std::vector<net::HttpRequest> asked_;
  io::ManualClock clock_{kNowUs};
  io::SeededRandom random_{1};
  std::unique_ptr<net::HttpServer> server_;
  CredentialVendor vendor_;
};

TEST_F(VendorTest, AsksOnceWhileHalfAnHourIsLeft) {
  const TemporaryCredentials vended = vendor_.credentials_for("s3://lake/t", Reach::kWrite).value();
  EXPECT_EQ(vended.credentials, (Credentials{"ID", "SECRET", "TOKEN"}));
  EXPECT_EQ(vended.expires_at_us, kNowUs + 3600 * 1'000'000LL);
  EXPECT_THAT(asked_[0].body, testing::HasSubstr("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Flake&"));
  EXPECT_THAT(asked_[0].body, testing::HasSubstr("arn%3Aaws%3As3%3A%3A%3Alake%2Ft%2F%2A"));
  EXPECT_THAT(std::string(asked_[0].headers.find("Authorization")),
              testing::HasSubstr("/r/sts/aws4_request"));
  clock_.advance_us(1800 * 1'000'000LL);
  EXPECT_TRUE(vendor_.credentials_for("s3://lake/t", Reach::kWrite).ok());
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_TRUE(vendor_.credentials_for("s3://lake/u", Reach::kWrite).ok());
  EXPECT_EQ(asked_.size(), 2U) << "another place, other credentials";
  clock_.advance_us(1);
  EXPECT_TRUE(vendor_.credentials_for("s3://lake/t", Reach::kWrite).ok());
  EXPECT_EQ(asked_.size(), 3U);
}

TEST_F(VendorTest, TellsWhatTheServiceSays) {
  reply_ = {
      .status = 403,
      .body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"};
  EXPECT_EQ(vendor_.credentials_for("s3://lake/t", Reach::kWrite).error().name(), "s3.denied");
  EXPECT_EQ(asked_.size(), 1U);
  reply_.status = 503;
  reply_.body = "";
  EXPECT_EQ(vendor_.credentials_for("s3://lake/t", Reach::kWrite).error().name(), "s3.unreachable");
  EXPECT_EQ(asked_.size(), 4U) << "three attempts";
}

TEST_F(VendorTest, HandsOutNothingThatLasts) {
  for (const char* body : {"", "<a/>", "no XML",
                           "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ID</AccessKeyId>"
                           "<SecretAccessKey>S</SecretAccessKey><Expiration>2023-11-14T23:13:20Z</Expiration>"
                           "</Credentials></AssumeRoleResult></AssumeRoleResponse>"}) {
    reply_ = {.status = 200, .body = body};
    EXPECT_EQ(vendor_.credentials_for("s3://lake/t", Reach::kWrite).error().name(), "s3.no_vending") << body;
  }
}

TEST_F(VendorTest, PlacesThatAreNoneAreRefusedUnasked) {
  for (const char* location :
       {"s3://lake", "s3://lake/", "s3://lake/a/../b", "s3://lake/a//b", "s3://lake/*", "file:///a"})
    EXPECT_EQ(vendor_.credentials_for(location, Reach::kWrite).error().name(), "io.bad_location") << location;
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace tarn::s3
