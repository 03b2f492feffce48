#include "query/writes/statement_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/errors.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/errors.h"

namespace tarn::query {
namespace {

/// Somebody else may come first so often.
constexpr int kAttempts = 5;

bool is_definition(WriteKind kind) {
  switch (kind) {
    case WriteKind::kInsert:
    case WriteKind::kUpdate:
    case WriteKind::kDelete:
    case WriteKind::kTruncate:
    case WriteKind::kMerge:
    case WriteKind::kCreateTableAs:
    case WriteKind::kCreateMaterialized:
    case WriteKind::kRefresh:
      return false;
    default:
      return true;
  }
}

}  // namespace

std::string written_text(const std::vector<LakeTransaction::Committed>& tables) {
  std::string text;
  for (const LakeTransaction::Committed& table : tables) {
    text += (text.empty() ? "" : ", ") + table.table.to_string();
    if (table.snapshot) text += fmt::format("@{}", *table.snapshot);
  }
  return text;
}

Error StatementWriter::at(Error error, const Piece& piece) const {
  return std::move(error).with_span(
      engine::span_at(sql_, piece.begin, piece.end - piece.begin, options_.source));
}

/// Clients of PostgreSQL put the database in front.
std::vector<std::string> StatementWriter::parts_of(const WrittenName& name) const {
  const bool has_database =
      session_.identity && name.parts.size() > 2 && name.parts.front() == session_.identity->database;
  return {name.parts.begin() + (has_database ? 1 : 0), name.parts.end()};
}

Result<std::string> StatementWriter::schema_of(const WrittenName& name) const {
  const std::vector<std::string> parts = parts_of(name);
  std::string schema = fmt::format("{}", fmt::join(parts.begin(), parts.end() - 1, "."));
  if (schema.empty()) schema = session_.known.default_schema;
  if (!schema.empty()) return schema;
  return at(Error(kNoSchemaSelected, fmt::format("`{}` names no schema", parts.back())), name.place);
}

Result<TableName> StatementWriter::existing(const WrittenName& name) const {
  const Result<std::string> schema = schema_of(name);
  if (schema.ok()) {
    const TableName wanted{*schema, name.parts.back()};
    if (const TableName* const table = find_table(session_.known, wanted); table != nullptr) return *table;
    if (find_name(session_.known.views, wanted) != nullptr)
      return at(Error(kUnsupportedWrite,
                      fmt::format("`{}` is a view, whose rows are those of its tables", wanted.to_string()))
                    .with_hint("write the tables; a view itself is changed by CREATE OR REPLACE VIEW, ALTER "
                               "VIEW and DROP VIEW"),
                name.place);
    if (wanted.schema == "ops")
      return at(Error(kWriteDenied, "tables of `ops` are written by Tarn alone"), name.place);
  }
  const std::string written(name.place.in(sql_));
  const std::string nearest = nearest_table(written, session_.known);
  return at(Error(kUnknownTable, fmt::format("there is no table `{}`", written))
                .with_hint(nearest.empty() ? "SHOW TABLES lists the tables"
                                           : fmt::format("did you mean `{}`?", nearest)),
            name.place);
}

Result<std::optional<TableName>> StatementWriter::existing_if_there(const WrittenName& name) const {
  Result<TableName> table = existing(name);
  if (table.ok()) return std::optional(*std::move(table));
  if (write_.if_there && &table.error().code() == &kUnknownTable) return std::optional<TableName>();
  return std::move(table).error();
}

Result<TableName> StatementWriter::fresh(const WrittenName& name) const {
  TARN_ASSIGN_OR_RETURN(std::string schema, schema_of(name));
  TableName table{std::move(schema), name.parts.back()};
  if (const Status allowed = check_rights(table, nullptr); !allowed.ok())
    return at(allowed.error(), name.place);
  if (session_.principal != nullptr && !session_.principal->sees(table))
    return at(
        Error(kWriteDenied, fmt::format("permission denied for table {}: you could not read what you make",
                                        table.to_string()))
            .with_hint("a role must grant it by its full name, too"),
        name.place);
  return table;
}

Status StatementWriter::check_rights(const TableName& name, const iceberg::TableMetadata* table) const {
  if (name.schema == "ops") return Error(kWriteDenied, "tables of `ops` are written by Tarn alone");
  const auto& others = session_.lake.writing->written_by;
  const auto other = others.find(name);
  const Principal* const user = session_.principal.get();
  if (user != nullptr && !user->may_write(name))
    return Error(kWriteDenied, fmt::format("permission denied for table {}", name.to_string()));
  if (other != others.end())
    return Error(kWrittenByFeed, fmt::format("`{}` is written by {}", name.to_string(), other->second));
  if (table != nullptr && !keeps_view_ && materialized_view(*table))
    return Error(kMaterializedView,
                 fmt::format("cannot change materialized view \"{}\": its rows are those of "
                             "its query",
                             name.to_string()));
  if (user == nullptr || table == nullptr || user->sees_whole(name, *table)) return ok_status();
  return Error(kWriteDenied,
               fmt::format("permission denied for table {}: it has rows, columns or values that "
                           "your roles do not show you",
                           name.to_string()))
      .with_hint("who changes a table must be granted all of it, without `where` and masks");
}

Result<catalog::Table> StatementWriter::target() {
  const WrittenName& written = write_.targets.front();
  TARN_ASSIGN_OR_RETURN(const TableName name, existing(written));
  Result<catalog::Table> table =
      only_prepares_ ? session_.transaction.load_table(name) : session_.transaction.pin(name);
  if (!table.ok()) return table;
  if (const Status allowed = check_rights(name, table->metadata.get()); !allowed.ok())
    return at(allowed.error(), written.place);
  return table;
}

Result<StatementWriter::Query> StatementWriter::query_of(const std::string& text, std::string before,
                                                         std::string behind) {
  // An error's place in the text is one in the statement where the text is a part of it.
  const std::size_t offset = sql_.find(text);
  const RunOptions options{.parameters = options_.parameters, .source = options_.source};
  Result<std::unique_ptr<ReadyStatement>> ready = session_.make_ready(text, options);
  if (ready.ok()) return Query{*std::move(ready), std::move(before), std::move(behind)};
  Error error = std::move(ready).error();
  if (!error.span()) return error;
  if (offset == std::string_view::npos) return Error(error.code(), error.message()).with_hint(error.hint());
  const std::size_t place = offset + engine::offset_of(text, *error.span());
  return std::move(error).with_span(engine::span_at(sql_, place, 0, options_.source));
}

Result<engine::Statement> StatementWriter::prepare(const Query& query, const Impl::Bind& bind) {
  const std::string& asked = query.ready->rewrite.text();
  const std::string text = query.before + asked + query.behind;
  Result<engine::Statement> statement = session_.connection->prepare(text, options_.source);
  if (!statement.ok()) {
    Error error = std::move(statement).error();
    Error plain = Error(error.code(), error.message()).with_hint(error.hint());
    if (!error.span()) return session_.explain(std::move(plain), *query.ready, options_);
    const std::size_t place = engine::offset_of(text, *error.span());
    if (place < query.before.size() || place - query.before.size() > asked.size()) return plain;
    plain = session_.explain(
        std::move(plain).with_span(engine::span_at(asked, place - query.before.size(), 0, options_.source)),
        *query.ready, options_);
    const std::size_t offset = sql_.find(query.ready->sql);
    if (offset == std::string_view::npos || !plain.span())
      return Error(plain.code(), plain.message()).with_hint(plain.hint());
    const std::size_t original = offset + engine::offset_of(query.ready->sql, *plain.span());
    return std::move(plain).with_span(engine::span_at(sql_, original, 0, options_.source));
  }
  if (only_prepares_) return statement;
  TARN_RETURN_IF_ERROR(bind ? bind(*statement) : session_.bind(*statement, options_));
  return statement;
}

Status StatementWriter::record(ReadyStatement& ready, const std::vector<TableName>& tables) {
  if (std::exchange(is_recorded_, true) || !session_.audit) return ok_status();
  for (const TableName& name : tables) {
    const auto table = session_.transaction.load_table(name);
    const iceberg::Snapshot* const head = table.ok() ? table->metadata->current_snapshot() : nullptr;
    ready.reads.written.push_back(
        head == nullptr ? name.to_string() : fmt::format("{}@{}", name.to_string(), head->snapshot_id));
  }
  TARN_ASSIGN_OR_RETURN(audited_, session_.audit->begin(sql_, ready));
  return ok_status();
}

Status StatementWriter::record_definition(const std::vector<TableName>& tables) {
  ReadyStatement nothing{std::string(sql_)};
  nothing.rewrite.finish();
  return record(nothing, tables);
}

Result<engine::Statement> StatementWriter::prepare() {
  only_prepares_ = true;
  TARN_RETURN_IF_ERROR(session_.look_around());
  const bool has_query = write_.kind == WriteKind::kInsert || write_.kind == WriteKind::kUpdate ||
                         write_.kind == WriteKind::kDelete || write_.kind == WriteKind::kMerge ||
                         write_.kind == WriteKind::kCreateTableAs;
  if (write_.kind == WriteKind::kCreateView || write_.kind == WriteKind::kCreateMaterialized)
    TARN_RETURN_IF_ERROR(source_query());
  if (!has_query) return session_.connection->prepare("SELECT 0 AS count");
  if (write_.kind == WriteKind::kCreateTableAs) {
    TARN_ASSIGN_OR_RETURN(const Query query, source_query());
    return prepare(query, {});
  }
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, target());
  const bool merges = write_.kind == WriteKind::kMerge || write_.conflict;
  if (merges || !write_.returning.empty()) TARN_RETURN_IF_ERROR(make_fresh(table));
  if (merges || write_.kind != WriteKind::kInsert) TARN_RETURN_IF_ERROR(session_.views.place_rows(table));
  Result<Query> query = merges                              ? merge_query(table)
                        : write_.kind == WriteKind::kInsert ? insert_query(table)
                        : write_.kind == WriteKind::kUpdate ? update_query(table)
                                                            : delete_query(table);
  if (!query.ok()) return std::move(query).error();
  return prepare(*query, {});
}

