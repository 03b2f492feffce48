#include "cli/listeners/flight_listener.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cli/listeners/rest_listener.h"
#include "cli/version.h"
#include "net/http_server.h"

namespace tarn::cli {

Result<std::unique_ptr<FlightListener>> FlightListener::start(CommandContext& context,
                                                              const ServedSessions& sessions,
                                                              telemetry::Log& log) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  const project::FlightListenerSpec& spec = project->spec.listeners.flight;
  TARN_ASSIGN_OR_RETURN(const net::ListenAddress address, net::parse_listen_address(spec.listen));
  const bool has_tls = !spec.tls.certificate.empty();
  if (!address.is_loopback)
    TARN_RETURN_IF_ERROR(check_exposure({"flight", spec.listen, has_tls, spec.plain}, sessions.has_users()));
  TARN_ASSIGN_OR_RETURN(const std::filesystem::path folder, context.project_folder());
  flight::ServerParts parts{.open_session =
                                [&sessions](const std::string& user) {
                                  return sessions.open({state::kAuditDoorFlight, user}, {.writes = true});
                                },
                            .on_login =
                                [&sessions](const flight::LoginEvent& event) {
                                  sessions.record_login(
                                      {state::kAuditDoorFlight, event.user, event.peer, event.application},
                                      event.error);
                                },
                            .catalog = *project->spec.name,
                            .version = version_line(),
                            .random = context.random(),
                            .clock = context.clock(),
                            .log = log};
  if (sessions.is_guarded()) {
    parts.find_verifier = [&sessions](const std::string& name) -> std::optional<std::string> {
      const auto user = sessions.find_user(name);
      if (!user) return std::nullopt;
      return *user->password;
    };
  }
  flight::ServerOptions options{.address = address.address,
                                .port = address.port,
                                .max_calls = spec.max_calls,
                                .max_running = spec.max_running,
                                .statement_timeout = std::chrono::milliseconds(spec.statement_timeout_ms)};
  if (has_tls) options.tls = tls_files(spec.tls, folder);
  std::unique_ptr<FlightListener> listener(new FlightListener());
  TARN_ASSIGN_OR_RETURN(listener->server_, flight::Server::start(options, std::move(parts)));
  const bool is_v6 = address.address.find(':') != std::string::npos;
  log.info("flight.listening", {{"address", fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address.address,
                                                        is_v6 ? "]" : "", listener->server_->port())},
                                {"tls", has_tls},
                                {"users", sessions.is_guarded()}});
  return listener;
}

}  // namespace tarn::cli
