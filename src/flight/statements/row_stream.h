#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <arrow/record_batch.h>

#include "base/result.h"
#include "flight/shared_parts.h"
#include "flight/statements/statement_turn.h"
#include "query/session.h"

namespace tarn::flight {

/// The rows of a statement on their way to a client, batch by batch as the client reads them: it holds no
/// more than one. The statement has one of the server's turns only while it computes. One thread; cancelling,
/// the time limit and the server's stop reach it from others.
class RowStream final : public arrow::RecordBatchReader {
 public:
  /// Runs the statement of a ticket as far as its first rows. `is_left` tells whether the client has gone, by
  /// any thread. Errors: of the session, flight.changed_result, flight.statement_timeout,
  /// flight.shutting_down.
  static Result<std::shared_ptr<RowStream>> open(SharedParts& shared, Caller caller, std::string handle,
                                                 Ask ask, std::function<bool()> is_left);

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;

 private:
  RowStream(SharedParts& shared, Caller caller, std::string handle)
      : turn_(shared, std::move(caller), std::move(handle)) {}
  Status execute(const Ask& ask);
  Result<std::shared_ptr<arrow::RecordBatch>> next_batch();

  // In this order: each needs those before it.
  StatementTurn turn_;
  std::optional<query::PreparedStatement> statement_;
  std::optional<engine::ResultSet> rows_;
  std::shared_ptr<arrow::Schema> schema_;
};

/// The one statement that `sql` is, ready to be asked for its columns or run. Errors: of the session.
Result<query::PreparedStatement> prepare_one(query::Session& session, const std::string& sql,
                                             query::Refusal refusal = query::Refusal::kRecorded);
/// Whether it answers with a count alone.
bool is_update(const query::PreparedStatement& statement);

/// Its columns; null: they depend on parameters.
Result<std::shared_ptr<arrow::Schema>> columns_of(const query::PreparedStatement& statement);

}  // namespace tarn::flight
