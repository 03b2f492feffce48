#include "query/access/served_statement.h"

#include <gtest/gtest.h>

#include "query/lake_test.h"
#include "query/lines_test.h"

namespace tarn::query {
namespace {

TEST(ServedStatement, TellsTheKindsThatUsersHave) {
  const std::set<std::string> mine = {"mine"};
  const auto kind_of = [&](std::string_view sql) { return must(served_statement(sql, mine)).kind; };
  for (const std::string_view sql :
       {"SELECT 1", "/* x */ with a as (select 1) from a", "((SELECT 1))", "FROM t", "VALUES (1)", "TABLE t",
        "DESCRIBE t", "SUMMARIZE t", "SHOW TABLES"})
    EXPECT_EQ(kind_of(sql), ServedKind::kRows) << sql;
  EXPECT_EQ(kind_of("USE curated"), ServedKind::kUse);
  for (const std::string_view sql : {"BEGIN", "begin transaction read only", "START TRANSACTION",
                                     "COMMIT WORK", "END", "ROLLBACK", "ABORT"})
    EXPECT_EQ(kind_of(sql), ServedKind::kTransaction) << sql;
  for (const std::string sql : {"CREATE TEMP TABLE a AS ", "CREATE OR REPLACE TEMPORARY TABLE \"A b\" AS ",
                                "CREATE TEMP TABLE IF NOT EXISTS a AS "}) {
    const ServedStatement statement = must(served_statement(sql + "SELECT 1", mine));
    EXPECT_EQ(statement.kind, ServedKind::kCreateTemporary) << sql;
    EXPECT_EQ(statement.rows_begin, sql.size());
  }
  EXPECT_EQ(kind_of("DROP TABLE IF EXISTS Mine"), ServedKind::kDropTemporary);
}

constexpr std::string_view kOtherKinds = R"sql(
;
COPY t TO 'x'
COPY (SELECT 1) TO 'x'
COPY t FROM 'x'
ATTACH 'x'
DETACH x
LOAD x
INSTALL x
FORCE INSTALL x
PRAGMA x
SET x = 1
RESET x
CALL x()
EXPLAIN SELECT 1
EXPLAIN ANALYZE SELECT 1
ANALYZE
PREPARE p AS SELECT 1
EXECUTE p
DEALLOCATE p
EXPORT DATABASE 'x'
IMPORT DATABASE 'x'
CHECKPOINT
VACUUM
UPDATE EXTENSIONS
INSERT INTO mine VALUES (1)
UPDATE mine SET a = 1
DELETE FROM mine
MERGE INTO mine USING t ON true
TRUNCATE mine
ALTER TABLE mine ADD a INT
COMMENT ON TABLE mine IS 'x'
CREATE TABLE a AS SELECT 1
CREATE TEMP TABLE a (x INT)
CREATE TEMP TABLE s.a AS SELECT 1
CREATE TEMP VIEW a AS SELECT 1
CREATE TEMP MACRO a() AS 1
CREATE TEMP TABLE a(x) AS SELECT 1
CREATE SECRET (TYPE s3)
CREATE SCHEMA x
CREATE TYPE x AS INT
CREATE SEQUENCE x
CREATE INDEX x ON mine (a)
DROP TABLE other
DROP TABLE mine, other
DROP TABLE s.mine
DROP TABLE mine CASCADE
DROP VIEW mine
DROP SCHEMA x
BEGIN; SELECT 1
BEGIN IMMEDIATE
COMMIT PREPARED 'x'
ROLLBACK TO SAVEPOINT x
EXECUTE IMMEDIATE 'SELECT 1'
DECLARE c CURSOR FOR SELECT 1
LISTEN x
SHUTDOWN
\copy
)sql";

TEST(ServedStatement, RefusesAllElse) {
  for (const std::string_view sql : lines_of(kOtherKinds))
    EXPECT_EQ(served_statement(sql, {"mine"}).ok() ? "ok" : served_statement(sql, {"mine"}).error().name(),
              "sql.not_allowed")
        << sql;
}

}  // namespace
}  // namespace tarn::query
