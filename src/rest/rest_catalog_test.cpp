#include "rest/rest_catalog.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "rest/served_test.h"

namespace tarn::rest {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(RestCatalogTest, ListsItsEndpoints) {
  const Answer config = ask("GET", "/v1/config?warehouse=x");
  EXPECT_EQ(config.status, 200);
  EXPECT_THAT(config.body["endpoints"].dump(),
              HasSubstr("HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}"));
  EXPECT_EQ(config.body["idempotency-key-lifetime"], "PT30M");
}

TEST_F(RestCatalogTest, TablesOfANamespaceLieInItsLocation) {
  post("/v1/namespaces", R"({"namespace":["plain"]})");
  post("/v1/namespaces", R"({"namespace":["own"],"properties":{"location":"file:///lake/elsewhere/"}})");
  EXPECT_EQ(ask("GET", "/v1/namespaces/plain").body["properties"]["location"], "file:///lake/plain");
  EXPECT_EQ(ask("GET", "/v1/namespaces/own").body["properties"]["location"], "file:///lake/elsewhere");
  const Answer created = post("/v1/namespaces/own/tables", creation("t"));
  EXPECT_EQ(created.body["metadata"]["location"], "file:///lake/elsewhere/t");
  // The location of a namespace is no way out of the warehouse.
  post("/v1/namespaces", R"({"namespace":["out"],"properties":{"location":"file:///etc"}})");
  EXPECT_EQ(post("/v1/namespaces/out/tables", creation("t")).status, 403);
}

TEST_F(RestCatalogTest, KeepsNestedNamespacesOfAnyName) {
  EXPECT_EQ(post("/v1/namespaces", R"({"namespace":["a.b","c/d e"],"properties":{"k":"v"}})").status, 200);
  EXPECT_EQ(ask("GET", "/v1/namespaces").body["namespaces"].dump(), R"([["a.b"]])");
  EXPECT_EQ(ask("GET", "/v1/namespaces?parent=a.b").body["namespaces"].dump(), R"([["a.b","c/d e"]])");
  EXPECT_EQ(ask("GET", "/v1/namespaces/a.b%1Fc%2Fd+e").body["properties"]["k"], "v");
  EXPECT_EQ(ask("HEAD", "/v1/namespaces/a.b%1Fc%2Fd%20e").status, 204);
  const Answer full = ask("DELETE", "/v1/namespaces/a.b");
  EXPECT_EQ(full.status, 409);
  EXPECT_EQ(full.type(), "NamespaceNotEmptyException");
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/a.b%1Fc%2Fd+e").status, 204);
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/a.b").status, 204);
  EXPECT_EQ(ask("GET", "/v1/namespaces/a.b").type(), "NoSuchNamespaceException");
}

TEST_F(RestCatalogTest, GivesOutPages) {
  for (const char* name : {"a", "b", "c"})
    post("/v1/namespaces", fmt::format(R"({{"namespace":["{}"]}})", name));
  const Answer first = ask("GET", "/v1/namespaces?pageToken=&pageSize=2");
  EXPECT_EQ(first.body["namespaces"].dump(), R"([["a"],["b"]])");
  const std::string token = first.body["next-page-token"];
  const Answer second = ask("GET", "/v1/namespaces?pageSize=2&pageToken=" + token);
  EXPECT_EQ(second.body["namespaces"].dump(), R"([["c"]])");
  EXPECT_TRUE(second.body["next-page-token"].is_null());
  EXPECT_EQ(ask("GET", "/v1/namespaces?pageSize=0&pageToken=").status, 400);
  EXPECT_EQ(ask("GET", "/v1/namespaces?pageToken=zz").status, 400);
}

TEST_F(RestCatalogTest, ChangesNamespaceProperties) {
  post("/v1/namespaces", R"({"namespace":["ns"],"properties":{"a":"1"}})");
  const Answer changed =
      post("/v1/namespaces/ns/properties", R"({"updates":{"b":"2"},"removals":["a","c"]})");
  EXPECT_EQ(changed.body.dump(), R"({"missing":["c"],"removed":["a"],"updated":["b"]})");
  EXPECT_EQ(post("/v1/namespaces/ns/properties", R"({"updates":{"b":"2"},"removals":["b"]})").status, 422);
}

TEST_F(RestCatalogTest, TellsWhenATableIsUnchanged) {
  make_table();
  const Answer loaded = ask("GET", "/v1/namespaces/ns/tables/t");
  const std::string tag(loaded.headers.find("ETag"));
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t", "", {{"If-None-Match", "\"x\", W/" + tag}}).status, 304);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t?snapshots=refs", "", {{"If-None-Match", tag}}).status,
            200);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t?snapshots=some").status, 400);
  EXPECT_EQ(post("/v1/namespaces/ns/tables/t", set_property("p")).status, 200);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t", "", {{"If-None-Match", tag}}).status, 200);
}

