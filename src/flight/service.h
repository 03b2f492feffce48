#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <arrow/flight/server.h>

#include "base/result.h"
#include "flight/metadata/metadata.h"
#include "flight/shared_parts.h"

namespace tarn::flight {

/// Answers the calls of Flight SQL clients; each in a thread of gRPC's, many at once. What is not overridden
/// is answered with "not implemented".
class Service final : public arrow::flight::FlightServerBase {
 public:
  explicit Service(SharedParts& shared) : shared_(shared) {}

  arrow::Status GetFlightInfo(const arrow::flight::ServerCallContext& context,
                              const arrow::flight::FlightDescriptor& request,
                              std::unique_ptr<arrow::flight::FlightInfo>* info) override;
  arrow::Status GetSchema(const arrow::flight::ServerCallContext& context,
                          const arrow::flight::FlightDescriptor& request,
                          std::unique_ptr<arrow::flight::SchemaResult>* schema) override;
  arrow::Status DoGet(const arrow::flight::ServerCallContext& context, const arrow::flight::Ticket& request,
                      std::unique_ptr<arrow::flight::FlightDataStream>* stream) override;
  arrow::Status DoPut(const arrow::flight::ServerCallContext& context,
                      std::unique_ptr<arrow::flight::FlightMessageReader> reader,
                      std::unique_ptr<arrow::flight::FlightMetadataWriter> writer) override;
  arrow::Status DoAction(const arrow::flight::ServerCallContext& context, const arrow::flight::Action& action,
                         std::unique_ptr<arrow::flight::ResultStream>* result) override;
  arrow::Status ListActions(const arrow::flight::ServerCallContext& context,
                            std::vector<arrow::flight::ActionType>* actions) override;

 private:
  /// What a descriptor leads to.
  struct Plan {
    std::shared_ptr<arrow::Schema> columns = nullptr;  ///< Null: not known.
    std::string ticket = {};
    std::optional<std::int64_t> changed = {};  ///< Rows; there are none to come for.
  };
  /// With `is_to_run` someone will come for the rows; what has none is run at once.
  Result<Plan> plan(const arrow::flight::ServerCallContext& context,
                    const arrow::flight::FlightDescriptor& request, bool is_to_run);
  Result<Plan> plan_statement(const arrow::flight::ServerCallContext& context, const Caller& caller,
                              const StatementQuery& command, bool is_to_run);
  Result<Plan> plan_prepared(const arrow::flight::ServerCallContext& context, const Caller& caller,
                             const PreparedStatementQuery& command, bool is_to_run);

  Result<std::unique_ptr<arrow::flight::FlightDataStream>> get(
      const arrow::flight::ServerCallContext& context, const arrow::flight::Ticket& request);
  /// How many rows were changed; nothing where values were bound.
  Result<std::optional<std::int64_t>> put(const arrow::flight::ServerCallContext& context,
                                          arrow::flight::FlightMessageReader& reader);
  Result<Table> answer(const Caller& caller, const Command& command);
  Result<PooledSession> session(const Caller& caller) { return shared_.sessions.take(caller); }

  // updates.cpp: the latter three return how many rows were changed.
  Status bind(const Caller& caller, const PreparedStatementQuery& command,
              arrow::flight::FlightMessageReader& reader);
  Result<std::int64_t> update(const arrow::flight::ServerCallContext& context, const Caller& from,
                              const Ask& ask);
  Result<std::int64_t> update_prepared(const arrow::flight::ServerCallContext& context, const Caller& from,
                                       const std::string& handle, arrow::flight::FlightMessageReader& reader);
  Result<std::int64_t> ingest(const arrow::flight::ServerCallContext& context, const Caller& from,
                              const StatementIngest& command, arrow::flight::FlightMessageReader& reader);

  // actions.cpp
  Result<std::string> act(const arrow::flight::ServerCallContext& context,
                          const arrow::flight::Action& action);
  Result<std::string> create_prepared(const Caller& caller, const CreatePreparedStatement& command);
  Result<bool> cancel(const Caller& caller, const arrow::flight::FlightInfo& info);

  SharedParts& shared_;
};

}  // namespace tarn::flight
