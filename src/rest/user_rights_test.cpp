// Users of the project at the catalog's door: they read what they see whole, and nothing else.
#include <gmock/gmock.h>

#include "base/base64.h"
#include "rest/served_test.h"

namespace tarn::rest {
namespace {

/// ann sees ns.whole whole, ns.partly in part, and nothing else.
class Ann final : public TableReaders {
 public:
  std::string roles(const std::string& /*user*/) const override { return "reader"; }
  bool knows(std::string_view user, std::string_view password) const override {
    return user == "ann" && password == "secret word";
  }
  Result<bool> sees(const std::string&, const TableName& table) const override {
    return table.schema == "ns" && (table.name == "whole" || table.name == "partly");
  }
  Result<bool> sees_whole(const std::string&, const TableName& table,
                          const iceberg::TableMetadata&) const override {
    return table.name == "whole";
  }
};

class UserRights : public RestCatalogTest {
 protected:
  UserRights() {
    start({});
    for (const char* name : {"whole", "partly", "hidden"}) make_table(name);
    post("/v1/namespaces", R"({"namespace":["other"]})");
    post("/v1/namespaces/other/tables", creation("t"));
    RestCatalogOptions options{.clients = {{"spark", hash_secret("s3cret", random_)}},
                               .readers = std::make_shared<Ann>()};
    options.vend_credentials = [this](const std::string&,
                                      Reach reach) -> Result<std::map<std::string, std::string>> {
      reaches_.push_back(reach);
      return std::map<std::string, std::string>{{"s3.access-key-id", "ID"}};
    };
    start(std::move(options));
    token_ = token("client_id=ann&client_secret=secret+word");
  }
  std::string token(const std::string& who) {
    const net::HttpResponse granted = rest_->handle(
        {.method = "POST", .target = "/v1/oauth/tokens", .body = "grant_type=client_credentials&" + who});
    return granted.status == 200 ? Json::parse(granted.body)["access_token"].get<std::string>() : "";
  }
  Answer by(const std::string& token, const std::string& method, const std::string& target,
            const std::string& body = "") {
    return ask(method, target, body,
               {{"Authorization", "Bearer " + token}, {"X-Iceberg-Access-Delegation", "vended-credentials"}});
  }
  Answer ann(const std::string& method, const std::string& target, const std::string& body = "") {
    return by(token_, method, target, body);
  }

