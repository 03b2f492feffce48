#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "query/audit/named_columns.h"
#include "query/audit/redacted.h"
#include "query/lake_test.h"
#include "query/lines_test.h"
#include "query/policy_test.h"
#include "state/audit/audit_chain.h"
#include "state/audit/audit_trail.h"

namespace tarn::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A statement, and what the audit keeps of it.
constexpr std::string_view kRedacted = R"(
SELECT  1,   'Smith' -- of ward 7 => SELECT ?, '?'
SELECT * FROM t WHERE a='x''y' AND b >= 1.5e3 => SELECT * FROM t WHERE a='?' AND b >= ?
SELECT E'a\'b', $$c$$, $tag$d$tag$ /* e */ FROM t => SELECT '?', '?', '?' FROM t
SELECT "a b", $1, $name FROM "T" => SELECT "a b", $1, $name FROM "T"
SELECT 12abc, 0x1F, 1_000 => SELECT ?, ?, ?
SELECT 'not closed => SELECT '?'
)";

TEST(Redacted, LeavesNoValue) {
  for (const std::string_view line : lines_of(kRedacted)) {
    const std::size_t arrow = line.rfind(" => ");
    std::string sql(line.substr(0, arrow));
    if (sql.ends_with("not closed")) sql += " Smith";
    EXPECT_EQ(redacted(sql, QuotedNames::kKept), line.substr(arrow + 4));
  }
  EXPECT_EQ(redacted("SELECT x FROM t WHERE name = \"Smith\"", QuotedNames::kHidden),
            "SELECT x FROM t WHERE name = \"?\"");
  const std::string cut = redacted("SELECT " + std::string(20'000, 'x'), QuotedNames::kKept);
  EXPECT_EQ(cut.size(), 8003U);
}

// Statements over s.t (a, b, c) and s.u (a, d), and what they read of both.
constexpr std::string_view kNamed = R"(
SELECT a FROM s.t => a /
SELECT A, "b" FROM s.t WHERE c > 1 => a b c /
SELECT count(*) FROM s.t => /
SELECT count( * ), a * 2, (a) * b, 2 * -a FROM s.t => a b /
SELECT * FROM s.t => a b c /
SELECT DISTINCT * FROM s.t => a b c /
SELECT DISTINCT ON (a) * FROM s.t => a b c /
SELECT DISTINCT ON (a) * EXCLUDE (b) FROM s.t => a b c /
SELECT x.* FROM s.t x => a b c /
SELECT count(DISTINCT x.*) FROM s.t x => a b c /
SELECT COLUMNS('a') FROM s.t => a b c /
FROM s.t => a b c /
(FROM s.t) => a b c /
SELECT a FROM s.t UNION ALL FROM s.t => a b c /
SELECT a FROM (FROM s.t) => a b c /
WITH v AS (SELECT a FROM s.t) FROM v => a b c /
WITH v AS (SELECT a FROM s.t) SELECT max(a) FROM v => a /
SELECT a, FROM s.t => a b c /
CREATE TEMP TABLE x AS FROM s.t => a b c /
INSERT INTO x FROM s.t => a b c /
EXPLAIN FROM s.t => a b c /
TABLE s.t => a b c /
SUMMARIZE s.t => a b c /
DESCRIBE s.t => a b c /
SELECT x FROM s.t x => a b c /
SELECT x FROM s.t AS x => a b c /
SELECT t FROM s.t => a b c /
SELECT to_json(x) FROM s.t x => a b c /
SELECT x::VARCHAR FROM s.t "x" => a b c /
SELECT p FROM s.t x(p, q, r) => a b c /
SELECT x.a FROM s.t x WHERE x.b = 1 => a b /
SELECT s.t.a FROM s.t => a b c /
SELECT max(a) FROM s.t => a /
SELECT extract(year FROM a) FROM s.t => a /
SELECT x.a, y.d FROM s.t x JOIN s.u y ON x.a = y.a => a / a d
SELECT b FROM s.t LEFT JOIN s.u USING (a) => a b / a
SELECT a FROM s.t, s.u => a b c / a d
SELECT * FROM s.t NATURAL JOIN s.u => a b c / a d
SELECT #1 FROM s.t => a b c /
SELECT b FROM s.t AT (VERSION => 1) x WHERE x.a = 1 => a b /
SELECT x FROM s.t AT (VERSION => 1) x => a b c /
PIVOT s.t ON a USING sum(b) => a b c /
)";

TEST(NamedColumns, AreThoseThatAreReadAtLeast) {
  const KnownNames known{.tables = {{"s", "t"}, {"s", "u"}}, .default_schema = ""};
  for (const std::string_view line : lines_of(kNamed)) {
    const std::size_t arrow = line.rfind(" => ");
    const std::string sql(line.substr(0, arrow));
    const StatementNeeds needs = must(find_needs(sql, known));
    const NamedColumns named(sql, needs.tables);
    const bool has_u = sql.find("s.u") != sql.npos;
    std::string read;
    for (const std::string& column : named.of({"a", "b", "c"})) read += column + " ";
    read += "/";
    if (has_u)
      for (const std::string& column : named.of({"a", "d"})) read += " " + column;
    EXPECT_EQ(read, line.substr(arrow + 4)) << sql;
  }
}

constexpr std::string_view kPolicy = R"(
identifying: {identifier: hash}
mask_key_env: KEY
roles:
  clerk:
    grants:
      - tables: [curated.visit]
        where: facility = $facility
        masks: {mrn: {partial: 2}}
  auditor: {grants: [{tables: [ops.audit]}]}
users:
  ann: {roles: [clerk], attributes: {facility: F1}}
  otto: {roles: [auditor]}
)";

