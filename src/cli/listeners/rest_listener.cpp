#include "cli/listeners/rest_listener.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/civil_time.h"
#include "cli/access/access_setup.h"
#include "cli/access/lake_readers.h"
#include "cli/errors.h"
#include "cli/storage/table_credentials.h"

namespace tarn::cli {
namespace {

/// Beyond this machine nothing is offered to everybody, nor in the clear, unless the project says so.
Status check_exposure(const project::RestListenerSpec& spec, bool has_users, const std::string& listen) {
  const bool is_known = !spec.clients.empty() || !spec.tls.client_ca.empty() || has_users;
  if (!is_known && !spec.anonymous) {
    return Error(kOpenListener,
                 fmt::format("everybody who reaches {} could read, change and drop tables", listen))
        .with_hint("add `listeners.rest.clients` or `tls.client_ca`, or say `anonymous: true`");
  }
  if (spec.tls.certificate.empty() && !spec.plain_http)
    return Error(kPlainListener, fmt::format("{} would be served without TLS", listen));
  return ok_status();
}

}  // namespace

Result<std::shared_ptr<net::TlsCertificate>> load_certificate(const project::TlsSpec& spec,
                                                              const std::filesystem::path& folder,
                                                              const std::string& listener,
                                                              telemetry::Log& log) {
  if (spec.certificate.empty()) return std::shared_ptr<net::TlsCertificate>();
  return net::TlsCertificate::load(
      tls_files(spec, folder),
      [&log, listener](const Status& outcome, const net::TlsCertificate& certificate) {
        if (!outcome.ok()) return log.warning(listener + ".certificate_refused", outcome.error(), {});
        log.info(listener + ".certificate_renewed",
                 {{"expires", format_timestamp_utc(certificate.expires_s() * 1'000'000)}});
      });
}

net::TlsFiles tls_files(const project::TlsSpec& spec, const std::filesystem::path& folder) {
  const auto file = [&](const std::string& written) {
    return written.empty() ? "" : (folder / written).lexically_normal().string();
  };
  return {.certificate = file(spec.certificate), .key = file(spec.key), .client_ca = file(spec.client_ca)};
}

Result<std::unique_ptr<RestListener>> RestListener::start(CommandContext& context, const std::string& listen,
                                                          telemetry::Log& log) {
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const settings, context.settings());
  const project::RestListenerSpec& spec = settings->listeners.rest;
  TARN_ASSIGN_OR_RETURN(const net::ListenAddress address, net::parse_listen_address(listen));
  std::unique_ptr<RestListener> listener(new RestListener());
  TARN_ASSIGN_OR_RETURN(listener->access_, AccessWatch::start(context, log));
  const bool has_users = listener->access_->policy() != nullptr;
  if (!address.is_loopback) TARN_RETURN_IF_ERROR(check_exposure(spec, has_users, listen));
  TARN_ASSIGN_OR_RETURN(const std::filesystem::path folder, context.project_folder());
  net::HttpServerOptions server{.address = address.address, .port = address.port};
  TARN_ASSIGN_OR_RETURN(server.tls, load_certificate(spec.tls, folder, "rest", log));
  rest::RestCatalogOptions options{.anonymous = spec.anonymous};
  if (has_users) options.readers = lake_readers(*listener->access_);
  for (const project::RestClientSpec& client : spec.clients) {
    if (Status good = rest::check_hash(client.secret_hash); !good.ok())
      return std::move(good).error().with_context("reading the client `" + client.id + "`");
    options.clients.push_back({client.id, client.secret_hash});
  }
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(options.vend_credentials, table_credentials(context));
  TARN_ASSIGN_OR_RETURN(listener->audit_, open_audit(context, [&log](const Error& error) {
                          log.error("audit.unavailable", error, {});
                        }));
  listener->rest_ = std::make_unique<rest::RestCatalog>(
      rest::RestCatalog::Parts{*catalog, *database, context.store(), context.clock(), context.random(),
                               context.manifests(), &log, listener->audit_.get()},
      std::move(options));
  const auto handler = [rest = listener->rest_.get()](const net::HttpRequest& request) {
    return rest->handle(request);
  };
  TARN_ASSIGN_OR_RETURN(listener->server_,
                        net::HttpServer::start(server, handler, rest::RestCatalog::refusal));
  const bool is_v6 = address.address.find(':') != std::string::npos;
  listener->uri_ = fmt::format("http{}://{}{}{}:{}", server.tls != nullptr ? "s" : "", is_v6 ? "[" : "",
                               address.address, is_v6 ? "]" : "", listener->server_->port());
  log.info("rest.listening", {{"uri", listener->uri_},
                              {"tokens", !spec.clients.empty() || has_users},
                              {"client_certificates", !spec.tls.client_ca.empty()}});
  return listener;
}

}  // namespace tarn::cli
