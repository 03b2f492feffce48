#include "query/postgres/system_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/hash.h"
#include "query/postgres/system_schema.h"
#include "query/postgres/type_oids.h"

namespace tarn::query::postgres {
namespace {

/// Numbers of users' objects begin here (PostgreSQL's FirstNormalObjectId); the upper ones are those of
/// indexes.
constexpr std::int64_t kFirstOid = 16'385;
constexpr std::uint64_t kOids = 1'000'000'000;
constexpr std::int64_t kCatalogSchema = 11;
constexpr std::int64_t kPublicSchema = 2200;
constexpr std::int64_t kInformationSchema = 13'000;

constexpr std::array<std::pair<std::string_view, std::int64_t>, 21> kSystemRelations = {
    {{"pg_attrdef", 2604},  {"pg_attribute", 1249},     {"pg_authid", 1260},     {"pg_am", 2601},
     {"pg_class", 1259},    {"pg_collation", 3456},     {"pg_constraint", 2606}, {"pg_database", 1262},
     {"pg_depend", 2608},   {"pg_description", 2609},   {"pg_extension", 3079},  {"pg_language", 2612},
     {"pg_cast", 2605},     {"pg_event_trigger", 3466}, {"pg_index", 2610},      {"pg_namespace", 2615},
     {"pg_operator", 2617}, {"pg_proc", 1255},          {"pg_rewrite", 2618},    {"pg_trigger", 2620},
     {"pg_type", 1247}}};

std::int64_t oid_of(std::string_view text) {
  return kFirstOid + static_cast<std::int64_t>(xxh3_64(text) % kOids);
}

/// As pg_class.relkind has it.
std::string_view kind_of(const VisibleTable& table) {
  if (table.is_materialized) return "m";
  return table.is_view ? "v" : "r";
}

Status add_relation(engine::Appender& rows, std::int64_t oid, std::int64_t schema,
                    const VisibleTable& table) {
  const auto keys =
      std::ranges::count_if(table.columns, [](const auto& column) { return column.key_position > 0; });
  rows.int64(oid).int64(schema).text(table.name.schema).text(table.name.name).text(kind_of(table));
  rows.float64(static_cast<double>(table.records)).int64(table.size_bytes).text_or_null(table.description);
  rows.int64(keys).int64(static_cast<std::int64_t>(table.columns.size())).text_or_null(table.view_sql);
  return rows.end_row();
}

Status add_columns(engine::Appender& rows, const VisibleTable& table) {
  std::int64_t position = 0;
  for (const VisibleTable::Column& column : table.columns) {
    const WireType wire = wire_type(column.type);
    rows.int64(relation_oid(table.name))
        .int64(++position)
        .text(column.name)
        .int64(wire.oid)
        .int64(wire.modifier);
    rows.boolean(column.required).text_or_null(column.description).int64(column.key_position);
    TARN_RETURN_IF_ERROR(rows.end_row());
  }
  return ok_status();
}

}  // namespace

std::int64_t relation_oid(const TableName& table) {
  return oid_of(table.to_string());
}

std::int64_t schema_oid(std::string_view schema) {
  if (schema == "pg_catalog") return kCatalogSchema;
  if (schema == "public") return kPublicSchema;
  if (schema == "information_schema") return kInformationSchema;
  return oid_of(schema);
}

std::int64_t system_relation_oid(std::string_view name) {
  const auto found =
      std::ranges::find(kSystemRelations, name, &std::pair<std::string_view, std::int64_t>::first);
  return found == kSystemRelations.end() ? 0 : found->second;
}

Status SystemCatalog::make() {
  std::string sql(system_functions());
  sql += system_relations();
  sql += information_schema();
  for (const EmptyRelation& relation : empty_relations())
    sql += fmt::format("CREATE TABLE {}.{} ({});\n", relation.schema, relation.name, relation.columns);
  TARN_RETURN_IF_ERROR(connection_.run(sql));
  TARN_RETURN_IF_ERROR(fill_types());
  is_made_ = true;
  return ok_status();
}

Status SystemCatalog::fill_types() {
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"tarn_pg", "lake_types"}));
  for (const Type& type : types()) {
    rows.int64(type.oid)
        .text(type.name)
        .int64(type.size)
        .text({&type.category, 1})
        .int64(0)
        .int64(type.array);
    TARN_RETURN_IF_ERROR(rows.end_row());
    if (type.array == 0) continue;
    rows.int64(type.array).text("_" + std::string(type.name)).int64(-1).text("A").int64(type.oid).int64(0);
    TARN_RETURN_IF_ERROR(rows.end_row());
  }
  return rows.close();
}

