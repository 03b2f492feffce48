#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/arrow_import.h"
#include "flight/arrow_status.h"
#include "flight/errors.h"
#include "flight/random_handle.h"
#include "flight/service.h"
#include "flight/statements/parameters.h"
#include "flight/statements/preparation.h"
#include "flight/statements/row_stream.h"
#include "flight/statements/statement_turn.h"

/// What clients send rows for: values of parameters, and changes of tables.
namespace tarn::flight {
namespace {

namespace af = arrow::flight;

/// Values that one call binds.
constexpr std::size_t kMostValues = 1'000'000;

Result<query::PreparedStatement> prepare_update(query::Session& session, const std::string& sql) {
  TARN_ASSIGN_OR_RETURN(query::PreparedStatement statement, prepare_one(session, sql));
  if (is_update(statement)) return statement;
  return Error(kUnsupported, "the statement answers with rows, and only their count was asked for")
      .with_hint("execute it as a query");
}

Result<std::int64_t> execute_update(query::Session& session, query::PreparedStatement& statement,
                                    const std::vector<engine::ParameterValue>& values) {
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, session.execute(statement, values));
  TARN_ASSIGN_OR_RETURN(const auto texts, engine::read_texts(rows));
  return std::stoll(texts.at(0).at(0).value_or("0"));
}

/// The next batch, or null at the end.
Result<std::shared_ptr<arrow::RecordBatch>> next_batch(af::FlightMessageReader& reader) {
  while (true) {
    TARN_FLIGHT_ASSIGN_OR_RETURN(const af::FlightStreamChunk chunk, reader.Next());
    if (chunk.data != nullptr || chunk.app_metadata == nullptr) return chunk.data;
  }
}

Result<std::vector<std::vector<BoundValue>>> bound_rows(af::FlightMessageReader& reader) {
  std::vector<std::vector<BoundValue>> rows;
  std::size_t values = 0;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const auto batch, next_batch(reader));
    if (batch == nullptr) return rows;
    const auto columns = static_cast<std::size_t>(std::max(batch->num_columns(), 1));
    const auto count = static_cast<std::size_t>(batch->num_rows());
    if (count > kMostValues / columns || (values += count * columns) > kMostValues)
      return Error(kBadParameter, fmt::format("more than {} values were bound", kMostValues))
          .with_hint("ingest the rows, which is faster, too");
    TARN_ASSIGN_OR_RETURN(auto more, read_rows(*batch));
    std::ranges::move(more, std::back_inserter(rows));
  }
}

Result<query::LoadTarget> target_of(const StatementIngest& command, const std::string& catalog) {
  using IfThere = query::LoadTarget::IfThere;
  if (command.temporary) return Error(kUnsupported, "there are no temporary tables in Flight SQL here");
  if (!command.catalog.empty() && command.catalog != catalog)
    return Error(kUnsupported, fmt::format("there is no catalog `{}`", command.catalog))
        .with_hint(fmt::format("the only one is `{}`", catalog));
  if (command.if_missing == IfMissing::kUnsaid || command.if_exists == IfExists::kUnsaid)
    return Error(kBadMessage, "what to do with a table that is there, or is not, is not said");
  query::LoadTarget target{
      .schema = command.schema, .table = command.table, .creates = command.if_missing == IfMissing::kCreate};
  if (command.if_exists == IfExists::kFail) target.if_there = IfThere::kFail;
  if (command.if_exists == IfExists::kReplace) target.if_there = IfThere::kReplace;
  if (target.if_there == IfThere::kFail && !target.creates)
    return Error(kBadMessage, "a table can neither be there nor be missing");
  return target;
}

Status add_batch(query::LoadIn& load, const arrow::RecordBatch& batch) {
  // What comes over the wire may say anything of itself.
  if (const arrow::Status valid = batch.ValidateFull(); !valid.ok())
    return Error(kBadParameter, "the rows are malformed").with_hint(valid.message());
  constexpr auto kStep = static_cast<std::int64_t>(engine::ArrowImport::kMostRows);
  std::int64_t at = 0;
  do {
    ArrowArray part{};
    TARN_FLIGHT_RETURN_IF_ERROR(arrow::ExportRecordBatch(*batch.Slice(at, kStep), &part));
    TARN_RETURN_IF_ERROR(load.add(part));
    at += kStep;
  } while (at < batch.num_rows());
  return ok_status();
}

Status add_all(query::LoadIn& load, const std::shared_ptr<arrow::Schema>& schema,
               af::FlightMessageReader& reader) {
  bool has_any = false;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const auto batch, next_batch(reader));
    if (batch == nullptr) break;
    TARN_RETURN_IF_ERROR(add_batch(load, *batch));
    has_any = true;
  }
  if (has_any) return ok_status();
  TARN_FLIGHT_ASSIGN_OR_RETURN(const auto none, arrow::RecordBatch::MakeEmpty(schema));
  return add_batch(load, *none);
}

}  // namespace

