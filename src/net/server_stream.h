#pragma once

#include <ostream>  // Boost 1.74 forgets it.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream_base.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "net/tls_context.h"

/// For this library only.
namespace tarn::net {

/// The server's side of a connection: plain, and under TLS once shake_hands() succeeded, which a protocol may
/// call at once (HTTPS) or after its first bytes (PostgreSQL's SSLRequest; what was read beyond them must be
/// refused). An AsyncReadStream and AsyncWriteStream of Asio for one thread; deadlines are set on
/// transport() and hold for the handshake, too.
class ServerStream {
 public:
  using Transport = boost::beast::tcp_stream;
  using executor_type = Transport::executor_type;

  explicit ServerStream(boost::asio::ip::tcp::socket socket) : transport_(std::move(socket)) {}

  executor_type get_executor() noexcept { return transport_.get_executor(); }
  Transport& transport() { return transport_; }

  /// `done(error_code)`. After a failure the stream is plain again: nothing more can be read under TLS, but
  /// who spoke another protocol can be told so.
  template <typename Handler>
  void shake_hands(TlsContext& context, Handler done) {
    tls_.emplace(transport_, context.ssl);
    tls_->async_handshake(boost::asio::ssl::stream_base::server,
                          [this, done = std::move(done)](boost::beast::error_code failed) mutable {
                            if (failed) tls_.reset();
                            done(failed);
                          });
  }

  /// Says that nothing more will be sent: `done()`.
  template <typename Handler>
  void finish(Handler done) {
    const auto close = [this] {
      boost::beast::error_code gone;  // Then there is nobody to be told; the next read tells.
      transport_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, gone);
    };
    if (!tls_) {
      close();
      return done();
    }
    // An error is a client that does not take its leave: it has its answer.
    tls_->async_shutdown([this, close, done = std::move(done)](boost::beast::error_code) mutable {
      close();
      done();
    });
  }

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    transport_.async_read_some(buffers, std::forward<Handler>(handler));
  }

  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    transport_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  Transport transport_;
  std::optional<boost::beast::ssl_stream<Transport&>> tls_;
};

}  // namespace tarn::net
