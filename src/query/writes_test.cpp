#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "query/writes_test.h"
#include "state/audit/audit_trail.h"

// What tests/sql/writes.test and transactions.test cannot say: several sessions, COPY and the audit.
namespace tarn::query {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

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

// Tables come and go, and are swapped as dbt does, while others list what there is, and read it.
TEST_F(Writes, ListingsWhileTablesComeAndGo) {
  std::atomic<bool> ends = false;
  std::jthread churn([&] {
    for (int i = 0; i < 40; ++i) {
      EXPECT_THAT(run(*second_,
                      "CREATE TABLE s.fresh AS SELECT 1 AS id; BEGIN; ALTER TABLE s.t RENAME TO old; "
                      "ALTER TABLE s.fresh RENAME TO t; COMMIT; DROP TABLE s.old"),
                  ElementsAre("0"));
    }
    ends = true;
  });
  first_->speak_postgres({});
  while (!ends) {
    for (const char* sql :
         {"SELECT count(*) > 0 FROM pg_class WHERE relname = 't'",
          "SELECT count(*) > 0 FROM information_schema.columns WHERE table_name = 't'",
          "SELECT count(*) > 0 FROM ops.tables WHERE table_name = 't'", "SELECT count(*) >= 0 FROM s.t"})
      EXPECT_THAT(run(*first_, sql), AnyOf(ElementsAre("t"), ElementsAre("true"))) << sql;
  }
}

}  // namespace
}  // namespace tarn::query
