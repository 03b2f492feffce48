#include "flight/server.h"

#include <arrow/flight/server_auth.h>

#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "flight/arrow_status.h"
#include "flight/call_gate.h"
#include "flight/errors.h"
#include "flight/service.h"
#include "net/connection_server.h"

namespace tarn::flight {
namespace {

constexpr auto kSweepInterval = std::chrono::milliseconds(100);
/// For readers that take their time, when the server stops.
constexpr auto kDrainTime = std::chrono::seconds(3);

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return Error(kCannotServe, "cannot read " + path);
  return text;
}

Status add_tls(const net::TlsFiles& files, arrow::flight::FlightServerOptions& options) {
  // It says what is wrong with them, which gRPC does not.
  TARN_ASSIGN_OR_RETURN(const auto usable, net::TlsCertificate::load(files));
  arrow::flight::CertKeyPair pair;
  TARN_ASSIGN_OR_RETURN(pair.pem_cert, read_file(files.certificate));
  TARN_ASSIGN_OR_RETURN(pair.pem_key, read_file(files.key));
  options.tls_certificates.push_back(std::move(pair));
  if (files.client_ca.empty()) return ok_status();
  TARN_ASSIGN_OR_RETURN(options.root_certificates, read_file(files.client_ca));
  options.verify_client = true;
  return ok_status();
}

/// gRPC would say no more than that it does not start.
Status check_free(const ServerOptions& options) {
  if (options.port == 0) return ok_status();
  TARN_ASSIGN_OR_RETURN(const auto probe,
                        net::ConnectionServer::start({.address = options.address, .port = options.port},
                                                     [](net::BlockingStream&, bool) {}));
  return ok_status();
}

}  // namespace

struct Server::Impl {
  Impl(const ServerOptions& options, ServerParts parts)
      : shared(options, std::move(parts)), service(shared) {}

  SharedParts shared;
  Service service;
  bool is_stopped = false;
  std::jthread sweeper;
};

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, ServerParts parts) {
  TARN_RETURN_IF_ERROR(check_free(options));
  auto impl = std::make_unique<Impl>(options, std::move(parts));
  using arrow::flight::Location;
  const auto location = options.tls ? Location::ForGrpcTls(options.address, options.port)
                                    : Location::ForGrpcTcp(options.address, options.port);
  if (!location.ok()) return Error(kCannotServe, location.status().message());
  arrow::flight::FlightServerOptions serving(*location);
  if (options.tls) TARN_RETURN_IF_ERROR(add_tls(*options.tls, serving));
  // The gate has looked at the call before; without this handler there would be no handshake.
  serving.auth_handler = std::make_shared<arrow::flight::NoOpAuthHandler>();
  serving.middleware.emplace_back(CallGate::kName, std::make_shared<CallGate>(impl->shared));
  if (const arrow::Status listens = impl->service.Init(serving); !listens.ok())
    return Error(kCannotServe, listens.message());
  impl->sweeper = std::jthread([shared = &impl->shared](const std::stop_token& stop) {
    while (shared->parts.clock.sleep(kSweepInterval, stop)) {
      shared->statements.sweep();
      shared->sessions.sweep();
    }
  });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  stop();
}

std::uint16_t Server::port() const {
  return static_cast<std::uint16_t>(impl_->service.port());
}

void Server::stop() {
  if (std::exchange(impl_->is_stopped, true)) return;
  impl_->shared.running.shut_down();
  const auto deadline = std::chrono::system_clock::now() + kDrainTime;
  if (const arrow::Status ended = impl_->service.Shutdown(&deadline); !ended.ok())
    impl_->shared.parts.log.warning("flight.stop_failed", from_arrow(ended), {});
  impl_->sweeper.request_stop();
}

}  // namespace tarn::flight
