#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/ids.h"
#include "base/result.h"
#include "cli/listeners/served_sessions.h"
#include "io/clock.h"
#include "query/session.h"
#include "query/views/materialized_view.h"
#include "telemetry/log.h"

namespace tarn::cli {

/// Keeps materialized views fresh in a thread of its own, one after the other, each with its maker's rights:
/// when a table that it reads has changed, or when rights have. A view that takes long is computed so seldom
/// that it costs a tenth of the time at most; one that fails is tried again after a while.
class ViewRefresher {
 public:
  /// All must outlive it.
  ViewRefresher(const ServedSessions& sessions, io::Clock& clock, telemetry::Log& log);
  /// Stops a refresh that is running; nothing of it is written.
  ~ViewRefresher();
  ViewRefresher(const ViewRefresher&) = delete;
  ViewRefresher& operator=(const ViewRefresher&) = delete;

 private:
  struct View {
    std::int64_t due_ms = 0;  ///< Not before, by the monotonic clock.
    int failures = 0;
    bool rights_changed = false;
  };

  void run(const std::stop_token& stop);
  Status look(const std::stop_token& stop);
  Status look_at(const TableName& name);
  void refresh(const TableName& name, const query::MaterializedView& view, View& state);
  Status run_refresh(const TableName& name, const std::string& maker);
  std::int64_t now_ms() const { return clock_.monotonic_us() / 1000; }

  const ServedSessions& sessions_;
  io::Clock& clock_;
  telemetry::Log& log_;
  std::map<TableName, View> views_;
  std::set<TableName> tables_;   ///< That were no materialized views when all were looked at.
  std::int64_t all_due_ms_ = 0;  ///< When they are looked at again.
  std::shared_ptr<const query::AccessPolicy> policy_;
  std::mutex mutex_;
  query::Session* running_ = nullptr;  ///< For the destructor, under the mutex.
  std::jthread thread_;                ///< Last: it ends first.
};

}  // namespace tarn::cli
