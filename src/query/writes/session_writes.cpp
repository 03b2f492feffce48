#include <arrow/c/abi.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "catalog/errors.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "engine/utf8.h"
#include "query/errors.h"
#include "query/session_impl.h"
#include "query/views/type_sql.h"
#include "query/writes/statement_writer.h"
#include "table/errors.h"

/// What a session does besides when it may write: transactions, and rows that wait for their files.
namespace tarn::query {
namespace {

using engine::quote_identifier;

engine::StatementKind kind_of(WriteKind kind) {
  switch (kind) {
    case WriteKind::kInsert:
      return engine::StatementKind::kInsert;
    case WriteKind::kUpdate:
    case WriteKind::kMerge:
      return engine::StatementKind::kUpdate;
    case WriteKind::kDelete:
    case WriteKind::kTruncate:
      return engine::StatementKind::kDelete;
    case WriteKind::kAlterTable:
    case WriteKind::kAlterView:
      return engine::StatementKind::kAlter;
    case WriteKind::kDropTable:
    case WriteKind::kDropView:
    case WriteKind::kDropSchema:
      return engine::StatementKind::kDrop;
    default:
      return engine::StatementKind::kCreate;
  }
}

}  // namespace

bool Session::Impl::can_write() const {
  return lake.writing != nullptr && rights.writes && (principal == nullptr || principal->writes());
}

Result<std::optional<WriteStatement>> Session::Impl::read_write(std::string_view sql) const {
  if (!can_write() || changes_temporary(sql, temporary)) return std::optional<WriteStatement>();
  TARN_ASSIGN_OR_RETURN(std::optional<WriteStatement> write, read_write_statement(sql));
  // Names go into metadata, which is JSON.
  if (write && engine::to_valid_utf8(sql) != sql)
    return Error(engine::kSyntax, "the statement is not UTF-8 text");
  return write;
}

Result<engine::ResultSet> Session::Impl::count_as_rows(std::int64_t count) {
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows,
                        connection->query(fmt::format("SELECT {}::BIGINT AS \"Count\"", count)));
  rows.become_count();
  return rows;
}

Result<std::optional<engine::ResultSet>> Session::Impl::run_change(std::string_view sql,
                                                                   const RunOptions& options,
                                                                   const Bind& bind) {
  TARN_ASSIGN_OR_RETURN(std::optional<engine::ResultSet> turned, run_transaction(sql));
  if (turned) return Result<std::optional<engine::ResultSet>>(std::move(turned));
  Result<std::optional<AccessStatement>> access = read_access(sql);
  if (!access.ok()) {
    refuse(sql, access.error());
    return std::move(access).error();
  }
  if (*access) {
    TARN_RETURN_IF_ERROR(change_access(sql, **std::move(access)));
    TARN_ASSIGN_OR_RETURN(engine::ResultSet done, count_as_rows(0));
    return std::optional(std::move(done));
  }
  Result<std::optional<WriteStatement>> write = read_write(sql);
  if (!write.ok()) {
    refuse(sql, write.error());
    return std::move(write).error();
  }
  if (!*write) return std::optional<engine::ResultSet>();
  StatementWriter writer(*this, sql, **write, options);
  TARN_ASSIGN_OR_RETURN(const std::int64_t rows, writer.run(bind));
  TARN_ASSIGN_OR_RETURN(engine::ResultSet answer,
                        (*write)->returning.empty() ? count_as_rows(rows) : writer.returned());
  return std::optional(std::move(answer));
}

Result<std::optional<Session::Impl::PreparedChange>> Session::Impl::prepare_change(
    std::string_view sql, const RunOptions& options) {
  TARN_ASSIGN_OR_RETURN(const auto access, read_access(sql));
  if (access) {
    TARN_ASSIGN_OR_RETURN(engine::Statement nothing, connection->prepare("SELECT 0 AS count"));
    return std::optional(PreparedChange{std::move(nothing), engine::StatementKind::kAlter, {}});
  }
  TARN_ASSIGN_OR_RETURN(const std::optional<WriteStatement> write, read_write(sql));
  if (!write) return std::optional<PreparedChange>();
  StatementWriter writer(*this, sql, *write, options);
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, writer.prepare());
  PreparedChange change{std::move(statement), kind_of(write->kind), {}};
  if (!write->returning.empty()) {
    TARN_ASSIGN_OR_RETURN(change.returned, writer.prepare_returned());
  }
  return std::optional(std::move(change));
}

