#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>

#include "engine/database.h"
#include "query/access/allowed_functions.h"
#include "query/access/statement_tree.h"
#include "query/lake_test.h"
#include "query/lines_test.h"

namespace tarn::query {
namespace {

// What somebody looked at and decided that users may not call, or that only the engine's own SQL calls.
constexpr std::string_view kRefused = R"(
col_description combine constant_or_null create_sort_key current_connection_id current_query
current_query_id current_role current_setting current_transaction_id current_user currval error finalize
format_pg_type format_type get_block_size get_type getvariable has_any_column_privilege
has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege
has_language_privilege has_schema_privilege has_sequence_privilege has_server_privilege
has_table_privilege has_tablespace_privilege icu_sort_key in_search_path inet_client_addr inet_client_port
inet_server_addr inet_server_port is_histogram_other_bin json_deserialize_sql json_serialize_plan
json_serialize_sql make_type map_to_pg_oid nextval obj_description parse_duckdb_log_message
pg_collation_is_visible pg_conf_load_time pg_conversion_is_visible pg_function_is_visible
pg_get_constraintdef pg_get_expr pg_get_viewdef pg_has_role pg_is_other_temp_schema pg_my_temp_schema
pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_postmaster_start_time pg_sleep
pg_table_is_visible pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible
pg_ts_template_is_visible pg_type_is_visible remap_struct replace_type session_user setseed
shobj_description sleep_ms stats tarn_barrier tarn_is_live timetz_byte_comparable txid_current unpivot_list user
variant_bytes_to_variant variant_normalize variant_to_parquet_variant vector_type write_log
)";
constexpr std::string_view kRefusedTables = R"(
add_parquet_key all_profiling_output arrow_scan arrow_scan_dumb check_peg_parser checkpoint collations
copy_database database_list database_size disable_checkpoint_on_shutdown disable_logging
disable_object_cache disable_optimizer disable_peg_parser disable_print_progress_bar disable_profile
disable_profiling disable_progress_bar disable_verification disable_verify_external
disable_verify_fetch_row disable_verify_parallelism disable_verify_serializer duckdb_approx_database_count
duckdb_columns duckdb_connection_count duckdb_constraints duckdb_coordinate_systems duckdb_databases
duckdb_dependencies duckdb_extensions duckdb_external_file_cache duckdb_functions duckdb_indexes
duckdb_keywords duckdb_log_contexts duckdb_logs duckdb_logs_parsed duckdb_memory duckdb_optimizers
duckdb_prepared_statements duckdb_profiling_settings duckdb_schemas duckdb_secret_types duckdb_secrets
duckdb_sequences duckdb_settings duckdb_table_sample duckdb_tables duckdb_temporary_files duckdb_types
duckdb_variables duckdb_views enable_checkpoint_on_shutdown enable_logging enable_object_cache
enable_optimizer enable_peg_parser enable_print_progress_bar enable_profile enable_profiling
enable_progress_bar enable_verification extension_versions force_checkpoint functions glob histogram
histogram_values icu_calendar_names import_database json_execute_serialized_sql metadata_info
parquet_bloom_probe parquet_file_metadata parquet_full_metadata parquet_kv_metadata parquet_metadata
parquet_scan parquet_schema pg_timezone_names platform pragma_collations pragma_database_size
pragma_metadata_info pragma_platform pragma_show pragma_storage_info pragma_table_info pragma_user_agent
pragma_version query query_table read_blob read_csv read_csv_auto read_duckdb read_json read_json_auto
read_json_objects read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_parquet
read_text seq_scan show show_databases show_tables show_tables_expanded sniff_csv sql_auto_complete
storage_info summary table_info test_all_types test_vector_types truncate_duckdb_logs user_agent
verify_external verify_fetch_row verify_parallelism verify_serializer version which_secret
)";

bool is_word_of(std::string_view word, std::string_view list) {
  for (std::size_t at = 0; (at = list.find(word, at)) != list.npos; at += word.size()) {
    const char after = at + word.size() < list.size() ? list[at + word.size()] : ' ';
    if (std::isspace(list[at - 1]) != 0 && std::isspace(after) != 0) return true;
  }
  return false;
}

bool is_refused(std::string_view name) {
  // Of the optimizer and of collations.
  if (name.starts_with("__internal_") || name.starts_with("icu_collate_")) return true;
  return is_word_of(name, kRefused);
}

