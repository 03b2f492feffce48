#include "flight/statements/row_stream.h"

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

Result<query::PreparedStatement> prepare_one(query::Session& session, const std::string& sql,
                                             query::Refusal refusal) {
  const std::vector<query::StatementText> statements = query::split_statements(sql);
  if (statements.size() != 1) return Error(engine::kSyntax, "exactly one statement is run at a time");
  TARN_ASSIGN_OR_RETURN(query::PreparedStatement statement,
                        session.prepare(statements.front(), "sql", refusal));
  const engine::StatementKind kind = statement.kind();
  const bool has_rows = kind == engine::StatementKind::kSelect || kind == engine::StatementKind::kExplain;
  if (has_rows || statement.writes()) return statement;
  return Error(kUnsupported, "only statements that read or change tables are run here")
      .with_hint("there are no transactions, settings and temporary tables in Flight SQL");
}

bool is_update(const query::PreparedStatement& statement) {
  return statement.writes() && !statement.returns_rows();
}

Result<std::shared_ptr<arrow::Schema>> columns_of(const query::PreparedStatement& statement) {
  ArrowSchema described{};
  TARN_ASSIGN_OR_RETURN(const bool is_known, statement.describe_arrow(described));
  if (!is_known) return std::shared_ptr<arrow::Schema>();
  TARN_FLIGHT_ASSIGN_OR_RETURN(auto schema, arrow::ImportSchema(&described));
  return schema;
}

Result<std::shared_ptr<RowStream>> RowStream::open(SharedParts& shared, Caller caller, std::string handle,
                                                   Ask ask, std::function<bool()> is_left) {
  const std::shared_ptr<RowStream> stream(new RowStream(shared, std::move(caller), std::move(handle)));
  TARN_RETURN_IF_ERROR(stream->turn_.start(std::move(is_left)));
  TARN_RETURN_IF_ERROR(stream->turn_.run([&] { return stream->execute(ask); }));
  return stream;
}

Status RowStream::execute(const Ask& ask) {
  TARN_ASSIGN_OR_RETURN(statement_, prepare_one(turn_.session(), ask.sql));
  TARN_ASSIGN_OR_RETURN(rows_, turn_.session().execute(*statement_, ask.values));
  ArrowSchema described{};
  TARN_RETURN_IF_ERROR(rows_->describe_arrow(described));
  TARN_FLIGHT_ASSIGN_OR_RETURN(schema_, arrow::ImportSchema(&described));
  if (ask.promised == nullptr || schema_->Equals(*ask.promised, false)) return ok_status();
  return Error(kChangedResult, "the statement has other columns now than when its ticket was made")
      .with_hint("a table has changed: ask again");
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
  return to_arrow(turn_.run([&]() -> Status {
    TARN_ASSIGN_OR_RETURN(*batch, next_batch());
    return ok_status();
  }));
}

}  // namespace tarn::flight
