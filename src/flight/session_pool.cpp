#include "flight/session_pool.h"

#include <algorithm>
#include <list>
#include <utility>

namespace tarn::flight {

PooledSession::~PooledSession() {
  if (session_ != nullptr) pool_->give_back(std::move(user_), std::move(session_));
}

Result<PooledSession> SessionPool::take(const Caller& caller) {
  const std::string& user = caller.user;
  std::list<Idle> outdated;  // Ended outside of the lock.
  {
    const std::lock_guard lock(mutex_);
    for (auto found = idle_.begin(); found != idle_.end();) {
      const auto at = found++;
      if (at->user != user) continue;
      if (!at->session->is_current()) {
        outdated.splice(outdated.end(), idle_, at);
        continue;
      }
      PooledSession taken(*this, user, std::move(at->session));
      idle_.erase(at);
      taken->serve_call(caller.peer, caller.application);
      return taken;
    }
  }
  TARN_ASSIGN_OR_RETURN(std::unique_ptr<query::Session> opened, open_(user));
  // For the system's tables, of which every client asks in its own way.
  opened->speak_postgres({.user = user, .database = catalog_});
  opened->serve_call(caller.peer, caller.application);
  return PooledSession(*this, user, std::move(opened));
}

void SessionPool::give_back(std::string user, std::unique_ptr<query::Session> session) {
  // Ended outside of the lock.
  std::unique_ptr<query::Session> spare;
  const std::lock_guard lock(mutex_);
  const auto of_user = std::ranges::count(idle_, user, &Idle::user);
  if (static_cast<std::size_t>(of_user) >= kIdleOfUser) {
    spare = std::move(session);
    return;
  }
  idle_.push_front({std::move(user), clock_.monotonic_us() + kIdleLifeUs, std::move(session)});
}

void SessionPool::sweep() {
  std::list<Idle> over;
  const std::lock_guard lock(mutex_);
  const std::int64_t now_us = clock_.monotonic_us();
  while (!idle_.empty() && idle_.back().until_us <= now_us) over.splice(over.end(), idle_, --idle_.end());
}

}  // namespace tarn::flight
