#include "base/ids.h"

#include "base/hash.h"

namespace tarn {
namespace {

std::string format_uuid(std::array<std::uint8_t, 16> bytes, int version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | (version << 4));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string text = to_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  for (std::size_t position : {8U, 13U, 18U, 23U}) text.insert(position, 1, '-');
  return text;
}

}  // namespace

std::string uuid_v4(const std::array<std::uint8_t, 16>& random) {
  return format_uuid(random, 4);
}

std::string uuid_v7(std::int64_t unix_ms, const std::array<std::uint8_t, 16>& random) {
  std::array<std::uint8_t, 16> bytes = random;
  for (int i = 0; i < 6; ++i)
    bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(unix_ms >> (8 * (5 - i)));
  return format_uuid(bytes, 7);
}

}  // namespace tarn
