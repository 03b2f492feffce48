#include <gmock/gmock.h>

#include "io/errors.h"
#include "rest/served_test.h"

// Vended credentials: who gets them, and for what.
namespace tarn::rest {
namespace {

const std::vector<std::pair<std::string, std::string>> kAsking = {
    {"X-Iceberg-Access-Delegation", "vended-credentials,remote-signing"}};

class CredentialsTest : public RestCatalogTest {
 protected:
  CredentialsTest() {
    RestCatalogOptions options;
    options.vend_credentials = [this](const std::string& location,
                                      Reach reach) -> Result<std::map<std::string, std::string>> {
      asked_.push_back((reach == Reach::kRead ? "read " : "") + location);
      if (fails_) return Error(io::kFailed, "no");
      return std::map<std::string, std::string>{{"s3.access-key-id", "ID"}};
    };
    start(std::move(options));
    make_table();
  }
  Answer load(const std::string& name = "t") {
    return ask("GET", "/v1/namespaces/ns/tables/" + name, "", kAsking);
  }

  std::vector<std::string> asked_;
  bool fails_ = false;
};

TEST_F(CredentialsTest, ComeToWhoAsks) {
  const Answer answer = load();
  EXPECT_EQ(answer.body["config"]["s3.access-key-id"], "ID");
  EXPECT_EQ(answer.body["storage-credentials"].dump(),
            R"([{"config":{"s3.access-key-id":"ID"},"prefix":"file:///lake/ns/t"}])");
  EXPECT_THAT(asked_, testing::ElementsAre("file:///lake/ns/t"));
  EXPECT_TRUE(ask("GET", "/v1/namespaces/ns/tables/t").body["config"].empty());
  EXPECT_TRUE(
      ask("GET", "/v1/namespaces/ns/tables/t", "", {{"X-Iceberg-Access-Delegation", "remote-signing"}})
          .body["config"]
          .empty());
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t/credentials").body["storage-credentials"].size(), 1U);
}

TEST_F(CredentialsTest, ComeWithNewAndStagedTables) {
  for (const char* more : {"", R"(,"stage-create":true)"}) {
    const Answer answer = ask("POST", "/v1/namespaces/ns/tables", creation("new", more), kAsking);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body["config"]["s3.access-key-id"], "ID") << more;
    ask("DELETE", "/v1/namespaces/ns/tables/new");
  }
}

TEST_F(CredentialsTest, AreWithheldWhereOtherTablesLie) {
  ask("POST", "/v1/namespaces/ns/tables", creation("around", R"(,"location":"file:///lake/ns")"));
  EXPECT_TRUE(load("around").body["config"].empty());
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(load("t").body["config"].size(), 1U);
  ask("POST", "/v1/namespaces/ns/tables", creation("within", R"(,"location":"file:///lake/ns/t/data")"));
  EXPECT_TRUE(load("t").body["config"].empty());
}

TEST_F(CredentialsTest, ATableIsLoadedWithoutThem) {
  fails_ = true;
  const Answer answer = load();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body["config"].empty());
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t/credentials").status, 500);
}

TEST_F(CredentialsTest, AreNotKeptForRepetitions) {
  const std::vector<std::pair<std::string, std::string>> once = {
      {"Idempotency-Key", "0195e6a0-5b9c-7c3d-8f7e-0123456789ab"}, kAsking.front()};
  for (int repetition = 0; repetition < 2; ++repetition) {
    const Answer answer = ask("POST", "/v1/namespaces/ns/tables", creation("kept"), once);
    EXPECT_EQ(answer.body["config"]["s3.access-key-id"], "ID");
  }
  EXPECT_EQ(asked_.size(), 2U) << "fresh ones for the repetition";
}

}  // namespace
}  // namespace tarn::rest
