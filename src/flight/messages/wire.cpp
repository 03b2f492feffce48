#include "flight/messages/wire.h"

#include "flight/errors.h"

namespace tarn::flight {
namespace {

enum WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

constexpr int kVarintBytes = 10;
constexpr std::uint64_t kHighestField = (1ULL << 29) - 1;

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

Result<std::uint64_t> WireReader::varint() {
  std::uint64_t value = 0;
  for (int i = 0; i < kVarintBytes && static_cast<std::size_t>(i) < left_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(left_[static_cast<std::size_t>(i)]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    left_.remove_prefix(static_cast<std::size_t>(i) + 1);
    return value;
  }
  return Error(kBadMessage, "a number of the message does not end");
}

Result<std::string_view> WireReader::take(std::uint64_t size) {
  if (size > left_.size()) return Error(kBadMessage, "a field reaches beyond the message");
  const std::string_view taken = left_.substr(0, size);
  left_.remove_prefix(size);
  return taken;
}

Result<std::optional<WireField>> WireReader::next() {
  if (left_.empty()) return std::optional<WireField>();
  TARN_ASSIGN_OR_RETURN(const std::uint64_t tag, varint());
  if (tag >> 3 == 0 || tag >> 3 > kHighestField)
    return Error(kBadMessage, "a field of the message has no number");
  WireField field{.id = static_cast<std::uint32_t>(tag >> 3)};
  switch (tag & 7) {
    case kVarint: {
      TARN_ASSIGN_OR_RETURN(field.number, varint());
      return std::optional(field);
    }
    case kFixed64:
    case kFixed32: {
      TARN_ASSIGN_OR_RETURN(const std::string_view bits, take((tag & 7) == kFixed64 ? 8 : 4));
      field.number = little_endian(bits);
      return std::optional(field);
    }
    case kLengthDelimited: {
      TARN_ASSIGN_OR_RETURN(const std::uint64_t size, varint());
      TARN_ASSIGN_OR_RETURN(field.bytes, take(size));
      field.is_bytes = true;
      return std::optional(field);
    }
    default:  // Groups, which nobody writes any more, and what is not used.
      return Error(kBadMessage, "a field of the message is of no known kind");
  }
}

void WireWriter::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

WireWriter& WireWriter::bytes(std::uint32_t id, std::string_view value) {
  varint(static_cast<std::uint64_t>(id) << 3 | kLengthDelimited);
  varint(value.size());
  out_ += value;
  return *this;
}

WireWriter& WireWriter::number(std::uint32_t id, std::uint64_t value) {
  varint(static_cast<std::uint64_t>(id) << 3 | kVarint);
  varint(value);
  return *this;
}

}  // namespace tarn::flight
