#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/lake_test.h"
#include "query/postgres/char_patterns.h"
#include "query/postgres/dialect.h"

/// PostgreSQL's dialect and system catalog, as clients use them.
namespace tarn::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string translated(std::string_view sql) {
  const postgres::Identity identity{.user = "ann", .database = "tarn"};
  const auto relation_oid = [](std::string_view name) { return name == "pg_class" ? 1259 : 0; };
  return postgres::translate(sql, relation_oid, identity, "curated").sql;
}

TEST(PostgresDialect, LeavesTheEnginesOwnAlone) {
  for (const std::string_view sql :
       {"SELECT a ~ 'x', b::INTEGER, '{1}' FROM t", "SELECT x COLLATE nocase FROM t", "SELECT 'pg_catalog.x'",
        "SELECT [1, 2] AS l, {'a': 1}", "SELECT a.current_user FROM a", "SELECT 'current_user'"}) {
    EXPECT_EQ(translated(sql), sql);
  }
}

TEST(PostgresDialect, TranslatesHabits) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT * FROM pg_catalog.pg_class", "SELECT * FROM pg_class"},
      {"SELECT 'pg_class'::regclass", "SELECT 1259::UINTEGER"},
      {"SELECT CAST('pg_class' AS pg_catalog.regclass)", "SELECT 1259::UINTEGER"},
      {"SELECT c.oid::pg_catalog.regclass FROM pg_class c",
       "SELECT tarn_pg.relation_name(c.oid) FROM pg_class c"},
      {"SELECT relname FROM pg_class WHERE relname OPERATOR(pg_catalog.~) '^(a)$' COLLATE pg_catalog.default",
       "SELECT relname FROM pg_class WHERE relname ~ '(?s).*(?:^(a)$).*' "},
      {"SELECT nspname !~ '^pg_' FROM pg_namespace",
       "SELECT nspname !~ '(?s).*(?:^pg_).*' FROM pg_namespace"},
      {"SELECT to_char(d, 'YYYY-MM-DD HH24:MI:SS') FROM t", "SELECT strftime(d, '%Y-%m-%d %H:%M:%S') FROM t"},
      {"SELECT to_char(n, 'FM999,990.00') FROM t", "SELECT format('{:,.2f}', (n)::DOUBLE) FROM t"},
      {"SELECT current_user", "SELECT 'ann' AS current_user"},
      {"SELECT current_schema(), 1", "SELECT 'curated' AS current_schema, 1"},
      {"SELECT '{a,b}'::text[]", "SELECT ['a', 'b']::text[]"},
      {"SELECT a::jsonb, b::name FROM t", "SELECT a::JSON, b::VARCHAR FROM t"},
      {"SELECT '1.50'::numeric, -2::decimal, x::numeric, x::numeric(4, 1), '1e5'::NUMERIC",
       "SELECT '1.50'::DECIMAL(38, 2), -2::DECIMAL(38, 0), x::DECIMAL(38, 10), x::numeric(4, 1), "
       "'1e5'::DECIMAL(38, 10)"},
      {"SELECT CAST('1.5' AS numeric), CAST(a + b AS decimal)",
       "SELECT CAST('1.5' AS DECIMAL(38, 1)), CAST(a + b AS DECIMAL(38, 10))"},
      {"SELECT * FROM information_schema.tables", "SELECT * FROM tarn_info.tables"},
      {"SELECT * FROM tarn.curated.t", "SELECT * FROM curated.t"},
  };
  for (const auto& [sql, engine_sql] : cases) EXPECT_EQ(translated(sql), engine_sql);
}

TEST(PostgresDialect, PatternsOfToChar) {
  EXPECT_EQ(postgres::strftime_pattern("Mon DD, YYYY \"at\" HH12:MI AM 100%"), "%b %d, %Y at %I:%M %p 100%%");
  EXPECT_EQ(postgres::number_pattern("990.000"), "{:.3f}");
  EXPECT_EQ(postgres::number_pattern("YYYY"), "");
}