class Lockdown : public testing::Test {
 protected:
  Status check(std::string_view sql) { return check_tree(*connection_, sql, allowed_); }
  std::string code_of(std::string_view sql) {
    const Status checked = check(sql);
    return checked.ok() ? "ok" : std::string(checked.error().name());
  }

  std::unique_ptr<engine::Database> engine_ =
      must(engine::Database::open({.memory_limit_bytes = 256ULL << 20, .threads = 1}));
  std::unique_ptr<engine::Connection> connection_ = must(engine_->connect());
  AllowedNames allowed_{.relations = {{"curated", "visit"}, {"", "mine"}}};
};

// A new version of the engine brings new functions: this fails until someone puts each on one of the lists.
TEST_F(Lockdown, EveryFunctionOfTheEngineIsDecidedOn) {
  engine::ResultSet rows =
      must(connection_->query("SELECT DISTINCT function_name, function_type IN ('table', 'table_macro', "
                              "'pragma') FROM duckdb_functions()"));
  std::size_t seen = 0;
  for (const auto& row : must(engine::read_texts(rows))) {
    const std::string& name = row[0].value();
    const bool in_from = row[1] == "true";
    ++seen;
    const bool allowed = in_from ? is_allowed_table_function(name) : is_allowed_function(name);
    const bool refused = in_from ? is_word_of(name, kRefusedTables) : is_refused(name);
    EXPECT_NE(allowed, refused) << name << (in_from ? " in FROM" : "") << ": on one list, and on one only";
  }
  EXPECT_GT(seen, 800U);
}

constexpr std::string_view kQueries = R"sql(
SELECT 1
SELECT unnest([1, 2]), 1 = ANY([1]), ARRAY(SELECT 1)
SELECT a + 1, upper(b) FROM curated.visit v WHERE v.a IN (1, 2) AND b LIKE 'x%' ORDER BY 1 LIMIT 5
FROM Curated."VISIT"
TABLE curated.visit
VALUES (1), (2)
SELECT * EXCLUDE (a) REPLACE (b AS c) FROM curated.visit
SELECT COLUMNS(c -> c LIKE 'a%') FROM curated.visit
WITH a AS (SELECT 1 AS x), b AS (FROM a) SELECT * FROM b, a, (SELECT x FROM a)
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t
SELECT sum(a) FILTER (WHERE a > 1) OVER w FROM curated.visit WINDOW w AS (PARTITION BY b)
SELECT * FROM curated.visit JOIN mine USING (a) ASOF JOIN mine m ON m.a >= mine.a
SELECT * FROM curated.visit TABLESAMPLE 10%
PIVOT curated.visit ON a IN (1, 2) USING sum(b)
UNPIVOT curated.visit ON a, b INTO NAME n VALUE v
DESCRIBE curated.visit
SUMMARIZE curated.visit
SUMMARIZE SELECT a FROM mine
SELECT x FROM range(10) r(x), unnest([1, 2]) u(y), LATERAL (SELECT x + y) l(z)
SELECT $name, upper($other)
SELECT ?::INT, ?
SELECT $2, $1
SELECT #1, [x + 1 FOR x IN [1, 2]], {'a': 1}.a, MAP {1: 2}, CASE WHEN true THEN 1 END, '1 day'::INTERVAL
SELECT a FROM curated.visit GROUP BY GROUPING SETS ((a), ()) HAVING count(*) > 1 QUALIFY true
SELECT extract(year FROM now()), now() AT TIME ZONE 'UTC', date '2026-01-01' COLLATE nocase
SELECT EXISTS (SELECT 1 FROM curated.visit), 1 = ANY (SELECT 1), a ~ 'x', a SIMILAR TO 'y' FROM mine
(SELECT 1) UNION (SELECT 2) EXCEPT SELECT 3 INTERSECT SELECT 4
)sql";

TEST_F(Lockdown, AllowsQueries) {
  for (const std::string_view sql : lines_of(kQueries)) EXPECT_EQ(code_of(sql), "ok") << sql;
}

