#include "state/postgres/writer_lock.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr int kAttempts = 5;
constexpr std::chrono::milliseconds kBetweenAttempts{20};

}  // namespace

// The key names the table, and so the schema: projects of one database do not meet.
Result<bool> WriterLock::try_lock() {
  TARN_ASSIGN_OR_RETURN(const auto locked, session_->integer(fmt::format(
                                               "SELECT pg_try_advisory_lock((CAST({} AS BIGINT) << 32) | "
                                               "CAST(CAST('tarn_state' AS regclass) AS oid)::BIGINT)",
                                               kLockClass)));
  return locked == 1;
}

Result<std::unique_ptr<WriterLock>> WriterLock::take(const PostgresLocation& server) {
  TARN_ASSIGN_OR_RETURN(auto session, PostgresConnection::open(server, PostgresConnection::Access::kLock));
  std::unique_ptr<WriterLock> lock(new WriterLock(std::move(session)));
  for (int attempt = 1;; ++attempt) {
    TARN_ASSIGN_OR_RETURN(const bool locked, lock->try_lock());
    if (locked) return lock;
    if (attempt == kAttempts) return Error(kLocked, "another process works on the project");
    std::this_thread::sleep_for(kBetweenAttempts);
  }
}

WriterLock::~WriterLock() {
  // The end of the session gives it back as well, but nobody waits for that.
  static_cast<void>(session_->execute("SELECT pg_advisory_unlock_all()").ok());
}

Result<std::optional<std::string>> WriterLock::holder(Connection& connection) {
  TARN_ASSIGN_OR_RETURN(Statement row,
                        connection.prepare(fmt::format(
                            "SELECT writer FROM tarn_state WHERE EXISTS (SELECT 1 FROM pg_locks l JOIN "
                            "pg_database d ON d.oid = "
                            "l.database WHERE d.datname = current_database() AND l.locktype = 'advisory' AND "
                            "l.classid = {} AND "
                            "l.objid = CAST('tarn_state' AS regclass) AND l.objsubid = 1 AND l.granted)",
                            kLockClass)));
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  return found ? std::optional(row.text(0)) : std::nullopt;
}

void WriterLock::keep() {
  if (session_->is_alive()) return;
  session_->renew();
  // Somebody else may have it by now, or an old session that the server still believes in.
  if (!session_->reconnect().ok()) return;
  const Result<bool> locked = try_lock();
  if (!locked.ok() || !*locked) session_->renew();
}

}  // namespace tarn::state
