#include <arrow/buffer.h>
#include <arrow/ipc/writer.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "engine/source_place.h"
#include "flight/arrow_status.h"
#include "flight/metadata/answer.h"
#include "flight/metadata/like_pattern.h"
#include "flight/metadata/metadata.h"
#include "flight/statements/row_stream.h"

/// Catalogs, schemas, tables and their keys.
namespace tarn::flight {
namespace {

using query::VisibleTable;

constexpr std::string_view kTable = "TABLE";
constexpr std::string_view kSystemTable = "SYSTEM TABLE";
constexpr std::string_view kView = "VIEW";

std::shared_ptr<arrow::Field> text(const char* name, bool nullable = true) {
  return arrow::field(name, arrow::utf8(), nullable);
}

bool is_system(const VisibleTable& table) {
  return table.name.schema == "ops";
}

bool fits(const std::optional<std::string>& pattern, const std::string& name) {
  return !pattern || matches_like(*pattern, name);
}

bool is_catalog(const std::optional<std::string>& wanted, const std::string& catalog) {
  return !wanted || *wanted == catalog;
}

Result<std::vector<VisibleTable>> sorted_tables(query::Session& session) {
  TARN_ASSIGN_OR_RETURN(std::vector<VisibleTable> tables, session.tables());
  std::ranges::sort(tables, {},
                    [](const VisibleTable& table) { return std::tie(table.name.schema, table.name.name); });
  return tables;
}

std::shared_ptr<arrow::KeyValueMetadata> facts_of(const VisibleTable& table, const std::string& catalog,
                                                  const VisibleTable::Column& column) {
  auto facts = arrow::key_value_metadata(
      {{"ARROW:FLIGHT:SQL:CATALOG_NAME", catalog},
       {"ARROW:FLIGHT:SQL:DB_SCHEMA_NAME", table.name.schema},
       {"ARROW:FLIGHT:SQL:SCHEMA_NAME", table.name.schema},  // What clients look for.
       {"ARROW:FLIGHT:SQL:TABLE_NAME", table.name.name},
       {"ARROW:FLIGHT:SQL:TYPE_NAME", column.sql_type},
       {"ARROW:FLIGHT:SQL:IS_AUTO_INCREMENT", "0"},
       {"ARROW:FLIGHT:SQL:IS_CASE_SENSITIVE", "1"},
       {"ARROW:FLIGHT:SQL:IS_READ_ONLY", "1"},
       {"ARROW:FLIGHT:SQL:IS_SEARCHABLE", "1"}});
  if (column.type.id == engine::TypeId::kDecimal) {
    facts->Append("ARROW:FLIGHT:SQL:PRECISION", std::to_string(column.type.width));
    facts->Append("ARROW:FLIGHT:SQL:SCALE", std::to_string(column.type.scale));
  }
  if (!column.description.empty()) facts->Append("ARROW:FLIGHT:SQL:REMARKS", column.description);
  return facts;
}

/// The columns of a table as `SELECT *` will give them. The engine is asked for them by their types alone:
/// nothing of the table is opened.
Result<std::string> serialized_schema(const VisibleTable& table, const std::string& catalog,
                                      query::Session& session) {
  std::string sql;
  for (const VisibleTable::Column& column : table.columns) {
    sql += (sql.empty() ? "SELECT CAST(NULL AS " : ", CAST(NULL AS ") + column.sql_type + ") AS " +
           engine::quote_identifier(column.name);
  }
  arrow::FieldVector fields;
  if (!sql.empty()) {
    TARN_ASSIGN_OR_RETURN(const query::PreparedStatement statement, prepare_one(session, sql));
    TARN_ASSIGN_OR_RETURN(const auto schema, columns_of(statement));
    fields = schema->fields();
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const VisibleTable::Column& column = table.columns[i];
    fields[i] =
        fields[i]->WithNullable(!column.required)->WithMergedMetadata(facts_of(table, catalog, column));
  }
  const auto remarks = table.description.empty()
                           ? nullptr
                           : arrow::key_value_metadata({{"ARROW:FLIGHT:SQL:REMARKS", table.description}});
  TARN_FLIGHT_ASSIGN_OR_RETURN(const auto bytes,
                               arrow::ipc::SerializeSchema(*arrow::schema(std::move(fields), remarks)));
  return bytes->ToString();
}

}  // namespace

std::shared_ptr<arrow::Schema> catalogs_schema() {
  return arrow::schema({text("catalog_name", false)});
}

Result<Table> list_catalogs(const std::string& catalog) {
  return to_table(catalogs_schema(), {{catalog}});
}

std::shared_ptr<arrow::Schema> schemas_schema() {
  return arrow::schema({text("catalog_name"), text("db_schema_name", false)});
}

Result<Table> list_schemas(const GetDbSchemas& command, const std::string& catalog, query::Session& session) {
  std::vector<AnswerRow> rows;
  if (is_catalog(command.catalog, catalog)) {
    std::set<std::string> schemas;
    TARN_ASSIGN_OR_RETURN(const std::vector<VisibleTable> tables, session.tables());
    for (const VisibleTable& table : tables) schemas.insert(table.name.schema);
    for (const std::string& schema : schemas) {
      if (fits(command.schema_pattern, schema)) rows.push_back({catalog, schema});
    }
  }
  return to_table(schemas_schema(), rows);
}

std::shared_ptr<arrow::Schema> tables_schema(bool with_schema) {
  arrow::FieldVector fields = {text("catalog_name"), text("db_schema_name"), text("table_name", false),
                               text("table_type", false)};
  if (with_schema) fields.push_back(arrow::field("table_schema", arrow::binary(), false));
  return arrow::schema(std::move(fields));
}

Result<Table> list_tables(const GetTables& command, const std::string& catalog, query::Session& session) {
  std::vector<VisibleTable> tables;
  if (is_catalog(command.catalog, catalog)) {
    TARN_ASSIGN_OR_RETURN(tables, sorted_tables(session));
  }
  std::vector<AnswerRow> rows;
  for (const VisibleTable& table : tables) {
    const std::string type(is_system(table) ? kSystemTable : table.is_view ? kView : kTable);
    if (!fits(command.schema_pattern, table.name.schema) || !fits(command.table_pattern, table.name.name))
      continue;
    if (!command.table_types.empty() &&
        std::ranges::find(command.table_types, type) == command.table_types.end())
      continue;
    AnswerRow row{catalog, table.name.schema, table.name.name, type};
    if (command.include_schema) {
      TARN_ASSIGN_OR_RETURN(std::string schema, serialized_schema(table, catalog, session));
      row.emplace_back(std::move(schema));
    }
    rows.push_back(std::move(row));
  }
  return to_table(tables_schema(command.include_schema), rows);
}

std::shared_ptr<arrow::Schema> table_types_schema() {
  return arrow::schema({text("table_type", false)});
}

Result<Table> list_table_types() {
  return to_table(table_types_schema(),
                  {{std::string(kSystemTable)}, {std::string(kTable)}, {std::string(kView)}});
}

std::shared_ptr<arrow::Schema> primary_keys_schema() {
  return arrow::schema({text("catalog_name"), text("db_schema_name"), text("table_name", false),
                        text("column_name", false), text("key_name"),
                        arrow::field("key_sequence", arrow::int32(), false)});
}

Result<Table> list_primary_keys(const GetPrimaryKeys& command, const std::string& catalog,
                                query::Session& session) {
  std::vector<VisibleTable> tables;
  if (is_catalog(command.catalog, catalog)) {
    TARN_ASSIGN_OR_RETURN(tables, sorted_tables(session));
  }
  std::vector<AnswerRow> rows;
  for (const VisibleTable& table : tables) {
    if (table.name.name != command.table || (command.schema && *command.schema != table.name.schema))
      continue;
    std::vector<VisibleTable::Column> keys;
    std::ranges::copy_if(table.columns, std::back_inserter(keys),
                         [](const VisibleTable::Column& column) { return column.key_position > 0; });
    std::ranges::sort(keys, {}, &VisibleTable::Column::key_position);
    for (const VisibleTable::Column& key : keys)
      rows.push_back(
          {catalog, table.name.schema, table.name.name, key.name, {}, std::int32_t{key.key_position}});
  }
  return to_table(primary_keys_schema(), rows);
}

std::shared_ptr<arrow::Schema> foreign_keys_schema() {
  const auto rule = [](const char* name) { return arrow::field(name, arrow::uint8(), false); };
  return arrow::schema({text("pk_catalog_name"), text("pk_db_schema_name"), text("pk_table_name", false),
                        text("pk_column_name", false), text("fk_catalog_name"), text("fk_db_schema_name"),
                        text("fk_table_name", false), text("fk_column_name", false),
                        arrow::field("key_sequence", arrow::int32(), false), text("fk_key_name"),
                        text("pk_key_name"), rule("update_rule"), rule("delete_rule")});
}

Result<Table> list_foreign_keys() {
  return to_table(foreign_keys_schema(), {});
}

}  // namespace tarn::flight
