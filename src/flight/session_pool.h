#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "io/clock.h"
#include "query/session.h"

namespace tarn::flight {

class SessionPool;

/// Who makes a call.
struct Caller {
  std::string user;
  std::string peer = {};
  std::string application = {};
};

/// A session for one call, which goes back to its pool.
class PooledSession {
 public:
  PooledSession() = default;
  PooledSession(SessionPool& pool, std::string user, std::unique_ptr<query::Session> session)
      : pool_(&pool), user_(std::move(user)), session_(std::move(session)) {}
  PooledSession(PooledSession&&) noexcept = default;
  PooledSession& operator=(PooledSession&&) noexcept = default;
  ~PooledSession();

  query::Session& operator*() const { return *session_; }
  query::Session* operator->() const { return session_.get(); }
  /// It ends with this call: someone may still be about to interrupt it.
  void drop() { session_.reset(); }

 private:
  SessionPool* pool_ = nullptr;
  std::string user_;
  std::unique_ptr<query::Session> session_;
};

/// Sessions of users, kept for their next calls: calls come in threes, and a session costs some milliseconds
/// to make. What is run in them leaves nothing behind but views of what its user may see. Any thread.
class SessionPool {
 public:
  using Open = std::function<Result<std::unique_ptr<query::Session>>(const std::string& user)>;
  static constexpr std::int64_t kIdleLifeUs = 60LL * 1'000'000;
  static constexpr std::size_t kIdleOfUser = 4;

  /// `catalog`: what the lake is called.
  SessionPool(Open open, std::string catalog, io::Clock& clock)
      : open_(std::move(open)), catalog_(std::move(catalog)), clock_(clock) {}

  /// Errors: those of opening one.
  Result<PooledSession> take(const Caller& caller);
  /// Ends those that nobody took for a while.
  void sweep();

 private:
  friend class PooledSession;
  void give_back(std::string user, std::unique_ptr<query::Session> session);

  struct Idle {
    std::string user;
    std::int64_t until_us = 0;
    std::unique_ptr<query::Session> session;
  };
  Open open_;
  std::string catalog_;
  io::Clock& clock_;
  std::mutex mutex_;
  std::list<Idle> idle_;  ///< The one that came last first.
};

}  // namespace tarn::flight
