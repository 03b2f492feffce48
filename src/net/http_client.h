#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/http_message.h"

namespace tarn::net {

/// Where a client asks, and how long it waits.
struct HttpClientOptions {
  std::string host = {};  ///< Name or IP address.
  std::uint16_t port = 443;
  bool tls = true;
  /// PEM file of the authorities that the server's certificate is checked against; empty: the system's.
  std::string ca_file = {};
  std::chrono::milliseconds connect_timeout{5'000};  ///< Name, connection and TLS handshake together.
  std::chrono::milliseconds idle_timeout{10'000};    ///< Between two pieces sent or received.
  std::uint64_t max_body_bytes = 16U << 20;          ///< Of a response.
};

/// Sends one HTTP/1.1 request on a connection of its own and returns the response, whatever its status.
/// `Host` and `Content-Length` are set here. Redirects are not followed, nothing is tried twice: only the
/// caller knows whether a request may be repeated, and the error says what became of it.
///
/// Errors: net.unreachable (nothing was sent), net.untrusted (nothing was sent), net.reply_lost (the server
/// may have done what was asked). Many threads at once.
Result<HttpResponse> send_request(const HttpClientOptions& options, const HttpRequest& request);

}  // namespace tarn::net
