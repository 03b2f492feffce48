#include <arrow/c/abi.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "catalog/errors.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "iceberg/schema_update.h"
#include "query/errors.h"
#include "query/views/type_sql.h"
#include "query/writes/statement_writer.h"

/// CREATE, DROP and ALTER of tables and schemas.
namespace tarn::query {
namespace {

using engine::quote_identifier;
using iceberg::NestedField;
using iceberg::Schema;

/// PostgreSQL's types that the engine knows by another name. A numeric without digits has any there.
std::string engine_type(std::string_view written) {
  const std::string name = to_lower_ascii(written);
  if (name == "numeric" || name == "decimal") return "DECIMAL(38, 10)";
  return name == "jsonb" ? "JSON" : std::string(written);
}

/// The engine streams whole numbers of 64 bits without sign in a way that tables have no type for.
std::string result_type(const engine::Column& column) {
  return column.type == "UBIGINT" ? "DECIMAL(20, 0)" : "";
}

}  // namespace

Result<Schema> StatementWriter::schema_of(const engine::Statement& statement) const {
  ArrowSchema described{};
  TARN_ASSIGN_OR_RETURN(const bool is_known, statement.describe_arrow(described));
  if (!is_known)
    return Error(engine::kBinder, "the types of the columns are not known").with_hint("cast the parameters");
  TARN_ASSIGN_OR_RETURN(const Schema schema, table::schema_of_stream(described));
  const std::vector<engine::Column> columns = statement.columns();
  std::vector<NestedField> fields(schema.fields().begin(), schema.fields().end());
  for (std::size_t i = 0; i < fields.size() && i < columns.size(); ++i) {
    fields[i].required = false;
    if (columns[i].precise.id == engine::TypeId::kUuid) fields[i].type = iceberg::Type::uuid();
  }
  return Schema::make({.fields = std::move(fields)});
}

Result<StatementWriter::Query> StatementWriter::source_query() {
  TARN_ASSIGN_OR_RETURN(Query query, query_of(std::string(write_.source.in(sql_)), "", ""));
  TARN_ASSIGN_OR_RETURN(const engine::Statement statement,
                        prepare(query, [](engine::Statement&) { return ok_status(); }));
  if (statement.kind() != engine::StatementKind::kSelect)
    return at(Error(engine::kSyntax, "a query is expected"), write_.source);
  const std::vector<engine::Column> columns = statement.columns();
  if (write_.columns.size() > columns.size())
    return Error(engine::kSyntax, "CREATE TABLE AS specifies too many column names");
  std::string names;
  std::string list;
  std::set<std::string> known;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& name = i < write_.columns.size() ? write_.columns[i] : columns[i].name;
    if (!known.insert(to_lower_ascii(name)).second)
      return Error(kDuplicateColumn, fmt::format("column \"{}\" specified more than once", name));
    const std::string inner = fmt::format("_tarn_{}", i);
    const std::string type = result_type(columns[i]);
    const iceberg::Type kind = columns[i].precise.id == engine::TypeId::kUuid && !only_prepares_
                                   ? iceberg::Type::uuid()
                                   : iceberg::Type::string();
    const std::string value = streamed_sql(inner, kind);
    names += (names.empty() ? "" : ", ") + inner;
    list += fmt::format("{}{} AS {}", list.empty() ? "" : ", ",
                        type.empty() ? value : fmt::format("CAST({} AS {})", value, type),
                        quote_identifier(name));
  }
  query.before = fmt::format("SELECT {} FROM (", list);
  query.behind = fmt::format("\n) AS source({})", names);
  return query;
}

Result<std::int64_t> StatementWriter::create_as(const Impl::Bind& bind) {
  TARN_ASSIGN_OR_RETURN(const TableName name, fresh(write_.targets.front()));
  if (write_.if_there && find_table(session_.known, name) != nullptr) return 0;
  TARN_RETURN_IF_ERROR(check_vacant(name));
  only_prepares_ = true;
  Result<Query> typed = source_query();
  Result<engine::Statement> described =
      typed.ok() ? prepare(*typed, {}) : Result<engine::Statement>(typed.error());
  only_prepares_ = false;
  TARN_ASSIGN_OR_RETURN(const engine::Statement types, std::move(described));
  TARN_ASSIGN_OR_RETURN(const Schema schema, schema_of(types));
  TARN_ASSIGN_OR_RETURN(const Query query, source_query());
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, prepare(query, bind));
  TARN_RETURN_IF_ERROR(record(*query.ready, {name}));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, session_.transaction.create_table(name, schema));
  if (!write_.with_rows) return 0;
  TARN_ASSIGN_OR_RETURN(const auto rows, stream(statement, table, table::StreamColumns::kRows));
  if (rows->rows() > 0)
    TARN_RETURN_IF_ERROR(session_.transaction.change_rows(name, {.data_files = rows->files()}));
  return rows->rows();
}

