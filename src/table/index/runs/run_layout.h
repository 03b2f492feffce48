#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/hash.h"

/// What writer and reader of run files agree on; see run_file.h.
namespace tarn::table::run_layout {

constexpr std::size_t kBlockBytes = 4096;  ///< A block ends with the row that fills it.
constexpr std::size_t kHeaderBytes = 3 * sizeof(std::uint32_t);
constexpr std::string_view kMagic = "TRNRUN1\n";
constexpr std::size_t kFooterBytes = 5 * sizeof(std::uint64_t);

inline void append_fixed(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <typename T>
T number_at(const char* at) {
  T number = 0;
  std::memcpy(&number, at, sizeof(number));
  return number;
}

/// Of a block, all but its first two numbers; `rows` is the first.
inline std::uint32_t checksum_of(std::string_view block, std::uint32_t rows) {
  return static_cast<std::uint32_t>(xxh3_64(block.substr(2 * sizeof(std::uint32_t)), rows));
}

}  // namespace tarn::table::run_layout
