#include <arrow/c/abi.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "iceberg/errors.h"
#include "query/errors.h"
#include "query/views/type_sql.h"
#include "query/views/view_sql.h"
#include "query/writes/statement_writer.h"
#include "table/deletes/delete_file.h"
#include "table/deletes/write_deletes.h"

/// INSERT, UPDATE, DELETE and TRUNCATE.
namespace tarn::query {

using engine::quote_identifier;

std::string new_batch_id(const LakeWriting& writing) {
  return "sql-" + uuid_v7(writing.clock.now_us() / 1000, writing.random.bytes16());
}

std::string streamed_sql(const std::string& expression, const iceberg::Type& type) {
  if (type.id() != iceberg::TypeId::kUuid) return expression;
  return fmt::format("unhex(replace(CAST({} AS VARCHAR), '-', ''))", expression);
}

std::string streamed_columns(const iceberg::Schema& schema) {
  std::string columns;
  for (const iceberg::NestedField& field : schema.fields()) {
    const std::string name = quote_identifier(field.name);
    columns += fmt::format("{}{} AS {}", columns.empty() ? "" : ", ", streamed_sql(name, field.type), name);
  }
  return columns;
}

const iceberg::NestedField* find_column(const iceberg::Schema& schema, std::string_view name) {
  const auto exact = std::ranges::find(schema.fields(), name, &iceberg::NestedField::name);
  if (exact != schema.fields().end()) return &*exact;
  const auto found = std::ranges::find_if(schema.fields(), [&](const iceberg::NestedField& field) {
    return to_lower_ascii(field.name) == to_lower_ascii(name);
  });
  return found == schema.fields().end() ? nullptr : &*found;
}

std::string listed_columns(const iceberg::Schema& schema) {
  std::string columns;
  for (const iceberg::NestedField& field : schema.fields())
    columns += (columns.empty() ? "" : ", ") + quote_identifier(field.name);
  return columns;
}

Error of_table(const Error& error, const TableName& table) {
  constexpr std::string_view kFailed = "NOT NULL constraint failed: ";
  const std::size_t place = error.message().find(kFailed);
  if (&error.code() != &engine::kConstraint || place == std::string::npos) return error;
  const std::string column = error.message().substr(error.message().rfind('.') + 1);
  return Error(kNotNull,
               fmt::format("null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                           column, table.to_string()));
}

Result<std::int64_t> count_of(engine::ResultSet& rows) {
  std::int64_t count = 0;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::optional<engine::Chunk> chunk, rows.next());
    if (!chunk) return count;
    if (chunk->columns() > 0 && chunk->rows() > 0) count = chunk->cell(0, 0).as_int64().value_or(0);
  }
}

Result<const iceberg::NestedField*> StatementWriter::column_of(const std::string& name, const Piece& place,
                                                               const catalog::Table& table) const {
  const iceberg::NestedField* const field = find_column(table.metadata->current_schema(), name);
  if (field != nullptr) return field;
  return at(Error(engine::kBinder, fmt::format("column \"{}\" of relation \"{}\" does not exist", name,
                                               table.name.to_string())),
            place);
}

Result<StatementWriter::Query> StatementWriter::insert_query(const catalog::Table& table) {
  std::string columns;
  std::set<const iceberg::NestedField*> named;
  for (const std::string& name : write_.columns) {
    TARN_ASSIGN_OR_RETURN(const auto* const field, column_of(name, write_.targets.front().place, table));
    if (!named.insert(field).second)
      return Error(kDuplicateColumn, fmt::format("column \"{}\" is named twice", name));
    columns += (columns.empty() ? "" : ", ") + quote_identifier(field->name);
  }
  const std::string text = write_.with.empty()
                               ? std::string(write_.source.in(sql_))
                               : fmt::format("{} {}", write_.with.in(sql_), write_.source.in(sql_));
  TARN_ASSIGN_OR_RETURN(Query query, query_of(text, "", ""));
  // What reads the table may have written the rows that waited in the stage: it is made behind that.
  std::string into;
  if (write_.returning.empty()) {
    TARN_ASSIGN_OR_RETURN(into, session_.ensure_stage(table));
  } else {
    TARN_RETURN_IF_ERROR(make_fresh(table));
    into = fresh();
    if (columns.empty()) columns = listed_columns(table.metadata->current_schema());
  }
  query.before = fmt::format("INSERT INTO {}{} ", into, columns.empty() ? "" : " (" + columns + ")");
  return query;
}

Result<std::int64_t> StatementWriter::insert(const Impl::Bind& bind) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, target());
  TARN_ASSIGN_OR_RETURN(const Query query, insert_query(table));
  TARN_ASSIGN_OR_RETURN(std::optional<Query> returning, returning_query(table));
  TARN_ASSIGN_OR_RETURN(const std::int64_t count, fill_fresh(query, table, bind, returning));
  if (returning) {
    TARN_RETURN_IF_ERROR(answer(returning, table));
    TARN_ASSIGN_OR_RETURN(const std::string stage, session_.ensure_stage(table));
    TARN_RETURN_IF_ERROR(
        session_.connection->run(fmt::format("INSERT INTO {} SELECT {} FROM {}", stage,
                                             listed_columns(table.metadata->current_schema()), fresh())));
    TARN_RETURN_IF_ERROR(drop_fresh());
  }
  session_.pending[table.name] += count;
  return count;
}

