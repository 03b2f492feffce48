#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// The wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding), as much of it as
/// Flight SQL's messages need.
namespace tarn::flight {

/// A field as it stands in a message. Of fields of fixed size `number` is the value's bits.
struct WireField {
  std::uint32_t id = 0;
  bool is_bytes = false;
  std::uint64_t number = 0;
  std::string_view bytes = {};  ///< Points into the message.
};

/// Takes a message apart, field by field. `message` must outlive it.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : left_(message) {}
  /// The next field, or nothing at the end. Errors: flight.bad_message.
  Result<std::optional<WireField>> next();
  /// A number as it stands in a packed list. Requires !done(). Errors: flight.bad_message.
  Result<std::uint64_t> varint();
  bool done() const { return left_.empty(); }

 private:
  Result<std::string_view> take(std::uint64_t size);
  std::string_view left_;
};

/// Puts a message together.
class WireWriter {
 public:
  WireWriter& bytes(std::uint32_t id, std::string_view value);
  WireWriter& number(std::uint32_t id, std::uint64_t value);
  std::string take() { return std::move(out_); }

 private:
  void varint(std::uint64_t value);
  std::string out_;
};

}  // namespace tarn::flight
