#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "table/errors.h"
#include "table/key_index.h"

/// How the key index writes what it keeps; see KeyDatabase.
namespace tarn::table::index_format {

/// Changes with what is stored and how: an index of another format is built anew.
constexpr std::string_view kName = "tarn-key-index-1";
constexpr std::string_view kStateKey = "m";
constexpr std::size_t kRowHeaderBytes = 16;

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