Result<std::optional<engine::ResultSet>> Session::Impl::run_transaction(std::string_view sql) {
  // PostgreSQL's clients are told of transactions by their protocol.
  if ((!can_write() && !may_administer()) || identity) return std::optional<engine::ResultSet>();
  const std::vector<Token> tokens = tokenize(sql);
  const auto is = [&](std::size_t i, std::string_view word) {
    return i < tokens.size() && is_word(tokens[i], sql, word);
  };
  if (tokens.empty() || tokens.size() > 2) return std::optional<engine::ResultSet>();
  if (tokens.size() == 2 && !is(1, "TRANSACTION") && !is(1, "WORK"))
    return std::optional<engine::ResultSet>();
  if (is(0, "BEGIN") || is(0, "START")) {
    TARN_RETURN_IF_ERROR(begin());
  } else if (is(0, "COMMIT") || is(0, "END")) {
    TARN_RETURN_IF_ERROR(commit());
  } else if (is(0, "ROLLBACK") || is(0, "ABORT")) {
    roll_back();
  } else {
    return std::optional<engine::ResultSet>();
  }
  TARN_ASSIGN_OR_RETURN(engine::ResultSet counted, count_as_rows(0));
  return std::optional(std::move(counted));
}

Status Session::Impl::begin() {
  if (!can_write() && !may_administer()) return ok_status();
  if (in_transaction) return Error(engine::kTransaction, "there is a transaction in progress already");
  in_transaction = true;
  return ok_status();
}

void Session::Impl::roll_back() {
  in_transaction = false;
  savepoints.clear();
  access_changes.clear();
  while (!pending.empty()) drop_stage(pending.begin()->first);
  transaction.roll_back();
}

Status Session::Impl::commit() {
  if (!in_transaction) return ok_status();
  std::shared_ptr<AuditedStatement> audited;
  const auto committed = [&]() -> Status {
    TARN_RETURN_IF_ERROR(check_current());
    TARN_RETURN_IF_ERROR(flush_all());
    if (transaction.is_empty() && access_changes.empty()) return ok_status();
    if (audit) {
      ReadyStatement ready("COMMIT");
      ready.rewrite.finish();
      ready.reads.changes_access = !access_changes.empty();
      for (const auto& table : transaction.changed()) ready.reads.written.push_back(table.table.to_string());
      TARN_ASSIGN_OR_RETURN(audited, audit->begin("COMMIT", ready));
    }
    if (!transaction.is_empty()) {
      TARN_ASSIGN_OR_RETURN(const auto tables, transaction.commit());
      if (audited) audited->wrote(written_text(tables), 0);
    }
    return keep_access_changes();
  };
  Status done = committed();
  if (audited) audited->end(done.ok() ? state::kAuditDone : done.error().name());
  roll_back();
  if (done.ok() || done.error().name() != catalog::kCommitConflict.name) return done;
  return Error(catalog::kCommitConflict,
               "could not serialize access: somebody else has changed a table of this transaction")
      .with_context(done.error().message())
      .with_hint("nothing was written: repeat the transaction");
}

Status Session::Impl::save(const std::string& name) {
  if (!in_transaction) return ok_status();
  TARN_RETURN_IF_ERROR(flush_all());
  savepoints.push_back({name, transaction.save(), access_changes.size()});
  return ok_status();
}

/// The last one of that name.
Result<std::vector<Session::Impl::Savepoint>::iterator> Session::Impl::find_savepoint(
    const std::string& name) {
  const auto found = std::find_if(savepoints.rbegin(), savepoints.rend(),
                                  [&](const Savepoint& point) { return point.name == name; });
  if (found == savepoints.rend())
    return Error(engine::kTransaction, fmt::format("savepoint \"{}\" does not exist", name));
  return std::prev(found.base());
}

Status Session::Impl::restore(const std::string& name) {
  if (!in_transaction) return ok_status();
  TARN_ASSIGN_OR_RETURN(const auto found, find_savepoint(name));
  while (!pending.empty()) drop_stage(pending.begin()->first);
  transaction.restore(found->state);
  access_changes.resize(found->access_changes);
  savepoints.erase(std::next(found), savepoints.end());
  return ok_status();
}

