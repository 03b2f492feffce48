#pragma once

#include <memory>
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
  };
  /// `with_ticket`: someone will come for the rows.
  Result<Plan> plan(const Caller& caller, const arrow::flight::FlightDescriptor& request, bool with_ticket);
  Result<Plan> plan_statement(const Caller& caller, const StatementQuery& command, bool with_ticket);
  Result<Plan> plan_prepared(const Caller& caller, const PreparedStatementQuery& command, bool with_ticket);

  Result<std::unique_ptr<arrow::flight::FlightDataStream>> get(
      const arrow::flight::ServerCallContext& context, const arrow::flight::Ticket& request);
  Status put(const arrow::flight::ServerCallContext& context, arrow::flight::FlightMessageReader& reader);
  Result<Table> answer(const Caller& caller, const Command& command);
  Result<PooledSession> session(const Caller& caller) { return shared_.sessions.take(caller); }

  // actions.cpp
  Result<std::string> act(const arrow::flight::ServerCallContext& context,
                          const arrow::flight::Action& action);
  Result<std::string> create_prepared(const Caller& caller, const CreatePreparedStatement& command);
  Result<bool> cancel(const Caller& caller, const arrow::flight::FlightInfo& info);

  SharedParts& shared_;
};

}  // namespace tarn::flight