std::string StatementWriter::alias_of(const catalog::Table& table) const {
  return quote_identifier(write_.alias.empty() ? table.name.name : write_.alias);
}

/// A piece of the statement, in which columns that are named with the table's full name have its alias.
std::string StatementWriter::expression(const Piece& piece, const catalog::Table& table) const {
  const std::string text(piece.in(sql_));
  const auto chains = find_names(text);
  if (!chains.ok() || !write_.alias.empty()) return text;
  Rewrite rewrite(text);
  for (const NameChain& chain : *chains) {
    const std::size_t parts = chain.parts.size();
    if (parts < 3 || to_lower_ascii(chain.parts[parts - 2]) != to_lower_ascii(table.name.name)) continue;
    const std::string schema = fmt::format("{}", fmt::join(chain.parts.begin(), chain.parts.end() - 2, "."));
    const bool is_it = to_lower_ascii(schema) == to_lower_ascii(table.name.schema) ||
                       to_lower_ascii(schema).ends_with("." + to_lower_ascii(table.name.schema));
    if (is_it) rewrite.replace(chain.begin, chain.part_ends[parts - 2], alias_of(table));
  }
  return rewrite.finish();
}

Result<StatementWriter::Query> StatementWriter::placed_query(const catalog::Table& table,
                                                             const std::string& columns, std::string before,
                                                             std::string behind) {
  const std::string alias = alias_of(table);
  std::string text;
  if (!write_.with.empty()) text = std::string(write_.with.in(sql_)) + " ";
  text += fmt::format("SELECT {0}.{1}, {0}.{2}{3} FROM {4}.{5} AS {0}", alias, kPlaceFile, kPlaceRow, columns,
                      kWriteSchema, quote_identifier(table.name.name));
  if (!write_.from.empty()) text += fmt::format(", {}", expression(write_.from, table));
  if (!write_.where.empty()) text += fmt::format(" WHERE ({}\n)", expression(write_.where, table));
  session_.write_target = table.name.name;
  Result<Query> query = query_of(text, std::move(before), std::move(behind));
  session_.write_target.clear();
  return query;
}

Result<StatementWriter::Values> StatementWriter::assigned(const std::vector<Assignment>& assignments,
                                                          const catalog::Table& table) const {
  Values values;
  for (const Assignment& one : assignments) {
    TARN_ASSIGN_OR_RETURN(const auto* const field, column_of(one.column, one.place, table));
    const bool is_default = to_lower_ascii(one.value.in(sql_)) == "default";
    const std::string value = is_default ? "NULL" : expression(one.value, table);
    if (!values.emplace(field, fmt::format("CAST(({}\n) AS {})", value, type_sql(field->type))).second)
      return at(Error(kDuplicateColumn, fmt::format("column \"{}\" is set twice", one.column)), one.place);
  }
  return values;
}

