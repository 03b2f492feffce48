#include "net/http_connection.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <exception>
#include <utility>

namespace tarn::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr std::size_t kReadBytes = 16 * 1024;
/// How long the rest of a refused request is read and thrown away: a socket that is closed with unread bytes
/// makes the other side lose the answer.
constexpr std::chrono::milliseconds kLinger{2'000};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool forbids_body(int status) {
  return status == 204 || status == 304 || status < 200;
}

std::string text(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

HttpResponse refusal_of(const ConnectionPool& pool, int status, std::string_view reason) {
  if (pool.refusal) return pool.refusal(status, reason);
  HttpResponse response{.status = status, .body = std::string(reason) + "\n"};
  response.headers.add("Content-Type", "text/plain");
  return response;
}

template <typename Body>
void fill_head(http::response<Body>& out, const HttpResponse& response, bool keep_alive) {
  out.version(11);
  out.result(static_cast<unsigned>(response.status));
  for (const auto& [name, value] : response.headers.all()) out.insert(name, value);
  out.keep_alive(keep_alive);
  if (!forbids_body(response.status)) out.content_length(response.body.size());
}

}  // namespace

HttpConnection::HttpConnection(tcp::socket socket, ConnectionPool& pool)
    : pool_(pool),
      work_(pool.sockets.get_executor()),
      stream_(std::move(socket)),
      buffer_(pool.options.max_header_bytes + kReadBytes) {
  beast::error_code ignored;  // Latency only.
  stream_.transport().socket().set_option(tcp::no_delay(true), ignored);
}

void HttpConnection::serve() {
  if (pool_.options.tls == nullptr) return begin();
  waiting_ = true;
  stream_.transport().expires_after(pool_.options.handshake_timeout);
  const auto context = pool_.options.tls->context();
  stream_.shake_hands(*context,
                      [self = shared_from_this()](beast::error_code failed) { self->on_handshake(failed); });
}

void HttpConnection::turn_away() {
  turned_away_ = true;
  ++pool_.turned_away;
  serve();
}

void HttpConnection::on_handshake(beast::error_code failed) {
  waiting_ = false;
  if (!failed) return begin();
  const bool is_plain = failed.category() == boost::asio::error::get_ssl_category() &&
                        ERR_GET_REASON(static_cast<unsigned long>(failed.value())) == SSL_R_HTTP_REQUEST;
  if (is_plain) return refuse(400, "this port speaks TLS: ask by https://");
  end();  // OpenSSL has told the client why, unless it is gone.
}

void HttpConnection::begin() {
  if (turned_away_) return refuse(429, "too many connections; try again later");
  wait_for_request();
}

// Answers with one refusal and closes.
void HttpConnection::refuse(int status, std::string_view reason) {
  keep_alive_ = false;
  respond(refusal_of(pool_, status, reason));
}

void HttpConnection::drain() {
  keep_alive_ = false;
  if (waiting_) abort();
}

void HttpConnection::abort() {
  stream_.transport().cancel();
  stream_.transport().close();
}

void HttpConnection::wait_for_request() {
  if (pool_.draining) return end();
  if (buffer_.size() > 0) return read_header();
  waiting_ = true;
  stream_.transport().expires_after(pool_.options.idle_timeout);
  stream_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](beast::error_code failed, std::size_t count) {
                            self->waiting_ = false;
                            if (failed) return self->end();
                            self->buffer_.commit(count);
                            self->read_header();
                          });
}

void HttpConnection::read_header() {
  request_.emplace();
  request_->header_limit(static_cast<std::uint32_t>(pool_.options.max_header_bytes));
  request_->body_limit(pool_.options.max_body_bytes);
  stream_.transport().expires_after(pool_.options.request_timeout);
  http::async_read_header(
      stream_, buffer_, *request_,
      [self = shared_from_this()](beast::error_code failed, std::size_t) { self->on_header(failed); });
}

void HttpConnection::on_header(beast::error_code failed) {
  if (failed) return on_parse_error(failed);
  const auto& head = request_->get();
  head_ = head.method() == http::verb::head;
  if (!reserve_body()) return refuse(429, "too many bytes are being received; try again later");
  const bool expects = beast::iequals(head[http::field::expect], "100-continue");
  if (!expects || request_->is_done()) return read_body();
  boost::asio::async_write(stream_, boost::asio::buffer(kContinue),
                           [self = shared_from_this()](beast::error_code write_failed, std::size_t) {
                             if (write_failed) return self->end();
                             self->read_body();
                           });
}