Result<std::int64_t> StatementWriter::run(const Impl::Bind& bind) {
  return repeat([&] { return run_once(bind); });
}

Result<std::int64_t> StatementWriter::run_rows(const std::string& columns, const std::string& query) {
  return repeat([&]() -> Result<std::int64_t> {
    TARN_RETURN_IF_ERROR(session_.look_around());
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, target());
    TARN_RETURN_IF_ERROR(record_definition({table.name}));
    TARN_ASSIGN_OR_RETURN(const std::string stage, session_.ensure_stage(table));
    auto inserted = session_.connection->query(fmt::format("INSERT INTO {} ({}) {}", stage, columns, query));
    if (!inserted.ok()) return of_table(inserted.error(), table.name);
    TARN_ASSIGN_OR_RETURN(const std::int64_t rows, count_of(*inserted));
    session_.pending[table.name] += rows;
    return rows;
  });
}

Result<std::int64_t> StatementWriter::repeat(const std::function<Result<std::int64_t>()>& once) {
  for (int attempt = 1;; ++attempt) {
    Result<std::int64_t> rows = once();
    if (session_.in_transaction) {
      if (rows.ok() && audited_) audited_->wrote("", *rows);
      TARN_RETURN_IF_ERROR(end(rows.ok() ? ok_status() : Status(rows.error())));
      return rows;
    }
    const Status done = rows.ok() ? commit_statement(*rows) : Status(rows.error());
    if (done.ok()) {
      TARN_RETURN_IF_ERROR(end(ok_status()));
      return rows;
    }
    session_.roll_back();
    const bool lost = done.error().name() == catalog::kCommitConflict.name;
    if (!lost || attempt == kAttempts) return end(done).error();
  }
}