Status SystemCatalog::fill_tables(const std::vector<VisibleTable>& tables) {
  TARN_RETURN_IF_ERROR(connection_.run(
      "TRUNCATE tarn_pg.lake_schemas; TRUNCATE tarn_pg.lake_relations; TRUNCATE tarn_pg.lake_columns"));
  TARN_ASSIGN_OR_RETURN(engine::Appender relations, connection_.append_to({"tarn_pg", "lake_relations"}));
  TARN_ASSIGN_OR_RETURN(engine::Appender columns, connection_.append_to({"tarn_pg", "lake_columns"}));
  std::set<std::string> schemas{"pg_catalog", "information_schema", "public"};
  for (const VisibleTable& table : tables) {
    schemas.insert(table.name.schema);
    TARN_RETURN_IF_ERROR(
        add_relation(relations, relation_oid(table.name), schema_oid(table.name.schema), table));
    TARN_RETURN_IF_ERROR(add_columns(columns, table));
  }
  for (const auto& [name, oid] : kSystemRelations) {
    const VisibleTable system{.name = {"pg_catalog", std::string(name)}};
    TARN_RETURN_IF_ERROR(add_relation(relations, oid, kCatalogSchema, system));
  }
  TARN_RETURN_IF_ERROR(relations.close());
  TARN_RETURN_IF_ERROR(columns.close());
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"tarn_pg", "lake_schemas"}));
  for (const std::string& schema : schemas) {
    rows.int64(schema_oid(schema)).text(schema);
    TARN_RETURN_IF_ERROR(rows.end_row());
  }
  return rows.close();
}

Status SystemCatalog::fill_session(const Identity& identity, const std::string& default_schema) {
  TARN_RETURN_IF_ERROR(connection_.run("TRUNCATE tarn_pg.lake_session; TRUNCATE tarn_pg.lake_settings"));
  TARN_ASSIGN_OR_RETURN(engine::Appender session, connection_.append_to({"tarn_pg", "lake_session"}));
  session.text(identity.database).text(identity.user).int64(identity.process);
  session.text(default_schema.empty() ? "public" : default_schema);
  TARN_RETURN_IF_ERROR(session.end_row());
  TARN_RETURN_IF_ERROR(session.close());
  TARN_ASSIGN_OR_RETURN(engine::Appender settings, connection_.append_to({"tarn_pg", "lake_settings"}));
  for (const SettingValue& setting : identity.settings) {
    settings.text(setting.name).text(setting.value).text(setting.description);
    TARN_RETURN_IF_ERROR(settings.end_row());
  }
  return settings.close();
}

Status SystemCatalog::refresh(const std::vector<VisibleTable>& tables, const Identity& identity,
                              const std::string& default_schema) {
  if (!is_made_) TARN_RETURN_IF_ERROR(make());
  std::string tables_state;
  for (const VisibleTable& table : tables) tables_state += table.name.to_string() + "\n" + table.state + "\n";
  if (tables_state != tables_state_) {
    TARN_RETURN_IF_ERROR(fill_tables(tables));
    tables_state_ = std::move(tables_state);
  }
  std::string session_state =
      fmt::format("{}\n{}\n{}\n{}\n", identity.user, identity.database, identity.process, default_schema);
  for (const SettingValue& setting : identity.settings)
    session_state += setting.name + "=" + setting.value + "\n";
  if (session_state == session_state_) return ok_status();
  TARN_RETURN_IF_ERROR(fill_session(identity, default_schema));
  session_state_ = std::move(session_state);
  return ok_status();
}

}  // namespace tarn::query::postgres
