#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "query/lake_test.h"
#include "query/lexer.h"
#include "query/rewrite.h"
#include "query/statement_rules.h"
#include "query/views/type_sql.h"

namespace tarn::query {
namespace {

std::vector<std::string> texts_of(std::string_view script) {
  std::vector<std::string> texts;
  for (const StatementText& statement : split_statements(script)) texts.emplace_back(statement.text());
  return texts;
}

TEST(Lexer, SplitsWhereTheEngineWould) {
  EXPECT_EQ(
      texts_of("SELECT ';'; -- a;b\nSELECT \";\" /* ; /* ; */ ; */ ;; SELECT $$;$$, $t$;$$;$t$, E'\\';';"),
      (std::vector<std::string>{"SELECT ';'", "SELECT \";\"", "SELECT $$;$$, $t$;$$;$t$, E'\\';'"}));
  EXPECT_EQ(texts_of("SELECT 'open; SELECT 2"), (std::vector<std::string>{"SELECT 'open; SELECT 2"}));
  EXPECT_TRUE(texts_of(" -- nothing\n;;").empty());
}

TEST(Lexer, FindsParametersOutsideOfTexts) {
  EXPECT_EQ(parameter_names("SELECT $from, '$no', $1, $tag$ $no $tag$, \"$no\" -- $no\n, $from"),
            (std::vector<std::string>{"from", "1"}));
}

TEST(Rewrite, KnowsWhereTextCameFrom) {
  Rewrite rewrite("SELECT x FROM t AT (y) WHERE z");
  rewrite.replace(14, 15, "\"s\".\"t\"");
  rewrite.replace(16, 22, "");
  EXPECT_EQ(rewrite.finish(), "SELECT x FROM \"s\".\"t\"  WHERE z");
  EXPECT_EQ(rewrite.to_original(7), 7U);
  EXPECT_EQ(rewrite.to_original(17), 14U);
  EXPECT_EQ(rewrite.to_original(rewrite.text().size() - 1), 29U);
}

TEST(StatementRules, LetReadAndRefuseTheRest) {
  const StatementRights all{.copy_to_files = true, .settings = true, .temporary_objects = true};
  const std::set<std::string> temporary = {"mine"};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"SELECT 1", ""},
      {"(SELECT 1)", ""},
      {"WITH q AS (SELECT 1) SELECT * FROM q", ""},
      {"EXPLAIN ANALYZE SELECT 1", ""},
      {"PREPARE p AS SELECT 1", ""},
      {"COPY (SELECT 1) TO 'x.csv'", ""},
      {"CREATE TEMP TABLE mine AS SELECT 1", ""},
      {"create or replace temporary view v as select 1", ""},
      {"INSERT INTO mine VALUES (1)", ""},
      {"DROP TABLE IF EXISTS mine", ""},
      {"SET threads = 1", ""},
      {"INSERT INTO curated.encounter VALUES (1)", "sql.read_only"},
      {"INSERT INTO curated.mine VALUES (1)", "sql.read_only"},
      {"DELETE FROM curated.encounter", "sql.read_only"},
      {"UPDATE curated.encounter SET a = 1", "sql.read_only"},
      {"DROP VIEW curated.encounter", "sql.read_only"},
      {"CREATE TABLE t(a INT)", "sql.read_only"},
      {"CREATE VIEW curated.encounter AS SELECT 1", "sql.read_only"},
      {"WITH q AS (SELECT 1) INSERT INTO curated.e SELECT * FROM q", "sql.read_only"},
      {"EXPLAIN ANALYZE DROP VIEW curated.encounter", "sql.read_only"},
      {"EXPLAIN (ANALYZE, FORMAT json) DELETE FROM curated.e", "sql.read_only"},
      {"PREPARE p AS DELETE FROM curated.encounter", "sql.read_only"},
      {"COPY curated.encounter FROM 'x.csv'", "sql.read_only"},
      {"/* SELECT */ TRUNCATE curated.encounter", "sql.read_only"},
      {"ATTACH 'x.db'", "sql.not_allowed"},
      {"INSTALL httpfs", "sql.not_allowed"},
      {"LOAD httpfs", "sql.not_allowed"},
      {"EXPORT DATABASE 'x'", "sql.not_allowed"},
      {"CHECKPOINT", "sql.not_allowed"},
  };
  for (const auto& [sql, code] : cases) {
    const Status status = check_statement(sql, all, temporary);
    EXPECT_EQ(status.ok() ? "" : std::string(status.error().name()), code) << sql;
  }
  for (const std::string sql : {"COPY (SELECT 1) TO 'x.csv'", "SET threads = 1", "PRAGMA database_size"}) {
    EXPECT_EQ(check_statement(sql, {}, {}).error().name(), "sql.not_allowed") << sql;
  }
  EXPECT_EQ(check_statement("CREATE TEMP TABLE x(a INT)", {}, {}).error().name(), "sql.read_only");
  EXPECT_EQ(created_temporary("CREATE TEMP TABLE IF NOT EXISTS Mine AS SELECT 1"), "mine");
}

