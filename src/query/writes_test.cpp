#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/lake_test.h"
#include "query/lines_test.h"
#include "query/policy_test.h"
#include "state/audit/audit_trail.h"

// What tests/sql/writes.test and transactions.test cannot say: several sessions, users, COPY and the audit.
namespace tarn::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The rows of the last statement, or its error's code.
std::vector<std::string> run(Session& session, const std::string& script) {
  std::vector<std::string> lines;
  for (const StatementText& statement : split_statements(script)) {
    const auto texts = [&]() -> Result<std::vector<std::vector<std::optional<std::string>>>> {
      TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, session.run(statement, {}));
      return engine::read_texts(rows);
    }();
    if (!texts.ok()) return {std::string(texts.error().name())};
    lines.clear();
    for (const auto& row : *texts) {
      std::string line;
      for (const auto& cell : row) line += (line.empty() ? "" : " | ") + cell.value_or("NULL");
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

class Writes : public testing::Test {
 protected:
  Writes() {
    EXPECT_THAT(run(*first_, "CREATE SCHEMA s; CREATE TABLE s.t (id BIGINT, v TEXT)"), ElementsAre("0"));
  }

  TestLake lake_;
  std::unique_ptr<Session> first_ = lake_.open_writer();
  std::unique_ptr<Session> second_ = lake_.open_writer();
};

TEST_F(Writes, OthersSeeThemWhenTheyAreCommitted) {
  EXPECT_THAT(run(*first_, "BEGIN; INSERT INTO s.t VALUES (1, 'a'); SELECT count(*) FROM s.t"),
              ElementsAre("1"));
  EXPECT_THAT(run(*second_, "SELECT count(*) FROM s.t"), ElementsAre("0"));
  EXPECT_THAT(run(*first_, "COMMIT"), ElementsAre("0"));
  EXPECT_THAT(run(*second_, "SELECT count(*) FROM s.t"), ElementsAre("1"));
}

TEST_F(Writes, OfTwoTransactionsOnOneTableTheSecondIsRefused) {
  EXPECT_THAT(run(*first_, "BEGIN; INSERT INTO s.t VALUES (1, 'a'); SELECT count(*) FROM s.t"),
              ElementsAre("1"));
  EXPECT_THAT(run(*second_, "INSERT INTO s.t VALUES (2, 'b')"), ElementsAre("1"));
  EXPECT_THAT(run(*first_, "COMMIT"), ElementsAre("catalog.commit_conflict"));
  EXPECT_THAT(run(*first_, "SELECT id FROM s.t"), ElementsAre("2"));
  EXPECT_THAT(run(*first_, "BEGIN; UPDATE s.t SET v = 'c' WHERE id = 2; COMMIT; SELECT v FROM s.t"),
              ElementsAre("c"));
}

TEST_F(Writes, LeaveNoFilesWhenTheyAreTakenBack) {
  const auto files = [&] { return must(lake_.store().list(io::file_uri(lake_.folder() + "/lake"))).size(); };
  run(*first_, "INSERT INTO s.t SELECT i, 'x' FROM range(100) r(i)");
  const std::size_t before = files();
  EXPECT_THAT(
      run(*first_, "BEGIN; UPDATE s.t SET v = 'y'; DELETE FROM s.t WHERE id < 50; SELECT count(*) FROM s.t"),
      ElementsAre("50"));
  EXPECT_GT(files(), before);
  EXPECT_THAT(run(*first_, "ROLLBACK; SELECT count(*) FROM s.t WHERE v = 'x'"), ElementsAre("100"));
  EXPECT_EQ(files(), before);
}

TEST_F(Writes, RowsOfATransactionAreOneFileAndOneSnapshot) {
  std::string script = "BEGIN;";
  for (int i = 0; i < 50; ++i) script += "INSERT INTO s.t VALUES (" + std::to_string(i) + ", 'x');";
  EXPECT_THAT(run(*first_, script + "COMMIT; SELECT count(*) FROM s.t"), ElementsAre("50"));
  const catalog::Table table = must(lake_.catalog().load_table({"s", "t"}));
  EXPECT_EQ(table.metadata->snapshots.size(), 1U);
  EXPECT_EQ(must(table::plan_scan(lake_.manifests(), *table.metadata)).tasks.size(), 1U);
}

TEST_F(Writes, GoBackToSavepoints) {
  ASSERT_TRUE(first_->begin().ok());
  run(*first_, "INSERT INTO s.t VALUES (1, 'a')");
  ASSERT_TRUE(first_->save("p").ok());
  run(*first_, "INSERT INTO s.t VALUES (2, 'b'); DELETE FROM s.t WHERE id = 1");
  EXPECT_THAT(run(*first_, "SELECT id FROM s.t"), ElementsAre("2"));
  ASSERT_TRUE(first_->restore("p").ok());
  EXPECT_THAT(run(*first_, "SELECT id FROM s.t"), ElementsAre("1"));
  EXPECT_EQ(first_->restore("q").error().name(), "sql.transaction");
  ASSERT_TRUE(first_->release("p").ok());
  EXPECT_EQ(first_->restore("p").error().name(), "sql.transaction");
  ASSERT_TRUE(first_->commit().ok());
  EXPECT_THAT(run(*second_, "SELECT id FROM s.t"), ElementsAre("1"));
}

// Rows that were deleted once stay so, however often a table is changed, in the way of each format version.
TEST_F(Writes, ChangeATableAgainAndAgain) {
  for (const std::int32_t version : {2, 3}) {
    const auto session = lake_.open_writer(nullptr, version);
    run(*session,
        "DROP TABLE IF EXISTS s.many; CREATE TABLE s.many AS SELECT i AS id, 0 AS n FROM range(1000) r(i)");
    for (int round = 1; round <= 5; ++round) {
      EXPECT_THAT(run(*session, "UPDATE s.many SET n = n + 1 WHERE id % 2 = 0"), ElementsAre("500"));
      EXPECT_THAT(run(*session, "DELETE FROM s.many WHERE id = " + std::to_string(2 * round + 1)),
                  ElementsAre("1"));
    }
    EXPECT_THAT(run(*session, "SELECT count(*), sum(n), max(n) FROM s.many"), ElementsAre("995 | 2500 | 5"));
    const auto table = must(lake_.catalog().load_table({"s", "many"}));
    EXPECT_EQ(table.metadata->format_version, version);
    EXPECT_THAT(run(*session,
                    "BEGIN; UPDATE s.many SET n = 9; UPDATE s.many SET n = n + 1 WHERE id = 0; "
                    "DELETE FROM s.many WHERE id > 0; COMMIT; SELECT * FROM s.many"),
                ElementsAre("0 | 10"));
  }
}

TEST_F(Writes, PreparedStatementsTakeParameters) {
  const auto prepared = [&](const std::string& sql) { return must(first_->prepare({sql, 0, sql.size()})); };
  PreparedStatement insert = prepared("INSERT INTO s.t (v, id) VALUES ($1, $2)");
  EXPECT_EQ(insert.kind(), engine::StatementKind::kInsert);
  EXPECT_EQ(insert.parameter_type(1).id, engine::TypeId::kInt64);
  for (std::int64_t i = 0; i < 3; ++i) {
    const std::vector<engine::ParameterValue> values{std::string("v") + std::to_string(i), i};
    must(first_->execute(insert, values));
  }
  PreparedStatement update = prepared("UPDATE s.t SET v = $1 WHERE id = $2");
  EXPECT_EQ(update.kind(), engine::StatementKind::kUpdate);
  engine::ResultSet changed =
      must(first_->execute(update, std::vector<engine::ParameterValue>{std::string("new"), std::int64_t{1}}));
  EXPECT_FALSE(changed.has_rows());
  EXPECT_EQ(must(engine::read_texts(changed)).at(0).at(0), "1");
  EXPECT_THAT(run(*second_, "SELECT v FROM s.t ORDER BY id"), ElementsAre("v0", "new", "v2"));
}

TEST_F(Writes, CopyTakesRowsOrNone) {
  using Fields = std::vector<std::optional<std::string_view>>;
  const auto copy = [&](const std::vector<Fields>& rows,
                        std::vector<std::string> columns = {}) -> std::string {
    auto in = first_->begin_copy("COPY s.t FROM STDIN", {.table = "s.t", .columns = std::move(columns)});
    if (!in.ok()) return std::string(in.error().name());
    std::int64_t line = 0;
    for (const Fields& row : rows) {
      const Status added = (*in)->add_row(row, ++line);
      if (!added.ok()) return added.error().message();
    }
    const auto count = (*in)->finish();
    return count.ok() ? std::to_string(*count) : count.error().message();
  };
  EXPECT_EQ(copy({{"1", "a"}, {"2", std::nullopt}}), "2");
  EXPECT_EQ(copy({{"b"}}, {"v"}), "1");
  EXPECT_THAT(copy({{"3", "c"}, {"x", "d"}}), HasSubstr("line 2, column id"));
  EXPECT_THAT(copy({{"3"}}), HasSubstr("line 1 has 1 fields"));
  EXPECT_THAT(copy({{"3", "\xff"}}), HasSubstr("line 1"));
  EXPECT_EQ(copy({}, {"nope"}), "sql.binder");
  EXPECT_THAT(run(*second_, "SELECT id, v FROM s.t ORDER BY id, v"),
              ElementsAre("1 | a", "2 | NULL", "NULL | b"));
}

TEST_F(Writes, AreOnRecordBeforeTheyRun) {
  state::AuditTrail trail(lake_.state(), lake_.clock(), {});
  auto session = must(Session::open(lake_.engine(), lake_.writable(), {.writes = true},
                                    {.audit = &trail, .actor = {.user = "ann"}}));
  run(*session,
      "INSERT INTO s.t VALUES (1, 'secret'); BEGIN; DELETE FROM s.t; COMMIT; INSERT INTO s.t (no) VALUES "
      "(1)");
  must(trail.flush());
  session->serve_call("", "");
  const auto rows = run(*second_,
                        "SELECT event, statement, tables, outcome, row_count FROM ops.audit WHERE user_name "
                        "= 'ann' ORDER BY sequence");
  const auto table = must(lake_.catalog().load_table({"s", "t"}));
  ASSERT_EQ(rows.size(), 7U) << testing::PrintToString(rows);
  EXPECT_THAT(rows[0], HasSubstr("begun | INSERT INTO s.t VALUES"));
  EXPECT_THAT(rows[0], testing::Not(HasSubstr("secret")));
  EXPECT_THAT(rows[1], HasSubstr("s.t@" + std::to_string(table.metadata->snapshots.front().snapshot_id) +
                                 " | done | 1"));
  EXPECT_THAT(rows[4], HasSubstr("begun | COMMIT | s.t"));
  EXPECT_THAT(rows[5], HasSubstr("s.t@" + std::to_string(*table.metadata->current_snapshot_id) + " | done"));
  EXPECT_THAT(rows[6], HasSubstr("refused"));
}

constexpr std::string_view kRoles = R"(
roles:
  reader:
    grants: [{tables: [curated.visit]}]
  partial:
    grants: [{tables: [curated.note], where: "id > 1"}, {tables: [sandbox.own]}]
    write: [curated.note, "sandbox.*"]
  writer:
    inherits: [reader]
    grants: [{tables: ["sandbox.*"]}]
    write: ["sandbox.*", "curated.secret"]
    deny: [{tables: [sandbox.kept, curated.secret]}]
users:
  rita: {roles: [reader]}
  paul: {roles: [partial]}
  wilma: {roles: [writer]}
)";

class WritesOfUsers : public Writes {
 protected:
  WritesOfUsers() {
    run(*first_,
        "CREATE SCHEMA curated; CREATE TABLE curated.visit (id BIGINT); CREATE TABLE curated.note (id "
        "BIGINT); "
        "CREATE SCHEMA sandbox; CREATE TABLE sandbox.kept (id BIGINT); INSERT INTO curated.visit VALUES (7)");
  }
  std::unique_ptr<Session> as(const std::string& user) {
    return lake_.open_writer(must(Principal::make(policy_, user)));
  }

  std::shared_ptr<const AccessPolicy> policy_ = policy_of(std::string(kRoles));
};

TEST_F(WritesOfUsers, AreWhatTheirRolesAllow) {
  const auto wilma = as("wilma");
  EXPECT_THAT(run(*wilma, "CREATE TABLE sandbox.mine AS SELECT id, 'x' AS note FROM curated.visit"),
              ElementsAre("1"));
  EXPECT_THAT(
      run(*wilma, "UPDATE sandbox.mine SET id = id + 1 WHERE note = 'x'; SELECT id FROM sandbox.mine"),
      ElementsAre("8"));
  EXPECT_THAT(
      run(*wilma,
          "INSERT INTO sandbox.mine VALUES (1, 'a'), (2, 'b'); DELETE FROM sandbox.mine WHERE id < 2"),
      ElementsAre("1"));
  for (const std::string_view sql : lines_of(R"(
INSERT INTO curated.visit VALUES (1)
DELETE FROM curated.visit
DROP TABLE curated.visit
ALTER TABLE curated.visit ADD COLUMN x INT
ALTER TABLE sandbox.mine RENAME TO kept
ALTER TABLE sandbox.mine SET SCHEMA curated
CREATE TABLE curated.new (id INT)
CREATE TABLE curated.secret (id INT)
CREATE TABLE sandbox.kept (id INT)
CREATE SCHEMA other
DROP SCHEMA curated
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)), ElementsAre("sql.write_denied")) << sql;
  // Without `write:` nothing has changed: what changes anything is no statement of a user's.
  const auto rita = as("rita");
  for (const std::string_view sql :
       {"INSERT INTO curated.visit VALUES (1)", "CREATE TABLE sandbox.z (id INT)", "DROP TABLE curated.visit",
        "TRUNCATE curated.visit", "CREATE SCHEMA z"})
    EXPECT_THAT(run(*rita, std::string(sql)), ElementsAre("sql.not_allowed")) << sql;
  // Who does not see all rows of a table changes none.
  const auto paul = as("paul");
  for (const std::string_view sql : {"INSERT INTO curated.note VALUES (1)", "DELETE FROM curated.note",
                                     "UPDATE curated.note SET id = 2", "DROP TABLE curated.note"})
    EXPECT_THAT(run(*paul, std::string(sql)), ElementsAre("sql.write_denied")) << sql;
  EXPECT_THAT(run(*paul, "CREATE TABLE sandbox.own (id INT); INSERT INTO sandbox.own VALUES (1)"),
              ElementsAre("1"));
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM curated.visit"), ElementsAre("1"));
}

