#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "flight/shared_parts.h"
#include "query/session.h"

namespace tarn::flight {

/// What one call runs in: a session of its user, and the server's turns, of which it has one only while it
/// computes. One thread; cancelling, the time limit and the server's stop reach it from others.
class StatementTurn {
 public:
  /// `handle`: what cancelling names it by.
  StatementTurn(SharedParts& shared, Caller caller, std::string handle);
  ~StatementTurn();
  StatementTurn(const StatementTurn&) = delete;
  StatementTurn& operator=(const StatementTurn&) = delete;

  /// `is_left` tells whether the client has gone, by any thread. Errors: those of opening a session.
  Status start(std::function<bool()> is_left);
  query::Session& session() const { return *session_; }
  /// Waits for a turn, runs `action`, and gives the turn back. Errors: of the action, or why it was
  /// interrupted: flight.statement_timeout, flight.shutting_down.
  Status run(const std::function<Status()>& action);

 private:
  SharedParts& shared_;
  const Caller caller_;
  const std::string handle_;
  query::RunningStatement running_;
  std::int32_t process_ = 0;
  query::RunningStatements::TimePoint deadline_ = query::RunningStatements::TimePoint::max();
  PooledSession session_;
};

}  // namespace tarn::flight