void HttpConnection::read_body() {
  http::async_read(stream_, buffer_, *request_,
                   [self = shared_from_this()](beast::error_code failed, std::size_t) {
                     if (failed) return self->on_parse_error(failed);
                     self->answer();
                   });
}

void HttpConnection::on_parse_error(beast::error_code failed) {
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
    return refuse(431, fmt::format("the header is longer than {} bytes", pool_.options.max_header_bytes));
  if (failed == http::error::body_limit)
    return refuse(413, fmt::format("the body is longer than {} bytes", pool_.options.max_body_bytes));
  const bool malformed = failed.category() == http::make_error_code(http::error::bad_method).category() &&
                         failed != http::error::end_of_stream && failed != http::error::partial_message;
  if (malformed) return refuse(400, "the request is not HTTP/1.1: " + failed.message());
  end();  // Gone, or too slow.
}

void HttpConnection::answer() {
  auto message = request_->release();
  keep_alive_ = message.keep_alive() && !pool_.draining;
  auto request = std::make_shared<HttpRequest>();
  request->method = text(message.method_string());
  request->target = text(message.target());
  for (const auto& field : message) request->headers.add(text(field.name_string()), text(field.value()));
  request->body = std::move(message.body());
  beast::error_code gone;
  const auto peer = stream_.transport().socket().remote_endpoint(gone);
  if (!gone) request->peer = fmt::format("{}:{}", peer.address().to_string(), peer.port());
  stream_.transport().expires_never();
  boost::asio::post(pool_.workers, [self = shared_from_this(), request = std::move(request)]() mutable {
    auto response = std::make_shared<HttpResponse>();
    try {
      *response = self->pool_.handler(*request);
    } catch (const std::exception& unexpected) {
      // A handler must not throw; the worker, and so the server, shall survive one that does.
      *response = refusal_of(self->pool_, 500, unexpected.what());
    }
    request.reset();
    ConnectionPool& pool = self->pool_;
    boost::asio::post(pool.sockets, [self = std::move(self), response = std::move(response)] {
      self->respond(std::move(*response));
    });
  });
}

void HttpConnection::respond(HttpResponse response) {
  release_body();
  if (pool_.draining) keep_alive_ = false;
  if (head_ || forbids_body(response.status)) {
    auto& out = response_.emplace<Response<http::empty_body>>();
    fill_head(out, response, keep_alive_);
    write(out);
  } else {
    auto& out = response_.emplace<Response<http::string_body>>();
    fill_head(out, response, keep_alive_);
    out.body() = std::move(response.body);
    write(out);
  }
}

template <typename Body>
void HttpConnection::write(Response<Body>& response) {
  stream_.transport().expires_after(pool_.options.write_timeout);
  http::async_write(stream_, response, [self = shared_from_this()](beast::error_code failed, std::size_t) {
    self->on_written(failed);
  });
}

void HttpConnection::on_written(beast::error_code failed) {
  response_.emplace<std::monostate>();
  request_.reset();
  head_ = false;
  if (failed && failed != http::error::end_of_stream) return end();
  if (keep_alive_) return wait_for_request();
  stream_.transport().expires_after(kLinger);
  stream_.finish([self = shared_from_this()] { self->linger(); });
}

void HttpConnection::linger() {
  buffer_.consume(buffer_.size());
  stream_.transport().async_read_some(buffer_.prepare(kReadBytes),
                                      [self = shared_from_this()](beast::error_code failed, std::size_t) {
                                        if (failed) return self->end();
                                        self->linger();
                                      });
}

// A chunked body does not say its length, so that it counts as the longest one.
bool HttpConnection::reserve_body() {
  const std::size_t longest = pool_.options.max_body_bytes;
  const auto stated = request_->content_length();
  reserved_bytes_ = request_->chunked() ? longest
                    : stated            ? std::min<std::size_t>(static_cast<std::size_t>(*stated), longest)
                                        : 0;
  if (pool_.body_bytes + reserved_bytes_ > pool_.options.max_total_body_bytes) {
    reserved_bytes_ = 0;
    return false;
  }
  pool_.body_bytes += reserved_bytes_;
  return true;
}

void HttpConnection::release_body() {
  pool_.body_bytes -= reserved_bytes_;
  reserved_bytes_ = 0;
}

void HttpConnection::end() {
  release_body();
  stream_.transport().close();
  work_.reset();
  if (pool_.open.erase(shared_from_this()) > 0 && turned_away_) --pool_.turned_away;
}

}  // namespace tarn::net
