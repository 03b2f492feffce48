#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "state/audit/audit_record.h"
#include "state/database.h"

namespace tarn::state {

/// The way into the audit for a process: a thread writes what many ask for, all that waits in one
/// transaction, so that statements share the cost of making it durable. Any thread may call it, but none that
/// holds a Transaction of the database.
///
///   TARN_ASSIGN_OR_RETURN(const std::int64_t begun, trail.append({.event = "begun", …}));
///   // Only now are rows handed out.
///   trail.append_soon({.event = "ended", .begun = begun, …});
class AuditTrail {
 public:
  struct Options {
    /// Records that wait to be written. append() takes half of it only: what it lets begin must have an end.
    std::size_t max_waiting = 4096;
    /// Refusals of unknown strangers a second; more are counted, and told by one record for all of them.
    std::int64_t strangers_per_second = 20;
    /// Told when records cannot be written. From the trail's thread; may be empty.
    std::function<void(const Error& error)> on_failure = {};
  };
  /// Both must outlive it.
  AuditTrail(Database& database, io::Clock& clock, Options options);
  /// Writes what waits.
  ~AuditTrail();
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;

  /// Returns the record's sequence number when it is durable. Errors: audit.unavailable, and then what the
  /// record tells of must not happen.
  Result<std::int64_t> append(AuditRecord record);
  /// For what has happened already: it is written soon, and again and again while that fails.
  void append_soon(AuditRecord record);
  /// Likewise, of somebody who is not known: however many come, the audit grows slowly. `rows` says how many
  /// refusals a record stands for, where it is more than one.
  void append_refusal_of_stranger(AuditRecord record);
  io::Clock& clock() const { return clock_; }
  /// Waits until all of before was written. Errors: audit.unavailable.
  Status flush();

 private:
  struct Waiting {
    AuditRecord record;
    std::optional<std::promise<Result<std::int64_t>>> outcome = {};  ///< Where somebody waits for it.
  };
  using Batch = std::deque<Waiting>;

  void run(const std::stop_token& stop);
  /// Writes a batch, tells those who wait, and leaves in it what must be tried again.
  Status write(Batch& batch);
  Status write_records(std::vector<AuditRecord>& records);
  void add(Waiting waiting);
  void add_suppressed();

  Database& database_;
  io::Clock& clock_;
  Options options_;

  std::mutex mutex_;
  std::condition_variable_any changed_;  ///< Something waits.
  std::condition_variable written_;      ///< Something was written, or was not.
  std::deque<Waiting> waiting_;
  bool is_writing_ = false;
  bool has_failed_ = false;  ///< The last attempt did.
  std::uint64_t attempts_ = 0;
  std::int64_t second_ = 0;  ///< In which the strangers came.
  std::int64_t strangers_ = 0;
  std::optional<AuditRecord> suppressed_;  ///< The last one, with how many it stands for.
  std::jthread writer_;
};

}  // namespace tarn::state