constexpr const char* kNested = R"({"type": "struct", "schema-id": 0, "fields": [
  {"id": 1, "name": "id", "required": true, "type": "long"},
  {"id": 2, "name": "code", "required": false, "type": "uuid"},
  {"id": 3, "name": "visits", "required": false, "type": {"type": "list", "element-id": 4, "element-required": false,
    "element": {"type": "struct", "fields": [
      {"id": 5, "name": "ward", "required": false, "type": "string"},
      {"id": 6, "name": "days", "required": false, "type": "int"}]}}}]})";

TEST(Session, ReadsNestedColumnsByFieldId) {
  TestLake lake;
  const TableName name{"curated", "patient"};
  lake.create(name, must(iceberg::Schema::from_json(kNested)));
  lake.append(name, "SELECT 1 AS id, NULL::UUID AS code, [{'ward': 'ICU', 'days': 2}, NULL] AS visits");
  lake.evolve(name, [](auto& update) { return update.rename("visits.element.ward", "unit"); });
  lake.evolve(name, [](auto& update) { return update.widen("visits.element.days", iceberg::Type::int64()); });
  lake.evolve(name, [](auto& update) {
    return update.add({.parent = "visits", .name = "ward", .type = iceberg::Type::string()});
  });
  lake.append(
      name,
      "SELECT 2 AS id, NULL::UUID AS code, [{'unit': 'ER', 'days': 3::BIGINT, 'ward': 'new'}] AS visits");
  const auto rows = lake.query("SELECT id, visits FROM curated.patient ORDER BY id");
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  EXPECT_EQ(*rows, (std::vector<std::string>{"1 | [{'unit': ICU, 'days': 2, 'ward': NULL}, NULL]",
                                             "2 | [{'unit': ER, 'days': 3, 'ward': new}]"}));
}

iceberg::Schema simple_schema() {
  return must(iceberg::Schema::make(
      {.fields = {{.id = 1, .name = "id", .required = true, .type = iceberg::Type::int64()},
                  {.id = 2, .name = "ward", .type = iceberg::Type::string(), .doc = "Where the bed is."}}}));
}

TEST(Session, PutsErrorsIntoTheScriptOfTheUser) {
  TestLake lake;
  lake.create({"a.b", "stay"}, simple_schema());
  const auto failed = lake.query("SELECT 1;\nSELECT id,\n  wrd FROM a.b.stay;", {.source = "report.sql"});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(render_diagnostic(failed.error(), false),
            "error[sql.binder]: Referenced column \"wrd\" not found in FROM clause!\n"
            "  report.sql:3:3\n"
            "  3 |   wrd FROM a.b.stay;\n"
            "    |   ^^^ candidate bindings: \"ward\"\n");
}

TEST(Session, BindsParametersByName) {
  TestLake lake;
  lake.create({"curated", "stay"}, simple_schema());
  const std::int64_t first = lake.append({"curated", "stay"}, "SELECT 1 AS id, 'ICU' AS ward");
  lake.append({"curated", "stay"}, "SELECT 2 AS id, 'ICU' AS ward");
  const std::string sql = "SELECT count(*) FROM curated.stay AT (VERSION => $then) WHERE ward = $ward";
  EXPECT_EQ(must(lake.query(
                sql, {.parameters = {{"then", std::to_string(first)}, {"ward", "ICU"}, {"other", "x"}}})),
            (std::vector<std::string>{"1"}));
  const auto failed = lake.query("SELECT $ward", {.parameters = {{"wrad", "ICU"}}});
  EXPECT_EQ(failed.error().name(), "sql.parameter");
  EXPECT_EQ(failed.error().hint(), "did you mean `$wrad`?");
}

