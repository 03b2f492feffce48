#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/random.h"
#include "net/tls.h"
#include "query/session.h"
#include "telemetry/log.h"

namespace tarn::pgwire {

/// Someone who may connect.
struct User {
  std::string verifier = {};  ///< Of the password, see make_verifier(); empty: none will do.
  /// A client certificate that carries the user's name will do as well.
  bool by_certificate = false;
};

struct ServerOptions {
  std::string address = "127.0.0.1";              ///< An IP address.
  std::uint16_t port = 0;                         ///< 0: any free one.
  std::shared_ptr<net::TlsCertificate> tls = {};  ///< Null: there is no TLS, and only this machine is served.
  bool plain = false;                             ///< Other machines may come without TLS.
  std::size_t max_connections = 200;
  std::size_t max_running = 16;  ///< Statements at once; more wait for their turn.
  std::chrono::milliseconds login_timeout{std::chrono::seconds(30)};
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
  /// Nothing: there is no such user. Empty: there are no users, everybody on this machine may connect.
  std::function<std::optional<User>(const std::string& name)> find_user = {};
  std::function<Result<std::unique_ptr<query::Session>>(const std::string& user, const std::string& peer)>
      open_session;
  std::function<void(const LoginEvent& event)> on_login = {};  ///< May be empty. From any thread.
  io::Random& random;
  telemetry::Log& log;
};

/// The PostgreSQL wire protocol on one address: a thread a connection. Runs from start() to stop() or its
/// destruction; the members may be called by any thread.
class Server {
 public:
  /// Listens from when it returns. Errors: net.bad_address, net.cannot_listen.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, ServerParts parts);
  /// stop()s.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  /// Cancels what runs, tells the clients, and returns when all connections have ended.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::pgwire
