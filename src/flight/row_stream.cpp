#include "flight/row_stream.h"

#include <arrow/c/bridge.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>
#include <vector>

#include "engine/errors.h"
#include "flight/arrow_status.h"
#include "flight/errors.h"

namespace tarn::flight {
namespace {

/// The engine gives some thousand rows at a time; each message costs the client as much as hundreds of rows.
constexpr std::int64_t kBatchRows = 16 * 1024;

}  // namespace

Result<query::PreparedStatement> prepare_rows(query::Session& session, const std::string& sql,
                                              query::Refusal refusal) {
  const std::vector<query::StatementText> statements = query::split_statements(sql);
  if (statements.size() != 1) return Error(engine::kSyntax, "exactly one statement is run at a time");
  TARN_ASSIGN_OR_RETURN(query::PreparedStatement statement,
                        session.prepare(statements.front(), "sql", refusal));
  const engine::StatementKind kind = statement.kind();
  if (kind == engine::StatementKind::kSelect || kind == engine::StatementKind::kExplain) return statement;
  return Error(kUnsupported, "only statements that answer with rows are run here")
      .with_hint("there are no transactions, settings and temporary tables in Flight SQL");
}

Result<std::shared_ptr<arrow::Schema>> columns_of(const query::PreparedStatement& statement) {
  ArrowSchema described{};
  TARN_ASSIGN_OR_RETURN(const bool is_known, statement.describe_arrow(described));
  if (!is_known) return std::shared_ptr<arrow::Schema>();
  TARN_FLIGHT_ASSIGN_OR_RETURN(auto schema, arrow::ImportSchema(&described));
  return schema;
}

RowStream::RowStream(SharedParts& shared, Caller caller, std::string handle)
    : shared_(shared), caller_(std::move(caller)), handle_(std::move(handle)) {
  // Cancelling goes by the handle, which nobody can guess.
  process_ = shared_.running.enter(running_, 0);
}

RowStream::~RowStream() {
  shared_.statements.leave(handle_);
  const bool was_ended = running_.finish() != query::EndReason::kNone;
  shared_.running.leave(process_);
  rows_.reset();
  statement_.reset();
  if (was_ended) session_.drop();
}

Result<std::shared_ptr<RowStream>> RowStream::open(SharedParts& shared, Caller caller, std::string handle,
                                                   Ask ask, std::function<bool()> is_left) {
  const std::shared_ptr<RowStream> stream(new RowStream(shared, std::move(caller), std::move(handle)));
  TARN_RETURN_IF_ERROR(stream->start(std::move(ask), std::move(is_left)));
  return stream;
}

Status RowStream::start(Ask ask, std::function<bool()> is_left) {
  TARN_ASSIGN_OR_RETURN(session_, shared_.sessions.take(caller_));
  running_.start([session = &*session_] { session->interrupt(); });
  shared_.statements.enter(handle_, {.user = caller_.user,
                                     .end = [this] { shared_.running.cancel(process_, 0); },
                                     .is_left = std::move(is_left)});
  if (shared_.options.statement_timeout.count() > 0) {
    deadline_ = std::chrono::steady_clock::now() + shared_.options.statement_timeout;
    shared_.running.set_deadline(process_, deadline_);
  }
  return in_turn([&] { return execute(ask); });
}

Status RowStream::execute(const Ask& ask) {
  TARN_ASSIGN_OR_RETURN(statement_, prepare_rows(*session_, ask.sql));
  TARN_ASSIGN_OR_RETURN(rows_, session_->execute(*statement_, ask.values));
  ArrowSchema described{};
  TARN_RETURN_IF_ERROR(rows_->describe_arrow(described));
  TARN_FLIGHT_ASSIGN_OR_RETURN(schema_, arrow::ImportSchema(&described));
  if (ask.promised == nullptr || schema_->Equals(*ask.promised, false)) return ok_status();
  return Error(kChangedResult, "the statement has other columns now than when its ticket was made")
      .with_hint("a table has changed: ask again");
}

Status RowStream::in_turn(const std::function<Status()>& action) {
  const bool has_turn = shared_.running.begin(running_, deadline_);
  Status done = has_turn ? action() : Status(Error(engine::kInterrupted, "it waited for its turn"));
  if (has_turn) shared_.running.done();
  if (done.ok() || &done.error().code() != &engine::kInterrupted) return done;
  const bool was_late = !has_turn && !running_.is_to_end();
  const query::EndReason reason = was_late ? query::EndReason::kTimedOut : running_.reason();
  if (reason == query::EndReason::kTimedOut)
    return Error(kTimedOut, "the statement ran longer than this server lets one run");
  if (reason == query::EndReason::kShuttingDown) return Error(kShuttingDown, "the server is being stopped");
  return Error(engine::kInterrupted, "the statement was cancelled");
}

Result<std::shared_ptr<arrow::RecordBatch>> RowStream::next_batch() {
  std::vector<std::shared_ptr<arrow::RecordBatch>> parts;
  for (std::int64_t rows = 0; rows < kBatchRows;) {
    ArrowArray array{};
    TARN_ASSIGN_OR_RETURN(const bool more, rows_->next_arrow(array));
    if (!more) break;
    TARN_FLIGHT_ASSIGN_OR_RETURN(auto part, arrow::ImportRecordBatch(&array, schema_));
    rows += part->num_rows();
    parts.push_back(std::move(part));
  }
  if (parts.size() < 2) return parts.empty() ? nullptr : parts.front();
  TARN_FLIGHT_ASSIGN_OR_RETURN(auto whole, arrow::ConcatenateRecordBatches(parts));
  return whole;
}

arrow::Status RowStream::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  batch->reset();
  return to_arrow(in_turn([&]() -> Status {
    TARN_ASSIGN_OR_RETURN(*batch, next_batch());
    return ok_status();
  }));
}

}  // namespace tarn::flight