/// Of several rows that fit one of the table, any one is taken, as PostgreSQL does.
std::string StatementWriter::once_each() const {
  return write_.from.empty() ? "" : fmt::format("DISTINCT ON ({}, {}) ", kPlaceFile, kPlaceRow);
}

Result<StatementWriter::Query> StatementWriter::update_query(const catalog::Table& table) {
  const iceberg::Schema& schema = table.metadata->current_schema();
  TARN_ASSIGN_OR_RETURN(const Values values, assigned(write_.assignments, table));
  std::string columns;
  for (const iceberg::NestedField& field : schema.fields()) {
    const auto value = values.find(&field);
    const std::string name = quote_identifier(field.name);
    columns +=
        fmt::format(", {} AS {}", value == values.end() ? alias_of(table) + "." + name : value->second, name);
  }
  const std::string taken =
      write_.returning.empty()
          ? fmt::format("SELECT {}{}, {}, {}", once_each(), kPlaceFile, kPlaceRow, streamed_columns(schema))
          : fmt::format("INSERT INTO {} SELECT {}{}, {}, {}, {}", fresh(), once_each(), kPlaceFile, kPlaceRow,
                        kUpdateAction, listed_columns(schema));
  return placed_query(table, columns, taken + " FROM (", "\n) AS changed");
}

Result<StatementWriter::Query> StatementWriter::delete_query(const catalog::Table& table) {
  if (write_.returning.empty()) return placed_query(table, "", "", "");
  const iceberg::Schema& schema = table.metadata->current_schema();
  std::string columns;
  for (const iceberg::NestedField& field : schema.fields())
    columns += fmt::format(", {}.{}", alias_of(table), quote_identifier(field.name));
  return placed_query(table, columns,
                      fmt::format("INSERT INTO {} SELECT {}{}, {}, {}, {} FROM (", fresh(), once_each(),
                                  kPlaceFile, kPlaceRow, kDeleteAction, listed_columns(schema)),
                      "\n) AS changed");
}

Result<std::unique_ptr<table::RowStream>> StatementWriter::stream(engine::Statement& statement,
                                                                  const catalog::Table& table,
                                                                  table::StreamColumns columns) {
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, statement.execute());
  return session_.stream(rows, table, columns);
}

Status StatementWriter::change(const catalog::Table& table, const table::Scan& scan,
                               std::initializer_list<const table::RowStream*> streams) {
  const iceberg::TableMetadata& metadata = *table.metadata;
  std::map<std::string, const table::LiveFile*> by_path;
  for (const table::ScanTask& task : scan.tasks) {
    TARN_ASSIGN_OR_RETURN(std::string path, engine_path(task.data->file.file_path));
    by_path.emplace(std::move(path), task.data.get());
  }
  std::map<std::pair<std::int32_t, std::string>, table::PartitionDeletes> deletes;
  std::vector<table::NewFile> files;
  table::DeletedPositions places;
  for (const table::RowStream* const stream : streams) {
    files.insert(files.end(), stream->files().begin(), stream->files().end());
    for (const auto& [path, positions] : stream->places()) {
      std::vector<std::int64_t>& all = places[path];
      all.insert(all.end(), positions.begin(), positions.end());
    }
  }
  for (auto& [path, positions] : places) {
    std::ranges::sort(positions);
    const auto found = by_path.find(path);
    if (found == by_path.end())
      return Error(engine::kInternal, fmt::format("the engine read {}, which is no file of the table", path));
    const table::LiveFile& file = *found->second;
    const iceberg::PartitionSpec* const spec = metadata.spec_by_id(file.spec_id);
    const std::string partition = spec == nullptr ? "" : spec->path_of(file.file.partition);
    table::PartitionDeletes& some = deletes[{file.spec_id, partition}];
    some.spec_id = file.spec_id;
    some.partition = file.file.partition;
    some.positions[file.file.file_path] = std::move(positions);
  }
  std::vector<table::PartitionDeletes> all;
  for (auto& [partition, some] : deletes) all.push_back(std::move(some));
  const LakeWriting& writing = *session_.lake.writing;
  TARN_ASSIGN_OR_RETURN(table::WrittenDeletes written,
                        table::write_deletes(session_.lake.store, session_.lake.manifests, metadata, all,
                                             {.batch_id = new_batch_id(writing), .first_number = 0}));
  return session_.transaction.change_rows(table.name, {.data_files = std::move(files),
                                                       .delete_files = std::move(written.files),
                                                       .removed_files = std::move(written.replaced)});
}

