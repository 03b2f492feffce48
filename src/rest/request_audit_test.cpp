#include <gmock/gmock.h>

#include "rest/access_tokens.h"
#include "rest/served_test.h"
#include "state/audit/audit_chain.h"

namespace tarn::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RequestAuditTest : public RestCatalogTest {
 protected:
  /// What is on record since the last call: one line each, snapshots as `#`.
  std::vector<std::string> recorded() {
    EXPECT_TRUE(trail_->flush().ok());
    std::vector<std::string> lines;
    const auto records = state::read_audit(*database_, seen_, 1000);
    EXPECT_TRUE(records.ok());
    for (const state::AuditRecord& record : *records) {
      seen_ = record.sequence;
      std::string tables = record.tables;
      if (const std::size_t at = tables.find('@'); at != tables.npos)
        tables.replace(at + 1, tables.npos, "#");
      lines.push_back(fmt::format("{} {}|{}|{}|{}{}", record.event, record.actor.user, record.statement,
                                  tables, record.outcome, record.policy));
    }
    return lines;
  }
  std::int64_t seen_ = 0;
};

TEST_F(RequestAuditTest, ReadsAndChanges) {
  make_table();
  EXPECT_THAT(recorded(), ElementsAre("begun |POST /v1/namespaces||", "ended |||done",
                                      "begun |POST /v1/namespaces/ns/tables||", "ended ||ns.t|done"));
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t?snapshots=all").status, 200);
  EXPECT_THAT(recorded(), ElementsAre("answered |GET /v1/namespaces/ns/tables/t|ns.t|done"));
  const std::string tag(ask("GET", "/v1/namespaces/ns/tables/t").headers.find("ETag"));
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t", "", {{"If-None-Match", tag}}).status, 304);
  EXPECT_EQ(recorded().size(), 2U) << "files are read by what the client has, too";
  EXPECT_EQ(post("/v1/namespaces/ns/tables/t/plan", R"({"select":["id"]})").status, 200);
  EXPECT_THAT(recorded(), ElementsAre("answered |POST /v1/namespaces/ns/tables/t/plan|ns.t|done"));
  EXPECT_EQ(state::read_audit(*database_, seen_ - 1, 1)->front().columns, R"({"ns.t":["id"]})");
  EXPECT_EQ(post("/v1/namespaces/ns/tables/t", set_property("a")).status, 200);
  EXPECT_THAT(recorded(), ElementsAre("begun |POST /v1/namespaces/ns/tables/t|ns.t|", "ended ||ns.t|done"));
  EXPECT_EQ(post("/v1/tables/rename", R"({"source":{"namespace":["ns"],"name":"t"},)"
                                      R"("destination":{"namespace":["ns"],"name":"u"}})")
                .status,
            204);
  EXPECT_EQ(recorded().back(), "ended ||ns.t, ns.u|done");
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/tables/u").status, 204);
  EXPECT_THAT(recorded(), ElementsAre("begun |DELETE /v1/namespaces/ns/tables/u|ns.u|", "ended |||done"));
  EXPECT_TRUE(state::verify_audit(*database_, {}).ok());
}

TEST_F(RequestAuditTest, WhatIsThereIsNoSecretButRefusalsAreTold) {
  make_table();
  recorded();
  for (const char* const target :
       {"/v1/config", "/v1/namespaces", "/v1/namespaces/ns/tables", "/v1/namespaces/ns"})
    EXPECT_EQ(ask("GET", target).status, 200);
  EXPECT_EQ(ask("HEAD", "/v1/namespaces/ns/tables/none").status, 404);
  EXPECT_THAT(recorded(), IsEmpty());
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/none").status, 404);
  EXPECT_EQ(ask("GET", "/v1/nothing").status, 404);
  EXPECT_EQ(post("/v1/namespaces/ns/tables/t", "{").status, 400);
  EXPECT_EQ(post("/v1/namespaces/ns/tables", creation("t")).status, 409);
  EXPECT_THAT(recorded(),
              ElementsAre("refused |GET /v1/namespaces/ns/tables/none|ns.none|catalog.table_not_found",
                          "refused |GET /v1/nothing||rest.no_endpoint",
                          "begun |POST /v1/namespaces/ns/tables/t|ns.t|", "ended |||rest.bad_request",
                          "begun |POST /v1/namespaces/ns/tables||", "ended |||catalog.table_exists"));
}

TEST_F(RequestAuditTest, ClientsAndStrangers) {
  make_table();
  start({.clients = {{"spark", hash_secret("word", random_)}},
         .vend_credentials = [](const std::string&, Reach) -> Result<std::map<std::string, std::string>> {
           return std::map<std::string, std::string>{{"s3.access-key-id", "key"}};
         }});
  recorded();
  const auto token = [&](const std::string& secret) {
    return post("/v1/oauth/tokens", "grant_type=client_credentials&client_id=spark&client_secret=" + secret);
  };
  net::HttpRequest wrong{.method = "POST",
                         .target = "/v1/oauth/tokens",
                         .body = "grant_type=client_credentials&client_id=spark&client_secret=guess"};
  EXPECT_EQ(rest_->handle(wrong).status, 401);
  const std::string bearer = "Bearer " + token("word").body["access_token"].get<std::string>();
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t").status, 401);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t", "",
                {{"Authorization", bearer}, {"X-Iceberg-Access-Delegation", "vended-credentials"}})
                .status,
            200);
  EXPECT_THAT(
      recorded(),
      ElementsAre("login spark|POST /v1/oauth/tokens||rest.not_authorized",
                  "login spark|POST /v1/oauth/tokens||done",
                  "refused |GET /v1/namespaces/ns/tables/t||rest.not_authorized",
                  R"(answered spark|GET /v1/namespaces/ns/tables/t|ns.t|done{"credentials":["ns.t"]})"));
}

TEST_F(RequestAuditTest, WhatCannotBeToldIsNotDone) {
  make_table();
  audit_database_->set_commit_fault([] { return state::CommitFault::kFail; });
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t").status, 503);
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables").status, 200);
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/tables/t").status, 503);
  const Answer commit = post("/v1/namespaces/ns/tables/t", set_property("a"));
  EXPECT_EQ(commit.type(), "CommitFailedException") << "not an unknown outcome: nothing was done";
  audit_database_->set_commit_fault({});
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/t").body["metadata"]["properties"].contains("a"), false);
}

}  // namespace
}  // namespace tarn::rest
