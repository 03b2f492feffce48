#include "pgwire/server.h"

#include <utility>

#include "net/connection_server.h"
#include "net/errors.h"
#include "pgwire/backend.h"
#include "pgwire/errors.h"
#include "pgwire/handshake.h"
#include "pgwire/protocol/message_stream.h"
#include "pgwire/protocol/replies.h"
#include "pgwire/shared_parts.h"

namespace tarn::pgwire {
namespace {

void tell(MessageStream& messages, const Error& error, telemetry::Log& log) {
  write_error(messages.out(), error, "", true);
  if (const Status sent = messages.flush(); !sent.ok()) log.debug("postgres.client_gone", {});
}

/// Reads who it is and says that there is no room: PostgreSQL's clients show that.
void refuse(MessageStream& messages, SharedParts& shared) {
  LoginAttempt attempt;
  const Result<std::optional<Login>> login = shake_hands(messages, shared, attempt);
  if (!login.ok() || !*login) return;
  tell(messages, Error(kTooManyConnections, "sorry, too many clients already"), shared.parts.log);
}

void serve(net::BlockingStream& stream, bool is_refused, SharedParts& shared) {
  MessageStream messages(stream, {});
  if (is_refused) return refuse(messages, shared);
  LoginAttempt attempt;
  Result<std::optional<Login>> login = shake_hands(messages, shared, attempt);
  const auto report = [&](const Error* error) {
    if (shared.parts.on_login)
      shared.parts.on_login({attempt.user, stream.peer(), attempt.application, error});
  };
  if (!login.ok()) {
    const Error& error = login.error();
    const bool is_gone = error.name().starts_with("net.");
    if (!is_gone) {
      report(&error);
      shared.parts.log.warning("postgres.login_refused", error, {{"peer", stream.peer()}});
      tell(messages, error, shared.parts.log);
    }
    return;
  }
  if (!*login) return;
  report(nullptr);
  const std::string user = (*login)->user;
  shared.parts.log.info("postgres.connected",
                        {{"user", user}, {"peer", stream.peer()}, {"tls", stream.is_tls()}});
  const Status served = Backend(messages, shared, std::move(**login)).serve();
  if (served.ok())
    return shared.parts.log.info("postgres.disconnected", {{"user", user}, {"peer", stream.peer()}});
  shared.parts.log.warning("postgres.connection_lost", served.error(),
                           {{"user", user}, {"peer", stream.peer()}});
}

std::string make_secret(io::Random& random) {
  const auto bytes = random.bytes16();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

struct Server::Impl {
  Impl(const ServerOptions& options, ServerParts parts)
      : shared{options, std::move(parts), query::RunningStatements(options.max_running), ""} {
    shared.secret = make_secret(shared.parts.random);
  }
  SharedParts shared;
  std::unique_ptr<net::ConnectionServer> connections;
};

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, ServerParts parts) {
  auto impl = std::make_unique<Impl>(options, std::move(parts));
  const net::ConnectionServerOptions listening{
      .address = options.address, .port = options.port, .max_connections = options.max_connections};
  TARN_ASSIGN_OR_RETURN(impl->connections, net::ConnectionServer::start(
                                               listening, [shared = &impl->shared](
                                                              net::BlockingStream& stream, bool is_refused) {
                                                 serve(stream, is_refused, *shared);
                                               }));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  stop();
}

std::uint16_t Server::port() const {
  return impl_->connections->port();
}

void Server::stop() {
  impl_->shared.running.shut_down();
  impl_->connections->stop();
}

}  // namespace tarn::pgwire