Status Session::Impl::release(const std::string& name) {
  if (!in_transaction) return ok_status();
  TARN_ASSIGN_OR_RETURN(const auto found, find_savepoint(name));
  savepoints.erase(found, savepoints.end());
  return ok_status();
}

namespace {

std::string stage_name(const std::string& database, const TableName& table) {
  return fmt::format("{}.tarn_stage.{}", database, quote_identifier(table.to_string()));
}

}  // namespace

Result<std::string> stage_columns(const iceberg::Schema& schema) {
  std::string columns;
  for (const iceberg::NestedField& field : schema.fields()) {
    if (field.type.id() == iceberg::TypeId::kLater)
      return Error(kUnsupportedWrite, fmt::format("column `{}` is a {}, which SQL cannot write", field.name,
                                                  field.type.to_string()));
    columns += fmt::format("{}{} {}{}", columns.empty() ? "" : ", ", quote_identifier(field.name),
                           type_sql(field.type), field.required ? " NOT NULL" : "");
  }
  return columns;
}

Result<std::string> Session::Impl::ensure_stage(const catalog::Table& table) {
  std::string stage = stage_name(database, table.name);
  // An empty one may have been made for another schema, before the transaction had the table.
  if (const auto found = pending.find(table.name); found != pending.end() && found->second > 0) return stage;
  TARN_ASSIGN_OR_RETURN(const std::string columns, stage_columns(table.metadata->current_schema()));
  TARN_RETURN_IF_ERROR(connection->run(
      fmt::format("CREATE SCHEMA IF NOT EXISTS {}.tarn_stage; CREATE OR REPLACE TABLE {} ({})", database,
                  stage, columns)));
  pending.emplace(table.name, 0);
  return stage;
}

/// By value: it may be a key of `pending`.
void Session::Impl::drop_stage(TableName table) {
  if (pending.erase(table) == 0) return;
  // Nobody sees it any more; the next stage of that name takes its place.
  (void)connection->run(fmt::format("DROP TABLE IF EXISTS {}", stage_name(database, table)));
}

Result<std::unique_ptr<table::RowStream>> Session::Impl::stream(engine::ResultSet& rows,
                                                                const catalog::Table& table,
                                                                table::StreamColumns columns) {
  ArrowSchema described{};
  TARN_RETURN_IF_ERROR(rows.describe_arrow(described));
  TARN_ASSIGN_OR_RETURN(auto stream, table::RowStream::open(lake.store, *table.metadata,
                                                            new_batch_id(*lake.writing), columns, described));
  const auto take_all = [&]() -> Status {
    while (true) {
      ArrowArray array{};
      TARN_ASSIGN_OR_RETURN(const bool more, rows.next_arrow(array));
      if (!more) return stream->finish();
      TARN_RETURN_IF_ERROR(stream->add(array));
    }
  };
  const Status done = take_all();
  transaction.note_files(stream->files());
  if (done.ok()) return stream;
  if (done.error().name() != table::kNullInRequired.name) return done.error();
  return Error(kNotNull,
               fmt::format("{} of relation \"{}\"", done.error().message(), table.name.to_string()));
}

Status Session::Impl::flush_all() {
  while (!pending.empty()) TARN_RETURN_IF_ERROR(flush(TableName(pending.begin()->first)));
  return ok_status();
}

Status Session::Impl::flush(const TableName& table) {
  const auto found = pending.find(table);
  if (found == pending.end()) return ok_status();
  const auto write = [&]() -> Status {
    if (found->second == 0) return ok_status();
    TARN_ASSIGN_OR_RETURN(const catalog::Table pinned, transaction.pin(table));
    TARN_ASSIGN_OR_RETURN(engine::ResultSet rows,
                          connection->query(fmt::format("SELECT {} FROM {}",
                                                        streamed_columns(pinned.metadata->current_schema()),
                                                        stage_name(database, table))));
    TARN_ASSIGN_OR_RETURN(const auto streamed, stream(rows, pinned, table::StreamColumns::kRows));
    return transaction.change_rows(table, {.data_files = streamed->files()});
  };
  const Status done = write();
  drop_stage(table);
  return done;
}

}  // namespace tarn::query
