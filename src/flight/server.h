#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "flight/logins.h"
#include "io/clock.h"
#include "io/random.h"
#include "net/tls.h"
#include "query/session.h"
#include "telemetry/log.h"

namespace tarn::flight {

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< An IP address.
  std::uint16_t port = 0;             ///< 0: any free one.
  /// Nothing: there is no TLS. The files are read once. With `client_ca` clients must show a certificate,
  /// besides what else they must know.
  std::optional<net::TlsFiles> tls = {};
  std::size_t max_calls = 200;                     ///< At once; one more is refused.
  std::size_t max_running = 16;                    ///< Statements at once; more wait for their turn.
  std::chrono::milliseconds statement_timeout{0};  ///< 0: without end.
};

/// Somebody who logged in, or was refused.
struct LoginEvent {
  std::string user;  ///< As the client says.
  std::string peer;
  std::string application;
  const Error* error = nullptr;  ///< Why it was refused; null: it was not.
};

/// Where users and sessions come from.
struct ServerParts {
  /// Empty: there are no users, everybody who gets here may read everything.
  FindVerifier find_verifier = {};
  std::function<Result<std::unique_ptr<query::Session>>(const std::string& user)> open_session;
  std::function<void(const LoginEvent& event)> on_login = {};  ///< May be empty. From any thread.
  std::string catalog;                                         ///< The only one that there is, by name.
  std::string version;                                         ///< Of Tarn.
  io::Random& random;
  io::Clock& clock;
  telemetry::Log& log;
};

/// Arrow Flight SQL on one address, over gRPC. Runs from start() to stop() or its destruction; the members
/// may be called by any thread.
class Server {
 public:
  /// Listens from when it returns. Errors: net.bad_address, net.cannot_listen, net.bad_certificate,
  /// flight.cannot_serve.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, ServerParts parts);
  /// stop()s.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  /// Cancels what runs, and returns when all calls have ended.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::flight