  std::string token_;
  std::vector<Reach> reaches_;
};

TEST_F(UserRights, ATokenIsForAPassword) {
  EXPECT_FALSE(token_.empty());
  EXPECT_EQ(token("client_id=ann&client_secret=other"), "");
  EXPECT_EQ(token("client_id=eve&client_secret=secret+word"), "");
  EXPECT_EQ(ask("GET", "/v1/namespaces").status, 401);
  const auto by_header = [&](const std::string& credentials) {
    net::HttpRequest request{
        .method = "POST", .target = "/v1/oauth/tokens", .body = "grant_type=client_credentials"};
    request.headers.add("Authorization", "Basic " + credentials);
    return rest_->handle(request).status;
  };
  EXPECT_EQ(by_header(to_base64("ann:secret word")), 200);
  EXPECT_EQ(by_header(to_base64("spark:s3cret")), 200);
  for (const std::string& wrong :
       {to_base64("ann:secret"), to_base64("ann"), std::string("%%"), std::string()})
    EXPECT_EQ(by_header(wrong), 401) << wrong;
  const net::HttpResponse renewed = rest_->handle(
      {.method = "POST",
       .target = "/v1/oauth/tokens",
       .body = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=" + token_});
  const std::string fresh = Json::parse(renewed.body)["access_token"];
  EXPECT_EQ(by(fresh, "GET", "/v1/namespaces/ns/tables/hidden").status, 404) << "it stays a user's";
}

TEST_F(UserRights, WhatIsNotGrantedIsNotThere) {
  EXPECT_EQ(ann("GET", "/v1/namespaces").body["namespaces"].dump(), R"([["ns"]])");
  EXPECT_EQ(ann("GET", "/v1/namespaces/ns/tables").body["identifiers"].size(), 2U);
  EXPECT_TRUE(ann("GET", "/v1/namespaces/ns/views").body["identifiers"].empty());
  for (const char* target : {"/v1/namespaces/other", "/v1/namespaces/other/tables",
                             "/v1/namespaces/ns/tables/hidden", "/v1/namespaces/ns/tables/hidden/credentials",
                             "/v1/namespaces/other/tables/t", "/v1/namespaces/ns/views/v"}) {
    const Answer hidden = ann("GET", target);
    EXPECT_EQ(hidden.status, 404) << target;
    std::string missing = target;
    if (const auto at = missing.find("hidden"); at != std::string::npos) {
      missing.replace(at, 6, "absent");
      std::string message = hidden.body["error"]["message"];
      message.replace(message.find("hidden"), 6, "absent");
      const Answer absent = ann("GET", missing);
      EXPECT_EQ(absent.body["error"]["message"], message) << "hidden and absent cannot be told apart";
      EXPECT_EQ(absent.type(), hidden.type());
    }
  }
  EXPECT_EQ(ann("POST", "/v1/namespaces/ns/tables/hidden/plan", "{}").status, 404);
}

TEST_F(UserRights, OnlyWhatIsSeenWholeIsReadAsFiles) {
  EXPECT_EQ(ann("GET", "/v1/namespaces/ns/tables/whole").status, 200);
  EXPECT_EQ(ann("HEAD", "/v1/namespaces/ns/tables/whole").status, 204);
  EXPECT_EQ(ann("POST", "/v1/namespaces/ns/tables/whole/plan", "{}").status, 200);
  EXPECT_THAT(reaches_, testing::Each(Reach::kRead));
  EXPECT_FALSE(reaches_.empty());
  for (const char* more : {"", "/credentials"}) {
    const Answer refused = ann("GET", std::string("/v1/namespaces/ns/tables/partly") + more);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.type(), "ForbiddenException");
  }
  EXPECT_EQ(ann("POST", "/v1/namespaces/ns/tables/partly/plan", "{}").status, 403);
  EXPECT_EQ(ann("POST", "/v1/namespaces/ns/tables/partly/tasks", R"({"plan-task":"x.0"})").status, 403);
}

TEST_F(UserRights, NothingIsChanged) {
  const std::string whole = "/v1/namespaces/ns/tables/whole";
  const std::vector<std::tuple<std::string, std::string, std::string>> changes = {
      {"POST", whole, set_property("a")},
      {"DELETE", whole, ""},
      {"DELETE", "/v1/namespaces/ns", ""},
      {"POST", "/v1/namespaces", R"({"namespace":["mine"]})"},
      {"POST", "/v1/namespaces/ns/properties", R"({"updates":{"a":"b"}})"},
      {"POST", "/v1/namespaces/ns/tables", creation("mine")},
      {"POST", "/v1/namespaces/ns/register", R"({"name":"mine","metadata-location":"file:///lake/x"})"},
      {"POST", "/v1/tables/rename",
       R"({"source":{"namespace":["ns"],"name":"whole"},"destination":{"namespace":["ns"],"name":"b"}})"},
      {"POST", "/v1/transactions/commit", R"({"table-changes":[]})"},
      {"POST", "/v1/namespaces/ns/views", "{}"},
  };
  const std::size_t before = files();
  for (const auto& [method, target, body] : changes)
    EXPECT_EQ(ann(method, target, body).status, 403) << target;
  EXPECT_EQ(files(), before);
  const std::string spark = token("client_id=spark&client_secret=s3cret");
  EXPECT_EQ(by(spark, "POST", whole, set_property("a")).status, 200);
  EXPECT_EQ(by(spark, "GET", "/v1/namespaces/ns/tables/hidden").status, 200);
}

}  // namespace
}  // namespace tarn::rest