constexpr std::string_view kWaysOut = R"sql(
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_blob('/etc/passwd')
SELECT * FROM read_parquet('x.parquet')
SELECT * FROM parquet_scan(['x.parquet'])
SELECT * FROM parquet_metadata('x.parquet')
SELECT * FROM read_json('http://example.org/x.json')
SELECT * FROM glob('/*')
SELECT * FROM sniff_csv('/etc/passwd')
SELECT * FROM read_duckdb('x.db')
SELECT * FROM query('SELECT 1')
SELECT * FROM query_table('visit')
SELECT * FROM json_execute_serialized_sql('{}')
SELECT json_serialize_sql('SELECT 1')
SELECT json_serialize_plan('SELECT 1')
SELECT getenv('PATH')
SELECT current_setting('temp_directory')
SELECT getvariable('x')
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_secrets()
SELECT * FROM which_secret('s3://b', 's3')
SELECT * FROM duckdb_views()
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_columns()
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_logs()
SELECT * FROM duckdb_external_file_cache()
SELECT * FROM duckdb_temporary_files()
SELECT * FROM duckdb_prepared_statements()
SELECT * FROM duckdb_table_sample('visit')
SELECT * FROM pragma_table_info('visit')
SELECT * FROM pragma_storage_info('visit')
SELECT * FROM pragma_show('visit')
SELECT * FROM pragma_metadata_info()
SELECT * FROM pragma_database_size()
SELECT * FROM histogram_values('visit', a)
SELECT * FROM histogram(visit, a)
SELECT * FROM seq_scan('visit')
SELECT * FROM arrow_scan(1, 2, 3)
SELECT * FROM sql_auto_complete('SEL')
SELECT * FROM test_all_types()
SELECT stats(a) FROM curated.visit
SELECT write_log('x')
SELECT sleep_ms(1000)
SELECT nextval('s')
SELECT setseed(0.5)
SELECT txid_current()
SELECT pg_get_viewdef(1)
SELECT tarn_barrier()
SELECT current_query()
SELECT system.main.getenv('PATH')
SELECT system.main.upper('a')
SELECT curated.write_log(a) FROM curated.visit
SELECT a.write_log() FROM curated.visit
SELECT list_transform([1], lambda x: write_log(x::VARCHAR))
SELECT [write_log(x::VARCHAR) FOR x IN [1]]
SELECT 1 ORDER BY write_log('x')
SELECT 1 LIMIT (SELECT count(*) FROM duckdb_settings())
SELECT * FROM curated.visit TABLESAMPLE reservoir(1) WHERE write_log('x') IS NULL
SELECT sum(a) OVER (ORDER BY write_log('x')) FROM curated.visit
SELECT write_log(a) OVER () FROM curated.visit
SELECT * FROM range(write_log('x')::INT)
SELECT * FROM (VALUES (write_log('x')))
SELECT * REPLACE (write_log(a) AS a) FROM curated.visit
PIVOT curated.visit ON a IN (1) USING write_log(b)
SELECT * FROM curated.visit JOIN mine ON write_log('x') IS NULL
WITH a AS (SELECT write_log('x')) SELECT 1
SUMMARIZE SELECT write_log('x')
DESCRIBE SELECT * FROM duckdb_settings()
SHOW ALL TABLES
SHOW DATABASES
SHOW TABLES FROM main
COPY curated.visit TO '/tmp/x.csv'
COPY (SELECT 1) TO '/tmp/x.parquet'
ATTACH '/tmp/x.db'
LOAD httpfs
INSTALL httpfs
PRAGMA database_list
SET memory_limit = '1GB'
CALL pragma_version()
CREATE SECRET (TYPE s3)
CREATE MACRO f() AS 1
CREATE VIEW v AS SELECT 1
INSERT INTO mine VALUES (1)
EXPORT DATABASE '/tmp/x'
IMPORT DATABASE '/tmp/x'
PREPARE p AS SELECT 1
EXECUTE p
EXPLAIN SELECT 1
EXPLAIN ANALYZE SELECT 1
VACUUM
CHECKPOINT
USE memory
SELECT 1; SELECT 2
SELECT 1; COPY curated.visit TO '/tmp/x.csv'
PIVOT curated.visit ON a
)sql";

// Every way out that the engine offers, as far as somebody has found them.
TEST_F(Lockdown, RefusesWaysToFilesNetworkAndTheEngineItself) {
  for (const std::string_view sql : lines_of(kWaysOut)) EXPECT_EQ(code_of(sql), "sql.not_allowed") << sql;
}