TEST(Session, WritesParquet) {
  TestLake lake;
  lake.create({"curated", "stay"}, simple_schema());
  lake.append({"curated", "stay"}, "SELECT i AS id, 'ICU' AS ward FROM range(5) t(i)");
  const std::string path = lake.folder() + "/out.parquet";
  EXPECT_EQ(must(lake.query("FROM curated.stay WHERE id < $n -- all",
                            {.parameters = {{"n", "4"}}, .copy_to_parquet = path})),
            (std::vector<std::string>{"4"}));
  EXPECT_EQ(must(lake.query("SELECT sum(id) FROM read_parquet('" + path + "')")),
            (std::vector<std::string>{"6"}));
}

TEST(Session, PreparedStatementsSeeNewCommits) {
  TestLake lake;
  lake.create({"curated", "stay"}, simple_schema());
  EXPECT_EQ(must(lake.query("PREPARE n AS SELECT count(*) FROM curated.stay; EXECUTE n")),
            (std::vector<std::string>{"0"}));
  lake.append({"curated", "stay"}, "SELECT 1 AS id, 'ICU' AS ward");
  EXPECT_EQ(must(lake.query("EXECUTE n")), (std::vector<std::string>{"1"}));
}

TEST(Session, NamesTablesAndColumnsForCompletion) {
  TestLake lake;
  lake.create({"curated", "stay"}, simple_schema());
  const auto names = must(lake.session().table_names());
  EXPECT_EQ(names.front(), "curated.stay");
  EXPECT_EQ(names.size(), 9U);
  EXPECT_EQ(must(lake.session().column_names("curated.stay")), (std::vector<std::string>{"id", "ward"}));
  EXPECT_EQ(lake.session().column_names("curated.nothing").error().name(), "sql.unknown_table");
  const auto tables = must(lake.session().tables());
  const auto stay = std::ranges::find(tables, TableName{"curated", "stay"}, &VisibleTable::name);
  ASSERT_NE(stay, tables.end());
  EXPECT_EQ(stay->columns.at(0).sql_type, "BIGINT");
  EXPECT_EQ(stay->columns.at(1).sql_type, "VARCHAR");
}

TEST(TypeSql, WritesNestedTypes) {
  const iceberg::Schema schema = must(iceberg::Schema::from_json(kNested));
  EXPECT_EQ(type_sql(schema.find("visits")->type), "STRUCT(\"ward\" VARCHAR, \"days\" INTEGER)[]");
  EXPECT_EQ(type_sql(iceberg::Type::decimal(10, 2)), "DECIMAL(10,2)");
}

/// Not a benchmark: it prints what reading by name costs beside the engine's own reading, for people.
TEST(Session, PrintsItsCostBesidePlainParquet) {
  TestLake lake;
  lake.create({"curated", "stay"}, simple_schema());
  std::string files;
  for (int i = 0; i < 8; ++i) {
    lake.append({"curated", "stay"}, "SELECT i AS id, 'ward ' || (i % 20) AS ward FROM range(20000) t(i)");
    files += (files.empty() ? "'" : ", '") + must(io::local_path(lake.data_files().back())) + "'";
  }
  const auto time = [&](const std::string& sql) {
    double best_ms = 1e9;
    for (int i = 0; i < 30; ++i) {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_EQ(must(lake.query(sql)).size(), 20U);
      best_ms = std::min(
          best_ms,
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    return best_ms;
  };
  const double plain = time("SELECT ward, sum(id) FROM read_parquet([" + files + "]) GROUP BY ward");
  const double lake_ms = time("SELECT ward, sum(id) FROM curated.stay GROUP BY ward");
  std::printf("plain read_parquet %.2f ms, by name %.2f ms\n", plain, lake_ms);
}

}  // namespace
}  // namespace tarn::query
