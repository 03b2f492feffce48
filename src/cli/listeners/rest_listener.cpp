#include "cli/listeners/rest_listener.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "cli/errors.h"
#include "cli/storage/table_credentials.h"

namespace tarn::cli {

Result<std::unique_ptr<RestListener>> RestListener::start(CommandContext& context, const std::string& listen,
                                                          telemetry::Log& log) {
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const settings, context.settings());
  const project::RestListenerSpec& spec = settings->listeners.rest;
  TARN_ASSIGN_OR_RETURN(const net::ListenAddress address, net::parse_listen_address(listen));
  if (!address.is_loopback && spec.clients.empty() && !spec.anonymous) {
    return Error(kOpenListener,
                 fmt::format("everybody who reaches {} could read, change and drop tables", listen))
        .with_hint("add `listeners.rest.clients`, or say `anonymous: true`");
  }
  rest::RestCatalogOptions options;
  for (const project::RestClientSpec& client : spec.clients) {
    if (Status good = rest::check_hash(client.secret_hash); !good.ok())
      return std::move(good).error().with_context("reading the client `" + client.id + "`");
    options.clients.push_back({client.id, client.secret_hash});
  }
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(options.vend_credentials, table_credentials(context));
  std::unique_ptr<RestListener> listener(new RestListener());
  listener->rest_ = std::make_unique<rest::RestCatalog>(
      rest::RestCatalog::Parts{*catalog, *database, context.store(), context.clock(), context.random(), &log},
      std::move(options));
  const auto handler = [rest = listener->rest_.get()](const net::HttpRequest& request) {
    return rest->handle(request);
  };
  TARN_ASSIGN_OR_RETURN(listener->server_,
                        net::HttpServer::start({.address = address.address, .port = address.port}, handler,
                                               rest::RestCatalog::refusal));
  const bool is_v6 = address.address.find(':') != std::string::npos;
  listener->uri_ = fmt::format("http://{}{}{}:{}", is_v6 ? "[" : "", address.address, is_v6 ? "]" : "",
                               listener->server_->port());
  log.info("rest.listening", {{"uri", listener->uri_}, {"tokens", !spec.clients.empty()}});
  return listener;
}

}  // namespace tarn::cli
