#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "query/access/access_editor.h"
#include "query/lake_test.h"
#include "query/policy_test.h"

namespace tarn::query {
namespace {

constexpr const char* kFiles = R"(
roles:
  clerk:
    grants: [{tables: [curated.visit]}]
    write: ["sandbox.*"]
  lead: {inherits: [clerk]}
users:
  ann: {roles: [clerk], attributes: {facility: F1}}
)";

/// What SQL has said after these, or the code of the first error with the statement.
std::string said(const std::vector<std::string>& statements) {
  const auto files = policy_of(kFiles);
  std::string document;
  for (const std::string& sql : statements) {
    const auto statement = read_access_statement(sql);
    if (!statement.ok()) return std::string(statement.error().name());
    if (!*statement) return "another statement";
    auto edited = edited_rules(**statement, document, files->access);
    if (!edited.ok()) return std::string(edited.error().name());
    document = *std::move(edited);
  }
  return document;
}

struct Case {
  std::vector<std::string> statements;
  std::string expected;
};

TEST(AccessRules, AreWhatWasSaid) {
  const std::vector<Case> cases = {
      {{"CREATE ROLE a"}, R"({"made":{"roles":["a"]},"roles":{"a":{}},"users":{}})"},
      {{"create role \"a\" with nosuperuser inherit nologin"},
       R"({"made":{"roles":["a"]},"roles":{"a":{}},"users":{}})"},
      {{"CREATE USER u PASSWORD 'v' IN ROLE clerk, lead"},
       R"({"made":{"users":["u"]},"roles":{},"users":{"u":{"password":"v","roles":["clerk","lead"]}}})"},
      {{"CREATE ROLE u LOGIN", "DROP USER u"}, R"({"roles":{},"users":{}})"},
      {{"CREATE ROLE a", "CREATE ROLE b ROLE a, ann", "DROP ROLE b"},
       R"({"made":{"roles":["a"]},"roles":{"a":{"inherits":[]}},"users":{}})"},
      {{"GRANT SELECT ON curated.visit TO lead"},
       R"({"roles":{"lead":{"grants":[{"tables":["curated.visit"]}]}},"users":{}})"},
      {{"GRANT SELECT ON a.b, a.c TO lead", "REVOKE SELECT ON TABLE a.b FROM lead CASCADE"},
       R"({"roles":{"lead":{"grants":[{"tables":["a.c"]}]}},"users":{}})"},
      {{"GRANT SELECT (x, y) ON a.b TO ROLE lead"},
       R"({"roles":{"lead":{"grants":[{"columns":["x","y"],"tables":["a.b"]}]}},"users":{}})"},
      {{"GRANT SELECT ON a.b TO lead EXCEPT (x) WHERE (f(')') = $who) MASK (y WITH hash, z WITH partial(3))"},
       R"({"roles":{"lead":{"grants":[{"except":["x"],"masks":{"y":"hash","z":{"partial":3}},"tables":["a.b"],"where":"f(')') = $who"}]}},"users":{}})"},
      {{"GRANT ALL PRIVILEGES ON ALL TABLES IN SCHEMA a TO lead"},
       R"({"roles":{"lead":{"grants":[{"tables":["a.*"]}],"write":["a.*"]}},"users":{}})"},
      {{"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON a.b TO lead", "REVOKE ALL ON a.b FROM lead"},
       R"({"roles":{},"users":{}})"},
      {{"GRANT lead TO ann", "REVOKE lead FROM ann"}, R"({"roles":{},"users":{}})"},
      {{"GRANT lead TO ann, clerk"},
       R"({"roles":{"clerk":{"inherits":["lead"]}},"users":{"ann":{"roles":["lead"]}}})"},
      {{"ALTER USER ann SET ward = 'A', 'B'"},
       R"({"roles":{},"users":{"ann":{"attributes":{"ward":["A","B"]}}}})"},
      {{"ALTER USER ann SET ward TO 'A'", "ALTER ROLE ann RESET ward"}, R"({"roles":{},"users":{}})"},
      {{"CREATE USER u PASSWORD 'v'", "ALTER USER u PASSWORD NULL"},
       R"({"made":{"users":["u"]},"roles":{},"users":{"u":{"roles":[]}}})"},
      // Of a schema's tables, each by itself, too.
      {{"GRANT SELECT ON s.a, s.b, t.a TO lead", "GRANT ALL ON s.c TO lead",
        "REVOKE ALL ON ALL TABLES IN SCHEMA s FROM lead"},
       R"({"roles":{"lead":{"grants":[{"tables":["t.a"]}],"write":[]}},"users":{}})"},
      {{"GRANT USAGE ON SCHEMA a, b TO lead"}, ""},
      {{"CREATE USER IF NOT EXISTS ann"}, R"({"roles":{},"users":{}})"},
      {{"DROP ROLE IF EXISTS nobody"}, R"({"roles":{},"users":{}})"},
  };
  for (const Case& one : cases) EXPECT_EQ(said(one.statements), one.expected) << one.statements.back();
}

TEST(AccessRules, RefuseWhatTheyCannotSay) {
  const std::vector<Case> cases = {
      {{"SELECT 1"}, "another statement"},
      {{"CREATE TABLE role (a INT)"}, "another statement"},
      {{"CREATE ROLE"}, "sql.syntax"},
      {{"CREATE ROLE clerk"}, "access.role_exists"},
      {{"CREATE ROLE ann"}, "access.role_exists"},
      {{"CREATE ROLE IF NOT EXISTS ann"}, "access.role_exists"},
      {{"CREATE ROLE a PASSWORD 'v'"}, "sql.unsupported_write"},
      {{"CREATE USER a PASSWORD ''"}, "sql.syntax"},
      {{"CREATE USER a PASSWORD v"}, "sql.syntax"},
      {{"CREATE USER a SUPERUSER"}, "sql.unsupported_write"},
      {{"CREATE USER a IN ROLE nobody"}, "access.unknown_role"},
      {{"ALTER ROLE clerk PASSWORD 'v'"}, "access.unknown_user"},
      {{"ALTER ROLE nobody PASSWORD 'v'"}, "access.unknown_role"},
      {{"ALTER USER ann PASSWORD 'v'"}, "access.stands_in_file"},
      {{"ALTER USER ann SET facility TO 'F2'"}, "access.stands_in_file"},
      {{"DROP ROLE nobody"}, "access.unknown_role"},
      {{"DROP ROLE clerk"}, "access.stands_in_file"},
      {{"DROP ROLE clerk, lead x"}, "sql.syntax"},
      {{"GRANT SELECT ON a.b TO ann"}, "access.unknown_role"},
      {{"GRANT SELECT ON a.b TO nobody"}, "access.unknown_role"},
      {{"GRANT INSERT ON a.b TO lead"}, "sql.unsupported_write"},
      {{"GRANT REFERENCES ON a.b TO lead"}, "sql.unsupported_write"},
      {{"GRANT SELECT ON a.b TO lead WITH GRANT OPTION"}, "sql.unsupported_write"},
      {{"GRANT SELECT ON a.b TO lead WHERE a = 1"}, "sql.syntax"},
      {{"GRANT SELECT ON a.b TO lead WHERE (a = 1"}, "sql.syntax"},
      {{"GRANT SELECT ON a.b TO lead WHERE ("}, "sql.syntax"},
      {{"GRANT SELECT ON a.b TO lead WHERE ()"}, "sql.syntax"},
      {{"CREATE ROLE a;"}, "sql.syntax"},
      {{"CREATE ROLE \"a\xFF\""}, "sql.syntax"},
      {{"GRANT SELECT ON a.b TO lead MASK (x WITH \"h\xFF\")"}, "sql.syntax"},
      {{"ALTER USER ann SET ward TO '\xC3'"}, "sql.syntax"},
      {{std::string("ALTER USER ann SET ward TO 'a\0b'", 33)}, "sql.syntax"},
      {{"GRANT ALL ON a.b TO lead WHERE (a = 1)"}, "access.bad_rule"},
      {{"GRANT nobody TO ann"}, "access.unknown_role"},
      {{"REVOKE SELECT (x) ON a.b FROM lead"}, "access.bad_rule"},
      {{"REVOKE SELECT ON curated.visit FROM clerk"}, "access.stands_in_file"},
      {{"REVOKE ALL ON sandbox.t FROM clerk"}, "access.stands_in_file"},
      {{"REVOKE clerk FROM ann"}, "access.stands_in_file"},
      {{"REVOKE clerk FROM lead"}, "access.stands_in_file"},
      {{"REVOKE SELECT ON ALL TABLES IN SCHEMA curated FROM clerk"}, "access.stands_in_file"},
      {{"REVOKE nobody FROM ann"}, "access.unknown_role"},
      {{"GRANT USAGE ON SCHEMA a TO nobody"}, "access.unknown_role"},
      {{"ALTER USER ann NOLOGIN"}, "sql.unsupported_write"},
      {{"CREATE USER a PASSWORD 'x"}, "sql.syntax"},
      {{"CREATE USER a PASSWORD $q$x$q"}, "sql.syntax"},
      {{R"(CREATE USER a PASSWORD E'\x41')"}, "sql.syntax"},
      {{"CREATE ROLE \"a"}, "sql.syntax"},
      {{"ALTER USER ann SET ward TO 'a''"}, "sql.syntax"},
      {{"REVOKE USAGE ON SCHEMA a FROM lead"}, "sql.unsupported_write"},
      {{"GRANT SELECT ON ALL TABLES IN SCHEMA a TO lead", "REVOKE SELECT ON a.b FROM lead"},
       "access.bad_rule"},
  };
  for (const Case& one : cases) EXPECT_EQ(said(one.statements), one.expected) << one.statements.back();
}

// What SQL adds holds with the files, in which a password is not overwritten.
TEST(AccessRules, AddToTheFiles) {
  const std::string rules =
      said({"CREATE ROLE extra", "GRANT SELECT (id) ON curated.visit TO extra", "GRANT extra TO ann",
            "ALTER USER ann SET ward TO 'W'", "CREATE USER bob IN ROLE lead"});
  const auto outcome =
      project::load({{"tarn.yaml", "project: x"},
                     {"access/a.yaml", kFiles},
                     {std::string(project::kRulesBySql), effective_rules(rules, policy_of(kFiles)->access)}},
                    nullptr);
  ASSERT_TRUE(outcome.project) << project::render_outcome(outcome, false);
  const auto policy = std::make_shared<const AccessPolicy>(AccessPolicy{*outcome.project->access, {}, ""});
  const auto ann = must(Principal::make(policy, "ann"));
  EXPECT_THAT(ann->roles(), testing::ElementsAre("clerk", "extra"));
  EXPECT_EQ(policy->access.find_user("ann")->attributes.size(), 2U);
  EXPECT_THAT(must(Principal::make(policy, "bob"))->roles(), testing::ElementsAre("lead", "clerk"));
  EXPECT_TRUE(has_same_rights("ann", *policy, *policy));
  EXPECT_FALSE(has_same_rights("ann", *policy, *policy_of(kFiles)));
  EXPECT_TRUE(has_same_rights("ann", *policy_of(kFiles), *policy_of(kFiles)));
  // A text that looks like a variable of the environment is none.
  const auto literal = project::load({{"tarn.yaml", "project: x"},
                                      {std::string(project::kRulesBySql),
                                       R"({"users":{"eve":{"roles":[],"attributes":{"a":["${HOME}"]}}}})"}},
                                     [](std::string_view) { return std::optional<std::string>("leaked"); });
  ASSERT_TRUE(literal.project) << project::render_outcome(literal, false);
  EXPECT_EQ(literal.project->access->find_user("eve")->attributes.at("a").front(), "${HOME}");
}

TEST(AccessRules, AddNothingToWhatTheFilesNoLongerHave) {
  const std::string rules =
      said({"CREATE ROLE extra", "GRANT extra TO ann, clerk", "GRANT clerk, extra TO ann",
            "CREATE USER bob IN ROLE lead, extra", "ALTER USER ann SET ward TO 'W'"});
  EXPECT_EQ(effective_rules(rules, policy_of("users: {}")->access),
            R"({"roles":{"extra":{}},"users":{"bob":{"roles":["extra"]}}})");
  EXPECT_EQ(effective_rules(said({"ALTER USER ann SET ward TO 'W'"}), policy_of(kFiles)->access),
            R"({"roles":{},"users":{"ann":{"attributes":{"ward":["W"]},"roles":[]}}})");
}

}  // namespace
}  // namespace tarn::query
