#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_message.h"
#include "net/tls.h"

namespace tarn::net {

/// Every wait, size and count has a limit. The memory that requests may hold at once is max_connections times
/// max_header_bytes, plus max_total_body_bytes.
struct HttpServerOptions {
  std::string address = "127.0.0.1";                     ///< An IP address.
  std::uint16_t port = 0;                                ///< 0: any free one, see HttpServer::port().
  std::shared_ptr<TlsCertificate> tls = {};              ///< Null: plain HTTP.
  std::size_t workers = 4;                               ///< Threads that run the handler.
  std::size_t max_connections = 256;                     ///< One more gets 429 and is closed.
  std::size_t max_header_bytes = 32 * 1024;              ///< More gets 431.
  std::size_t max_body_bytes = 32 * 1024 * 1024;         ///< More gets 413.
  std::size_t max_total_body_bytes = 128 * 1024 * 1024;  ///< Of all requests at once; more gets 429.
  std::chrono::milliseconds handshake_timeout{10'000};   ///< Of TLS, as a whole.
  std::chrono::milliseconds idle_timeout{75'000};        ///< Between requests of a connection.
  std::chrono::milliseconds request_timeout{30'000};     ///< From the first byte of a request to its last.
  std::chrono::milliseconds write_timeout{30'000};       ///< For a whole response.
  std::chrono::milliseconds drain_timeout{10'000};       ///< For running requests after stop().
};

/// Answers one request. Called by several workers at once; must not throw. While it runs its connection
/// waits.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// The body of the server's own refusals (400, 413, 429, 431, 500), in the protocol's form.
using RefusalBody = std::function<HttpResponse(int status, std::string_view reason)>;

/// An HTTP/1.1 server on one address, plain or under TLS. It runs from start() to stop() or its destruction.
/// Threads: one for all sockets, `workers` for the handler; the members may be called by any thread.
///
///   TARN_ASSIGN_OR_RETURN(auto server, HttpServer::start({.port = 8181}, handler));
///   … until someone asks to stop …
///   server->stop();
class HttpServer {
 public:
  /// Listens from when it returns. `refusal` may be empty: then refusals are plain text. Errors:
  /// net.bad_address, net.cannot_listen.
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, HttpHandler handler,
                                                   RefusalBody refusal = {});
  /// stop()s.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port it listens on.
  std::uint16_t port() const;
  /// Accepts nothing more, closes idle connections, lets running requests be answered for at most
  /// drain_timeout, and returns when all threads have ended. A second call does nothing.
  void stop();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// "127.0.0.1:8181" or "[::1]:8181" as an address and a port. Errors: net.bad_address.
struct ListenAddress {
  std::string address = {};
  std::uint16_t port = 0;
  bool is_loopback = false;
};
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace tarn::net
