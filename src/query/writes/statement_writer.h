#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/session_impl.h"
#include "query/writes/write_statement.h"
#include "table/rows/row_stream.h"

/// For this library only.
namespace tarn::query {

/// One statement that changes the lake, in a session.
class StatementWriter {
 public:
  using Impl = Session::Impl;

  StatementWriter(Impl& session, std::string_view sql, const WriteStatement& statement,
                  const RunOptions& options)
      : session_(session), sql_(sql), write_(statement), options_(options) {}

  /// What the engine is to prepare, for the types of parameters.
  Result<engine::Statement> prepare();
  /// Runs it in the session's transaction, and returns how many rows it wrote, changed or deleted. Outside
  /// of BEGIN … COMMIT the transaction is committed, and the statement run again when somebody else was
  /// faster.
  Result<std::int64_t> run(const Impl::Bind& bind);
  /// The same for an INSERT whose rows come by `fill`: it adds them to the stage of the table, which is given
  /// by its name in the engine, and returns how many.
  using Fill = std::function<Result<std::int64_t>(const std::string& stage, const catalog::Table& table)>;
  Result<std::int64_t> run_rows(const Fill& fill);
  /// The table that is written, if the session may write it; the transaction does not take part.
  Result<catalog::Table> loaded_target() {
    only_prepares_ = true;
    return target();
  }

 private:
  /// A statement for the engine: `before`, a query of the client's, `behind`.
  struct Query {
    std::unique_ptr<ReadyStatement> ready;
    std::string before = {};
    std::string behind = {};
  };

  Result<std::int64_t> repeat(const std::function<Result<std::int64_t>()>& once);
  Result<std::int64_t> run_once(const Impl::Bind& bind);
  Result<std::int64_t> run_definition();
  Status commit_statement(std::int64_t rows);
  Status end(Status status);

  // statement_writer.cpp
  Result<catalog::Table> target();
  Result<TableName> existing(const WrittenName& name) const;
  /// Errors: sql.write_denied, sql.written_by_feed. `table`: the present state; null: it is to be made.
  Status check_rights(const TableName& name, const iceberg::TableMetadata* table) const;
  Result<std::optional<TableName>> existing_if_there(const WrittenName& name) const;
  Result<TableName> fresh(const WrittenName& name) const;
  Result<std::string> schema_of(const WrittenName& name) const;
  std::vector<std::string> parts_of(const WrittenName& name) const;
  Result<Query> query_of(const std::string& text, std::string before, std::string behind);
  Result<engine::Statement> prepare(const Query& query, const Impl::Bind& bind);
  /// Puts the statement on record, once.
  Status record(ReadyStatement& ready, const std::vector<TableName>& tables);
  Status record_definition(const std::vector<TableName>& tables);
  Error at(Error error, const Piece& piece) const;

  // changed_rows.cpp
  Result<std::int64_t> insert(const Impl::Bind& bind);
  Result<Query> insert_query(const catalog::Table& table);
  Result<std::int64_t> update(const Impl::Bind& bind);
  Result<std::int64_t> remove(const Impl::Bind& bind);
  Result<std::int64_t> remove_all(const TableName& name);
  Result<Query> update_query(const catalog::Table& table);
  Result<Query> delete_query(const catalog::Table& table);
  Result<Query> placed_query(const catalog::Table& table, const std::string& columns, std::string before,
                             std::string behind);
  std::string expression(const Piece& piece, const catalog::Table& table) const;
  std::string alias_of(const catalog::Table& table) const;
  Result<std::unique_ptr<table::RowStream>> stream(engine::Statement& statement, const catalog::Table& table,
                                                   table::StreamColumns columns);
  Status change(const catalog::Table& table, const table::Scan& scan, const table::RowStream& rows);

  // definitions.cpp
  Result<std::int64_t> create_as(const Impl::Bind& bind);
  Result<Query> source_query();
  Result<iceberg::Schema> schema_of(const engine::Statement& statement) const;
  Status create();
  Status drop();
  Status alter();
  Status check_vacant(const TableName& name) const;
  // views.cpp
  Status create_view();
  Status drop_view();
  Status alter_view(const TableName& name);
  Result<const TableName*> existing_view(const WrittenName& name) const;
  Result<ViewText> view_source() const;
  Status check_view(const TableName& name, const ViewText& text);
  Status alter_table(const catalog::Table& table, const Alteration& alteration);
  Status move_table(const TableName& from, const TableName& to);
  Result<std::string> type_of(const ColumnDefinition& column) const;
  Result<iceberg::Schema> schema_of_columns(const std::vector<ColumnDefinition>& columns) const;
  Status create_schema();
  Status drop_schema();

  Impl& session_;
  std::string_view sql_;
  const WriteStatement& write_;
  const RunOptions& options_;
  std::shared_ptr<AuditedStatement> audited_;
  bool is_recorded_ = false;
  bool only_prepares_ = false;
};

/// How a column's value is handed to table::RowStream.
std::string streamed_sql(const std::string& expression, const iceberg::Type& type);
/// `"a", "b"`, as streamed_sql() each.
std::string streamed_columns(const iceberg::Schema& schema);
/// The column of that name: exactly, else ignoring case; or null.
const iceberg::NestedField* find_column(const iceberg::Schema& schema, std::string_view name);
/// `curated.visit@12, …`.
std::string written_text(const std::vector<LakeTransaction::Committed>& tables);
/// For file names.
std::string new_batch_id(const LakeWriting& writing);

}  // namespace tarn::query
