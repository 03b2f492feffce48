#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <arrow/record_batch.h>

#include "base/result.h"
#include "flight/shared_parts.h"
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
  ~RowStream() override;
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;

 private:
  RowStream(SharedParts& shared, Caller caller, std::string handle);
  Status start(Ask ask, std::function<bool()> is_left);
  Status execute(const Ask& ask);
  Result<std::shared_ptr<arrow::RecordBatch>> next_batch();
  /// Waits for a turn, runs `action`, and gives the turn back. Tells why what was interrupted was.
  Status in_turn(const std::function<Status()>& action);

  SharedParts& shared_;
  const Caller caller_;
  const std::string handle_;
  query::RunningStatement running_;
  std::int32_t process_ = 0;
  query::RunningStatements::TimePoint deadline_ = query::RunningStatements::TimePoint::max();
  // In this order: each needs those before it.
  PooledSession session_;
  std::optional<query::PreparedStatement> statement_;
  std::optional<engine::ResultSet> rows_;
  std::shared_ptr<arrow::Schema> schema_;
};

/// A statement that answers with rows, ready to be asked for its columns or run. Errors: of the session,
/// flight.unsupported for all others.
Result<query::PreparedStatement> prepare_rows(query::Session& session, const std::string& sql,
                                              query::Refusal refusal = query::Refusal::kRecorded);

/// Its columns; null: they depend on parameters.
Result<std::shared_ptr<arrow::Schema>> columns_of(const query::PreparedStatement& statement);

}  // namespace tarn::flight