TEST_F(WritesOfUsers, ReadWhatTheyMayReadAndNothingElse) {
  const auto wilma = as("wilma");
  EXPECT_THAT(run(*wilma, "CREATE TABLE sandbox.mine AS SELECT id, 'x' AS note FROM curated.visit"),
              ElementsAre("1"));
  for (const std::string_view sql : lines_of(R"(
INSERT INTO sandbox.kept VALUES (1)
INSERT INTO sandbox.mine (id) SELECT id FROM curated.note
INSERT INTO sandbox.mine (id) VALUES (1) RETURNING (SELECT max(id) FROM curated.note)
DELETE FROM sandbox.mine RETURNING (SELECT max(id) FROM sandbox.kept)
INSERT INTO sandbox.mine (id) VALUES (1) RETURNING (SELECT count(*) FROM tarn_stage.fresh)
INSERT INTO sandbox.mine (id) SELECT id FROM curated.note ON CONFLICT (id) DO NOTHING
MERGE INTO sandbox.mine USING curated.note n ON n.id = mine.id WHEN MATCHED THEN DELETE
MERGE INTO sandbox.mine USING (SELECT 7 AS id) s ON s.id = mine.id WHEN MATCHED AND EXISTS (FROM curated.note) THEN DELETE
UPDATE sandbox.mine SET id = (SELECT max(id) FROM curated.note)
DELETE FROM sandbox.mine USING curated.note n WHERE n.id = 1
DELETE FROM sandbox.mine WHERE id IN (SELECT id FROM sandbox.kept)
UPDATE sandbox.mine SET id = 1 WHERE EXISTS (SELECT 1 FROM duckdb_settings)
CREATE TABLE sandbox.x AS SELECT * FROM tarn_write.mine
DELETE FROM sandbox.mine USING tarn_stage."sandbox.mine"
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)), ElementsAre("sql.unknown_table")) << sql;
  for (const std::string_view sql : lines_of(R"(
INSERT INTO sandbox.mine SELECT 1, content FROM read_text('/etc/passwd')
UPDATE sandbox.mine SET note = getenv('PATH')
INSERT INTO sandbox.mine (id) VALUES (1) RETURNING getenv('PATH')
MERGE INTO sandbox.mine USING read_text('/etc/passwd') s ON s.size = mine.id WHEN NOT MATCHED THEN INSERT (note) VALUES (s.content)
MERGE INTO sandbox.mine USING (SELECT 7 AS id) s ON s.id = mine.id WHEN MATCHED THEN UPDATE SET note = getenv('PATH')
UPDATE sandbox.mine SET note = 'a') FROM duckdb_settings() --
DELETE FROM sandbox.mine WHERE getenv('PATH') IS NULL
CREATE TABLE sandbox.y AS SELECT getenv('PATH') AS p
CREATE TABLE sandbox.y AS FROM duckdb_secrets()
ATTACH '/tmp/x.db'
COPY sandbox.mine TO '/tmp/x.csv'
SET memory_limit = '1GB'
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)),
                testing::AnyOf(ElementsAre("sql.not_allowed"), ElementsAre("sql.syntax")))
        << sql;
  EXPECT_THAT(run(*wilma, "SELECT * FROM sandbox.mine"), ElementsAre("7 | x"));
}

