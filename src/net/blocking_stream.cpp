#include "net/blocking_stream.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "net/errors.h"
#include "net/tls_context.h"

namespace tarn::net {
namespace {

using Clock = std::chrono::steady_clock;

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

Error closed() {
  return {kClosed, "the connection was closed"};
}

}  // namespace

struct BlockingStream::Impl {
  int socket = -1;
  sockaddr_storage peer{};
  std::shared_ptr<TlsContext> context;
  std::unique_ptr<SSL, FreeSsl> tls;
  std::atomic<bool> is_closed = false;

  Status wait(short events, Duration limit) const;
  /// What to wait for after a call of OpenSSL, or the error that it ended with.
  Result<short> awaited(int outcome) const;
  Result<std::size_t> write_once(std::string_view bytes, short& events);
};

Status BlockingStream::Impl::wait(short events, Duration limit) const {
  const auto until = limit == kNoLimit ? Clock::time_point::max() : Clock::now() + limit;
  while (true) {
    int wait_ms = -1;
    if (limit != kNoLimit) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      wait_ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    pollfd waited{.fd = socket, .events = events, .revents = 0};
    const int ready = ::poll(&waited, 1, wait_ms);
    if (is_closed) return closed();
    if (ready > 0) return ok_status();
    if (ready == 0) return Error(kTimedOut, "the other side took too long");
    if (errno != EINTR) return closed();
  }
}

Result<short> BlockingStream::Impl::awaited(int outcome) const {
  const int reason = SSL_get_error(tls.get(), outcome);
  if (reason == SSL_ERROR_WANT_READ) return static_cast<short>(POLLIN);
  if (reason == SSL_ERROR_WANT_WRITE) return static_cast<short>(POLLOUT);
  ERR_clear_error();
  return closed();
}

BlockingStream::BlockingStream(int socket) : impl_(std::make_unique<Impl>()) {
  impl_->socket = socket;
  socklen_t size = sizeof(impl_->peer);
  // Without an address the peer is nobody that anything is allowed to.
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&impl_->peer), &size) != 0) impl_->peer = {};
  const int one = 1;  // Answers are written whole: waiting for more only delays them.
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  (void)::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

BlockingStream::~BlockingStream() {
  if (impl_->tls && !impl_->is_closed) {
    SSL_shutdown(impl_->tls.get());  // Says goodbye if that does not wait.
    ERR_clear_error();
  }
  ::close(impl_->socket);
}

Status BlockingStream::start_tls(TlsCertificate& certificate, Duration limit) {
  impl_->context = certificate.context();
  impl_->tls.reset(SSL_new(impl_->context->ssl.native_handle()));
  if (!impl_->tls || SSL_set_fd(impl_->tls.get(), impl_->socket) != 1) return closed();
  const auto until = Clock::now() + limit;
  while (true) {
    ERR_clear_error();
    const int outcome = SSL_accept(impl_->tls.get());
    if (outcome == 1) return ok_status();
    TARN_ASSIGN_OR_RETURN(const short events, impl_->awaited(outcome));
    const auto left = std::chrono::duration_cast<Duration>(until - Clock::now());
    TARN_RETURN_IF_ERROR(impl_->wait(events, std::max(left, Duration(0))));
  }
}

bool BlockingStream::is_tls() const {
  return impl_->tls != nullptr;
}

std::string BlockingStream::certificate_name() const {
  if (!impl_->tls) return "";
  X509* const certificate = SSL_get_peer_certificate(impl_->tls.get());
  if (certificate == nullptr) return "";
  X509_NAME* const subject = X509_get_subject_name(certificate);
  std::string name;
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  unsigned char* text = nullptr;
  if (at >= 0) {
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size > 0) name.assign(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  }
  OPENSSL_free(text);
  X509_free(certificate);
  return name;
}

Result<std::size_t> BlockingStream::read(std::span<char> into, Duration limit) {
  while (true) {
    if (impl_->is_closed) return closed();
    short events = POLLIN;
    if (impl_->tls) {
      ERR_clear_error();
      const int count = SSL_read(impl_->tls.get(), into.data(), static_cast<int>(into.size()));
      if (count > 0) return static_cast<std::size_t>(count);
      if (SSL_get_error(impl_->tls.get(), count) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
      TARN_ASSIGN_OR_RETURN(events, impl_->awaited(count));
    } else {
      const ssize_t count = ::recv(impl_->socket, into.data(), into.size(), MSG_DONTWAIT);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return closed();
    }
    TARN_RETURN_IF_ERROR(impl_->wait(events, limit));
  }
}

bool BlockingStream::is_readable() const {
  if (impl_->tls && SSL_pending(impl_->tls.get()) > 0) return true;
  pollfd waited{.fd = impl_->socket, .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, 0) > 0;
}

/// How many bytes were taken; 0 with what to wait for in `events`.
Result<std::size_t> BlockingStream::Impl::write_once(std::string_view bytes, short& events) {
  constexpr std::size_t kMostAtOnce = 1U << 20;
  while (true) {
    if (is_closed) return closed();
    if (tls) {
      ERR_clear_error();
      const int count =
          SSL_write(tls.get(), bytes.data(), static_cast<int>(std::min(bytes.size(), kMostAtOnce)));
      if (count > 0) return static_cast<std::size_t>(count);
      TARN_ASSIGN_OR_RETURN(events, awaited(count));
      return std::size_t{0};
    }
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return closed();
    events = POLLOUT;
    return std::size_t{0};
  }
}

Result<std::size_t> BlockingStream::write_some(std::string_view bytes) {
  std::size_t written = 0;
  short events = 0;
  while (written < bytes.size()) {
    TARN_ASSIGN_OR_RETURN(const std::size_t count, impl_->write_once(bytes.substr(written), events));
    if (count == 0) break;
    written += count;
  }
  return written;
}

Status BlockingStream::write(std::string_view bytes, Duration limit) {
  while (!bytes.empty()) {
    short events = 0;
    TARN_ASSIGN_OR_RETURN(const std::size_t count, impl_->write_once(bytes, events));
    bytes.remove_prefix(count);
    if (count == 0) TARN_RETURN_IF_ERROR(impl_->wait(events, limit));
  }
  return ok_status();
}

void BlockingStream::close() {
  impl_->is_closed = true;
  ::shutdown(impl_->socket, SHUT_RDWR);
}

std::string BlockingStream::peer() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (impl_->peer.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(impl_->peer);
    ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
    return fmt::format("{}:{}", text, ntohs(address.sin_port));
  }
  if (impl_->peer.ss_family != AF_INET6) return "unknown";
  const auto& address = reinterpret_cast<const sockaddr_in6&>(impl_->peer);
  ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof(text));
  return fmt::format("[{}]:{}", text, ntohs(address.sin6_port));
}

bool BlockingStream::peer_is_loopback() const {
  if (impl_->peer.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(impl_->peer);
    return (ntohl(address.sin_addr.s_addr) >> 24) == 127;
  }
  if (impl_->peer.ss_family != AF_INET6) return false;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(impl_->peer).sin6_addr);
}

}  // namespace tarn::net
