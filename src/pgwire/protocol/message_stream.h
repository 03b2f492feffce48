#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "net/blocking_stream.h"
#include "pgwire/protocol/messages.h"
#include "pgwire/protocol/wire_buffer.h"

namespace tarn::pgwire {

/// Whole messages of a connection, read one by one and written in few pieces. One thread.
class MessageStream {
 public:
  struct Limits {
    std::size_t message_bytes = 64ULL << 20;
    std::chrono::milliseconds write{std::chrono::minutes(5)};  ///< Without any progress of the client.
  };
  MessageStream(net::BlockingStream& stream, const Limits& limits) : stream_(stream), limits_(limits) {}

  /// A message without a type, as at the start. Errors: pgwire.bad_message, and those of the stream.
  Result<FirstMessage> first(std::chrono::milliseconds limit);
  /// The next message; its texts are good until the one after it is read. Errors: as above, and
  /// pgwire.message_too_large.
  Result<Message> next(std::chrono::milliseconds limit);
  /// The type of the next message, which is waited for; texts of the last one become bad.
  Result<char> peek();
  /// Nothing was sent behind the last message: what comes next may be under TLS.
  bool is_drained() const { return taken_ == in_.size(); }
  /// More messages are here already.
  bool has_more() const { return !is_drained() || stream_.is_readable(); }

  WireWriter& out() { return out_; }
  /// Sends what was written.
  Status flush();
  /// Sends what was written once it is worth it.
  Status flush_if_full();

  /// Called with true before the client is waited for because it does not read, and with false afterwards.
  void set_waiting(std::function<void(bool)> waiting) { waiting_ = std::move(waiting); }

  net::BlockingStream& stream() { return stream_; }
  /// From now on messages may be this large.
  void set_message_limit(std::size_t bytes) { limits_.message_bytes = bytes; }

 private:
  Status fill(std::size_t bytes, std::chrono::milliseconds limit);
  std::string_view take(std::size_t bytes);

  net::BlockingStream& stream_;
  Limits limits_;
  std::string in_;
  std::size_t taken_ = 0;
  WireWriter out_;
  std::function<void(bool)> waiting_;
};

}  // namespace tarn::pgwire
