#include "net/connection_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ostream>  // Boost 1.74 forgets it.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <chrono>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "net/errors.h"

namespace tarn::net {
namespace {

using boost::asio::ip::tcp;
constexpr std::chrono::milliseconds kAcceptPause{50};

struct Served {
  std::unique_ptr<BlockingStream> stream;
  std::jthread thread;
  bool is_refused = false;
  bool has_ended = false;
};

}  // namespace

struct ConnectionServer::Impl {
  ConnectionServerOptions options;
  ConnectionHandler handler;
  boost::asio::io_context sockets;
  tcp::acceptor acceptor{sockets};
  std::uint16_t port = 0;
  int wake[2] = {-1, -1};  ///< A pipe: closing its end for writing wakes the thread that accepts.

  mutable std::mutex mutex;
  std::list<Served> served;  ///< Of those that have ended only the thread is left to be joined.
  std::size_t open = 0;
  std::size_t refused = 0;
  std::once_flag stopped;
  std::jthread thread;

  ~Impl() {
    for (const int end : wake) {
      if (end >= 0) ::close(end);
    }
  }
  Status listen();
  void accept();
  void admit(int socket);
  void join_ended();
};

Status ConnectionServer::Impl::listen() {
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(options.address, failed);
  if (failed) return Error(kBadAddress, fmt::format("`{}` is not an IP address", options.address));
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(boost::asio::socket_base::max_listen_connections, failed);
  if (!failed) acceptor.native_non_blocking(true, failed);
  if (failed) {
    return Error(kCannotListen,
                 fmt::format("cannot listen on {}:{}: {}", options.address, options.port, failed.message()));
  }
  port = acceptor.local_endpoint(failed).port();
  if (::pipe(wake) != 0) return Error(kCannotListen, "there are no file descriptors left");
  return ok_status();
}

void ConnectionServer::Impl::accept() {
  while (true) {
    pollfd waited[] = {{.fd = acceptor.native_handle(), .events = POLLIN, .revents = 0},
                       {.fd = wake[0], .events = POLLIN, .revents = 0}};
    (void)::poll(waited, 2, -1);  // A signal is no reason to end.
    if (waited[1].revents != 0) return;
    join_ended();
    if (waited[0].revents == 0) continue;
    const int socket = ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
      admit(socket);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
      // Go on when some have been given back.
      std::this_thread::sleep_for(kAcceptPause);
    }
  }
}

void ConnectionServer::Impl::admit(int socket) {
  auto stream = std::make_unique<BlockingStream>(socket);
  const std::lock_guard lock(mutex);
  const bool is_full = open >= options.max_connections;
  if (is_full && refused >= options.max_refusals) return;
  Served& one = served.emplace_back();
  one.is_refused = is_full;
  one.stream = std::move(stream);
  ++(is_full ? refused : open);
  try {
    one.thread = std::jthread([this, &one] {
      handler(*one.stream, one.is_refused);
      const std::lock_guard ending(mutex);
      one.stream.reset();
      one.has_ended = true;
      --(one.is_refused ? refused : open);
    });
  } catch (const std::system_error&) {  // No thread to be had: the client sees its connection closed.
    --(is_full ? refused : open);
    served.pop_back();
  }
}

void ConnectionServer::Impl::join_ended() {
  std::list<Served> ended;
  {
    const std::lock_guard lock(mutex);
    for (auto one = served.begin(); one != served.end();) {
      const auto next = std::next(one);
      if (one->has_ended) ended.splice(ended.end(), served, one);
      one = next;
    }
  }
}

Result<std::unique_ptr<ConnectionServer>> ConnectionServer::start(const ConnectionServerOptions& options,
                                                                  ConnectionHandler handler) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->handler = std::move(handler);
  TARN_RETURN_IF_ERROR(impl->listen());
  impl->thread = std::jthread([self = impl.get()] { self->accept(); });
  return std::unique_ptr<ConnectionServer>(new ConnectionServer(std::move(impl)));
}

ConnectionServer::ConnectionServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ConnectionServer::~ConnectionServer() {
  stop();
}

std::uint16_t ConnectionServer::port() const {
  return impl_->port;
}

std::size_t ConnectionServer::open_connections() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->open;
}

void ConnectionServer::stop() {
  std::call_once(impl_->stopped, [this] {
    ::close(std::exchange(impl_->wake[1], -1));
    impl_->thread.join();
    boost::system::error_code ignored;  // It accepts nothing more either way.
    impl_->acceptor.close(ignored);
    std::list<Served> last;
    {
      const std::lock_guard lock(impl_->mutex);
      for (Served& one : impl_->served) {
        if (one.stream) one.stream->close();
      }
    }
    // Threads note their end in the list: it must stay where it is until they are through.
    for (Served& one : impl_->served) one.thread.join();
    impl_->served.clear();
  });
}

}  // namespace tarn::net