TEST_F(RestCatalogTest, StagesATableWithoutMakingIt) {
  post("/v1/namespaces", R"({"namespace":["ns"]})");
  const Answer staged = post("/v1/namespaces/ns/tables", creation("t", R"(,"stage-create":true)"));
  EXPECT_EQ(staged.status, 200);
  EXPECT_FALSE(staged.body.contains("metadata-location"));
  EXPECT_EQ(ask("HEAD", "/v1/namespaces/ns/tables/t").status, 404);
  const Json metadata = staged.body["metadata"];
  const Json commit = {{"requirements", {{{"type", "assert-create"}}}},
                       {"updates",
                        {{{"action", "assign-uuid"}, {"uuid", metadata["table-uuid"]}},
                         {{"action", "upgrade-format-version"}, {"format-version", 3}},
                         {{"action", "add-schema"}, {"schema", metadata["schemas"][0]}},
                         {{"action", "set-current-schema"}, {"schema-id", -1}},
                         {{"action", "add-spec"}, {"spec", metadata["partition-specs"][0]}},
                         {{"action", "set-default-spec"}, {"spec-id", -1}},
                         {{"action", "add-sort-order"}, {"sort-order", metadata["sort-orders"][0]}},
                         {{"action", "set-default-sort-order"}, {"sort-order-id", -1}},
                         {{"action", "set-location"}, {"location", metadata["location"]}}}}};
  const Answer created = post("/v1/namespaces/ns/tables/t", commit.dump());
  ASSERT_EQ(created.status, 200) << created.body.dump();
  EXPECT_EQ(created.body["metadata"]["format-version"], 3);
  EXPECT_EQ(created.body["metadata"]["next-row-id"], 0);
  const Answer again = post("/v1/namespaces/ns/tables/t", commit.dump());
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.body["error"]["message"], "Requirement failed: table already exists");
}

TEST_F(RestCatalogTest, CommitsSeveralTablesOrNone) {
  make_table("a");
  make_table("b");
  const auto change = [](const std::string& table, const std::string& requirements) {
    return fmt::format(R"({{"identifier":{{"namespace":["ns"],"name":"{}"}},{})", table,
                       set_property("p", requirements).substr(1));
  };
  const std::string stale = R"([{"type":"assert-table-uuid","uuid":"x"}])";
  const Answer refused = post("/v1/transactions/commit", fmt::format(R"({{"table-changes":[{},{}]}})",
                                                                     change("a", "[]"), change("b", stale)));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.type(), "CommitFailedException");
  EXPECT_THAT(refused.body["error"]["message"], StartsWith("Requirement failed: UUID does not match"));
  EXPECT_FALSE(ask("GET", "/v1/namespaces/ns/tables/a").body["metadata"]["properties"].contains("p"));
  EXPECT_EQ(post("/v1/transactions/commit",
                 fmt::format(R"({{"table-changes":[{},{}]}})", change("a", "[]"), change("b", "[]")))
                .status,
            204);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/b").body["metadata"]["properties"]["p"], "1");
}

TEST_F(RestCatalogTest, RefusesBadRequestsAndChangesNothing) {
  make_table();
  const std::size_t before = files();
  const std::string table = "/v1/namespaces/ns/tables/t";
  const std::pair<std::string, std::string> kBad[] = {
      {table, ""},
      {table, "{"},
      {table, "[]"},
      {table, std::string(2000, '[')},
      {table, R"({"updates":{}})"},
      {table, R"({"updates":["x"]})"},
      {table, R"({"updates":[{"action":"explode"}]})"},
      {table, R"({"updates":[{"action":"set-location","location":5}]})"},
      {table, R"({"requirements":[{"type":"assert-luck"}],"updates":[]})"},
      {table, R"({"updates":[{"action":"set-current-schema","schema-id":9}]})"},
      {table, R"({"updates":[{"action":"upgrade-format-version","format-version":1}]})"},
      {"/v1/namespaces", R"({"namespace":[]})"},
      {"/v1/namespaces", R"({"namespace":[""]})"},
      {"/v1/namespaces", R"({"namespace":[".."]})"},
      {"/v1/namespaces", R"({"namespace":["a\\b"]})"},
      {"/v1/namespaces", R"({"namespace":["a\u0000"]})"},
      {"/v1/namespaces", R"({"namespace":"ns"})"},
      {"/v1/namespaces/ns/tables", R"({"name":"x"})"},
      {"/v1/namespaces/ns/tables", creation("..")},
      {"/v1/namespaces/ns/tables", creation("x", R"(,"properties":{"format-version":"4"})")},
      {"/v1/namespaces/%1F/tables", creation("x")},
      {"/v1/namespaces/ns/tables/%00", "{}"},
  };
  for (const auto& [target, body] : kBad) {
    const Answer answer = post(target, body);
    EXPECT_EQ(answer.status, 400) << target << " " << body.substr(0, 100) << " " << answer.body.dump();
  }
  EXPECT_EQ(files(), before);
}