/// The type as the engine writes it.
Result<std::string> StatementWriter::type_of(const ColumnDefinition& column) const {
  const std::string type = engine_type(column.type.in(sql_));
  const auto checked = [&]() -> Result<std::string> {
    TARN_RETURN_IF_ERROR(session_.check_expression(fmt::format("CAST(NULL AS {}\n)", type)));
    TARN_ASSIGN_OR_RETURN(const engine::Statement statement,
                          session_.connection->prepare(fmt::format("SELECT CAST(NULL AS {}\n) AS c", type)));
    TARN_RETURN_IF_ERROR(schema_of(statement));
    const std::vector<engine::Column> columns = statement.columns();
    if (columns.size() != 1) return Error(engine::kSyntax, "a type is expected");
    return columns.front().type;
  };
  Result<std::string> found = checked();
  if (found.ok()) return found;
  return at(Error(found.error().code(), found.error().message()).with_hint(found.error().hint()),
            column.type);
}

Result<Schema> StatementWriter::schema_of_columns(const std::vector<ColumnDefinition>& columns) const {
  std::string list;
  std::set<std::string> known;
  for (const ColumnDefinition& column : columns) {
    if (!known.insert(to_lower_ascii(column.name)).second)
      return at(Error(kDuplicateColumn, fmt::format("column \"{}\" specified more than once", column.name)),
                column.place);
    TARN_ASSIGN_OR_RETURN(const std::string type, type_of(column));
    list += fmt::format("{}CAST(NULL AS {}) AS {}", list.empty() ? "" : ", ", type,
                        quote_identifier(column.name));
  }
  TARN_ASSIGN_OR_RETURN(const engine::Statement statement, session_.connection->prepare("SELECT " + list));
  TARN_ASSIGN_OR_RETURN(const Schema schema, schema_of(statement));
  std::vector<NestedField> fields(schema.fields().begin(), schema.fields().end());
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i].required = columns[i].required;
  return Schema::make({.fields = std::move(fields)});
}

Status StatementWriter::check_vacant(const TableName& name) const {
  const bool is_table = find_table(session_.known, name) != nullptr;
  if (!is_table && find_name(session_.known.views, name) == nullptr) return ok_status();
  return at(Error(is_table ? catalog::kTableExists : catalog::kViewExists,
                  fmt::format("relation \"{}\" already exists", name.to_string())),
            write_.targets.front().place);
}

Status StatementWriter::create() {
  TARN_ASSIGN_OR_RETURN(const TableName name, fresh(write_.targets.front()));
  if (write_.if_there && find_table(session_.known, name) != nullptr) return ok_status();
  TARN_RETURN_IF_ERROR(check_vacant(name));
  if (write_.definitions.empty())
    return at(Error(kUnsupportedWrite, "a table of a lake has a column at least"),
              write_.targets.front().place);
  TARN_ASSIGN_OR_RETURN(const Schema schema, schema_of_columns(write_.definitions));
  TARN_RETURN_IF_ERROR(record_definition({name}));
  TARN_RETURN_IF_ERROR(session_.transaction.create_table(name, schema));
  return ok_status();
}

Status StatementWriter::drop() {
  std::vector<TableName> tables;
  keeps_view_ = write_.kind == WriteKind::kDropMaterialized;
  for (const WrittenName& written : write_.targets) {
    TARN_ASSIGN_OR_RETURN(const auto name, existing_if_there(written));
    if (!name) continue;
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, session_.transaction.pin(*name));
    if (const Status allowed = check_rights(*name, table.metadata.get()); !allowed.ok())
      return at(allowed.error(), written.place);
    if (keeps_view_ && !materialized_view(*table.metadata))
      return at(Error(kMaterializedView, fmt::format("\"{}\" is not a materialized view", name->to_string()))
                    .with_hint("write DROP TABLE"),
                written.place);
    tables.push_back(*name);
  }
  if (tables.empty()) return ok_status();
  TARN_RETURN_IF_ERROR(record_definition(tables));
  for (const TableName& name : tables) {
    session_.drop_stage(name);
    TARN_RETURN_IF_ERROR(session_.transaction.drop_table(name));
  }
  return ok_status();
}

Status StatementWriter::move_table(const TableName& from, const TableName& to) {
  TARN_RETURN_IF_ERROR(check_rights(to, nullptr));
  return session_.transaction.rename_table(from, to);
}

