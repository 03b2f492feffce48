#include <gmock/gmock.h>

#include "rest/access_tokens.h"
#include "rest/served_test.h"

namespace tarn::rest {
namespace {

class BadRequests : public RestCatalogTest {};

TEST_F(BadRequests, StaleRequirementsChangeNothing) {
  make_table();
  const std::string table = "/v1/namespaces/ns/tables/t";
  const std::string before = ask("GET", table).body["metadata-location"];
  for (const char* stale : {R"({"type":"assert-table-uuid","uuid":"x"})",
                            R"({"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":5})",
                            R"({"type":"assert-ref-snapshot-id","ref":"b","snapshot-id":5})",
                            R"({"type":"assert-last-assigned-field-id","last-assigned-field-id":9})",
                            R"({"type":"assert-current-schema-id","current-schema-id":9})",
                            R"({"type":"assert-last-assigned-partition-id","last-assigned-partition-id":9})",
                            R"({"type":"assert-default-spec-id","default-spec-id":9})",
                            R"({"type":"assert-default-sort-order-id","default-sort-order-id":9})"}) {
    const Answer answer = post(table, set_property("p", fmt::format("[{}]", stale)));
    EXPECT_EQ(answer.status, 409) << stale;
    EXPECT_EQ(answer.type(), "CommitFailedException") << stale;
  }
  EXPECT_EQ(ask("GET", table).body["metadata-location"], before);
}

TEST_F(BadRequests, StaleViewRequirementsChangeNothing) {
  post("/v1/namespaces", R"({"namespace":["ns"]})");
  const std::string creating = fmt::format(
      R"({{"name":"v","schema":{},"properties":{{}},"view-version":{{"version-id":1,"timestamp-ms":5,"schema-id":0,)"
      R"("summary":{{}},"default-namespace":["ns"],"representations":[]}}}})",
      kSchema);
  ASSERT_EQ(post("/v1/namespaces/ns/views", creating).status, 200);
  const std::string view = "/v1/namespaces/ns/views/v";
  const std::string before = ask("GET", view).body["metadata-location"];
  EXPECT_EQ(post(view, R"({"requirements":[{"type":"assert-view-uuid","uuid":"x"}],"updates":[]})").status,
            409);
  EXPECT_EQ(post(view, R"({"requirements":[{"type":"assert-table-uuid","uuid":"x"}],"updates":[]})").status,
            400);
  EXPECT_EQ(post(view, R"({"requirements":{},"updates":[]})").status, 400);
  EXPECT_EQ(post(view, R"({"updates":[{"action":"set-location","location":"file:///etc/x"}]})").status, 403);
  EXPECT_EQ(
      post(view,
           R"({"updates":[{"action":"set-properties","updates":{"write.metadata.path":"file:///etc"}}]})")
          .status,
      403);
  EXPECT_EQ(ask("GET", view).body["metadata-location"], before);
}

TEST_F(BadRequests, NamesThatAreTricksOfPathsAreNamesOrRefused) {
  post("/v1/namespaces", R"({"namespace":["ns"]})");
  for (const char* name : {"a/../../b", "..b", "b..", "%2e%2e", "a b", "C:", "~", "nul", "x.metadata.json"}) {
    const Answer made = post("/v1/namespaces/ns/tables", creation(name));
    ASSERT_EQ(made.status, 200) << name;
    const std::string location = made.body["metadata"]["location"];
    EXPECT_TRUE(location.starts_with("file:///lake/ns/")) << location;
    EXPECT_EQ(location.find('/', std::string("file:///lake/ns/").size()), std::string::npos) << location;
    EXPECT_EQ(location.find(".."), std::string::npos) << location;
  }
  for (const char* name : {".", "..", "", "a\\\\b", "a\\u0000b", "a\\nb"})
    EXPECT_EQ(post("/v1/namespaces/ns/tables", creation(name)).status, 400) << name;
  EXPECT_EQ(post("/v1/namespaces/ns/tables", creation(std::string(256, 'x'))).status, 400);
  for (const char* target : {"/v1/namespaces/%2e%2e", "/v1/namespaces/..", "/v1/namespaces/ns/tables/%2e%2e",
                             "/v1/namespaces/ns/tables/..", "/v1/namespaces/a%1F..", "/v1/namespaces/%zz",
                             "/v1/namespaces//tables", "/v1/namespaces/ns/tables/%00", "v1/namespaces"})
    EXPECT_EQ(ask("GET", target).status, 400) << target;
  const auto objects = store_.list("file:///");
  for (const auto& object : *objects) EXPECT_TRUE(object.location.starts_with("file:///lake/ns/"));
}

TEST_F(BadRequests, ForgedTokensAreRefused) {
  start({.clients = {{"spark", hash_secret("s3cret", random_)}}});
  const net::HttpResponse granted =
      rest_->handle({.method = "POST",
                     .target = "/v1/oauth/tokens",
                     .body = "grant_type=client_credentials&client_id=spark&client_secret=s3cret"});
  const std::string token = Json::parse(granted.body)["access_token"];
  const auto status = [&](const std::string& header) {
    return ask("GET", "/v1/namespaces", "", {{"Authorization", header}}).status;
  };
  ASSERT_EQ(status("Bearer " + token), 200);
  // Another life, another end, another server's key, half of one.
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  const std::string later = token.substr(0, first + 1) + "99999999999" + token.substr(second);
  io::SeededRandom other(99);
  const std::string foreign = AccessTokens({}, other).issue({.name = "spark"}, 99'999'999'999);
  for (const std::string& forged : {later, foreign, token.substr(0, token.size() - 1),
                                    token.substr(0, second), std::string("."), std::string("..")})
    EXPECT_EQ(status("Bearer " + forged), 401) << forged;
  for (const std::string& header : {std::string(""), std::string("Bearer"), std::string("Bearer "), token})
    EXPECT_EQ(status(header), 401) << header;
  EXPECT_EQ(status("bEaReR " + token), 200);
}

TEST_F(BadRequests, LargeOnesAreAnsweredToo) {
  make_table();
  const std::string table = "/v1/namespaces/ns/tables/t";
  const std::string long_text(4 << 20, 'x');
  EXPECT_EQ(post(table, long_text).status, 400);
  EXPECT_EQ(post(table, R"({"updates":[{"action":")" + long_text + R"("}]})").status, 400);
  std::string many = R"({"updates":[{"action":"set-properties","updates":{}})";
  for (int index = 0; index < 20'000; ++index) many += R"(,{"action":"set-properties","updates":{}})";
  EXPECT_EQ(post(table, many + "]}").status, 200);
  EXPECT_EQ(ask("GET", "/v1/namespaces?pageToken=" + std::string(20'000, 'a')).status, 200);
}

}  // namespace
}  // namespace tarn::rest
