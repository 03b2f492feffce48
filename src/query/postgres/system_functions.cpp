#include "query/postgres/system_schema.h"

namespace tarn::query::postgres {
namespace {

// Macros are put into their callers as they are written: their own names begin with an underscore.
constexpr std::string_view kSystemFunctions = R"sql(
CREATE SCHEMA tarn_pg;
CREATE SCHEMA tarn_info;

CREATE TABLE tarn_pg.lake_schemas (oid UINTEGER, name VARCHAR);
CREATE TABLE tarn_pg.lake_relations (oid UINTEGER, schema_oid UINTEGER, schema VARCHAR, name VARCHAR, kind VARCHAR,
  records DOUBLE, size_bytes BIGINT, description VARCHAR, key_count INTEGER, column_count INTEGER,
  definition VARCHAR);
CREATE TABLE tarn_pg.lake_columns (relation UINTEGER, position INTEGER, name VARCHAR, type UINTEGER, modifier INTEGER,
  required BOOLEAN, description VARCHAR, key_position INTEGER);
CREATE TABLE tarn_pg.lake_types (oid UINTEGER, name VARCHAR, size INTEGER, category VARCHAR, element UINTEGER, array_oid UINTEGER);
CREATE TABLE tarn_pg.lake_settings (name VARCHAR, value VARCHAR, description VARCHAR);
CREATE TABLE tarn_pg.lake_session (database VARCHAR, user_name VARCHAR, process INTEGER, default_schema VARCHAR);

-- Functions.
CREATE MACRO tarn_pg.version() AS 'PostgreSQL 15.0 (Tarn) on x86_64-pc-linux-gnu, 64-bit';
CREATE MACRO tarn_pg.pg_get_keywords() AS TABLE SELECT keyword_name AS word, CASE keyword_category
  WHEN 'reserved' THEN 'R' WHEN 'unreserved' THEN 'U' ELSE 'C' END AS catcode, false AS barelabel,
  keyword_category AS catdesc, '' AS baredesc FROM duckdb_keywords();
CREATE MACRO tarn_pg.pg_options_to_table(options) AS TABLE SELECT '' AS option_name, '' AS option_value WHERE false;
CREATE MACRO tarn_pg.pg_partition_tree(relation) AS TABLE SELECT relation AS relid, NULL::UINTEGER AS parentrelid,
  true AS isleaf, 0 AS level WHERE false;
CREATE MACRO tarn_pg.pg_backend_pid() AS (SELECT process FROM tarn_pg.lake_session);
CREATE MACRO tarn_pg.pg_get_userbyid(id) AS (SELECT user_name FROM tarn_pg.lake_session);
CREATE MACRO tarn_pg.current_setting(setting) AS (SELECT value FROM tarn_pg.lake_settings _s WHERE lower(_s.name) = lower(setting)),
  (setting, missing_ok) AS (SELECT value FROM tarn_pg.lake_settings _s WHERE lower(_s.name) = lower(setting));
CREATE MACRO tarn_pg.set_config(setting, new_value, is_local) AS new_value;
CREATE MACRO tarn_pg.pg_is_in_recovery() AS false;
CREATE MACRO tarn_pg.pg_postmaster_start_time() AS now();
CREATE MACRO tarn_pg.pg_conf_load_time() AS now();
CREATE MACRO tarn_pg.inet_server_addr() AS NULL::VARCHAR;
CREATE MACRO tarn_pg.inet_server_port() AS NULL::INTEGER;
CREATE MACRO tarn_pg.inet_client_addr() AS NULL::VARCHAR;
CREATE MACRO tarn_pg.txid_current() AS 1::BIGINT;
CREATE MACRO tarn_pg.pg_my_temp_schema() AS 0::UINTEGER;
CREATE MACRO tarn_pg.pg_is_other_temp_schema(id) AS false;
CREATE MACRO tarn_pg.clock_timestamp() AS now();
CREATE MACRO tarn_pg.statement_timestamp() AS now();
CREATE MACRO tarn_pg.transaction_timestamp() AS now();
CREATE MACRO tarn_pg.pg_encoding_to_char(id) AS 'UTF8';
CREATE MACRO tarn_pg.pg_char_to_encoding(name) AS 6;
CREATE MACRO tarn_pg.quote_ident(name) AS CASE WHEN regexp_full_match(name, '[a-z_][a-z0-9_]*') THEN name
  ELSE '"' || replace(name, '"', '""') || '"' END;
CREATE MACRO tarn_pg.quote_literal(value) AS '''' || replace(value::VARCHAR, '''', '''''') || '''';
CREATE MACRO tarn_pg.btrim(value) AS trim(value), (value, characters) AS trim(value, characters);
CREATE MACRO tarn_pg.array_remove(list, element) AS list_filter(list, lambda _x: _x IS DISTINCT FROM element);
CREATE MACRO tarn_pg.div(a, b) AS trunc(a / b);
CREATE MACRO tarn_pg.array_upper(list, dimension) AS nullif(len(list), 0);
CREATE MACRO tarn_pg.array_lower(list, dimension) AS CASE WHEN len(list) > 0 THEN 1 END;
CREATE MACRO tarn_pg._pg_expandarray(list) AS unnest(list_transform(range(1, len(list) + 1), lambda i: {'x': list[i], 'n': i}));
CREATE MACRO tarn_pg.type_name(id) AS CASE id WHEN 16 THEN 'boolean' WHEN 20 THEN 'bigint' WHEN 21 THEN 'smallint'
  WHEN 23 THEN 'integer' WHEN 700 THEN 'real' WHEN 701 THEN 'double precision' WHEN 1042 THEN 'character'
  WHEN 1043 THEN 'character varying' WHEN 1083 THEN 'time without time zone'
  WHEN 1114 THEN 'timestamp without time zone' WHEN 1184 THEN 'timestamp with time zone'
  WHEN 1266 THEN 'time with time zone' WHEN 18 THEN '"char"' WHEN 0 THEN '-'
  ELSE coalesce((SELECT _t.name FROM tarn_pg.lake_types _t WHERE _t.oid = id), '???') END;
CREATE MACRO tarn_pg.format_type(id, modifier) AS CASE
  WHEN id IS NULL THEN NULL
  WHEN id = 1700 AND modifier > 4 THEN 'numeric(' || ((modifier - 4) >> 16) || ',' || ((modifier - 4) & 65535) || ')'
  ELSE coalesce((SELECT tarn_pg.type_name(_e.element) || '[]' FROM tarn_pg.lake_types _e WHERE _e.oid = id AND _e.element <> 0),
    tarn_pg.type_name(id)) END;
CREATE MACRO tarn_pg.relation_name(id) AS coalesce((SELECT CASE WHEN _r.schema = 'pg_catalog' THEN _r.name
  ELSE tarn_pg.quote_ident(_r.schema) || '.' || tarn_pg.quote_ident(_r.name) END
  FROM tarn_pg.lake_relations _r WHERE _r.oid = id), id::VARCHAR);
CREATE MACRO tarn_pg.to_regclass(written) AS (SELECT max(_r.oid) FROM tarn_pg.lake_relations _r
  WHERE _r.name = written OR _r.schema || '.' || _r.name = written);
CREATE MACRO tarn_pg.to_regtype(written) AS (SELECT max(_t.oid) FROM tarn_pg.lake_types _t WHERE _t.name = written);
CREATE MACRO tarn_pg.obj_description(id) AS (SELECT _r.description FROM tarn_pg.lake_relations _r WHERE _r.oid = id),
  (id, catalog) AS (SELECT _r.description FROM tarn_pg.lake_relations _r WHERE _r.oid = id);
CREATE MACRO tarn_pg.col_description(id, number) AS (SELECT _c.description FROM tarn_pg.lake_columns _c
  WHERE _c.relation = id AND _c.position = number);
CREATE MACRO tarn_pg.shobj_description(id, catalog) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_table_size(id) AS coalesce((SELECT _r.size_bytes FROM tarn_pg.lake_relations _r WHERE _r.oid = id), 0);
CREATE MACRO tarn_pg.pg_relation_size(id) AS coalesce((SELECT _r.size_bytes FROM tarn_pg.lake_relations _r WHERE _r.oid = id), 0),
  (id, fork) AS coalesce((SELECT _r.size_bytes FROM tarn_pg.lake_relations _r WHERE _r.oid = id), 0);
CREATE MACRO tarn_pg.pg_total_relation_size(id) AS coalesce((SELECT _r.size_bytes FROM tarn_pg.lake_relations _r WHERE _r.oid = id), 0);
CREATE MACRO tarn_pg.pg_indexes_size(id) AS 0::BIGINT;
CREATE MACRO tarn_pg.pg_database_size(id) AS (SELECT coalesce(sum(size_bytes), 0)::BIGINT FROM tarn_pg.lake_relations);
CREATE MACRO tarn_pg.pg_tablespace_size(id) AS 0::BIGINT;
CREATE MACRO tarn_pg.pg_tablespace_location(id) AS '';
CREATE MACRO tarn_pg.pg_relation_filenode(id) AS id;
CREATE MACRO tarn_pg.pg_relation_filepath(id) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_size_pretty(bytes) AS CASE WHEN bytes < 10240 THEN bytes::BIGINT || ' bytes'
  WHEN bytes < 10485760 THEN (bytes / 1024)::BIGINT || ' kB' WHEN bytes < 10737418240 THEN (bytes / 1048576)::BIGINT || ' MB'
  WHEN bytes < 10995116277760 THEN (bytes / 1073741824)::BIGINT || ' GB' ELSE (bytes / 1099511627776)::BIGINT || ' TB' END;
CREATE MACRO tarn_pg.pg_get_expr(tree, relation) AS NULL::VARCHAR, (tree, relation, pretty) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.key_columns(id) AS (SELECT string_agg(tarn_pg.quote_ident(_c.name), ', ' ORDER BY _c.key_position)
  FROM tarn_pg.lake_columns _c WHERE _c.relation = id AND _c.key_position > 0);
CREATE MACRO tarn_pg.pg_get_constraintdef(id) AS 'PRIMARY KEY (' || tarn_pg.key_columns(id - 3000000000) || ')',
  (id, pretty) AS 'PRIMARY KEY (' || tarn_pg.key_columns(id - 3000000000) || ')';
CREATE MACRO tarn_pg.pg_get_indexdef(id) AS 'CREATE UNIQUE INDEX ON ' || tarn_pg.relation_name(id - 3000000000) || ' USING btree ('
  || tarn_pg.key_columns(id - 3000000000) || ')',
  (id, number, pretty) AS CASE WHEN number = 0 THEN 'CREATE UNIQUE INDEX ON ' || tarn_pg.relation_name(id - 3000000000)
  || ' USING btree (' || tarn_pg.key_columns(id - 3000000000) || ')' ELSE (SELECT tarn_pg.quote_ident(_c.name)
  FROM tarn_pg.lake_columns _c WHERE _c.relation = id - 3000000000 AND _c.key_position = number AND number > 0) END;
CREATE MACRO tarn_pg.pg_get_viewdef(id) AS (SELECT _r.definition FROM tarn_pg.lake_relations _r WHERE _r.oid = id),
  (id, pretty) AS (SELECT _r.definition FROM tarn_pg.lake_relations _r WHERE _r.oid = id);
CREATE MACRO tarn_pg.pg_get_ruledef(id) AS NULL::VARCHAR, (id, pretty) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_triggerdef(id) AS NULL::VARCHAR, (id, pretty) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_partkeydef(id) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_function_result(id) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_function_arguments(id) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_function_identity_arguments(id) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_functiondef(id) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_function_sqlbody(id) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_serial_sequence(relation, name) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_statisticsobjdef_columns(id) AS NULL::VARCHAR;
CREATE MACRO tarn_pg.pg_get_replica_identity_index(id) AS NULL::UINTEGER;
CREATE MACRO tarn_pg.pg_relation_is_publishable(id) AS false;
CREATE MACRO tarn_pg.pg_relation_is_updatable(id, triggers) AS 0;
CREATE MACRO tarn_pg.pg_column_is_updatable(id, number, triggers) AS false;
CREATE MACRO tarn_pg.pg_index_column_has_property(id, number, property) AS false;
CREATE MACRO tarn_pg.pg_table_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_type_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_function_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_operator_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_opclass_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_opfamily_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_collation_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_conversion_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_ts_config_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_ts_dict_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_ts_parser_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_ts_template_is_visible(id) AS true;
CREATE MACRO tarn_pg.pg_statistics_obj_is_visible(id) AS true;
CREATE MACRO tarn_pg.is_relation(a) AS typeof(a) <> 'VARCHAR' OR a::VARCHAR IN
  (SELECT unnest([_r.name, _r.schema || '.' || _r.name, _r.oid::VARCHAR]) FROM tarn_pg.lake_relations _r);
CREATE MACRO tarn_pg.has_table_privilege(a, b) AS b IN ('SELECT', 'select') AND tarn_pg.is_relation(a),
  (a, b, c) AS c IN ('SELECT', 'select') AND tarn_pg.is_relation(b);
CREATE MACRO tarn_pg.has_any_column_privilege(a, b) AS b IN ('SELECT', 'select'), (a, b, c) AS c IN ('SELECT', 'select');
CREATE MACRO tarn_pg.has_column_privilege(a, b, c) AS c IN ('SELECT', 'select'), (a, b, c, d) AS d IN ('SELECT', 'select');
CREATE MACRO tarn_pg.has_schema_privilege(a, b) AS b IN ('USAGE', 'usage'), (a, b, c) AS c IN ('USAGE', 'usage');
CREATE MACRO tarn_pg.has_database_privilege(a, b) AS b IN ('CONNECT', 'connect'), (a, b, c) AS c IN ('CONNECT', 'connect');
CREATE MACRO tarn_pg.has_function_privilege(a, b) AS true, (a, b, c) AS true;
CREATE MACRO tarn_pg.has_sequence_privilege(a, b) AS false, (a, b, c) AS false;
CREATE MACRO tarn_pg.has_tablespace_privilege(a, b) AS false, (a, b, c) AS false;
CREATE MACRO tarn_pg.has_type_privilege(a, b) AS true, (a, b, c) AS true;
CREATE MACRO tarn_pg.pg_has_role(a, b) AS true, (a, b, c) AS true;
CREATE MACRO tarn_pg.pg_stat_get_live_tuples(id) AS (SELECT _r.records::BIGINT FROM tarn_pg.lake_relations _r WHERE _r.oid = id);
CREATE MACRO tarn_pg.pg_stat_get_numscans(id) AS 0::BIGINT;
CREATE MACRO tarn_pg.pg_lock_status() AS NULL;
CREATE MACRO tarn_pg.pg_advisory_unlock_all() AS NULL;
CREATE MACRO tarn_pg.age(a) AS now() - a, (a, b) AS a - b;
)sql";

}  // namespace

std::string_view system_functions() {
  return kSystemFunctions;
}

}  // namespace tarn::query::postgres
