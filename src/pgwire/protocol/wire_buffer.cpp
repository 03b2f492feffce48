#include "pgwire/protocol/wire_buffer.h"

#include <limits>

#include "base/check.h"

namespace tarn::pgwire {

std::uint64_t WireReader::integer(std::size_t size) {
  if (left_.size() < size) {
    ok_ = false;
    left_ = {};
    return 0;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = (value << 8) | static_cast<unsigned char>(left_[i]);
  left_.remove_prefix(size);
  return value;
}

std::string_view WireReader::text() {
  const std::size_t end = left_.find('\0');
  if (end == std::string_view::npos) {
    ok_ = false;
    left_ = {};
    return {};
  }
  const std::string_view text = left_.substr(0, end);
  left_.remove_prefix(end + 1);
  return text;
}

std::string_view WireReader::bytes(std::size_t count) {
  if (left_.size() < count) {
    ok_ = false;
    left_ = {};
    return {};
  }
  const std::string_view bytes = left_.substr(0, count);
  left_.remove_prefix(count);
  return bytes;
}

WireWriter& WireWriter::begin(char type) {
  buffer_ += type;
  message_ = open_length();
  return *this;
}

WireWriter& WireWriter::end() {
  // The length of a message counts itself.
  const auto size = static_cast<std::uint32_t>(buffer_.size() - message_);
  for (std::size_t i = 0; i < 4; ++i) buffer_[message_ + i] = static_cast<char>(size >> (24 - 8 * i));
  return *this;
}

WireWriter& WireWriter::byte(char value) {
  buffer_ += value;
  return *this;
}

WireWriter& WireWriter::int16(std::int16_t value) {
  const auto bits = static_cast<std::uint16_t>(value);
  const char bytes[] = {static_cast<char>(bits >> 8), static_cast<char>(bits)};
  buffer_.append(bytes, sizeof(bytes));
  return *this;
}

WireWriter& WireWriter::int32(std::int32_t value) {
  const auto bits = static_cast<std::uint32_t>(value);
  const char bytes[] = {static_cast<char>(bits >> 24), static_cast<char>(bits >> 16),
                        static_cast<char>(bits >> 8), static_cast<char>(bits)};
  buffer_.append(bytes, sizeof(bytes));
  return *this;
}

WireWriter& WireWriter::int64(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  int32(static_cast<std::int32_t>(bits >> 32));
  return int32(static_cast<std::int32_t>(bits));
}

WireWriter& WireWriter::text(std::string_view value) {
  for (std::size_t zero = value.find('\0'); zero != std::string_view::npos; zero = value.find('\0')) {
    buffer_ += value.substr(0, zero);
    value.remove_prefix(zero + 1);
  }
  buffer_ += value;
  buffer_ += '\0';
  return *this;
}

WireWriter& WireWriter::bytes(std::string_view value) {
  buffer_ += value;
  return *this;
}

std::size_t WireWriter::open_length() {
  buffer_.append(4, '\0');
  return buffer_.size() - 4;
}

void WireWriter::close_length(std::size_t place) {
  const std::size_t size = buffer_.size() - place - 4;
  TARN_CHECK(size <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));
  for (std::size_t i = 0; i < 4; ++i) buffer_[place + i] = static_cast<char>(size >> (24 - 8 * i));
}

}  // namespace tarn::pgwire