Status StatementWriter::alter() {
  TARN_ASSIGN_OR_RETURN(const TableName* const view, existing_view(write_.targets.front()));
  if (view != nullptr) return alter_view(*view);
  TARN_ASSIGN_OR_RETURN(const auto name, existing_if_there(write_.targets.front()));
  if (!name) return ok_status();
  TARN_RETURN_IF_ERROR(session_.flush(*name));
  // Materialized views have names, too.
  keeps_view_ = std::ranges::all_of(write_.alterations, [](const Alteration& one) {
    return one.kind == Alteration::Kind::kRenameTable || one.kind == Alteration::Kind::kSetSchema;
  });
  TARN_ASSIGN_OR_RETURN(const catalog::Table first, target());
  TARN_RETURN_IF_ERROR(record_definition({*name}));
  TableName now = *name;
  for (const Alteration& one : write_.alterations) {
    if (one.kind == Alteration::Kind::kRenameTable || one.kind == Alteration::Kind::kSetSchema) {
      const TableName to = one.kind == Alteration::Kind::kRenameTable ? TableName{now.schema, one.new_name}
                                                                      : TableName{one.new_name, now.name};
      TARN_RETURN_IF_ERROR(move_table(now, to));
      now = to;
      continue;
    }
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, session_.transaction.pin(now));
    TARN_RETURN_IF_ERROR(alter_table(table, one));
  }
  return ok_status();
}

Status StatementWriter::alter_table(const catalog::Table& table, const Alteration& alteration) {
  const Schema& schema = table.metadata->current_schema();
  const NestedField* const column = find_column(schema, alteration.column.name);
  const bool adds = alteration.kind == Alteration::Kind::kAddColumn;
  if (adds == (column != nullptr)) {
    if (alteration.if_there) return ok_status();
    const std::string what = fmt::format("column \"{}\" of relation \"{}\" {}", alteration.column.name,
                                         table.name.to_string(), adds ? "already exists" : "does not exist");
    return at(adds ? Error(kDuplicateColumn, what) : Error(engine::kBinder, what), alteration.column.place);
  }
  iceberg::SchemaUpdate update(schema, table.metadata->last_column_id);
  switch (alteration.kind) {
    case Alteration::Kind::kAddColumn: {
      TARN_ASSIGN_OR_RETURN(const Schema one, schema_of_columns({alteration.column}));
      TARN_RETURN_IF_ERROR(update.add({.name = alteration.column.name, .type = one.fields()[0].type}));
      break;
    }
    case Alteration::Kind::kDropColumn:
      TARN_RETURN_IF_ERROR(update.drop(column->name));
      break;
    case Alteration::Kind::kRenameColumn:
      TARN_RETURN_IF_ERROR(update.rename(column->name, alteration.new_name));
      break;
    case Alteration::Kind::kSetType: {
      TARN_ASSIGN_OR_RETURN(const Schema one, schema_of_columns({alteration.column}));
      TARN_RETURN_IF_ERROR(update.widen(column->name, one.fields()[0].type));
      break;
    }
    default:
      TARN_RETURN_IF_ERROR(update.make_optional(column->name));
      break;
  }
  TARN_ASSIGN_OR_RETURN(const iceberg::SchemaUpdate::Outcome outcome, update.finish());
  return session_.transaction.change_schema(table.name, outcome);
}

// Schemas are there, or gone, at once: they are not part of the transaction.
Status StatementWriter::create_schema() {
  const std::string schema = fmt::format("{}", fmt::join(parts_of(write_.targets.front()), "."));
  // Whoever may write any table of it.
  TARN_RETURN_IF_ERROR(check_rights({schema, "any"}, nullptr));
  TARN_ASSIGN_OR_RETURN(const bool exists, session_.lake.catalog.namespace_exists(schema));
  if (exists && write_.if_there) return ok_status();
  TARN_RETURN_IF_ERROR(record_definition({{schema, "*"}}));
  return session_.lake.catalog.create_namespace(schema);
}

Status StatementWriter::drop_schema() {
  for (const WrittenName& target : write_.targets) {
    const std::string schema = fmt::format("{}", fmt::join(parts_of(target), "."));
    TARN_RETURN_IF_ERROR(check_rights({schema, "any"}, nullptr));
    TARN_ASSIGN_OR_RETURN(const bool exists, session_.lake.catalog.namespace_exists(schema));
    if (!exists && write_.if_there) continue;
    TARN_RETURN_IF_ERROR(record_definition({{schema, "*"}}));
    TARN_RETURN_IF_ERROR(session_.lake.catalog.drop_namespace(schema));
  }
  return ok_status();
}

}  // namespace tarn::query
