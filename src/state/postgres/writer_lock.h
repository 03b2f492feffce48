#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "state/postgres/postgres_connection.h"

namespace tarn::state {

/// The right of one process to ingest, on a server. Two parts:
///
/// - a session's advisory lock, which the server gives back when the session ends: it tells others that
///   somebody is at work, and keeps them out;
/// - the epoch, a number in `tarn_state` that each holder raises by one. Every transaction of the holder
///   compares it (Database::begin()), under the lock that all transactions take. So a holder whose session
///   was lost without its noticing cannot commit any more once the next one has raised the epoch, and
///   whatever it committed before is seen by the next one. The epoch alone makes it safe.
///
/// One thread at a time.
class WriterLock {
 public:
  /// Takes the advisory lock; waits at most 0.1 s. state.locked without a name.
  static Result<std::unique_ptr<WriterLock>> take(const PostgresLocation& server);
  /// What the holder wrote of itself; nothing when nobody holds the lock.
  static Result<std::optional<std::string>> holder(Connection& connection);

  /// Takes the lock again when its session was lost. Failing to is no error: see the epoch.
  void keep();
  std::int64_t epoch() const { return epoch_; }
  void set_epoch(std::int64_t epoch) { epoch_ = epoch; }

  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  explicit WriterLock(std::unique_ptr<PostgresConnection> session) : session_(std::move(session)) {}
  Result<bool> try_lock();

  std::unique_ptr<PostgresConnection> session_;
  std::int64_t epoch_ = 0;
};

}  // namespace tarn::state
