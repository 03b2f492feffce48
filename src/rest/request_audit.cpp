#include "rest/request_audit.h"

#include <fmt/format.h>

#include <utility>

namespace tarn::rest {
namespace {

constexpr std::size_t kMostStatementBytes = 1000;

std::string statement_of(const net::HttpRequest& request) {
  // What stands behind `?` may hold values, and so may bodies.
  std::string text = request.method + " " + request.target.substr(0, request.target.find('?'));
  if (text.size() > kMostStatementBytes) text.resize(kMostStatementBytes);
  return text;
}

state::AuditRecord record_of(const Call& call, std::string_view event) {
  state::AuditRecord record{.event = std::string(event),
                            .actor = {.user = call.client,
                                      .roles = call.told.roles,
                                      .door = std::string(state::kAuditDoorRest),
                                      .peer = call.request.peer,
                                      .application = std::string(call.request.headers.find("User-Agent"))},
                            .statement = statement_of(call.request),
                            .tables = call.told.tables,
                            .columns = call.told.columns};
  if (!call.told.credentials.empty())
    record.policy = iceberg::dump_json(Json{{"credentials", call.told.credentials}});
  if (record.tables.empty() && !call.name.empty()) record.tables = call.table().to_string();
  return record;
}

std::string outcome_of(const Call& call, const net::HttpResponse& response) {
  if (response.status < 400) return std::string(state::kAuditDone);
  return call.told.error.empty() ? fmt::format("http.{}", response.status) : call.told.error;
}

}  // namespace

net::HttpResponse RequestAudit::tell_change(Call& call, const Route& route,
                                            const std::function<net::HttpResponse()>& run) const {
  state::AuditRecord begun = record_of(call, state::kAuditBegun);
  const auto sequence = trail_->append(begun);
  if (!sequence.ok()) return error_response(sequence.error(), call, route.commits);
  const std::int64_t started_us = trail_->clock().monotonic_us();
  net::HttpResponse response = run();
  trail_->append_soon({.event = std::string(state::kAuditEnded),
                       .begun = *sequence,
                       .actor = std::move(begun.actor),
                       .tables = call.told.tables,
                       .policy = record_of(call, state::kAuditEnded).policy,
                       .outcome = outcome_of(call, response),
                       .duration_ms = (trail_->clock().monotonic_us() - started_us) / 1000});
  return response;
}

net::HttpResponse RequestAudit::tell(Call& call, const Route& route,
                                     const std::function<net::HttpResponse()>& run) const {
  if (trail_ == nullptr) return run();
  if (route.told == Told::kChanges) return tell_change(call, route, run);
  net::HttpResponse response = run();
  const bool is_refused = response.status >= 400;
  state::AuditRecord record = record_of(call, is_refused ? state::kAuditRefused : state::kAuditAnswered);
  record.outcome = outcome_of(call, response);
  if (route.told == Told::kLogins) {
    record.event = state::kAuditLogin;
    if (is_refused)
      trail_->append_refusal_of_stranger(std::move(record));
    else
      trail_->append_soon(std::move(record));
    return response;
  }
  // Whether something is there is asked all the time, and a no is an answer.
  const bool is_no = route.told == Told::kRefusals && response.status == 404;
  if (is_refused && !is_no) trail_->append_soon(std::move(record));
  if (is_refused || route.told == Told::kRefusals) return response;
  const auto recorded = trail_->append(std::move(record));
  if (!recorded.ok()) return error_response(recorded.error(), call, false);
  return response;
}

void RequestAudit::refuse(const Call& call, const Error& error) const {
  if (trail_ == nullptr) return;
  state::AuditRecord record = record_of(call, state::kAuditRefused);
  record.outcome = error.name();
  if (call.client.empty())
    trail_->append_refusal_of_stranger(std::move(record));
  else
    trail_->append_soon(std::move(record));
}

}  // namespace tarn::rest
