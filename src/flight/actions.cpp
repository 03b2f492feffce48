#include <arrow/buffer.h>
#include <arrow/ipc/writer.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "flight/arrow_status.h"
#include "flight/call_gate.h"
#include "flight/errors.h"
#include "flight/service.h"
#include "flight/statements/preparation.h"

/// Actions: what is no statement and no reading.
namespace tarn::flight {
namespace {

namespace af = arrow::flight;

constexpr const char* kCreatePrepared = "CreatePreparedStatement";
constexpr const char* kClosePrepared = "ClosePreparedStatement";
constexpr const char* kCancelQuery = "CancelQuery";

Result<std::string> serialize(const std::shared_ptr<arrow::Schema>& schema) {
  if (schema == nullptr) return std::string();
  TARN_FLIGHT_ASSIGN_OR_RETURN(const auto bytes, arrow::ipc::SerializeSchema(*schema));
  return bytes->ToString();
}

template <typename Wanted>
Result<Wanted> read_body(const af::Action& action) {
  const std::string_view body = action.body == nullptr ? std::string_view() : std::string_view(*action.body);
  TARN_ASSIGN_OR_RETURN(Command command, read_command(body));
  if (auto* const wanted = std::get_if<Wanted>(&command)) return std::move(*wanted);
  return Error(kBadMessage, fmt::format("the action `{}` has another one's body", action.type));
}

}  // namespace

Result<std::string> Service::create_prepared(const Caller& caller, const CreatePreparedStatement& command) {
  TARN_ASSIGN_OR_RETURN(const auto opened, session(caller));
  TARN_ASSIGN_OR_RETURN(Prepared prepared, prepare(*opened, command.query));
  PreparedStatementResult result;
  TARN_ASSIGN_OR_RETURN(result.dataset_schema, serialize(prepared.columns));
  TARN_ASSIGN_OR_RETURN(result.parameter_schema, serialize(prepared.parameters));
  TARN_ASSIGN_OR_RETURN(result.handle, shared_.statements.add_prepared(caller.user, std::move(prepared)));
  return write(result);
}

Result<bool> Service::cancel(const Caller& caller, const af::FlightInfo& info) {
  bool was_there = false;
  for (const af::FlightEndpoint& endpoint : info.endpoints()) {
    TARN_ASSIGN_OR_RETURN(const Command command, read_command(endpoint.ticket.ticket));
    const auto* const ticket = std::get_if<StatementTicket>(&command);
    if (ticket != nullptr && shared_.statements.cancel(caller.user, ticket->handle)) was_there = true;
  }
  return was_there;
}

Result<std::string> Service::act(const af::ServerCallContext& context, const af::Action& action) {
  TARN_ASSIGN_OR_RETURN(const Caller from, caller(context));
  const std::string_view body = action.body == nullptr ? std::string_view() : std::string_view(*action.body);
  if (action.type == kCreatePrepared) {
    TARN_ASSIGN_OR_RETURN(const auto command, read_body<CreatePreparedStatement>(action));
    return create_prepared(from, command);
  }
  if (action.type == kClosePrepared) {
    TARN_ASSIGN_OR_RETURN(const auto command, read_body<ClosePreparedStatement>(action));
    shared_.statements.close_prepared(from.user, command.handle);
    return std::string();
  }
  if (action.type == kCancelQuery) {
    TARN_ASSIGN_OR_RETURN(const auto command, read_body<CancelQuery>(action));
    std::unique_ptr<af::FlightInfo> info;
    if (!af::FlightInfo::Deserialize(command.flight_info, &info).ok())
      return Error(kBadMessage, "the FlightInfo cannot be read");
    TARN_ASSIGN_OR_RETURN(const bool done, cancel(from, *info));
    return write(done ? CancelResult::kCancelled : CancelResult::kNotCancellable);
  }
  if (action.type == af::ActionType::kCancelFlightInfo.type) {
    auto request = af::CancelFlightInfoRequest::Deserialize(body);
    if (!request.ok() || request->info == nullptr) return Error(kBadMessage, "the FlightInfo cannot be read");
    TARN_ASSIGN_OR_RETURN(const bool done, cancel(from, *request->info));
    const af::CancelFlightInfoResult result(done ? af::CancelStatus::kCancelled
                                                 : af::CancelStatus::kNotCancellable);
    TARN_FLIGHT_ASSIGN_OR_RETURN(std::string bytes, result.SerializeToString());
    return bytes;
  }
  if (action.type == af::ActionType::kCloseSession.type) {
    shared_.logins.revoke(authorization_of(context));
    const af::CloseSessionResult result(af::CloseSessionStatus::kClosed);
    TARN_FLIGHT_ASSIGN_OR_RETURN(std::string bytes, result.SerializeToString());
    return bytes;
  }
  return Error(kUnsupported, fmt::format("there is no action `{}`", action.type.substr(0, 100)));
}

arrow::Status Service::DoAction(const af::ServerCallContext& context, const af::Action& action,
                                std::unique_ptr<af::ResultStream>* result) {
  Result<std::string> done = act(context, action);
  if (!done.ok()) return to_arrow(done.error());
  std::vector<af::Result> results;
  if (!done->empty()) results.push_back(af::Result{arrow::Buffer::FromString(std::move(*done))});
  *result = std::make_unique<af::SimpleResultStream>(std::move(results));
  return arrow::Status::OK();
}

arrow::Status Service::ListActions(const af::ServerCallContext& context,
                                   std::vector<af::ActionType>* actions) {
  if (const Result<Caller> from = caller(context); !from.ok()) return to_arrow(from.error());
  *actions = {{kCreatePrepared, "Prepares a statement."},
              {kClosePrepared, "Forgets a prepared statement."},
              {kCancelQuery, "Cancels a statement, as clients before Arrow 13 ask for it."},
              af::ActionType::kCancelFlightInfo,
              af::ActionType::kCloseSession};
  return arrow::Status::OK();
}

}  // namespace tarn::flight