// A view shows each reader what her own roles show of its tables, and of itself.
TEST_F(WritesOfUsers, ViewsAreReadWithTheReadersRights) {
  run(*first_,
      "INSERT INTO curated.note VALUES (1), (2); CREATE VIEW sandbox.notes AS SELECT id FROM curated.note; "
      "CREATE "
      "VIEW curated.visits AS SELECT id FROM curated.visit");
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM sandbox.notes"), ElementsAre("2"));
  const auto wilma = as("wilma");  // may see sandbox.notes, but not its table
  EXPECT_THAT(run(*wilma, "SELECT * FROM sandbox.notes"), ElementsAre("sql.unreadable_table"));
  EXPECT_THAT(run(*wilma, "SELECT * FROM curated.visits"), ElementsAre("sql.unknown_table"));
  EXPECT_THAT(run(*wilma, "DROP VIEW curated.visits"), ElementsAre("catalog.view_not_found"));
  EXPECT_THAT(
      run(*wilma, "CREATE VIEW sandbox.mine AS SELECT id FROM curated.visit; SELECT id FROM sandbox.mine"),
      ElementsAre("7"));
  EXPECT_THAT(run(*as("rita"), "SELECT * FROM sandbox.mine"), ElementsAre("sql.unknown_table"));
  const auto paul = as("paul");  // sees one row of curated.note
  EXPECT_THAT(
      run(*paul, "CREATE VIEW sandbox.own AS SELECT id FROM curated.note; SELECT id FROM sandbox.own"),
      ElementsAre("2"));
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM sandbox.own"), ElementsAre("2"));
  for (const std::string_view sql : lines_of(R"(
CREATE VIEW curated.mine AS SELECT 1 AS a
CREATE OR REPLACE VIEW sandbox.kept AS SELECT 1 AS a
CREATE OR REPLACE VIEW curated.visits AS SELECT 1 AS a
ALTER VIEW sandbox.mine SET SCHEMA curated
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)), ElementsAre("sql.write_denied")) << sql;
  for (const std::string_view sql : lines_of(R"(
CREATE VIEW sandbox.x AS SELECT * FROM read_text('/etc/passwd')
CREATE VIEW sandbox.x AS SELECT getenv('PATH') AS p
CREATE VIEW sandbox.x AS SELECT * FROM duckdb_settings()
CREATE VIEW sandbox.x AS DELETE FROM sandbox.kept
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)),
                testing::AnyOf(ElementsAre("sql.not_allowed"), ElementsAre("sql.syntax")))
        << sql;
  EXPECT_THAT(run(*wilma, "CREATE VIEW sandbox.x AS SELECT * FROM curated.note"),
              ElementsAre("sql.unknown_table"));
}