TEST_F(RestCatalogTest, StaysWithinItsWarehouse) {
  make_table();
  const std::size_t before = files();
  for (const char* location :
       {"file:///etc/x", "/etc/x", "file:///lake/../etc", "file:///lake/%2e%2e/etc", "s3://b/x",
        "file:///lake", "file:///lakeside/x", "file:///lake/a\\\\..\\\\b"}) {
    const std::string more = fmt::format(R"(,"location":"{}")", location);
    const Answer created = post("/v1/namespaces/ns/tables", creation("x", more));
    EXPECT_EQ(created.status, 403) << location << created.body.dump();
    EXPECT_EQ(post("/v1/namespaces/ns/tables", creation("x", more + R"(,"stage-create":true)")).status, 403);
    const std::string moved =
        fmt::format(R"({{"updates":[{{"action":"set-location","location":"{}"}}]}})", location);
    EXPECT_EQ(post("/v1/namespaces/ns/tables/t", moved).status, 403) << location;
    const std::string pathed = fmt::format(
        R"({{"updates":[{{"action":"set-properties","updates":{{"write.metadata.path":"{}"}}}}]}})",
        location);
    EXPECT_EQ(post("/v1/namespaces/ns/tables/t", pathed).status, 403) << location;
    const std::string known = fmt::format(R"({{"name":"y","metadata-location":"{}"}})", location);
    EXPECT_EQ(post("/v1/namespaces/ns/register", known).status, 403) << location;
  }
  EXPECT_EQ(files(), before);
}

// Who reads it goes on reading: maintenance removes the files later.
TEST_F(RestCatalogTest, APurgeLeavesTheFilesToMaintenance) {
  make_table("a");
  make_table("a/b");
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/tables/a%2Fb?purgeRequested=true").status, 204);
  EXPECT_EQ(files(), 2U);
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/tables/a?purgeRequested=false").status, 204);
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/tables/a?purgeRequested=true").type(), "NoSuchTableException");
  const auto dropped = state::dropped_tables(*database_);
  ASSERT_EQ(dropped->size(), 1U);
  EXPECT_EQ(dropped->at(0).name, (TableName{"ns", "a/b"}));
}

TEST_F(RestCatalogTest, RepeatsAReplyInsteadOfTheWork) {
  make_table();
  const std::vector<std::pair<std::string, std::string>> key = {
      {"Idempotency-Key", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"}};
  const std::string body = set_property("p");
  const Answer first = ask("POST", "/v1/namespaces/ns/tables/t", body, key);
  EXPECT_EQ(first.status, 200);
  start({});  // As after a restart.
  const Answer again = ask("POST", "/v1/namespaces/ns/tables/t", body, key);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body["metadata-location"], first.body["metadata-location"]);
  EXPECT_EQ(ask("POST", "/v1/namespaces/ns/tables/t", set_property("q"), key).status, 422);
  EXPECT_EQ(ask("POST", "/v1/namespaces/ns/tables/t", body, {{"Idempotency-Key", "x"}}).status, 400);
  const std::vector<std::pair<std::string, std::string>> other = {
      {"Idempotency-Key", "017f22e2-79b0-7cc3-98c4-dc0c0c073990"}};
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/tables/t", "", other).status, 204);
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/tables/t", "", other).status, 204);
}

TEST_F(RestCatalogTest, SaysWhetherACommitHappened) {
  make_table();
  database_->set_commit_fault([] { return state::CommitFault::kFail; });
  const Answer failed = post("/v1/namespaces/ns/tables/t", set_property("p"));
  EXPECT_EQ(failed.status, 409);  // It did not: a 5xx would mean that nobody knows.
  EXPECT_EQ(failed.type(), "CommitFailedException");
  database_->set_commit_fault([] { return state::CommitFault::kLostReply; });
  const Answer unknown = post("/v1/namespaces/ns/tables/t", set_property("p"));
  EXPECT_EQ(unknown.status, 500);
  EXPECT_EQ(unknown.type(), "CommitStateUnknownException");
}

TEST_F(RestCatalogTest, HasViews) {
  make_table();
  const std::string version =
      R"({"version-id":1,"timestamp-ms":5,"schema-id":0,"summary":{},"default-namespace":["ns"],)"
      R"("representations":[{"type":"sql","sql":"SELECT 1","dialect":"spark"}]})";
  const auto creating = [&](const std::string& name) {
    return fmt::format(R"({{"name":"{}","schema":{},"view-version":{},"properties":{{}}}})", name, kSchema,
                       version);
  };
  EXPECT_EQ(post("/v1/namespaces/ns/views", creating("t")).body["error"]["message"],
            "Table with same name already exists: ns.t");
  const Answer created = post("/v1/namespaces/ns/views", creating("v"));
  ASSERT_EQ(created.status, 200) << created.body.dump();
  EXPECT_EQ(post("/v1/namespaces/ns/tables", creation("v")).body["error"]["message"],
            "View with same name already exists: ns.v");
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/v").type(), "NoSuchTableException");
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/views").body["identifiers"].size(), 1U);
  const std::string renaming =
      R"({"source":{"namespace":["ns"],"name":"v"},"destination":{"namespace":["ns"],"name":"w"}})";
  EXPECT_EQ(post("/v1/views/rename", renaming).status, 204);
  EXPECT_EQ(ask("HEAD", "/v1/namespaces/ns/views/w").status, 204);
  const std::string replaced = R"({"updates":[{"action":"set-properties","updates":{"k":"1"}}]})";
  EXPECT_EQ(post("/v1/namespaces/ns/views/w", replaced).body["metadata"]["properties"]["k"], "1");
  EXPECT_EQ(post("/v1/namespaces/ns/views/w", R"({"updates":[{"action":"add-snapshot"}]})").status, 400);
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/views/w").status, 204);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/views/w").type(), "NoSuchViewException");
  const std::string known =
      fmt::format(R"({{"name":"x","metadata-location":{}}})", created.body["metadata-location"].dump());
  EXPECT_EQ(post("/v1/namespaces/ns/register-view", known).status, 200);
}

