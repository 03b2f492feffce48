#include "query/access/principal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/access/plain_condition.h"
#include "query/lake_test.h"
#include "query/policy_test.h"

namespace tarn::query {
namespace {

using iceberg::Type;

const TableName kVisit{"curated", "visit"};

iceberg::Schema visit_schema() {
  return must(iceberg::Schema::make({.fields = {{.id = 1, .name = "id", .type = Type::int64()},
                                                {.id = 2, .name = "facility", .type = Type::string()},
                                                {.id = 3, .name = "mrn", .type = Type::string()},
                                                {.id = 4, .name = "born", .type = Type::date()},
                                                {.id = 5, .name = "added_later", .type = Type::string()}}}));
}

/// "id, facility=<sql>" of the columns, then the filter.
std::string seen(const std::string& yaml, std::string_view user = "ann",
                 const iceberg::Schema& schema = visit_schema()) {
  const auto principal = Principal::make(policy_of(yaml), user);
  if (!principal.ok()) return std::string(principal.error().name());
  if (!(*principal)->sees(kVisit)) return "nothing";
  const TablePolicy policy = (*principal)->policy(kVisit, schema);
  std::string text;
  for (const VisibleColumn& column : policy.columns)
    text += (text.empty() ? "" : ", ") + column.name + (column.is_plain ? "" : "=" + column.sql);
  return text + (policy.filter.empty() ? "" : " where " + policy.filter);
}

std::string roles(const std::string& roles, const std::string& user = "{roles: [r]}") {
  return "mask_key_env: KEY\nroles:\n" + roles + "users:\n  ann: " + user + "\n";
}

TEST(Principal, NothingIsSeenByDefault) {
  EXPECT_EQ(seen(roles("  r: {}\n")), "nothing");
  EXPECT_EQ(seen(roles("  r: {}\n"), "bob"), "access.unknown_user");
  EXPECT_EQ(seen(roles("  r: {grants: [{tables: [curated.other]}]}\n")), "nothing");
  EXPECT_EQ(seen(roles("  r: {}\n  s: {grants: [{tables: [\"**\"]}]}\n")), "nothing");
}

TEST(Principal, GrantsAddUp) {
  EXPECT_EQ(seen(roles("  r: {grants: [{tables: [curated.visit]}]}\n")),
            "id, facility, mrn, born, added_later");
  EXPECT_EQ(seen(roles("  r: {grants: [{tables: [\"**\"], except: [mrn, _batch_id]}]}\n")),
            "id, facility, born, added_later");
  EXPECT_EQ(seen(roles("  r: {inherits: [s], grants: [{tables: [\"*.visit\"], columns: [id]}]}\n"
                       "  s: {grants: [{tables: [\"curated.*\"], columns: [born]}]}\n")),
            "id, born");
}

TEST(Principal, DenialsWin) {
  EXPECT_EQ(
      seen(roles(
          "  r: {inherits: [s], grants: [{tables: [\"**\"]}]}\n  s: {deny: [{tables: [\"CURATED.*\"]}]}\n")),
      "nothing");
  EXPECT_EQ(
      seen(roles(
          "  r: {grants: [{tables: [\"**\"]}], deny: [{tables: [\"*.visit\"], columns: [mrn, born]}]}\n")),
      "id, facility, added_later");
}

// What a value was before tells of a person as well.
TEST(Principal, FormerValuesAreAsPrivateAsPresentOnes) {
  const auto schema =
      must(iceberg::Schema::make({.fields = {{.id = 1, .name = "mrn", .type = Type::string()},
                                             {.id = 2, .name = "previous_mrn", .type = Type::string()},
                                             {.id = 3, .name = "previous_name", .type = Type::string()}}}));
  const auto shown = [&](const std::string& grant) {
    return seen(roles("  r: {" + grant + "}\n"), "ann", schema);
  };
  EXPECT_EQ(shown("grants: [{tables: [curated.visit]}]"), "mrn, previous_mrn, previous_name");
  EXPECT_EQ(shown("grants: [{tables: [curated.visit], masks: {mrn: \"null\"}}]"),
            "mrn=CAST(NULL AS VARCHAR), previous_mrn=CAST(NULL AS VARCHAR), previous_name");
  EXPECT_EQ(shown("grants: [{tables: [curated.visit], except: [mrn]}]"), "previous_name");
  EXPECT_EQ(shown("grants: [{tables: [curated.visit]}], deny: [{tables: [\"**\"], columns: [mrn]}]"),
            "previous_name");
}

TEST(Principal, FiltersHaveTheUsersAttributes) {
  const std::string role =
      "  r: {grants: [{tables: [curated.visit], columns: [id], where: \"facility = $f\"}]}\n";
  EXPECT_EQ(seen(roles(role, "{roles: [r], attributes: {f: \"O'1\"}}")), "id where (facility = ('O''1')\n)");
  EXPECT_EQ(seen(roles(role)), "access.missing_attribute");
  EXPECT_EQ(
      seen(roles("  r: {grants: [{tables: [curated.visit], columns: [id], where: \"facility IN $f\"}]}\n",
                 "{roles: [r], attributes: {f: [a, b]}}")),
      "id where (facility IN ('a', 'b')\n)");
  EXPECT_EQ(
      seen(roles("  r: {grants: [{tables: [curated.visit], columns: [id], where: \"mrn = $user\"}]}\n")),
      "id where (mrn = ('ann')\n)");
  EXPECT_EQ(
      seen(roles(
          "  r: {grants: [{tables: [curated.visit], columns: [id], where: \"mrn = '$f' AND id > 5\"}]}\n")),
      "id where (TRY((mrn = '$f' AND id > 5\n))\n)")
      << "what may fail hides the row instead";
}

// A row that two grants let through shows what each shows; one that only one lets through, what that one
// shows.
TEST(Principal, ColumnsComeWithTheRowsOfTheirGrants) {
  EXPECT_EQ(
      seen(roles("  r:\n    grants:\n"
                 "      - {tables: [curated.visit], columns: [id, mrn], masks: {mrn: \"null\"}}\n"
                 "      - {tables: [curated.visit], columns: [mrn, born], where: \"facility = 'a'\"}\n")),
      "id, mrn=CASE WHEN (facility = 'a'\n) THEN \"mrn\" ELSE CAST(NULL AS VARCHAR) END, "
      "born=CASE WHEN (facility = 'a'\n) THEN \"born\" ELSE NULL END");
  EXPECT_EQ(seen(roles("  r:\n    grants:\n"
                       "      - {tables: [curated.visit], columns: [id], where: \"facility = 'a'\"}\n"
                       "      - {tables: [curated.visit], columns: [id, mrn], where: \"facility = 'b'\"}\n")),
            "id=CASE WHEN (facility = 'a'\n) THEN \"id\" WHEN (facility = 'b'\n) THEN \"id\" ELSE NULL END, "
            "mrn=CASE WHEN (facility = 'b'\n) THEN \"mrn\" ELSE NULL END "
            "where (facility = 'a'\n) OR (facility = 'b'\n)");
}

TEST(Principal, ClassesAreMaskedUnlessAGrantSaysOtherwise) {
  const std::string classes = "identifying: {identifier: \"null\", birth_date: year}\n";
  EXPECT_EQ(seen(classes + roles("  r: {grants: [{tables: [curated.visit]}]}\n")),
            "id, facility, mrn=CAST(NULL AS VARCHAR), born=CAST(date_trunc('year', \"born\") AS DATE)")
      << "a column that no contract describes is not seen";
  EXPECT_EQ(seen(classes + roles("  r: {grants: [{tables: [curated.visit], columns: [mrn, note], "
                                 "masks: {mrn: none}}]}\n")),
            "mrn");
}

TEST(Principal, TablesOfNobodyKnowsWhatMustBeNamedWhereClassesAreMasked) {
  const auto sees = [](const std::string& yaml) {
    return must(Principal::make(policy_of(yaml), "ann"))->sees({"other", "table"});
  };
  const std::string classes = "identifying: {identifier: \"null\"}\n";
  EXPECT_TRUE(sees(roles("  r: {grants: [{tables: [\"**\"]}]}\n")));
  EXPECT_FALSE(sees(classes + roles("  r: {grants: [{tables: [\"**\"]}]}\n")));
  EXPECT_TRUE(sees(classes + roles("  r: {grants: [{tables: [other.table]}]}\n")));
}

TEST(Principal, TarnsOwnRecordsAreGrantedByName) {
  const auto sees = [](const std::string& yaml, const std::string& name) {
    return must(Principal::make(policy_of(yaml), "ann"))->sees({"ops", name});
  };
  const std::string all = roles("  r: {grants: [{tables: [\"**\"]}]}\n");
  EXPECT_TRUE(sees(all, "tables"));
  EXPECT_FALSE(sees(all, "quarantine"));
  EXPECT_FALSE(sees(all, "audit"));
  EXPECT_TRUE(sees(roles("  r: {grants: [{tables: [ops.audit]}]}\n"), "audit"));
  EXPECT_FALSE(
      sees(roles("  r: {grants: [{tables: [ops.audit]}], deny: [{tables: [\"ops.*\"]}]}\n"), "audit"));
}

TEST(Principal, HashesNeedTheirKey) {
  const std::string yaml =
      roles("  r: {grants: [{tables: [curated.visit], columns: [mrn], masks: {mrn: hash}}]}\n");
  AccessPolicy policy = *policy_of(yaml);
  policy.mask_key.clear();
  const auto refused = Principal::make(std::make_shared<const AccessPolicy>(policy), "ann");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().name(), "access.no_mask_key");
  EXPECT_THAT(seen(yaml), testing::StartsWith("mrn=left(sha256("));
}

TEST(PlainCondition, CannotFail) {
  for (const std::string_view sql :
       {"a = 'x'", "a = ('x')", "\"a b\" IN ('x', 'y')", "a NOT IN ('x')", "a IS NULL", "a IS NOT NULL",
        "NOT (a = 'x' OR b <> 'y') AND c BETWEEN 'a' AND 'b'", "a >= 'x' AND (b < 'y')"})
    EXPECT_TRUE(is_plain_condition(sql)) << sql;
  for (const std::string_view sql :
       {"", "a", "true", "a = 1", "a = b", "'x' = a", "a::INT = 'x'", "CAST(a AS INT) = 'x'", "f(a) = 'x'",
        "a + b = 'x'", "a = 'x')", "(a = 'x'", "a = 'x' OR", "a IN (SELECT 'x')", "a = 'x' || b",
        "a LIKE 'x%'", "a = 'x' -- \nOR b", "t.a = 'x'"})
    EXPECT_FALSE(is_plain_condition(sql)) << sql;
}

}  // namespace
}  // namespace tarn::query
