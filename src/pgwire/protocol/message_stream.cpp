#include "pgwire/protocol/message_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/errors.h"
#include "pgwire/errors.h"

namespace tarn::pgwire {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
/// What a connection keeps for its next messages.
constexpr std::size_t kKeptBytes = 256 * 1024;
constexpr std::size_t kFullBytes = 64 * 1024;
constexpr std::size_t kFirstMessageBytes = 10'000;  // As PostgreSQL's limit.

std::size_t length_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(WireReader(bytes).int32());
}

}  // namespace

Status MessageStream::fill(std::size_t bytes, std::chrono::milliseconds limit) {
  if (in_.size() - taken_ >= bytes) return ok_status();
  in_.erase(0, taken_);
  taken_ = 0;
  if (in_.capacity() > kKeptBytes && bytes < kKeptBytes) in_.shrink_to_fit();
  // The limit is for all of it: a byte now and then is not progress.
  const bool has_limit = limit != net::BlockingStream::kNoLimit;
  const auto begin = std::chrono::steady_clock::now();
  while (in_.size() < bytes) {
    auto left = limit;
    if (has_limit) {
      const auto passed =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
      left = std::max(limit - passed, std::chrono::milliseconds(0));
    }
    const std::size_t had = in_.size();
    in_.resize(had + std::min(std::max(bytes - had, kReadBytes), kKeptBytes));
    Result<std::size_t> count = stream_.read({in_.data() + had, in_.size() - had}, left);
    in_.resize(had + (count.ok() ? *count : 0));
    if (!count.ok()) return std::move(count).error();
    if (*count == 0) return Error(net::kClosed, "the client closed the connection");
  }
  return ok_status();
}

std::string_view MessageStream::take(std::size_t bytes) {
  const std::string_view taken = std::string_view(in_).substr(taken_, bytes);
  taken_ += bytes;
  return taken;
}

Result<char> MessageStream::peek() {
  TARN_RETURN_IF_ERROR(fill(1, net::BlockingStream::kNoLimit));
  return in_[taken_];
}

Result<FirstMessage> MessageStream::first(std::chrono::milliseconds limit) {
  TARN_RETURN_IF_ERROR(fill(4, limit));
  const std::size_t size = length_of(std::string_view(in_).substr(taken_));
  if (size < 8 || size > kFirstMessageBytes)
    return Error(kBadMessage, "the first message has no plausible length");
  TARN_RETURN_IF_ERROR(fill(size, limit));
  return read_first_message(take(size).substr(4));
}

Result<Message> MessageStream::next(std::chrono::milliseconds limit) {
  TARN_RETURN_IF_ERROR(fill(5, limit));
  const char type = in_[taken_];
  const std::size_t size = length_of(std::string_view(in_).substr(taken_ + 1));
  if (size < 4) return Error(kBadMessage, "a message's length is smaller than itself");
  if (size > limits_.message_bytes) {
    return Error(kMessageTooLarge,
                 fmt::format("a message has {} bytes, {} is the limit", size, limits_.message_bytes));
  }
  TARN_RETURN_IF_ERROR(fill(size + 1, limits_.write));
  return read_message(type, take(size + 1).substr(5));
}

Status MessageStream::flush() {
  if (out_.size() == 0) return ok_status();
  TARN_ASSIGN_OR_RETURN(const std::size_t sent, stream_.write_some(out_.buffer()));
  if (sent < out_.size()) {
    if (waiting_) waiting_(true);
    const Status written = stream_.write(std::string_view(out_.buffer()).substr(sent), limits_.write);
    if (waiting_) waiting_(false);
    TARN_RETURN_IF_ERROR(written);
  }
  out_.clear();
  if (out_.buffer().capacity() > kKeptBytes) std::string().swap(out_.buffer());
  return ok_status();
}

Status MessageStream::flush_if_full() {
  return out_.size() < kFullBytes ? ok_status() : flush();
}

}  // namespace tarn::pgwire
