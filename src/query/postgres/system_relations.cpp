#include "query/postgres/system_schema.h"

namespace tarn::query::postgres {
namespace {

constexpr std::string_view kSystemRelations = R"sql(
CREATE VIEW tarn_pg.pg_namespace AS SELECT oid, name AS nspname, 10::UINTEGER AS nspowner, NULL::VARCHAR[] AS nspacl,
    2615::UINTEGER AS tableoid
  FROM tarn_pg.lake_schemas;
CREATE VIEW tarn_pg.pg_class AS
  SELECT oid, name AS relname, schema_oid AS relnamespace, 0::UINTEGER AS reltype, 0::UINTEGER AS reloftype, 10::UINTEGER AS relowner,
    2::UINTEGER AS relam, oid AS relfilenode, 0::UINTEGER AS reltablespace, (size_bytes / 8192)::INTEGER AS relpages,
    records::FLOAT AS reltuples, 0 AS relallvisible, 0::UINTEGER AS reltoastrelid, key_count > 0 AS relhasindex,
    false AS relisshared, 'p' AS relpersistence, kind AS relkind, column_count::SMALLINT AS relnatts, 0::SMALLINT AS relchecks,
    false AS relhasrules, false AS relhastriggers, false AS relhassubclass, false AS relrowsecurity,
    false AS relforcerowsecurity, true AS relispopulated, 'n' AS relreplident, false AS relispartition, 0::UINTEGER AS relrewrite,
    0::UINTEGER AS relfrozenxid, 0::UINTEGER AS relminmxid, NULL::VARCHAR[] AS relacl, NULL::VARCHAR[] AS reloptions,
    NULL::VARCHAR AS relpartbound, false AS relhasoids, 1259::UINTEGER AS tableoid
  FROM tarn_pg.lake_relations
  UNION ALL
  SELECT (oid + 3000000000)::UINTEGER, name || '_pkey', schema_oid, 0, 0, 10, 403, oid, 0, 1, records, 0, 0, false, false, 'p', 'i',
    key_count, 0, false, false, false, false, false, true, 'n', false, 0, 0, 0, NULL, NULL, NULL, false, 1259
  FROM tarn_pg.lake_relations WHERE key_count > 0;
CREATE VIEW tarn_pg.pg_attribute AS
  SELECT c.relation AS attrelid, c.name AS attname, c.type AS atttypid, -1 AS attstattarget, t.size::SMALLINT AS attlen,
    c.position::SMALLINT AS attnum, (CASE WHEN t.element <> 0 THEN 1 ELSE 0 END)::INTEGER AS attndims, -1 AS attcacheoff,
    c.modifier AS atttypmod, t.size BETWEEN 1 AND 8 AS attbyval, 'i' AS attalign, 'x' AS attstorage, '' AS attcompression,
    c.required AS attnotnull, false AS atthasdef, false AS atthasmissing, '' AS attidentity, '' AS attgenerated,
    false AS attisdropped, true AS attislocal, 0 AS attinhcount,
    (CASE WHEN t.category = 'S' THEN 100 ELSE 0 END)::UINTEGER AS attcollation, NULL::VARCHAR[] AS attacl,
    NULL::VARCHAR[] AS attoptions, NULL::VARCHAR[] AS attfdwoptions, NULL::VARCHAR AS attmissingval
  FROM tarn_pg.lake_columns c JOIN tarn_pg.lake_types t ON t.oid = c.type
  UNION ALL
  SELECT (c.relation + 3000000000)::UINTEGER, c.name, c.type, -1, t.size, c.key_position, 0, -1, c.modifier, false, 'i', 'x', '', false, false,
    false, '', '', false, true, 0, 0, NULL, NULL, NULL, NULL
  FROM tarn_pg.lake_columns c JOIN tarn_pg.lake_types t ON t.oid = c.type WHERE c.key_position > 0;
CREATE VIEW tarn_pg.pg_type AS
  SELECT oid, name AS typname, 11::UINTEGER AS typnamespace, 10::UINTEGER AS typowner, size::SMALLINT AS typlen,
    size BETWEEN 1 AND 8 AS typbyval, CASE WHEN category = 'P' THEN 'p' ELSE 'b' END AS typtype, category AS typcategory,
    oid IN (16, 25, 701, 1184, 1186) AS typispreferred, true AS typisdefined, ',' AS typdelim, 0::UINTEGER AS typrelid,
    CASE WHEN element <> 0 THEN 'array_subscript_handler' ELSE '-' END AS typsubscript, element AS typelem,
    array_oid AS typarray, CASE WHEN element <> 0 THEN 'array_in' ELSE name || 'in' END AS typinput,
    CASE WHEN element <> 0 THEN 'array_out' ELSE name || 'out' END AS typoutput,
    CASE WHEN element <> 0 THEN 'array_recv' ELSE name || 'recv' END AS typreceive,
    CASE WHEN element <> 0 THEN 'array_send' ELSE name || 'send' END AS typsend, '-' AS typmodin, '-' AS typmodout,
    '-' AS typanalyze, 'i' AS typalign, 'x' AS typstorage, false AS typnotnull, 0::UINTEGER AS typbasetype, -1 AS typtypmod,
    0 AS typndims, (CASE WHEN category = 'S' THEN 100 ELSE 0 END)::UINTEGER AS typcollation, NULL::VARCHAR AS typdefaultbin,
    NULL::VARCHAR AS typdefault, NULL::VARCHAR[] AS typacl, 1247::UINTEGER AS tableoid
  FROM tarn_pg.lake_types;
CREATE VIEW tarn_pg.pg_description AS
  SELECT oid AS objoid, 1259::UINTEGER AS classoid, 0 AS objsubid, description FROM tarn_pg.lake_relations
  WHERE description IS NOT NULL
  UNION ALL
  SELECT relation, 1259, position, description FROM tarn_pg.lake_columns WHERE description IS NOT NULL;
CREATE VIEW tarn_pg.pg_constraint AS
  SELECT (r.oid + 3000000000)::UINTEGER AS oid, r.name || '_pkey' AS conname, r.schema_oid AS connamespace, 'p' AS contype,
    false AS condeferrable, false AS condeferred, true AS convalidated, r.oid AS conrelid, 0::UINTEGER AS contypid,
    (r.oid + 3000000000)::UINTEGER AS conindid, 0::UINTEGER AS conparentid, 0::UINTEGER AS confrelid, ' ' AS confupdtype, ' ' AS confdeltype,
    ' ' AS confmatchtype, true AS conislocal, 0 AS coninhcount, true AS connoinherit,
    (SELECT list(c.position::SMALLINT ORDER BY c.key_position) FROM tarn_pg.lake_columns c
      WHERE c.relation = r.oid AND c.key_position > 0) AS conkey,
    NULL::SMALLINT[] AS confkey, NULL::UINTEGER[] AS conpfeqop, NULL::UINTEGER[] AS conppeqop, NULL::UINTEGER[] AS conffeqop,
    NULL::UINTEGER[] AS conexclop, NULL::VARCHAR AS conbin, 2606::UINTEGER AS tableoid
  FROM tarn_pg.lake_relations r WHERE r.key_count > 0;
CREATE VIEW tarn_pg.pg_index AS
  SELECT (r.oid + 3000000000)::UINTEGER AS indexrelid, r.oid AS indrelid, r.key_count::SMALLINT AS indnatts,
    r.key_count::SMALLINT AS indnkeyatts, true AS indisunique, false AS indnullsnotdistinct, true AS indisprimary,
    false AS indisexclusion, true AS indimmediate, false AS indisclustered, true AS indisvalid, false AS indcheckxmin,
    true AS indisready, true AS indislive, false AS indisreplident,
    (SELECT list(c.position::SMALLINT ORDER BY c.key_position) FROM tarn_pg.lake_columns c
      WHERE c.relation = r.oid AND c.key_position > 0)::USMALLINT[] AS indkey,
    NULL::UINTEGER[] AS indcollation, NULL::UINTEGER[] AS indclass, list_transform(range(r.key_count), lambda i: 0::USMALLINT)::USMALLINT[] AS indoption,
    NULL::VARCHAR AS indexprs, NULL::VARCHAR AS indpred
  FROM tarn_pg.lake_relations r WHERE r.key_count > 0;
CREATE VIEW tarn_pg.pg_database AS
  SELECT 16384::UINTEGER AS oid, database AS datname, 10::UINTEGER AS datdba, 6 AS encoding, 'c' AS datlocprovider,
    false AS datistemplate, true AS datallowconn, -1 AS datconnlimit, 0::UINTEGER AS datfrozenxid, 0::UINTEGER AS datminmxid,
    1663::UINTEGER AS dattablespace, 'C.UTF-8' AS datcollate, 'C.UTF-8' AS datctype, NULL::VARCHAR AS daticulocale,
    NULL::VARCHAR AS datcollversion, NULL::VARCHAR[] AS datacl, 0::UINTEGER AS datlastsysoid
  FROM tarn_pg.lake_session;
CREATE VIEW tarn_pg.pg_roles AS
  SELECT user_name AS rolname, false AS rolsuper, true AS rolinherit, false AS rolcreaterole, false AS rolcreatedb,
    true AS rolcanlogin, false AS rolreplication, -1 AS rolconnlimit, '********' AS rolpassword,
    NULL::TIMESTAMPTZ AS rolvaliduntil, false AS rolbypassrls, NULL::VARCHAR[] AS rolconfig, 10::UINTEGER AS oid
  FROM tarn_pg.lake_session;
CREATE VIEW tarn_pg.pg_authid AS SELECT * FROM tarn_pg.pg_roles;
CREATE VIEW tarn_pg.pg_user AS
  SELECT user_name AS usename, 10::UINTEGER AS usesysid, false AS usecreatedb, false AS usesuper, false AS userepl,
    false AS usebypassrls, '********' AS passwd, NULL::TIMESTAMPTZ AS valuntil, NULL::VARCHAR[] AS useconfig
  FROM tarn_pg.lake_session;
CREATE VIEW tarn_pg.pg_settings AS
  SELECT name, value AS setting, NULL::VARCHAR AS unit, 'Tarn' AS category, description AS short_desc, NULL::VARCHAR AS extra_desc,
    'user' AS context, 'string' AS vartype, 'session' AS source, NULL::VARCHAR AS min_val, NULL::VARCHAR AS max_val,
    NULL::VARCHAR[] AS enumvals, value AS boot_val, value AS reset_val, NULL::VARCHAR AS sourcefile, NULL::INTEGER AS sourceline,
    false AS pending_restart
  FROM tarn_pg.lake_settings;
CREATE VIEW tarn_pg.pg_tables AS
  SELECT schema AS schemaname, name AS tablename, (SELECT user_name FROM tarn_pg.lake_session) AS tableowner,
    NULL::VARCHAR AS "tablespace", key_count > 0 AS hasindexes, false AS hasrules, false AS hastriggers, false AS rowsecurity
  FROM tarn_pg.lake_relations WHERE kind = 'r' AND schema <> 'pg_catalog';
CREATE VIEW tarn_pg.pg_views AS
  SELECT schema AS schemaname, name AS viewname, (SELECT user_name FROM tarn_pg.lake_session) AS viewowner,
    definition
  FROM tarn_pg.lake_relations WHERE kind = 'v';
CREATE VIEW tarn_pg.pg_matviews AS
  SELECT schema AS schemaname, name AS matviewname, (SELECT user_name FROM tarn_pg.lake_session) AS matviewowner,
    NULL::VARCHAR AS "tablespace", false AS hasindexes, true AS ispopulated, definition
  FROM tarn_pg.lake_relations WHERE kind = 'm';
CREATE VIEW tarn_pg.pg_indexes AS
  SELECT schema AS schemaname, name AS tablename, name || '_pkey' AS indexname, NULL::VARCHAR AS "tablespace",
    tarn_pg.pg_get_indexdef(oid + 3000000000) AS indexdef
  FROM tarn_pg.lake_relations WHERE key_count > 0;
CREATE VIEW tarn_pg.pg_stat_user_tables AS
  SELECT oid AS relid, schema AS schemaname, name AS relname, 0::BIGINT AS seq_scan, 0::BIGINT AS seq_tup_read,
    0::BIGINT AS idx_scan, records::BIGINT AS n_live_tup, 0::BIGINT AS n_dead_tup, NULL::TIMESTAMPTZ AS last_vacuum,
    NULL::TIMESTAMPTZ AS last_analyze
  FROM tarn_pg.lake_relations WHERE kind = 'r' AND schema <> 'pg_catalog';
CREATE VIEW tarn_pg.pg_stat_all_tables AS SELECT * FROM tarn_pg.pg_stat_user_tables;
CREATE VIEW tarn_pg.pg_stat_activity AS
  SELECT 16384::UINTEGER AS datid, database AS datname, process AS pid, NULL::INTEGER AS leader_pid, 10::UINTEGER AS usesysid,
    user_name AS usename, tarn_pg.current_setting('application_name') AS application_name, NULL::VARCHAR AS client_addr,
    NULL::VARCHAR AS client_hostname, NULL::INTEGER AS client_port, now() AS backend_start, now() AS xact_start,
    now() AS query_start, now() AS state_change, NULL::VARCHAR AS wait_event_type, NULL::VARCHAR AS wait_event,
    'active' AS state, NULL::UINTEGER AS backend_xid, NULL::UINTEGER AS backend_xmin, NULL::BIGINT AS query_id, '' AS query,
    'client backend' AS backend_type
  FROM tarn_pg.lake_session;
CREATE VIEW tarn_pg.pg_am AS SELECT *, 2601::UINTEGER AS tableoid FROM (VALUES (2::UINTEGER, 'iceberg', 'heap_tableam_handler', 't'),
  (403::UINTEGER, 'btree', 'bthandler', 'i')) AS am(oid, amname, amhandler, amtype);
CREATE VIEW tarn_pg.pg_collation AS SELECT 100::UINTEGER AS oid, 'default' AS collname, 11::UINTEGER AS collnamespace,
  10::UINTEGER AS collowner, 'd' AS collprovider, true AS collisdeterministic, -1 AS collencoding, NULL::VARCHAR AS collcollate,
  NULL::VARCHAR AS collctype, NULL::VARCHAR AS colliculocale, NULL::VARCHAR AS collversion;
CREATE VIEW tarn_pg.pg_tablespace AS SELECT 1663::UINTEGER AS oid, 'pg_default' AS spcname, 10::UINTEGER AS spcowner,
  NULL::VARCHAR[] AS spcacl, NULL::VARCHAR[] AS spcoptions;
CREATE VIEW tarn_pg.pg_language AS SELECT 14::UINTEGER AS oid, 'sql' AS lanname, 10::UINTEGER AS lanowner, false AS lanispl,
  true AS lanpltrusted, 0::UINTEGER AS lanplcallfoid, 0::UINTEGER AS laninline, 0::UINTEGER AS lanvalidator, NULL::VARCHAR[] AS lanacl,
  2612::UINTEGER AS tableoid;
CREATE VIEW tarn_pg.pg_timezone_names AS SELECT name, abbrev, utc_offset, is_dst FROM pg_timezone_names();
)sql";

constexpr std::string_view kInformationSchema = R"sql(
CREATE VIEW tarn_info.information_schema_catalog_name AS SELECT database AS catalog_name FROM tarn_pg.lake_session;
CREATE VIEW tarn_info.schemata AS SELECT s.database AS catalog_name, n.name AS schema_name, s.user_name AS schema_owner,
  NULL::VARCHAR AS default_character_set_catalog, NULL::VARCHAR AS default_character_set_schema,
  NULL::VARCHAR AS default_character_set_name, NULL::VARCHAR AS sql_path FROM tarn_pg.lake_schemas n, tarn_pg.lake_session s;
CREATE VIEW tarn_info.tables AS SELECT s.database AS table_catalog, r.schema AS table_schema, r.name AS table_name,
  CASE WHEN r.kind = 'v' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type, NULL::VARCHAR AS self_referencing_column_name,
  NULL::VARCHAR AS reference_generation, NULL::VARCHAR AS user_defined_type_catalog, NULL::VARCHAR AS user_defined_type_schema,
  NULL::VARCHAR AS user_defined_type_name, 'NO' AS is_insertable_into, 'NO' AS is_typed, NULL::VARCHAR AS commit_action
  FROM tarn_pg.lake_relations r, tarn_pg.lake_session s;
CREATE VIEW tarn_info.columns AS SELECT s.database AS table_catalog, r.schema AS table_schema, r.name AS table_name,
  c.name AS column_name, c.position AS ordinal_position, NULL::VARCHAR AS column_default,
  CASE WHEN c.required THEN 'NO' ELSE 'YES' END AS is_nullable,
  CASE WHEN t.element <> 0 THEN 'ARRAY' ELSE tarn_pg.type_name(c.type) END AS data_type,
  NULL::INTEGER AS character_maximum_length, NULL::INTEGER AS character_octet_length,
  CASE c.type WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53
    WHEN 1700 THEN CASE WHEN c.modifier > 4 THEN (c.modifier - 4) >> 16 END END AS numeric_precision,
  CASE WHEN c.type IN (20, 21, 23, 700, 701) THEN 2 WHEN c.type = 1700 THEN 10 END AS numeric_precision_radix,
  CASE WHEN c.type IN (20, 21, 23) THEN 0 WHEN c.type = 1700 AND c.modifier > 4 THEN (c.modifier - 4) & 65535 END AS numeric_scale,
  CASE WHEN c.type IN (1083, 1114, 1184, 1186) THEN 6 WHEN c.type = 1082 THEN 0 END AS datetime_precision,
  NULL::VARCHAR AS interval_type, NULL::INTEGER AS interval_precision, NULL::VARCHAR AS character_set_catalog,
  NULL::VARCHAR AS character_set_schema, NULL::VARCHAR AS character_set_name, NULL::VARCHAR AS collation_catalog,
  NULL::VARCHAR AS collation_schema, NULL::VARCHAR AS collation_name, NULL::VARCHAR AS domain_catalog,
  NULL::VARCHAR AS domain_schema, NULL::VARCHAR AS domain_name, s.database AS udt_catalog, 'pg_catalog' AS udt_schema,
  t.name AS udt_name, NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS scope_schema, NULL::VARCHAR AS scope_name,
  NULL::INTEGER AS maximum_cardinality, c.position::VARCHAR AS dtd_identifier, 'NO' AS is_self_referencing, 'NO' AS is_identity,
  NULL::VARCHAR AS identity_generation, NULL::VARCHAR AS identity_start, NULL::VARCHAR AS identity_increment,
  NULL::VARCHAR AS identity_maximum, NULL::VARCHAR AS identity_minimum, 'NO' AS identity_cycle, 'NEVER' AS is_generated,
  NULL::VARCHAR AS generation_expression, 'NO' AS is_updatable
  FROM tarn_pg.lake_columns c JOIN tarn_pg.lake_relations r ON r.oid = c.relation JOIN tarn_pg.lake_types t ON t.oid = c.type,
    tarn_pg.lake_session s;
CREATE VIEW tarn_info.views AS SELECT s.database AS table_catalog, r.schema AS table_schema, r.name AS table_name,
  r.definition AS view_definition, 'NONE' AS check_option, 'NO' AS is_updatable, 'NO' AS is_insertable_into,
  'NO' AS is_trigger_updatable, 'NO' AS is_trigger_deletable, 'NO' AS is_trigger_insertable_into
  FROM tarn_pg.lake_relations r, tarn_pg.lake_session s WHERE r.kind = 'v';
CREATE VIEW tarn_info.table_constraints AS SELECT s.database AS constraint_catalog, r.schema AS constraint_schema,
  r.name || '_pkey' AS constraint_name, s.database AS table_catalog, r.schema AS table_schema, r.name AS table_name,
  'PRIMARY KEY' AS constraint_type, 'NO' AS is_deferrable, 'NO' AS initially_deferred, 'YES' AS enforced,
  NULL::VARCHAR AS nulls_distinct FROM tarn_pg.lake_relations r, tarn_pg.lake_session s WHERE r.key_count > 0;
CREATE VIEW tarn_info.key_column_usage AS SELECT s.database AS constraint_catalog, r.schema AS constraint_schema,
  r.name || '_pkey' AS constraint_name, s.database AS table_catalog, r.schema AS table_schema, r.name AS table_name,
  c.name AS column_name, c.key_position AS ordinal_position, NULL::INTEGER AS position_in_unique_constraint
  FROM tarn_pg.lake_columns c JOIN tarn_pg.lake_relations r ON r.oid = c.relation, tarn_pg.lake_session s WHERE c.key_position > 0;
CREATE VIEW tarn_info.constraint_column_usage AS SELECT table_catalog, table_schema, table_name, column_name, constraint_catalog,
  constraint_schema, constraint_name FROM tarn_info.key_column_usage;
CREATE VIEW tarn_info.table_privileges AS SELECT s.user_name AS grantor, s.user_name AS grantee, s.database AS table_catalog,
  r.schema AS table_schema, r.name AS table_name, 'SELECT' AS privilege_type, 'NO' AS is_grantable, 'YES' AS with_hierarchy
  FROM tarn_pg.lake_relations r, tarn_pg.lake_session s;
CREATE VIEW tarn_info.role_table_grants AS SELECT * FROM tarn_info.table_privileges;
CREATE VIEW tarn_info.enabled_roles AS SELECT user_name AS role_name FROM tarn_pg.lake_session;
CREATE VIEW tarn_info.applicable_roles AS SELECT user_name AS grantee, user_name AS role_name, 'NO' AS is_grantable
  FROM tarn_pg.lake_session;
)sql";

}  // namespace

std::string_view system_relations() {
  return kSystemRelations;
}

std::string_view information_schema() {
  return kInformationSchema;
}

}  // namespace tarn::query::postgres
