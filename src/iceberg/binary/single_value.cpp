#include "iceberg/binary/single_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "iceberg/errors.h"

namespace tarn::iceberg {

std::string big_endian(Int128 value, std::size_t width) {
  std::string bytes(width, '\0');
  for (std::size_t i = width; i-- > 0;) {
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(value & 0xff));
    value >>= 8;
  }
  return bytes;
}

std::string min_big_endian(Int128 value) {
  std::string bytes = big_endian(value, 16);
  std::size_t skip = 0;
  while (skip < 15) {
    const auto first = static_cast<std::uint8_t>(bytes[skip]);
    const bool next_negative = (static_cast<std::uint8_t>(bytes[skip + 1]) & 0x80U) != 0;
    if ((first == 0 && !next_negative) || (first == 0xff && next_negative)) {
      ++skip;
    } else {
      break;
    }
  }
  return bytes.substr(skip);
}

std::optional<Int128> from_big_endian(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const bool negative = (static_cast<std::uint8_t>(bytes.front()) & 0x80U) != 0;
  const char sign = negative ? '\xff' : '\0';
  while (bytes.size() > 16) {
    const bool next_negative = (static_cast<std::uint8_t>(bytes[1]) & 0x80U) != 0;
    if (bytes.front() != sign || next_negative != negative) return std::nullopt;
    bytes.remove_prefix(1);
  }
  __extension__ typedef unsigned __int128 UInt128;
  UInt128 value = negative ? ~UInt128{0} : UInt128{0};
  for (const char byte : bytes) value = (value << 8U) | static_cast<std::uint8_t>(byte);
  return static_cast<Int128>(value);
}

void append_little_endian(std::string& bytes, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    bytes.push_back(static_cast<char>(static_cast<std::uint8_t>(value)));
    value >>= 8U;
  }
}

std::uint64_t from_little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = std::min<std::size_t>(bytes.size(), 8); i-- > 0;)
    value = (value << 8U) | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

std::string Literal::to_binary() const {
  std::string bytes;
  switch (type_.id()) {
    case TypeId::kBoolean:
      bytes.push_back(get<bool>() ? '\1' : '\0');
      break;
    case TypeId::kInt:
    case TypeId::kDate:
      append_little_endian(bytes, static_cast<std::uint32_t>(get<std::int32_t>()), 4);
      break;
    case TypeId::kLong:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      append_little_endian(bytes, static_cast<std::uint64_t>(get<std::int64_t>()), 8);
      break;
    case TypeId::kFloat:
      append_little_endian(bytes, std::bit_cast<std::uint32_t>(get<float>()), 4);
      break;
    case TypeId::kDouble:
      append_little_endian(bytes, std::bit_cast<std::uint64_t>(get<double>()), 8);
      break;
    case TypeId::kDecimal:
      return min_big_endian(get<Int128>());
    case TypeId::kUuid:
      bytes.assign(reinterpret_cast<const char*>(get<Uuid>().data()), 16);
      break;
    default:
      return get<std::string>();
  }
  return bytes;
}

Result<Literal> Literal::from_binary(const Type& type, std::string_view bytes) {
  const auto wrong = [&] {
    return Error(kBadValue,
                 fmt::format("{} bytes are no value of the type {}", bytes.size(), type.to_string()));
  };
  switch (type.id()) {
    case TypeId::kBoolean:
      if (bytes.size() != 1) return wrong();
      return Literal::boolean(bytes.front() != '\0');
    case TypeId::kInt:
    case TypeId::kDate:
      if (bytes.size() != 4) return wrong();
      return Literal(type, static_cast<std::int32_t>(from_little_endian(bytes)));
    case TypeId::kLong:
      // What was written while the column was an int.
      if (bytes.size() == 4)
        return Literal(type, std::int64_t{static_cast<std::int32_t>(from_little_endian(bytes))});
      [[fallthrough]];
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      if (bytes.size() != 8) return wrong();
      return Literal(type, static_cast<std::int64_t>(from_little_endian(bytes)));
    case TypeId::kFloat:
      if (bytes.size() != 4) return wrong();
      return Literal(type, std::bit_cast<float>(static_cast<std::uint32_t>(from_little_endian(bytes))));
    case TypeId::kDouble:
      if (bytes.size() == 4) {
        return Literal(type,
                       double{std::bit_cast<float>(static_cast<std::uint32_t>(from_little_endian(bytes)))});
      }
      if (bytes.size() != 8) return wrong();
      return Literal(type, std::bit_cast<double>(from_little_endian(bytes)));
    case TypeId::kDecimal: {
      const auto unscaled = from_big_endian(bytes);
      if (!unscaled) return wrong();
      return make(type, *unscaled);
    }
    case TypeId::kUuid: {
      Uuid uuid;
      if (bytes.size() != uuid.size()) return wrong();
      std::copy(bytes.begin(), bytes.end(), uuid.begin());
      return Literal::uuid(uuid);
    }
    case TypeId::kString:
    case TypeId::kFixed:
    case TypeId::kBinary:
      return make(type, std::string(bytes));
    default:
      return wrong();
  }
}

}  // namespace tarn::iceberg
