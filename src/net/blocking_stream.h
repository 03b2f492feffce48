#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/tls.h"

namespace tarn::net {

/// A connection that a thread of its own serves, plain or under TLS. Reading and writing wait, up to a time
/// limit. One thread, but for close(), which any thread may call.
class BlockingStream {
 public:
  using Duration = std::chrono::milliseconds;
  /// Waits as long as it takes.
  static constexpr Duration kNoLimit = Duration::max();

  /// Takes over the socket, which is connected.
  explicit BlockingStream(int socket);
  ~BlockingStream();
  BlockingStream(const BlockingStream&) = delete;
  BlockingStream& operator=(const BlockingStream&) = delete;

  /// The server's side of a handshake. What came before it in plain must have been read. Errors: as of
  /// read().
  Status start_tls(TlsCertificate& certificate, Duration limit);
  bool is_tls() const;
  /// Who the client's certificate says it is (the common name of its subject); empty without one.
  std::string certificate_name() const;

  /// Reads at least one byte, and at most what `into` takes; 0 at the end of the stream. Errors:
  /// net.timed_out, net.closed.
  Result<std::size_t> read(std::span<char> into, Duration limit);
  /// True when read() would not wait.
  bool is_readable() const;
  /// Writes what can be written without waiting; how many bytes that were. Errors: net.closed.
  Result<std::size_t> write_some(std::string_view bytes);
  /// Writes everything. The limit holds for the time without any progress. Errors: as of read().
  Status write(std::string_view bytes, Duration limit);
  /// Ends both directions: calls that wait return net.closed, later ones, too.
  void close();

  /// "127.0.0.1:50312", or "[::1]:50312".
  std::string peer() const;
  bool peer_is_loopback() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::net
