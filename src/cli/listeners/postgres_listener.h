#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/command_context.h"
#include "cli/listeners/served_sessions.h"
#include "pgwire/server.h"
#include "telemetry/log.h"

namespace tarn::cli {

/// SQL over the PostgreSQL wire protocol, answering while it lives.
class PostgresListener {
 public:
  /// Listens as tarn.yaml's `listeners.postgres` says; who may connect is as `access/` says. `sessions` and
  /// `log` must outlive it. Errors: net.bad_address, net.cannot_listen, net.bad_certificate,
  /// cli.open_listener, cli.plain_listener.
  static Result<std::unique_ptr<PostgresListener>> start(CommandContext& context,
                                                         const ServedSessions& sessions, telemetry::Log& log);

  /// "127.0.0.1:5432".
  const std::string& address() const { return address_; }
  /// Cancels what runs.
  void stop() { server_->stop(); }

 private:
  PostgresListener() = default;
  std::string address_;
  std::unique_ptr<pgwire::Server> server_;
};

}  // namespace tarn::cli
