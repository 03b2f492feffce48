#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "table/errors.h"
#include "table/key_index.h"

/// How the key index writes what it keeps; see KeyDatabase.
namespace tarn::table::index_format {

/// Changes with what is stored and how: an index of another format is built anew.
constexpr std::string_view kName = "tarn-key-index-4";
constexpr std::string_view kStateKey = "m";
constexpr std::string_view kRunsKey = "r";
// All rows are between these.
constexpr std::string_view kFirstRowKey = "k";
constexpr std::string_view kBehindRows = "l";

/// A row's key, in the order of RowKey.
class RowKeyBytes {
 public:
  explicit RowKeyBytes(const RowKey& key, char table = 'k') {
    const std::array<std::uint64_t, 2> parts{__builtin_bswap64(key.low), __builtin_bswap64(key.high)};
    bytes_[0] = table;
    std::memcpy(bytes_.data() + 1, parts.data(), sizeof(parts));
  }
  const char* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  operator std::string_view() const { return {bytes_.data(), bytes_.size()}; }  // NOLINT(*-explicit-*)

 private:
  std::array<char, 1 + sizeof(RowKey)> bytes_;
};

/// Seven bits a byte, the least first.
inline void append_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

/// From the beginning of `bytes`. False: it is damaged.
inline bool take_number(std::string_view& bytes, std::uint64_t& number) {
  number = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

/// Where a row lies, as two such numbers. What a row's value says besides comes after it.
class PlaceBytes {
 public:
  PlaceBytes(std::uint64_t file_id, std::int64_t position) {
    append(file_id);
    append(static_cast<std::uint64_t>(position));
  }
  operator std::string_view() const { return {bytes_.data(), size_}; }  // NOLINT(*-explicit-*)

  /// Takes it from the beginning of `value`. False: it is damaged.
  static bool take(std::string_view& value, std::uint64_t& file_id, std::int64_t& position) {
    std::uint64_t number = 0;
    if (!take_number(value, file_id) || !take_number(value, number)) return false;
    position = static_cast<std::int64_t>(number);
    return true;
  }

 private:
  void append(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) bytes_[size_++] = static_cast<char>(number | 0x80);
    bytes_[size_++] = static_cast<char>(number);
  }
  std::array<char, 20> bytes_;
  std::size_t size_ = 0;
};

/// Nothing when it is no row's key.
inline std::optional<RowKey> row_key_of(std::string_view bytes) {
  std::array<std::uint64_t, 2> parts{};
  if (bytes.size() != 1 + sizeof(parts) || !bytes.starts_with(kFirstRowKey)) return std::nullopt;
  std::memcpy(parts.data(), bytes.data() + 1, sizeof(parts));
  return RowKey{__builtin_bswap64(parts[0]), __builtin_bswap64(parts[1])};
}

/// The positions of `keys` in their ascending order, those of equal ones ascending.
inline std::vector<std::uint32_t> order_of_keys(std::span<const RowKey> keys) {
  // Keys are hashes: their first half nearly always decides, and lies beside the number that is moved.
  struct Item {
    std::uint64_t low = 0;
    std::uint32_t at = 0;
  };
  std::vector<Item> items;
  items.reserve(keys.size());
  for (std::uint32_t i = 0; i < keys.size(); ++i) items.push_back({keys[i].low, i});
  std::ranges::sort(items, [&](const Item& a, const Item& b) {
    if (a.low != b.low) return a.low < b.low;
    const std::uint64_t high_a = keys[a.at].high;
    const std::uint64_t high_b = keys[b.at].high;
    return high_a != high_b ? high_a < high_b : a.at < b.at;
  });
  std::vector<std::uint32_t> order;
  order.reserve(keys.size());
  for (const Item& item : items) order.push_back(item.at);
  return order;
}

inline std::string file_key(std::uint64_t file_id) {
  const std::uint64_t big_endian = __builtin_bswap64(file_id);
  std::string bytes = "f";
  bytes.append(reinterpret_cast<const char*>(&big_endian), sizeof(big_endian));
  return bytes;
}

/// `status` is a rocksdb::Status that is not OK.
template <typename RocksStatus>
Error index_error(const RocksStatus& status, const std::string& what) {
  return Error(kIndexFailed, what + ": " + status.ToString());
}

}  // namespace tarn::table::index_format
