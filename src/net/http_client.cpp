#include "net/http_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "net/errors.h"

namespace tarn::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Message = http::request<http::string_body>;

std::string place(const HttpClientOptions& options) {
  return fmt::format("{}:{}", options.host, options.port);
}

std::string reason(const beast::error_code& failure) {
  if (failure == beast::error::timeout) return "no answer in time";
  if (failure == http::error::end_of_stream || failure == http::error::partial_message)
    return "the connection was closed before the answer was complete";
  return failure.message();
}

Message message_of(const HttpClientOptions& options, const HttpRequest& request) {
  Message message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  const bool is_default = options.port == (options.tls ? 443 : 80);
  message.set(http::field::host, is_default ? options.host : place(options));
  for (const auto& [name, value] : request.headers.all()) message.set(name, value);
  message.body() = request.body;
  message.content_length(request.body.size());
  message.keep_alive(false);
  return message;
}

/// One request over a connection, plain or under TLS. Every step has a deadline, which only Asio's
/// asynchronous calls know: each is started and waited for.
class Exchange {
 public:
  Exchange(const HttpClientOptions& options, const HttpRequest& request)
      : options_(options), message_(message_of(options, request)), is_head_(request.method == "HEAD") {}

  Result<HttpResponse> run() {
    if (options_.tls) {
      TARN_RETURN_IF_ERROR(load_authorities());
      beast::ssl_stream<beast::tcp_stream> stream(sockets_, tls_);
      TARN_RETURN_IF_ERROR(connect(beast::get_lowest_layer(stream)));
      TARN_RETURN_IF_ERROR(shake_hands(stream));
      return exchange(stream);
    }
    beast::tcp_stream stream(sockets_);
    TARN_RETURN_IF_ERROR(connect(stream));
    return exchange(stream);
  }

 private:
  /// Runs what was started to its end.
  template <typename Start>
  beast::error_code wait(Start&& start) {
    beast::error_code outcome = asio::error::would_block;
    start([&outcome](const beast::error_code& failure, auto&&...) { outcome = failure; });
    sockets_.restart();
    sockets_.run();
    return outcome;
  }

  Error unreachable(const std::string& why) const {
    return Error(kUnreachable, fmt::format("{} cannot be reached: {}", place(options_), why));
  }

  Status load_authorities() {
    beast::error_code failure;
    if (options_.ca_file.empty())
      tls_.set_default_verify_paths(failure);
    else
      tls_.load_verify_file(options_.ca_file, failure);
    if (!failure) return ok_status();
    return Error(kUntrusted, options_.ca_file.empty()
                                 ? fmt::format("the system's authorities cannot be read: {}", reason(failure))
                                 : fmt::format("{} holds no certificate of an authority: {}",
                                               options_.ca_file, reason(failure)));
  }

  Status connect(beast::tcp_stream& stream) {
    const auto deadline = std::chrono::steady_clock::now() + options_.connect_timeout;
    tcp::resolver resolver(sockets_);
    beast::error_code failure;
    // Resolving has no deadline of its own: the system's resolver gives up by itself.
    const auto addresses = resolver.resolve(options_.host, std::to_string(options_.port), failure);
    if (failure) return unreachable(failure.message());
    stream.expires_at(deadline);
    failure = wait([&](auto done) { stream.async_connect(addresses, std::move(done)); });
    return failure ? Status(unreachable(reason(failure))) : ok_status();
  }

  Status shake_hands(beast::ssl_stream<beast::tcp_stream>& stream) {
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(options_.host));
    beast::error_code is_name;
    asio::ip::make_address(options_.host, is_name);
    if (is_name && SSL_set_tlsext_host_name(stream.native_handle(), options_.host.c_str()) != 1)
      return unreachable("its name does not fit into TLS");
    const beast::error_code failure =
        wait([&](auto done) { stream.async_handshake(asio::ssl::stream_base::client, std::move(done)); });
    if (!failure) return ok_status();
    const long verified = SSL_get_verify_result(stream.native_handle());
    if (verified == X509_V_OK) return unreachable(reason(failure));
    return Error(kUntrusted, fmt::format("the certificate of {} is not trusted: {}", place(options_),
                                         X509_verify_cert_error_string(verified)));
  }

  Error lost(const beast::error_code& failure) const {
    return Error(kReplyLost, fmt::format("{} gave no whole answer: {}", place(options_), reason(failure)));
  }

  template <typename Stream>
  Result<HttpResponse> exchange(Stream& stream) {
    auto& socket = beast::get_lowest_layer(stream);
    http::request_serializer<http::string_body> serializer(message_);
    beast::error_code failure;
    while (!failure && !serializer.is_done()) {
      socket.expires_after(options_.idle_timeout);
      failure = wait([&](auto done) { http::async_write_some(stream, serializer, std::move(done)); });
    }
    // A server that refuses a request may answer and close before it has read all of it.
    const beast::error_code write_failure = failure;
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.skip(is_head_);
    parser.body_limit(options_.max_body_bytes);
    failure = {};
    while (!failure && !parser.is_done()) {
      socket.expires_after(options_.idle_timeout);
      failure = wait([&](auto done) { http::async_read_some(stream, buffer, parser, std::move(done)); });
    }
    if (failure) return lost(write_failure ? write_failure : failure);
    auto& message = parser.get();
    HttpResponse response{.status = static_cast<int>(message.result_int())};
    for (const auto& field : message) {
      const auto name = field.name_string();
      const auto value = field.value();
      response.headers.add({name.data(), name.size()}, {value.data(), value.size()});
    }
    response.body = std::move(message.body());
    return response;
  }

  const HttpClientOptions& options_;
  Message message_;
  bool is_head_;
  asio::io_context sockets_{1};
  asio::ssl::context tls_{asio::ssl::context::tls_client};
};

}  // namespace

Result<HttpResponse> send_request(const HttpClientOptions& options, const HttpRequest& request) {
  try {
    return Exchange(options, request).run();
  } catch (const std::exception& error) {  // Set-up calls of Asio throw; whether one did, is not known here.
    return Error(kReplyLost, fmt::format("{} cannot be asked: {}", place(options), error.what()));
  }
}

}  // namespace tarn::net