Status StatementWriter::commit_statement(std::int64_t rows) {
  TARN_RETURN_IF_ERROR(session_.flush_all());
  TARN_ASSIGN_OR_RETURN(const auto committed, session_.transaction.commit());
  if (audited_) audited_->wrote(written_text(committed), rows);
  return ok_status();
}

Status StatementWriter::end(Status status) {
  if (audited_) audited_->end(status.ok() ? state::kAuditDone : status.error().name());
  if (!status.ok() && !is_recorded_) session_.refuse(sql_, status.error());
  return status;
}

Result<std::int64_t> StatementWriter::run_once(const Impl::Bind& bind) {
  TARN_RETURN_IF_ERROR(session_.look_around());
  if (is_definition(write_.kind)) return run_definition();
  switch (write_.kind) {
    case WriteKind::kInsert:
      return write_.conflict ? merge(bind) : insert(bind);
    case WriteKind::kMerge:
      return merge(bind);
    case WriteKind::kUpdate:
      return update(bind);
    case WriteKind::kDelete:
      return remove(bind);
    case WriteKind::kCreateTableAs:
      return create_as(bind);
    case WriteKind::kCreateMaterialized:
      return create_materialized();
    case WriteKind::kRefresh:
      return refresh_named();
    default:
      break;
  }
  for (const WrittenName& written : write_.targets) {
    TARN_ASSIGN_OR_RETURN(const TableName name, existing(written));
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, session_.transaction.pin(name));
    TARN_RETURN_IF_ERROR(check_rights(name, table.metadata.get()));
    TARN_RETURN_IF_ERROR(record_definition({name}));
    TARN_RETURN_IF_ERROR(remove_all(name));
  }
  return 0;
}

Result<std::int64_t> StatementWriter::run_definition() {
  Status done = ok_status();
  switch (write_.kind) {
    case WriteKind::kCreateTable:
      done = create();
      break;
    case WriteKind::kAlterTable:
    case WriteKind::kAlterView:
      done = alter();
      break;
    case WriteKind::kAlterMaterialized:
      done = alter_materialized();
      break;
    case WriteKind::kCreateView:
      done = create_view();
      break;
    case WriteKind::kDropView:
      done = drop_view();
      break;
    case WriteKind::kCreateSchema:
      done = create_schema();
      break;
    case WriteKind::kDropSchema:
      done = drop_schema();
      break;
    default:
      done = drop();
      break;
  }
  TARN_RETURN_IF_ERROR(done);
  return 0;
}

}  // namespace tarn::query
