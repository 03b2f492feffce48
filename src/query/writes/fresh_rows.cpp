#include <fmt/format.h>

#include <utility>

#include "engine/source_place.h"
#include "query/errors.h"
#include "query/views/view_sql.h"
#include "query/writes/statement_writer.h"

/// RETURNING, MERGE and ON CONFLICT need the rows that change before they are written: they lie in a table of
/// the session, each with the place of the row that it replaces or deletes.
namespace tarn::query {
namespace {

constexpr std::string_view kAction = "_tarn_action";

}  // namespace

std::string StatementWriter::fresh() const {
  return session_.database + ".tarn_stage.fresh";
}

Status StatementWriter::make_fresh(const catalog::Table& table) {
  TARN_ASSIGN_OR_RETURN(const std::string columns, stage_columns(table.metadata->current_schema()));
  return session_.connection->run(fmt::format(
      "CREATE SCHEMA IF NOT EXISTS {0}.tarn_stage; CREATE OR REPLACE TABLE {1} ({2} VARCHAR, {3} BIGINT, "
      "{4} TINYINT DEFAULT {5}, {6})",
      session_.database, fresh(), kPlaceFile, kPlaceRow, kAction, kInsertAction, columns));
}

Status StatementWriter::drop_fresh() {
  return session_.connection->run("DROP TABLE IF EXISTS " + fresh());
}

Result<std::int64_t> StatementWriter::fill_fresh(const Query& query, const catalog::Table& table,
                                                 const Impl::Bind& bind,
                                                 const std::optional<Query>& returning) {
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, prepare(query, bind));
  if (returning) {
    const StatementReads& reads = returning->ready->reads;
    query.ready->reads.through.push_back({returning->ready->sql, reads.tables, reads.views});
  }
  TARN_RETURN_IF_ERROR(record(*query.ready, {table.name}));
  Result<engine::ResultSet> rows = statement.execute();
  if (!rows.ok()) return of_table(rows.error(), table.name);
  Result<std::int64_t> count = count_of(*rows);
  if (!count.ok()) return of_table(count.error(), table.name);
  return count;
}

Result<std::int64_t> StatementWriter::apply_fresh(const catalog::Table& table, const table::Scan& scan) {
  const auto streamed = [&](const std::string& columns, int action, const char* comparison,
                            table::StreamColumns kind) -> Result<std::unique_ptr<table::RowStream>> {
    TARN_ASSIGN_OR_RETURN(
        engine::ResultSet rows,
        session_.connection->query(fmt::format("SELECT {}, {}{} FROM {} WHERE {} {} {}", kPlaceFile,
                                               kPlaceRow, columns, fresh(), kAction, comparison, action)));
    return session_.stream(rows, table, kind);
  };
  const std::string columns = ", " + streamed_columns(table.metadata->current_schema());
  TARN_ASSIGN_OR_RETURN(const auto written,
                        streamed(columns, kDeleteAction, "<>", table::StreamColumns::kPlacesAndRows));
  TARN_ASSIGN_OR_RETURN(const auto deleted, streamed("", kDeleteAction, "=", table::StreamColumns::kPlaces));
  const std::int64_t count = written->rows() + deleted->rows();
  if (count > 0) TARN_RETURN_IF_ERROR(change(table, scan, {written.get(), deleted.get()}));
  return count;
}

Result<std::int64_t> StatementWriter::change_fresh(const Query& query, const catalog::Table& table,
                                                   const table::Scan& scan, const Impl::Bind& bind) {
  TARN_RETURN_IF_ERROR(make_fresh(table));
  TARN_ASSIGN_OR_RETURN(std::optional<Query> returning, returning_query(table));
  TARN_RETURN_IF_ERROR(fill_fresh(query, table, bind, returning));
  TARN_RETURN_IF_ERROR(check_once(table));
  TARN_RETURN_IF_ERROR(answer(returning, table));
  TARN_ASSIGN_OR_RETURN(const std::int64_t count, apply_fresh(table, scan));
  TARN_RETURN_IF_ERROR(drop_fresh());
  return count;
}

Result<std::optional<StatementWriter::Query>> StatementWriter::returning_query(const catalog::Table& table) {
  if (write_.returning.empty()) return std::optional<Query>();
  session_.write_target = table.name.name;
  Result<Query> query =
      query_of(fmt::format("SELECT {}\n FROM {}.{} AS {}", expression(write_.returning, table), kWriteSchema,
                           engine::quote_identifier(table.name.name), alias_of(table)),
               "", "");
  session_.write_target.clear();
  if (!query.ok()) return std::move(query).error();
  return std::optional(*std::move(query));
}

/// The name of the target's rows stands for the fresh ones from now on.
Result<engine::Statement> StatementWriter::prepare_answer(const Query& returning,
                                                          const catalog::Table& table) {
  TARN_RETURN_IF_ERROR(session_.connection->run(fmt::format(
      "CREATE SCHEMA IF NOT EXISTS {0}; CREATE OR REPLACE VIEW {0}.{1} AS SELECT {2} FROM {3}", kWriteSchema,
      engine::quote_identifier(table.name.name), listed_columns(table.metadata->current_schema()), fresh())));
  return prepare(returning, [](engine::Statement&) { return ok_status(); });
}

/// Evaluated before the commit, so that a mistake in it leaves nothing written.
Status StatementWriter::answer(std::optional<Query>& returning, const catalog::Table& table) {
  if (!returning) return ok_status();
  returning->before = fmt::format("CREATE OR REPLACE TABLE {}.tarn_stage.answer AS ", session_.database);
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, prepare_answer(*returning, table));
  TARN_ASSIGN_OR_RETURN(engine::ResultSet done, statement.execute());
  TARN_RETURN_IF_ERROR(count_of(done));
  session_.has_answer = true;
  return ok_status();
}

Result<engine::Statement> StatementWriter::prepare_returned() {
  only_prepares_ = true;
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, target());
  TARN_RETURN_IF_ERROR(make_fresh(table));
  TARN_ASSIGN_OR_RETURN(const std::optional<Query> returning, returning_query(table));
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, prepare_answer(*returning, table));
  if (statement.parameters().empty()) return statement;
  return at(Error(kUnsupportedWrite, "RETURNING has no parameters").with_hint("write the values into it"),
            write_.returning);
}

Result<engine::ResultSet> StatementWriter::returned() {
  return session_.connection->query(fmt::format("SELECT * FROM {}.tarn_stage.answer", session_.database));
}

}  // namespace tarn::query