TEST_F(RestCatalogTest, AsksForATokenWhereClientsAreNamed) {
  start({.clients = {{"spark", hash_secret("s3cret", random_)}}});
  EXPECT_EQ(ask("GET", "/v1/config").type(), "NotAuthorizedException");
  EXPECT_EQ(ask("GET", "/v1/nothing").status, 401);
  const auto grant = [&](const std::string& form) {
    const net::HttpResponse response =
        rest_->handle({.method = "POST", .target = "/v1/oauth/tokens", .body = form});
    return std::pair(response.status, Json::parse(response.body));
  };
  EXPECT_EQ(grant("grant_type=client_credentials&client_id=spark&client_secret=wrong").first, 401);
  EXPECT_EQ(grant("grant_type=client_credentials&client_id=other&client_secret=s3cret").first, 401);
  EXPECT_EQ(grant("grant_type=password").second["error"], "unsupported_grant_type");
  const auto [status, body] =
      grant("grant_type=client_credentials&client_id=spark&client_secret=s3cret&scope=catalog");
  ASSERT_EQ(status, 200);
  const std::string token = body["access_token"];
  EXPECT_EQ(ask("GET", "/v1/config", "", {{"Authorization", "Bearer " + token}}).status, 200);
  EXPECT_EQ(ask("GET", "/v1/config", "", {{"Authorization", "Bearer x" + token}}).status, 401);
  EXPECT_EQ(ask("GET", "/v1/config", "", {{"Authorization", "Basic " + token}}).status, 401);
  const std::string exchange =
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=" + token;
  EXPECT_EQ(grant(exchange).first, 200);
  clock_.advance_us(2LL * 3600 * 1'000'000);
  EXPECT_EQ(ask("GET", "/v1/config", "", {{"Authorization", "Bearer " + token}}).status, 401);
  EXPECT_EQ(grant(exchange).first, 401);
}

TEST_F(RestCatalogTest, HasNoOtherEndpoints) {
  EXPECT_EQ(ask("GET", "/").type(), "NoSuchEndpointException");
  EXPECT_EQ(ask("PUT", "/v1/namespaces").status, 404);
  EXPECT_EQ(ask("GET", "/v1/namespaces/a/b/c/d").status, 404);
  EXPECT_EQ(ask("GET", "v1").status, 400);
  EXPECT_EQ(post("/v1/namespaces/ns/tables/t/metrics", R"({"report-type":"scan-report"})").status, 404);
  make_table();
  EXPECT_EQ(post("/v1/namespaces/ns/tables/t/metrics", R"({"report-type":"scan-report"})").status, 204);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t/credentials").body.dump(),
            R"({"storage-credentials":[]})");
}

}  // namespace
}  // namespace tarn::rest
