#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/command_context.h"
#include "cli/listeners/served_sessions.h"
#include "flight/server.h"
#include "telemetry/log.h"

namespace tarn::cli {

/// SQL over Arrow Flight, answering while it lives.
class FlightListener {
 public:
  /// Listens as tarn.yaml's `listeners.flight` says; who may connect is as `access/` says. `sessions` and
  /// `log` must outlive it. Errors: net.bad_address, net.cannot_listen, net.bad_certificate,
  /// cli.open_listener, cli.plain_listener, flight.cannot_serve.
  static Result<std::unique_ptr<FlightListener>> start(CommandContext& context,
                                                       const ServedSessions& sessions, telemetry::Log& log);
  /// Cancels what runs.
  void stop() { server_->stop(); }

 private:
  FlightListener() = default;
  std::unique_ptr<flight::Server> server_;
};

}  // namespace tarn::cli