constexpr std::string_view kUnknownRelations = R"sql(
SELECT * FROM '/etc/passwd'
SELECT * FROM 'x.parquet'
SELECT * FROM "http://example.org/x.csv"
SELECT * FROM visit
SELECT * FROM raw.visit
SELECT * FROM memory.curated.visit
SELECT * FROM session_1.curated.visit
SELECT * FROM main.mine
SELECT * FROM duckdb_settings
SELECT * FROM duckdb_views
SELECT * FROM sqlite_master
SELECT * FROM information_schema.tables
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_class
SHOW search_path
SHOW mine.x
DESCRIBE duckdb_views
SUMMARIZE duckdb_settings
SELECT * FROM curated.visit AT (VERSION => 1)
SELECT (SELECT max(x) FROM secret) FROM mine
SELECT * FROM mine WHERE a IN (FROM secret)
SELECT * FROM mine JOIN LATERAL (SELECT * FROM secret) s ON true
WITH a AS (FROM secret) SELECT 1
WITH a AS (FROM b), b AS (SELECT 1) FROM a
SELECT * FROM (WITH duckdb_views AS (SELECT 1) FROM duckdb_views), duckdb_views
WITH duckdb_views AS (FROM duckdb_views) FROM duckdb_views
WITH RECURSIVE duckdb_views AS (FROM duckdb_views) FROM duckdb_views
WITH RECURSIVE duckdb_views AS (FROM duckdb_views UNION ALL SELECT * FROM duckdb_views) FROM duckdb_views
WITH a AS (SELECT 1) SELECT * FROM main.a
UNPIVOT secret ON a INTO NAME n VALUE v
)sql";

TEST_F(Lockdown, OnlyNamedRelationsAreThere) {
  for (const std::string_view sql : lines_of(kUnknownRelations))
    EXPECT_EQ(code_of(sql), "sql.unknown_table") << sql;
}

std::string doubled(int layers, std::string_view kind) {
  std::string sql = "WITH c0 AS (FROM mine)";
  for (int i = 1; i <= layers; ++i)
    sql += fmt::format(", c{0} AS {2} (FROM c{1} UNION ALL FROM c{1})", i, i - 1, kind);
  return fmt::format("{} SELECT count(*) FROM c{}", sql, layers);
}

std::string nested_lambdas(int layers) {
  std::string open;
  std::string close;
  for (int i = 0; i < layers; ++i) {
    open += fmt::format("list_transform([1], {} -> ", static_cast<char>('a' + i));
    close += ")";
  }
  return fmt::format("SELECT {}1{}", open, close);
}

// What doubles with each layer while the engine plans, where nothing can end it.
TEST_F(Lockdown, RefusesWhatCannotBePlanned) {
  EXPECT_EQ(code_of(doubled(10, "")), "ok");
  EXPECT_EQ(code_of(doubled(40, "NOT MATERIALIZED")), "sql.too_complex");
  EXPECT_EQ(code_of(doubled(14, "MATERIALIZED")), "sql.too_complex");
  EXPECT_EQ(code_of(nested_lambdas(6)), "ok");
  EXPECT_EQ(code_of(nested_lambdas(24)), "sql.too_complex");
  std::string wide = "SELECT 1";
  for (int i = 0; i < 100; ++i) wide += ", list_transform([1], x -> x + 1)";
  EXPECT_EQ(code_of(wide), "ok");
}

TEST_F(Lockdown, TellsThePlace) {
  const Status table = check("SELECT 1,\n  (SELECT 2 FROM secret)");
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().message(), "there is no table `secret`");
  EXPECT_EQ(table.error().span()->line, 2U);
  const Status function = check("SELECT 1, write_log('x')");
  ASSERT_FALSE(function.ok());
  EXPECT_EQ(function.error().message(), "a user's statement may not have the function `write_log`");
  EXPECT_EQ(function.error().span()->column, 11U);
  EXPECT_EQ(code_of("SELEC 1"), "sql.syntax");
  EXPECT_EQ(code_of(std::string_view("SELECT 1\0", 9)), "sql.syntax");
}

TEST_F(Lockdown, AProtocolMayAddItsFunctions) {
  EXPECT_EQ(code_of("SELECT pg_table_is_visible(1)"), "sql.not_allowed");
  allowed_.functions.insert("pg_table_is_visible");
  EXPECT_EQ(code_of("SELECT PG_table_is_visible(1), tarn_pg.pg_table_is_visible(2)"), "ok");
  EXPECT_EQ(code_of("SELECT pg_catalog.pg_table_is_visible(1)"), "sql.not_allowed") << "the engine's own";
}

}  // namespace
}  // namespace tarn::query