class SessionAuditTest : public testing::Test {
 protected:
  SessionAuditTest() {
    lake_.create(
        {"curated", "visit"},
        must(iceberg::Schema::make({.fields = {{.id = 1, .name = "id", .type = iceberg::Type::int64()},
                                               {.id = 2, .name = "facility", .type = iceberg::Type::string()},
                                               {.id = 3, .name = "mrn", .type = iceberg::Type::string()}}})));
    first_ = lake_.append({"curated", "visit"}, kRows);
    second_ = lake_.append({"curated", "visit"}, kRows);
  }
  static constexpr const char* kRows =
      "SELECT i AS id, 'F' || i AS facility, 'm' || i AS mrn FROM range(1, 4) r(i)";

  std::unique_ptr<Session> open(const std::string& user) {
    SessionClient client{.audit = &trail_, .actor = {.user = user, .door = "cli", .session = "s1"}};
    if (user != "owner") client.principal = must(Principal::make(policy_, user));
    return must(Session::open(*engine_, {lake_.catalog(), lake_.state(), lake_.manifests(), lake_.store()},
                              {.temporary_objects = true}, std::move(client)));
  }
  /// The last statement's first column, or its error's code.
  std::string run(Session& session, const std::string& script) {
    std::string last;
    for (const StatementText& statement : split_statements(script)) {
      Result<engine::ResultSet> rows = session.run(statement, {});
      if (!rows.ok()) return std::string(rows.error().name());
      const auto texts = engine::read_texts(*rows);
      if (!texts.ok()) return std::string(texts.error().name());
      last.clear();
      for (const auto& row : *texts) last += (last.empty() ? "" : " ") + row[0].value_or("NULL");
    }
    return last;
  }
  /// What is on record since the last call: one line each.
  std::vector<std::string> recorded() {
    must(trail_.flush());
    std::vector<std::string> lines;
    for (const auto& record : must(state::read_audit(lake_.state(), seen_, 1000))) {
      seen_ = record.sequence;
      const bool ended = record.event == "ended";
      lines.push_back(ended ? fmt::format("ended {} {}", record.outcome, record.rows.value_or(-1))
                            : fmt::format("{} {} | {} | {} | {} | {} | {}{}", record.event, record.actor.user,
                                          record.actor.roles, record.statement, record.tables, record.columns,
                                          record.policy, record.outcome));
    }
    return lines;
  }
  std::string at(std::int64_t snapshot) const { return fmt::format("curated.visit@{}", snapshot); }

  TestLake lake_;
  std::shared_ptr<const AccessPolicy> policy_ = policy_of(std::string(kPolicy));
  std::unique_ptr<engine::Database> engine_ =
      must(engine::Database::open({.memory_limit_bytes = 512ULL << 20, .threads = 2}));
  io::ManualClock clock_{kStartUs};
  state::AuditTrail trail_{lake_.state(), clock_, {}};
  std::int64_t first_ = 0;
  std::int64_t second_ = 0;
  std::int64_t seen_ = 0;
};

TEST_F(SessionAuditTest, TellsWhatWasReadAndByWhichPolicy) {
  const auto ann = open("ann");
  EXPECT_EQ(run(*ann, "SELECT mrn FROM curated.visit WHERE id = 1 AND mrn <> 'Smith'"), "** **");
  EXPECT_THAT(
      recorded(),
      ElementsAre("begun ann | clerk | SELECT mrn FROM curated.visit WHERE id = ? AND mrn <> '?' | " +
                      at(second_) + R"( | {"curated.visit":["id","mrn"]} | )" +
                      R"({"curated.visit":{"masks":{"mrn":"partial: 2"},"rows":["facility = $facility"]}})",
                  "ended done 2"));
  const auto owner = open("owner");
  EXPECT_EQ(run(*owner, fmt::format("SELECT count(*) FROM curated.visit AT (VERSION => {})", first_)), "3");
  EXPECT_THAT(recorded(),
              ElementsAre("begun owner |  | SELECT count(*) FROM curated.visit AT (VERSION => ?) | " +
                              at(first_) + R"( | {"curated.visit":[]} | )",
                          "ended done 1"));
  EXPECT_EQ(run(*owner, "SELECT a.id FROM curated.visit a JOIN curated.visit b ON a.mrn = b.mrn LIMIT 1"),
            "1");
  EXPECT_THAT(recorded().front(), HasSubstr(" | " + at(second_) + R"( | {"curated.visit":["id","mrn"]} | )"));
}