// What another client of the catalog wrote into a view does no more than a user could.
TEST_F(WritesOfUsers, ViewsOfOthersAreCheckedWhenTheyAreRead) {
  const auto make = [&](const std::string& name, const std::string& sql, const std::string& dialect) {
    iceberg::ViewVersion version;
    version.representations = {{sql, dialect}};
    must(lake_.catalog().create_view(
        {.name = {"sandbox", name},
         .schema = must(
             iceberg::Schema::make({.fields = {{.id = 1, .name = "a", .type = iceberg::Type::string()}}})),
         .version = std::move(version),
         .properties = {},
         .location = ""}));
  };
  make("file", "SELECT content AS a FROM read_text('/etc/passwd')", "tarn");
  make("two", "SELECT 'x' AS a; DROP TABLE curated.visit", "tarn");
  make("spark", "SELECT 'x' AS a", "spark");
  make("circle", "SELECT a FROM sandbox.circle", "tarn");
  make("fine", "SELECT 'x' AS a", "tarn");
  for (const char* name : {"file", "two", "spark", "circle"}) {
    EXPECT_THAT(run(*first_, "SELECT * FROM sandbox." + std::string(name)),
                testing::AnyOf(ElementsAre("sql.not_allowed"), ElementsAre("sql.unreadable_table")))
        << name;
  }
  EXPECT_THAT(run(*first_, "SELECT * FROM sandbox.fine"), ElementsAre("x"));
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM curated.visit"), ElementsAre("1"));
}