class PostgresCatalog : public ::testing::Test {
 protected:
  PostgresCatalog() {
    using iceberg::Type;
    lake_.create(
        {"curated", "visit"},
        must(iceberg::Schema::make(
            {.fields = {{.id = 1, .name = "id", .required = true, .type = Type::int64(), .doc = "Number."},
                        {.id = 2, .name = "cost", .type = Type::decimal(12, 2)},
                        {.id = 3, .name = "at", .type = Type::timestamptz()}},
             .identifier_field_ids = {1}})));
    lake_.session().speak_postgres(
        {.user = "ann", .database = "tarn", .process = 7, .settings = {{"TimeZone", "UTC", ""}}});
  }
  TestLake lake_;
};

TEST_F(PostgresCatalog, ShowsTablesColumnsAndKeys) {
  EXPECT_THAT(
      *lake_.query("SELECT c.relname, n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
                   "ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = 'curated'"),
      ElementsAre("visit | curated"));
  EXPECT_THAT(*lake_.query("SELECT attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, "
                           "col_description(attrelid, attnum) FROM pg_attribute "
                           "WHERE attrelid = 'curated.visit'::regclass AND attnum > 0 ORDER BY attnum"),
              ElementsAre("id | bigint | true | Number.", "cost | numeric(12,2) | false | NULL",
                          "at | timestamp with time zone | false | NULL"));
  EXPECT_THAT(
      *lake_.query("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'visit' "
                   "AND is_nullable = 'NO'"),
      ElementsAre("id | bigint"));
  EXPECT_THAT(*lake_.query("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"),
              ElementsAre("visit_pkey | PRIMARY KEY (id)"));
  EXPECT_THAT(
      *lake_.query("SELECT current_setting('timezone'), current_database(), version() LIKE 'PostgreSQL%'"),
      ElementsAre("UTC | tarn | true"));
}

TEST_F(PostgresCatalog, FollowsTheLake) {
  const std::string count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'curated'";
  EXPECT_THAT(*lake_.query(count), ElementsAre("1"));
  lake_.create(
      {"curated", "ward"},
      must(iceberg::Schema::make({.fields = {{.id = 1, .name = "id", .type = iceberg::Type::int32()}}})));
  EXPECT_THAT(*lake_.query(count), ElementsAre("2"));
}

TEST_F(PostgresCatalog, SaysWhichRelationIsMissing) {
  const auto missing = lake_.query("SELECT 'nowhere'::regclass");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message(), HasSubstr("relation \"nowhere\" does not exist"));
}

TEST_F(PostgresCatalog, PreparedStatementsSeeWhatWasCommittedSince) {
  const std::string sql = "SELECT count(*) FROM curated.visit WHERE id >= $1";
  auto prepared = must(lake_.session().prepare({sql, 0, sql.size()}));
  EXPECT_EQ(prepared.parameter_type(0).id, engine::TypeId::kInt64);
  ASSERT_EQ(prepared.columns().size(), 1U);
  const std::vector<engine::ParameterValue> values{std::int64_t{1}};
  const auto count = [&] {
    auto rows = must(lake_.session().execute(prepared, values));
    return must(engine::read_texts(rows))[0][0];
  };
  EXPECT_EQ(count(), "0");
  lake_.append({"curated", "visit"},
               "SELECT i::BIGINT AS id, 1.5::DECIMAL(12,2) AS cost, now() AS at FROM range(5) t(i)");
  EXPECT_EQ(count(), "4");
}

TEST_F(PostgresCatalog, CursorsStayReadableBesideOtherStatements) {
  lake_.append({"curated", "visit"},
               "SELECT i::BIGINT AS id, 1.5::DECIMAL(12,2) AS cost, now() AS at FROM range(5000) t(i)");
  const std::string sql = "SELECT id FROM curated.visit";
  const auto prepared = must(lake_.session().prepare({sql, 0, sql.size()}));
  Cursor cursor = must(lake_.session().open_cursor(prepared, {}));
  must(cursor.start());
  std::size_t rows = must(cursor.rows().next())->rows();
  EXPECT_THAT(*lake_.query("SELECT max(id) FROM curated.visit"), ElementsAre("4999"));
  while (true) {
    const auto chunk = must(cursor.rows().next());
    if (!chunk) break;
    rows += chunk->rows();
  }
  EXPECT_EQ(rows, 5000U);
}

}  // namespace
}  // namespace tarn::query