Status Service::bind(const Caller& caller, const PreparedStatementQuery& command,
                     af::FlightMessageReader& reader) {
  TARN_ASSIGN_OR_RETURN(Prepared prepared, shared_.statements.find_prepared(caller.user, command.handle));
  TARN_ASSIGN_OR_RETURN(const auto rows, bound_rows(reader));
  if (rows.size() > 1)
    return Error(kBadParameter, fmt::format("{} rows of values were bound, not one", rows.size()));
  TARN_ASSIGN_OR_RETURN(const auto opened, session(caller));
  TARN_RETURN_IF_ERROR(bind_values(*opened, prepared, rows.empty() ? std::vector<BoundValue>() : rows[0]));
  return shared_.statements.replace_prepared(caller.user, command.handle, std::move(prepared));
}

Result<std::int64_t> Service::update(const af::ServerCallContext& context, const Caller& from,
                                     const Ask& ask) {
  StatementTurn turn(shared_, from, random_handle(shared_.parts.random));
  TARN_RETURN_IF_ERROR(turn.start([&context] { return context.is_cancelled(); }));
  std::int64_t count = 0;
  TARN_RETURN_IF_ERROR(turn.run([&]() -> Status {
    TARN_ASSIGN_OR_RETURN(query::PreparedStatement statement, prepare_update(turn.session(), ask.sql));
    TARN_ASSIGN_OR_RETURN(count, execute_update(turn.session(), statement, ask.values));
    return ok_status();
  }));
  return count;
}

Result<std::int64_t> Service::update_prepared(const af::ServerCallContext& context, const Caller& from,
                                              const std::string& handle, af::FlightMessageReader& reader) {
  TARN_ASSIGN_OR_RETURN(Prepared prepared, shared_.statements.find_prepared(from.user, handle));
  TARN_ASSIGN_OR_RETURN(std::vector<std::vector<BoundValue>> rows, bound_rows(reader));
  // Without parameters it runs once; with them, once for each row of values.
  if (prepared.declared.empty()) rows.assign(1, {});
  StatementTurn turn(shared_, from, random_handle(shared_.parts.random));
  TARN_RETURN_IF_ERROR(turn.start([&context] { return context.is_cancelled(); }));
  query::Session& session = turn.session();
  std::int64_t count = 0;
  const auto run_all = [&]() -> Status {
    std::optional<query::PreparedStatement> statement;
    std::string declared;
    for (const std::vector<BoundValue>& values : rows) {
      TARN_RETURN_IF_ERROR(bind_values(session, prepared, values));
      std::string sql = declare(prepared.sql, prepared.declared);
      if (!statement || sql != declared) {
        TARN_ASSIGN_OR_RETURN(statement, prepare_update(session, sql));
        declared = std::move(sql);
      }
      TARN_ASSIGN_OR_RETURN(const std::int64_t changed, execute_update(session, *statement, prepared.values));
      count += changed;
    }
    return ok_status();
  };
  // One statement commits by itself; several are in the table together, or none of them.
  const bool is_transaction = rows.size() > 1;
  const Status done = turn.run([&]() -> Status {
    if (is_transaction) TARN_RETURN_IF_ERROR(session.begin());
    TARN_RETURN_IF_ERROR(run_all());
    return is_transaction ? session.commit() : ok_status();
  });
  if (!done.ok() && is_transaction) session.roll_back();
  if (!done.ok()) return done.error();
  return count;
}

Result<std::int64_t> Service::ingest(const af::ServerCallContext& context, const Caller& from,
                                     const StatementIngest& command, af::FlightMessageReader& reader) {
  TARN_ASSIGN_OR_RETURN(const query::LoadTarget target, target_of(command, shared_.parts.catalog));
  TARN_FLIGHT_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Schema> schema, reader.GetSchema());
  StatementTurn turn(shared_, from, random_handle(shared_.parts.random));
  TARN_RETURN_IF_ERROR(turn.start([&context] { return context.is_cancelled(); }));
  std::unique_ptr<query::LoadIn> load;
  const auto begin = [&]() -> Status {
    ArrowSchema columns{};
    TARN_FLIGHT_RETURN_IF_ERROR(arrow::ExportSchema(*schema, &columns));
    auto begun = turn.session().begin_load(target, columns, schema->field_names());
    if (columns.release != nullptr) columns.release(&columns);
    TARN_ASSIGN_OR_RETURN(load, std::move(begun));
    return ok_status();
  };
  TARN_RETURN_IF_ERROR(turn.run(begin));
  // Others may run while the client is waited for.
  TARN_RETURN_IF_ERROR(add_all(*load, schema, reader));
  std::int64_t count = 0;
  TARN_RETURN_IF_ERROR(turn.run([&]() -> Status {
    TARN_ASSIGN_OR_RETURN(count, load->finish());
    return ok_status();
  }));
  return count;
}

}  // namespace tarn::flight