// Rows go to the folders of their partitions, and deletes to those of the rows.
TEST_F(Writes, KeepToPartitions) {
  const auto schema =
      must(iceberg::Schema::make({.fields = {{.id = 1, .name = "id", .type = iceberg::Type::int64()},
                                             {.id = 2, .name = "ward", .type = iceberg::Type::string()}}}));
  const iceberg::PartitionTerm terms[] = {{.column = "ward", .transform = iceberg::Transform::identity()}};
  for (const std::int32_t version : {2, 3}) {
    const TableName name{"s", "parted" + std::to_string(version)};
    must(lake_.catalog().create_table({.name = name,
                                       .schema = schema,
                                       .spec = must(iceberg::PartitionSpec::bind(schema, terms)),
                                       .format_version = version}));
    const std::string table = name.to_string();
    EXPECT_THAT(run(*first_, "INSERT INTO " + table + " SELECT i, 'w' || (i % 3) FROM range(30) r(i)"),
                ElementsAre("30"));
    EXPECT_THAT(run(*first_, "UPDATE " + table + " SET ward = 'w9' WHERE id < 6"), ElementsAre("6"));
    EXPECT_THAT(run(*first_, "DELETE FROM " + table + " WHERE id > 20"), ElementsAre("9"));
    EXPECT_THAT(run(*first_, "SELECT ward, count(*) FROM " + table + " GROUP BY ward ORDER BY ward"),
                ElementsAre("w0 | 5", "w1 | 5", "w2 | 5", "w9 | 6"));
    const catalog::Table loaded = must(lake_.catalog().load_table(name));
    EXPECT_EQ(must(table::plan_scan(lake_.manifests(), *loaded.metadata)).tasks.size(), 4U);
  }
}

// A schema that somebody else changed between Parse and Execute.
TEST_F(Writes, PreparedBeforeTheTableChanged) {
  const std::string sql = "INSERT INTO s.t (id) VALUES ($1)";
  PreparedStatement insert = must(first_->prepare({sql, 0, sql.size()}));
  EXPECT_THAT(run(*second_, "ALTER TABLE s.t ADD COLUMN more INT, DROP COLUMN v"), ElementsAre("0"));
  must(first_->execute(insert, std::vector<engine::ParameterValue>{std::int64_t{5}}));
  EXPECT_THAT(run(*second_, "SELECT * FROM s.t"), ElementsAre("5 | NULL"));
}

}  // namespace
}  // namespace tarn::query
