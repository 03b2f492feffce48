#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/session_impl.h"
#include "query/views/materialized_view.h"
#include "query/writes/refresh_plan.h"
#include "query/writes/write_statement.h"
#include "table/rows/row_stream.h"

/// For this library only.
namespace tarn::query {

/// What becomes of a row that a statement gathers before it writes.
inline constexpr int kUpdateAction = 1;
inline constexpr int kDeleteAction = 2;
inline constexpr int kInsertAction = 3;

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
  /// What RETURNING gives: when it is prepared, and behind run().
  Result<engine::Statement> prepare_returned();
  Result<engine::ResultSet> returned();
  /// The same for an INSERT of rows that the engine has: `query` gives them for the `columns`, both as SQL
  /// writes them.
  Result<std::int64_t> run_rows(const std::string& columns, const std::string& query);
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
  /// Into the stage, or, where rows are to be returned, into the fresh ones.
  Result<Query> insert_query(const catalog::Table& table);
  using Values = std::map<const iceberg::NestedField*, std::string>;
  Result<Values> assigned(const std::vector<Assignment>& assignments, const catalog::Table& table) const;
  Result<const iceberg::NestedField*> column_of(const std::string& name, const Piece& place,
                                                const catalog::Table& table) const;
  Result<std::int64_t> update(const Impl::Bind& bind);
  Result<std::int64_t> remove(const Impl::Bind& bind);
  Result<std::int64_t> remove_all(const TableName& name);
  /// What takes all rows of a table away.
  Result<table::SnapshotChange> emptied(const catalog::Table& table) const;
  Result<Query> update_query(const catalog::Table& table);
  Result<Query> delete_query(const catalog::Table& table);
  std::string once_each() const;
  Result<Query> placed_query(const catalog::Table& table, const std::string& columns, std::string before,
                             std::string behind);
  std::string expression(const Piece& piece, const catalog::Table& table) const;
  std::string alias_of(const catalog::Table& table) const;
  Result<std::unique_ptr<table::RowStream>> stream(engine::Statement& statement, const catalog::Table& table,
                                                   table::StreamColumns columns);
  Status change(const catalog::Table& table, const table::Scan& scan,
                std::initializer_list<const table::RowStream*> streams);

  // fresh_rows.cpp: rows that a statement changes, gathered before any file is written.
  std::string fresh() const;
  Status make_fresh(const catalog::Table& table);
  Status drop_fresh();
  /// Runs a query that fills the fresh rows, and puts the statement on record. `returning` is read with it.
  Result<std::int64_t> fill_fresh(const Query& query, const catalog::Table& table, const Impl::Bind& bind,
                                  const std::optional<Query>& returning);
  /// Writes them, and takes those away that they replace; returns how many.
  Result<std::int64_t> apply_fresh(const catalog::Table& table, const table::Scan& scan);
  /// All of it, for a statement that returns rows.
  Result<std::int64_t> change_fresh(const Query& query, const catalog::Table& table, const table::Scan& scan,
                                    const Impl::Bind& bind);
  Result<std::optional<Query>> returning_query(const catalog::Table& table);
  Result<engine::Statement> prepare_answer(const Query& returning, const catalog::Table& table);
  Status answer(std::optional<Query>& returning, const catalog::Table& table);

  // merged_rows.cpp
  Result<std::int64_t> merge(const Impl::Bind& bind);
  Result<Query> merge_query(const catalog::Table& table);
  struct Branch;
  Result<std::vector<Branch>> branches_of_merge(const catalog::Table& table) const;
  Result<std::vector<Branch>> branches_of_conflict(const catalog::Table& table) const;
  Result<std::string> conflicting_source(const catalog::Table& table) const;
  Result<std::string> conflict_condition(const catalog::Table& table) const;
  Status check_once(const catalog::Table& table);

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

  // materialized.cpp
  Result<std::int64_t> create_materialized();
  Result<std::int64_t> refresh_named();
  Status alter_materialized();
  Result<std::int64_t> refresh(const TableName& name);
  /// The view's query, made ready, and what it reads.
  struct Kept;
  Result<Kept> kept_query(const TableName& name, const MaterializedView& view);
  /// Brings the rows that `plan` says, and notes where they come from.
  Result<std::int64_t> fill(const catalog::Table& table, MaterializedView view, Kept kept,
                            const RefreshPlan& plan);
  Result<RefreshPlan> plan_of(const catalog::Table& table, const MaterializedView& view, const Kept& kept);
  Result<bool> collect_added(const TableName& grown, const MaterializedView& view, const ViewSources& now);
  Status refresh_as_maker(const TableName& name, const std::string& maker);
  std::string own_user() const;

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
  bool keeps_view_ = false;  ///< What it changes may be, or must be, a materialized view.
  bool only_prepares_ = false;
};

/// The columns of a table that has a lake table's rows, as CREATE TABLE writes them. Errors:
/// sql.unsupported_write.
Result<std::string> stage_columns(const iceberg::Schema& schema);
/// `"a", "b"`.
std::string listed_columns(const iceberg::Schema& schema);
/// What the engine says of its stage is said of the table.
Error of_table(const Error& error, const TableName& table);
/// The one number of a result.
Result<std::int64_t> count_of(engine::ResultSet& rows);
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
