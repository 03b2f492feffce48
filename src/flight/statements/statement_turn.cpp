#include "flight/statements/statement_turn.h"

#include <utility>

#include "engine/errors.h"
#include "flight/errors.h"

namespace tarn::flight {

StatementTurn::StatementTurn(SharedParts& shared, Caller caller, std::string handle)
    : shared_(shared), caller_(std::move(caller)), handle_(std::move(handle)) {
  // Cancelling goes by the handle, which nobody can guess.
  process_ = shared_.running.enter(running_, 0);
}

StatementTurn::~StatementTurn() {
  shared_.statements.leave(handle_);
  const bool was_ended = running_.finish() != query::EndReason::kNone;
  shared_.running.leave(process_);
  if (was_ended) session_.drop();
}

Status StatementTurn::start(std::function<bool()> is_left) {
  TARN_ASSIGN_OR_RETURN(session_, shared_.sessions.take(caller_));
  running_.start([session = &*session_] { session->interrupt(); });
  shared_.statements.enter(handle_, {.user = caller_.user,
                                     .end = [this] { shared_.running.cancel(process_, 0); },
                                     .is_left = std::move(is_left)});
  running_.share(session_->limits().shares);
  const std::int64_t limit_ms = session_->limits().timeout_with(shared_.options.statement_timeout.count());
  if (limit_ms != 0) {
    deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
    shared_.running.set_deadline(process_, deadline_);
  }
  return ok_status();
}

Status StatementTurn::run(const std::function<Status()>& action) {
  const bool has_turn = shared_.running.begin(running_, deadline_);
  Status done = has_turn ? action() : Status(Error(engine::kInterrupted, "it waited for its turn"));
  if (has_turn) shared_.running.done(running_);
  if (done.ok() || &done.error().code() != &engine::kInterrupted) return done;
  const bool was_late = !has_turn && !running_.is_to_end();
  const query::EndReason reason = was_late ? query::EndReason::kTimedOut : running_.reason();
  if (reason == query::EndReason::kTimedOut)
    return Error(kTimedOut, "the statement ran longer than this server lets one run");
  if (reason == query::EndReason::kShuttingDown) return Error(kShuttingDown, "the server is being stopped");
  return Error(engine::kInterrupted, "the statement was cancelled");
}

}  // namespace tarn::flight
