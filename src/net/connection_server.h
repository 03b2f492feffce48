#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/blocking_stream.h"

namespace tarn::net {

struct ConnectionServerOptions {
  std::string address = "127.0.0.1";  ///< An IP address.
  std::uint16_t port = 0;             ///< 0: any free one, see ConnectionServer::port().
  std::size_t max_connections = 256;
  /// Connections beyond the limit that are served at once all the same, to be told so; still more are closed.
  std::size_t max_refusals = 32;
};

/// Serves one connection, in a thread of its own; the connection ends when it returns. `is_refused`: there
/// are too many, tell the client. Must not throw.
using ConnectionHandler = std::function<void(BlockingStream& stream, bool is_refused)>;

/// Accepts connections of a protocol whose clients stay connected, and gives each a thread. Runs from start()
/// to stop() or its destruction; the members may be called by any thread.
class ConnectionServer {
 public:
  /// Listens from when it returns. Errors: net.bad_address, net.cannot_listen.
  static Result<std::unique_ptr<ConnectionServer>> start(const ConnectionServerOptions& options,
                                                         ConnectionHandler handler);
  /// stop()s.
  ~ConnectionServer();
  ConnectionServer(const ConnectionServer&) = delete;
  ConnectionServer& operator=(const ConnectionServer&) = delete;

  std::uint16_t port() const;
  std::size_t open_connections() const;
  /// Accepts nothing more, closes every connection, and returns when their threads have ended. A second call
  /// does nothing.
  void stop();

 private:
  struct Impl;
  explicit ConnectionServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::net
