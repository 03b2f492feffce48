#include "cli/listeners/postgres_listener.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cli/access/access_setup.h"
#include "cli/errors.h"
#include "cli/listeners/rest_listener.h"
#include "cli/storage/s3_settings.h"
#include "net/http_server.h"

namespace tarn::cli {
namespace {

/// Beyond this machine nothing is offered to everybody, nor in the clear, unless the project says so.
Status check_exposure(const project::PostgresListenerSpec& spec, const project::Project& project) {
  if (!project.access || project.access->users.empty()) {
    return Error(kOpenListener, fmt::format("nobody could connect to {}: there are no users", spec.listen))
        .with_hint("name them in `access/users.yaml`, or listen on 127.0.0.1");
  }
  if (spec.tls.certificate.empty() && !spec.plain)
    return Error(kPlainListener, fmt::format("{} would be served without TLS", spec.listen))
        .with_hint("name a certificate in `listeners.postgres.tls`, or say `plain: true`");
  return ok_status();
}

}  // namespace

Result<std::unique_ptr<PostgresListener>> PostgresListener::start(CommandContext& context,
                                                                  telemetry::Log& log) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  const project::PostgresListenerSpec& spec = project->spec.listeners.postgres;
  TARN_ASSIGN_OR_RETURN(const net::ListenAddress address, net::parse_listen_address(spec.listen));
  if (!address.is_loopback) TARN_RETURN_IF_ERROR(check_exposure(spec, *project));
  TARN_ASSIGN_OR_RETURN(const std::filesystem::path folder, context.project_folder());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  std::unique_ptr<PostgresListener> listener(new PostgresListener());
  TARN_ASSIGN_OR_RETURN(listener->engine_, open_served_engine(context));
  query::Lake lake{*catalog, *database, context.manifests(), context.store()};
  TARN_ASSIGN_OR_RETURN(lake.scratch_folder, served_scratch(context));
  TARN_ASSIGN_OR_RETURN(const std::shared_ptr<const query::AccessPolicy> policy, load_access_policy(context));
  if (uses_s3(project->spec)) {
    TARN_ASSIGN_OR_RETURN(s3::S3ObjectStore* const store, context.s3());
    lake.renew_access = s3_renewal(*listener->engine_, *store);
  }
  pgwire::ServerParts parts{
      .open_session = [engine = listener->engine_.get(), lake, policy](
                          const std::string& user,
                          const std::string&) -> Result<std::unique_ptr<query::Session>> {
        std::shared_ptr<const query::Principal> principal;
        if (policy != nullptr) {
          TARN_ASSIGN_OR_RETURN(principal, query::Principal::make(policy, user));
        }
        return query::Session::open(*engine, lake, {.temporary_objects = true}, std::move(principal));
      },
      .random = context.random(),
      .log = log};
  if (project->access) {
    parts.find_user = [project, by_certificate = !spec.tls.client_ca.empty()](
                          const std::string& name) -> std::optional<pgwire::User> {
      const project::UserSpec* const user = project->access->find_user(name);
      if (user == nullptr) return std::nullopt;
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
  log.info("postgres.listening", {{"address", listener->address_},
                                  {"tls", options.tls != nullptr},
                                  {"users", project->access.has_value()}});
  return listener;
}

}  // namespace tarn::cli
