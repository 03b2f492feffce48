#include "cli/listeners/postgres_listener.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cli/listeners/rest_listener.h"
#include "net/http_server.h"

namespace tarn::cli {
Result<std::unique_ptr<PostgresListener>> PostgresListener::start(CommandContext& context,
                                                                  const ServedSessions& sessions,
                                                                  telemetry::Log& log) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  const project::PostgresListenerSpec& spec = project->spec.listeners.postgres;
  TARN_ASSIGN_OR_RETURN(const net::ListenAddress address, net::parse_listen_address(spec.listen));
  if (!address.is_loopback) {
    TARN_RETURN_IF_ERROR(check_exposure({"postgres", spec.listen, !spec.tls.certificate.empty(), spec.plain},
                                        sessions.has_users()));
  }
  TARN_ASSIGN_OR_RETURN(const std::filesystem::path folder, context.project_folder());
  std::unique_ptr<PostgresListener> listener(new PostgresListener());
  pgwire::ServerParts parts{.open_session =
                                [&sessions](const std::string& user, const std::string& peer) {
                                  return sessions.open({state::kAuditDoorPostgres, user, peer},
                                                       {.temporary_objects = true, .writes = true});
                                },
                            .on_login =
                                [&sessions](const pgwire::LoginEvent& event) {
                                  sessions.record_login(
                                      {state::kAuditDoorPostgres, event.user, event.peer, event.application},
                                      event.error);
                                },
                            .random = context.random(),
                            .log = log};
  if (sessions.is_guarded()) {
    parts.find_user = [&sessions, by_certificate = !spec.tls.client_ca.empty()](
                          const std::string& name) -> std::optional<pgwire::User> {
      const auto user = sessions.find_user(name);
      if (!user) return std::nullopt;
      return pgwire::User{.verifier = *user->password, .by_certificate = by_certificate};
    };
  }
  pgwire::ServerOptions options{.address = address.address,
                                .port = address.port,
                                .plain = spec.plain,
                                .max_connections = spec.max_connections,
                                .max_running = spec.max_running};
  TARN_ASSIGN_OR_RETURN(options.tls, load_certificate(spec.tls, folder, "postgres", log));
  TARN_ASSIGN_OR_RETURN(listener->server_, pgwire::Server::start(options, std::move(parts)));
  const bool is_v6 = address.address.find(':') != std::string::npos;
  listener->address_ = fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address.address, is_v6 ? "]" : "",
                                   listener->server_->port());
  log.info(
      "postgres.listening",
      {{"address", listener->address_}, {"tls", options.tls != nullptr}, {"users", sessions.is_guarded()}});
  return listener;
}

}  // namespace tarn::cli