TEST_F(SessionAuditTest, TellsOfRecordsThatHoldDataAndNotOfLookUps) {
  const auto owner = open("owner");
  for (const char* const lookup : {"SELECT 1", "SHOW TABLES", "SELECT count(*) FROM ops.tables",
                                   "USE curated", "SELECT column_name FROM ops.columns", "BEGIN", "COMMIT"})
    run(*owner, lookup);
  EXPECT_THAT(recorded(), IsEmpty());
  run(*owner, "SELECT count(*) FROM ops.quarantine; SELECT count(*) FROM range(3)");
  EXPECT_THAT(
      recorded(),
      ElementsAre("begun owner |  | SELECT count(*) FROM ops.quarantine | ops.quarantine |  | ",
                  "ended done 1", "begun owner |  | SELECT count(*) FROM range(?) |  |  | ", "ended done 1"));
  run(*owner, "PREPARE p AS SELECT id FROM visit; EXECUTE p");
  const auto lines = recorded();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[2],
              HasSubstr("EXECUTE p | " + at(second_) + R"( | {"curated.visit":["id","facility","mrn"]})"));
  EXPECT_EQ(lines[3], "ended done 6");
}

TEST_F(SessionAuditTest, TellsHowItEnded) {
  const auto owner = open("owner");
  EXPECT_EQ(run(*owner, "SELECT facility::INT FROM curated.visit"), "sql.conversion");
  EXPECT_EQ(recorded().back(), "ended sql.conversion 0");
  {
    const engine::ResultSet unread = must(owner->run({"SELECT id FROM curated.visit", 0, 28}, {}));
    EXPECT_EQ(recorded().size(), 1U) << "begun before the first row";
  }
  EXPECT_THAT(recorded(), ElementsAre("ended unfinished 0"));
  const auto prepared = must(owner->prepare({"SELECT id FROM curated.visit", 0, 28}));
  EXPECT_THAT(recorded(), IsEmpty());
  {
    Cursor cursor = must(owner->open_cursor(prepared, {}));
    EXPECT_EQ(recorded().size(), 1U);
    must(cursor.start());
    while (must(cursor.rows().next())) {
    }
    EXPECT_THAT(recorded(), ElementsAre("ended done 6"));
  }
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(SessionAuditTest, TellsWhatWasRefusedWithoutValues) {
  const auto ann = open("ann");
  EXPECT_EQ(run(*ann, "SELECT * FROM curated.ward WHERE name = \"Smith\" AND mrn = 'm1'"),
            "sql.unknown_table");
  EXPECT_EQ(run(*ann, "DROP TABLE curated.visit"), "sql.not_allowed");
  EXPECT_EQ(run(*ann, "SELECT count(*) FROM ops.audit"), "sql.unknown_table");
  EXPECT_EQ(must(open("otto")->prepare({"SELECT 1", 0, 8})).columns().size(), 1U);
  EXPECT_THAT(recorded(),
              ElementsAre("refused ann | clerk | SELECT * FROM curated.ward WHERE name = \"?\" AND mrn = "
                          "'?' |  |  | sql.unknown_table",
                          "refused ann | clerk | DROP TABLE curated.visit |  |  | sql.not_allowed",
                          "refused ann | clerk | SELECT count(*) FROM ops.audit |  |  | "
                          "sql.unknown_table"));
  EXPECT_FALSE(ann->prepare({"SELECT nothing", 0, 14}, "sql", Refusal::kIgnored).ok());
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(SessionAuditTest, ServesTheAuditorAndGrowsWithIt) {
  run(*open("ann"), "SELECT id FROM curated.visit");
  must(trail_.flush());
  const auto otto = open("otto");
  constexpr const char* kAsk = "SELECT count(*) FROM ops.audit WHERE user_name = 'ann' OR event = 'ended'";
  EXPECT_EQ(run(*otto, kAsk), "2");
  must(trail_.flush());
  EXPECT_EQ(run(*otto, kAsk), "3") << "its own question is there as well";
  EXPECT_EQ(
      run(*otto, "SELECT columns_read->>'curated.visit' FROM ops.audit WHERE user_name = 'ann' LIMIT 1"),
      R"(["id"])");
  EXPECT_TRUE(state::verify_audit(lake_.state(), {}).ok());
}

TEST_F(SessionAuditTest, RefusesWhatItCannotTell) {
  const auto owner = open("owner");
  lake_.state().set_commit_fault([] { return state::CommitFault::kFail; });
  EXPECT_EQ(run(*owner, "SELECT id FROM curated.visit"), "audit.unavailable");
  EXPECT_EQ(run(*owner, "SELECT 1"), "1");
  const auto prepared = must(owner->prepare({"SELECT id FROM curated.visit", 0, 28}));
  EXPECT_EQ(owner->open_cursor(prepared, {}).error().name(), "audit.unavailable");
  lake_.state().set_commit_fault({});
  EXPECT_EQ(run(*owner, "SELECT count(*) FROM curated.visit"), "6");
}

}  // namespace
}  // namespace tarn::query
