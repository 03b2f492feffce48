#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "io/clock.h"
#include "io/file_descriptor.h"
#include "state/database.h"

namespace tarn::state {

/// Who holds a lock.
struct LockHolder {
  std::int64_t pid = 0;
  std::string host = "";      ///< Empty: this machine.
  std::string command = "";   ///< Such as "tarn serve".
  std::int64_t since_us = 0;  ///< Microseconds since the epoch.
};

/// The right of one process to ingest into a project, held until destroyed or until the process dies.
///
/// Of a state in a file: flock(2) on `tarn.lock` beside it, so that a crash leaves no stale lock. The lock
/// file itself stays and names the holder.
///
/// Of a state in a server: a session's advisory lock, and an epoch that fences. When the session is lost and
/// another process takes the lock over, on whatever machine, all later transactions of this database are
/// refused with state.lock_lost, and the other one sees all earlier ones: what it finds unfinished then stays
/// unfinished. (A machine that vanished without closing its connections holds the lock for a minute.)
///
///   TARN_ASSIGN_OR_RETURN(const auto lock, ProcessLock::acquire(*database, "tarn serve", clock));
class ProcessLock {
 public:
  /// Waits at most 0.1 s. The database must outlive the lock. state.locked, whose message names the holder's
  /// pid, command and since when; state.denied, state.unreachable.
  static Result<ProcessLock> acquire(Database& database, const std::string& command, io::Clock& clock);
  /// Who holds the lock now; nothing when nobody does.
  static Result<std::optional<LockHolder>> holder(Database& database);

  /// The same by the path of a lock file, for a state in a file.
  static Result<ProcessLock> acquire(const std::string& path, const std::string& command, io::Clock& clock);
  static Result<std::optional<LockHolder>> holder(const std::string& path);

  ProcessLock(ProcessLock&& other) noexcept
      : file_(std::move(other.file_)), server_(std::exchange(other.server_, nullptr)) {}
  ProcessLock& operator=(ProcessLock&& other) noexcept;
  ~ProcessLock();

 private:
  explicit ProcessLock(io::FileDescriptor file) : file_(std::move(file)) {}
  explicit ProcessLock(Database& server) : server_(&server) {}
  static Result<ProcessLock> acquire_on_server(Database& database, const std::string& command,
                                               io::Clock& clock);
  void release();
  io::FileDescriptor file_;
  Database* server_ = nullptr;
};

/// The holder as a lock file or a server tells it; nothing when the text is not of that form.
std::optional<LockHolder> parse_lock_holder(std::string_view text);

}  // namespace tarn::state
