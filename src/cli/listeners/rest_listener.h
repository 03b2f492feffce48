#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/access/access_watch.h"
#include "cli/command_context.h"
#include "net/http_server.h"
#include "rest/rest_catalog.h"
#include "state/audit/audit_trail.h"
#include "telemetry/log.h"

namespace tarn::cli {

/// The files of `tls`, by their paths.
net::TlsFiles tls_files(const project::TlsSpec& spec, const std::filesystem::path& project_folder);

/// Null without `tls`. A renewed certificate is told to `log`, and one that cannot be used, as events of
/// `listener`. Errors: net.bad_certificate.
Result<std::shared_ptr<net::TlsCertificate>> load_certificate(const project::TlsSpec& spec,
                                                              const std::filesystem::path& project_folder,
                                                              const std::string& listener,
                                                              telemetry::Log& log);

/// The Iceberg REST catalog of the project, answering requests while it lives.
class RestListener {
 public:
  /// Listens on `listen` ("127.0.0.1:8181"); who may ask is as tarn.yaml says. `log` must outlive it. Errors:
  /// net.bad_address, net.cannot_listen, net.bad_certificate, cli.open_listener, cli.plain_listener,
  /// rest.bad_secret.
  static Result<std::unique_ptr<RestListener>> start(CommandContext& context, const std::string& listen,
                                                     telemetry::Log& log);

  /// "http://127.0.0.1:8181", or https.
  const std::string& uri() const { return uri_; }
  /// Lets running requests end.
  void stop() { server_->stop(); }

 private:
  RestListener() = default;
  std::string uri_;
  std::unique_ptr<AccessWatch> access_;
  std::unique_ptr<state::AuditTrail> audit_;
  std::unique_ptr<rest::RestCatalog> rest_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace tarn::cli
