#include "net/http_server.h"

#include <fmt/format.h>

#include <ostream>  // Boost 1.74 forgets it.

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <mutex>
#include <thread>
#include <utility>

#include "net/errors.h"
#include "net/http_connection.h"

namespace tarn::net {
namespace {

using boost::asio::ip::tcp;
using ErrorCodeOf = boost::system::error_code;

/// Connections beyond the limit that are told so; more are closed without a word.
constexpr std::size_t kRefusedAtOnce = 32;
constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

struct HttpServer::Impl {
  explicit Impl(const HttpServerOptions& options) : workers(std::max<std::size_t>(options.workers, 1)) {}

  boost::asio::io_context sockets{1};
  boost::asio::thread_pool workers;
  tcp::acceptor acceptor{sockets};
  boost::asio::steady_timer timer{sockets};
  std::unique_ptr<ConnectionPool> pool;
  std::uint16_t port = 0;
  std::once_flag stopped;
  std::jthread thread;

  Status listen();
  void accept();
  void admit(tcp::socket socket);
  void drain();
};

Status HttpServer::Impl::listen() {
  const HttpServerOptions& options = pool->options;
  ErrorCodeOf failed;
  const auto address = boost::asio::ip::make_address(options.address, failed);
  if (failed) return Error(kBadAddress, fmt::format("`{}` is not an IP address", options.address));
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(boost::asio::socket_base::max_listen_connections, failed);
  if (failed) {
    return Error(kCannotListen,
                 fmt::format("cannot listen on {}:{}: {}", options.address, options.port, failed.message()));
  }
  port = acceptor.local_endpoint(failed).port();
  return ok_status();
}

void HttpServer::Impl::accept() {
  acceptor.async_accept([this](ErrorCodeOf failed, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!failed) {
      admit(std::move(socket));
      return accept();
    }
    // Out of file descriptors, say: go on when some have been given back.
    timer.expires_after(kAcceptPause);
    timer.async_wait([this](ErrorCodeOf cancelled) {
      if (!cancelled && acceptor.is_open()) accept();
    });
  });
}

void HttpServer::Impl::admit(tcp::socket socket) {
  const bool full = pool->open.size() - pool->turned_away >= pool->options.max_connections;
  if (full && pool->turned_away >= kRefusedAtOnce) return;
  auto connection = std::make_shared<HttpConnection>(std::move(socket), *pool);
  pool->open.insert(connection);
  if (full) return connection->turn_away();
  connection->serve();
}

void HttpServer::Impl::drain() {
  pool->draining = true;
  ErrorCodeOf ignored;  // It accepts nothing more either way.
  acceptor.close(ignored);
  const auto open = pool->open;  // A copy: ending removes from it.
  for (const auto& connection : open) connection->drain();
  timer.expires_after(pool->options.drain_timeout);
  timer.async_wait([this](ErrorCodeOf cancelled) {
    if (!cancelled) sockets.stop();
  });
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options, HttpHandler handler,
                                                      RefusalBody refusal) {
  auto impl = std::make_unique<Impl>(options);
  impl->pool = std::make_unique<ConnectionPool>(
      ConnectionPool{options, std::move(handler), std::move(refusal), impl->sockets, impl->workers});
  TARN_RETURN_IF_ERROR(impl->listen());
  impl->accept();
  impl->thread = std::jthread([self = impl.get()] {
    // The timer of drain() alone must not keep it running.
    while (!self->sockets.stopped()) {
      self->sockets.run_one();
      if (self->pool->draining && self->pool->open.empty()) break;
    }
  });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  stop();
}

std::uint16_t HttpServer::port() const {
  return impl_->port;
}

void HttpServer::stop() {
  std::call_once(impl_->stopped, [this] {
    boost::asio::post(impl_->sockets, [self = impl_.get()] { self->drain(); });
    impl_->thread.join();
    impl_->workers.join();
  });
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return Error(kBadAddress, fmt::format("`{}` is not an address to listen on: {}", text, why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("there is no `:PORT`");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  ListenAddress parsed{.address = std::string(host == "localhost" ? "127.0.0.1" : host)};
  const std::string_view digits = text.substr(colon + 1);
  const char* const last = digits.data() + digits.size();
  const auto [end, failure] = std::from_chars(digits.data(), last, parsed.port);
  if (failure != std::errc() || end != last) return wrong("the port is a number up to 65535");
  ErrorCodeOf failed;
  const auto address = boost::asio::ip::make_address(parsed.address, failed);
  if (failed) return wrong("the host is an IP address");
  parsed.is_loopback = address.is_loopback();
  return parsed;
}

}  // namespace tarn::net
