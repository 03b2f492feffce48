#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/clock.h"
#include "io/file_descriptor.h"

namespace tarn::state {

/// Who holds a lock.
struct LockHolder {
  std::int64_t pid = 0;
  std::string command = "";   ///< Such as "tarn serve".
  std::int64_t since_us = 0;  ///< Microseconds since the epoch.
};

/// The right of one process to write a project, held until destroyed or until the process dies (flock(2), so
/// that a crash leaves no stale lock). The lock file itself stays and names the holder.
///
///   TARN_ASSIGN_OR_RETURN(const auto lock, ProcessLock::acquire("state/tarn.lock", "tarn serve", clock));
class ProcessLock {
 public:
  /// Waits at most 0.1 s. state.locked, whose message names the holder's pid, command and since when;
  /// state.denied.
  static Result<ProcessLock> acquire(const std::string& path, const std::string& command, io::Clock& clock);
  /// Who holds the lock now; nothing when nobody does or the file does not exist.
  static Result<std::optional<LockHolder>> holder(const std::string& path);

  ProcessLock(ProcessLock&&) noexcept = default;
  ProcessLock& operator=(ProcessLock&& other) noexcept;
  ~ProcessLock();

 private:
  explicit ProcessLock(io::FileDescriptor file) : file_(std::move(file)) {}
  void release();
  io::FileDescriptor file_;
};

/// The holder written in a lock file; nothing when the text is not of that form.
std::optional<LockHolder> parse_lock_holder(std::string_view text);

}  // namespace tarn::state
