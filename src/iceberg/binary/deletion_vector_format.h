#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// What the reader and the writer of deletion vectors share (Puffin spec, "deletion-vector-v1";
/// RoaringFormatSpec).
namespace tarn::iceberg::deletion_vector {

inline constexpr std::string_view kMagic{"\xD1\xD3\x39\x64", 4};
// The first number of a 32-bit bitmap ("Cookie header").
inline constexpr std::uint32_t kWithoutRuns = 12346;
inline constexpr std::uint32_t kWithRuns = 12347;
inline constexpr std::uint32_t kMostContainers = 65'536;
// Containers of more values than this are bitmaps.
inline constexpr std::uint32_t kMostInArray = 4096;
inline constexpr std::size_t kBitmapWords = 1024;
// A bitmap with runs says where its containers lie only from this many on.
inline constexpr std::uint32_t kOffsetsWithRunsFrom = 4;

}  // namespace tarn::iceberg::deletion_vector