Result<std::int64_t> StatementWriter::update(const Impl::Bind& bind) {
  TARN_ASSIGN_OR_RETURN(const TableName name, existing(write_.targets.front()));
  TARN_RETURN_IF_ERROR(session_.flush(name));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, target());
  TARN_ASSIGN_OR_RETURN(const table::Scan scan, session_.views.place_rows(table));
  TARN_ASSIGN_OR_RETURN(const Query query, update_query(table));
  if (!write_.returning.empty()) return change_fresh(query, table, scan, bind);
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, prepare(query, bind));
  TARN_RETURN_IF_ERROR(record(*query.ready, {table.name}));
  TARN_ASSIGN_OR_RETURN(const auto rows, stream(statement, table, table::StreamColumns::kPlacesAndRows));
  if (rows->rows() > 0) TARN_RETURN_IF_ERROR(change(table, scan, {rows.get()}));
  return rows->rows();
}

Result<std::int64_t> StatementWriter::remove(const Impl::Bind& bind) {
  TARN_ASSIGN_OR_RETURN(const TableName name, existing(write_.targets.front()));
  TARN_RETURN_IF_ERROR(session_.flush(name));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, target());
  if (write_.where.empty() && write_.from.empty() && write_.returning.empty()) {
    TARN_RETURN_IF_ERROR(record_definition({table.name}));
    return remove_all(table.name);
  }
  TARN_ASSIGN_OR_RETURN(const table::Scan scan, session_.views.place_rows(table));
  TARN_ASSIGN_OR_RETURN(const Query query, delete_query(table));
  if (!write_.returning.empty()) return change_fresh(query, table, scan, bind);
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, prepare(query, bind));
  TARN_RETURN_IF_ERROR(record(*query.ready, {table.name}));
  TARN_ASSIGN_OR_RETURN(const auto rows, stream(statement, table, table::StreamColumns::kPlaces));
  std::int64_t count = 0;
  for (const auto& [file, positions] : rows->places()) count += static_cast<std::int64_t>(positions.size());
  if (count > 0) TARN_RETURN_IF_ERROR(change(table, scan, {rows.get()}));
  return count;
}

Result<std::int64_t> StatementWriter::remove_all(const TableName& name) {
  TARN_RETURN_IF_ERROR(session_.flush(name));
  const std::string counting =
      fmt::format("SELECT count(*) FROM {}.{}", quote_identifier(name.schema), quote_identifier(name.name));
  TARN_ASSIGN_OR_RETURN(engine::ResultSet counted, session_.run(counting, {}));
  TARN_ASSIGN_OR_RETURN(const std::int64_t count, count_of(counted));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, session_.transaction.pin(name));
  TARN_ASSIGN_OR_RETURN(table::SnapshotChange change, emptied(table));
  if (change.removed_files.empty()) return count;
  TARN_RETURN_IF_ERROR(session_.transaction.change_rows(name, std::move(change)));
  return count;
}

Result<table::SnapshotChange> StatementWriter::emptied(const catalog::Table& table) const {
  TARN_ASSIGN_OR_RETURN(const table::Scan scan, table::plan_scan(session_.lake.manifests, *table.metadata));
  table::SnapshotChange change;
  for (const table::ScanTask& task : scan.tasks) change.removed_files.insert(task.data->file.file_path);
  // A data file takes its deletion vector with it.
  for (const auto& file : scan.delete_files) {
    if (!table::is_deletion_vector(file->file))
      change.removed_files.insert(table::delete_file_key(file->file));
  }
  return change;
}

}  // namespace tarn::query
