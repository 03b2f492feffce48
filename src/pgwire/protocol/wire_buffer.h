#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tarn::pgwire {

/// Takes a message's body apart; integers are big-endian (PostgreSQL 15, "Message Data Types"). Reading past
/// the end gives zeros and empty texts, and ok() is false from then on.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : left_(bytes) {}

  std::uint8_t byte() { return static_cast<std::uint8_t>(integer(1)); }
  std::int16_t int16() { return static_cast<std::int16_t>(integer(2)); }
  std::int32_t int32() { return static_cast<std::int32_t>(integer(4)); }
  std::int64_t int64() { return static_cast<std::int64_t>(integer(8)); }
  /// Up to a zero byte, which is passed.
  std::string_view text();
  std::string_view bytes(std::size_t count);
  std::string_view rest() const { return left_; }

  bool ok() const { return ok_; }
  /// Everything was read, and nothing more than there was.
  bool done() const { return ok_ && left_.empty(); }

 private:
  std::uint64_t integer(std::size_t size);

  std::string_view left_;
  bool ok_ = true;
};

/// Collects messages to be sent.
///
///   out.begin('Z').byte('I').end();
class WireWriter {
 public:
  WireWriter& begin(char type);
  /// Fills in the length of the message that was begun.
  WireWriter& end();

  WireWriter& byte(char value);
  WireWriter& int16(std::int16_t value);
  WireWriter& int32(std::int32_t value);
  WireWriter& int64(std::int64_t value);
  /// With its zero byte; zeros inside are left out.
  WireWriter& text(std::string_view value);
  WireWriter& bytes(std::string_view value);

  /// For values whose length is known only when they are written: a place for an int32, filled in by
  /// close_length() with the bytes that followed.
  std::size_t open_length();
  void close_length(std::size_t place);

  std::string& buffer() { return buffer_; }
  std::size_t size() const { return buffer_.size(); }
  void clear() { buffer_.clear(); }

 private:
  std::string buffer_;
  std::size_t message_ = 0;
};

}  // namespace tarn::pgwire
