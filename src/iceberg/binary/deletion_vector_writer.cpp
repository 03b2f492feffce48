#include <libdeflate.h>

#include <algorithm>
#include <vector>

#include "iceberg/binary/deletion_vector.h"
#include "iceberg/binary/deletion_vector_format.h"
#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

using namespace deletion_vector;
using Positions = std::span<const std::int64_t>;

constexpr int kHighShift = 32;
constexpr int kKeyShift = 16;
constexpr std::uint64_t kLow16 = 0xFFFF;
constexpr std::size_t kNumberOfRunsBytes = 2;
constexpr std::size_t kRunBytes = 4;
constexpr std::size_t kBitmapBytes = kBitmapWords * 8;

void put(std::string& out, std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(number >> (8 * i));
}

void put_big_endian(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

std::uint32_t low16(std::int64_t position) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(position) & kLow16);
}

/// The leading positions that share their bits above `shift`.
Positions take_group(Positions& rest, int shift) {
  const std::int64_t group = rest.front() >> shift;
  const auto end =
      std::ranges::partition_point(rest, [&](std::int64_t position) { return (position >> shift) == group; });
  const auto size = static_cast<std::size_t>(end - rest.begin());
  const Positions taken = rest.first(size);
  rest = rest.subspan(size);
  return taken;
}

/// The positions of one container, and the form that takes the least bytes.
struct Container {
  Positions positions;
  std::size_t runs = 0;

  explicit Container(Positions of) : positions(of), runs(1) {
    for (std::size_t i = 1; i < of.size(); ++i) runs += of[i] == of[i - 1] + 1 ? 0 : 1;
  }
  bool is_array() const { return positions.size() <= kMostInArray; }
  std::size_t plain_bytes() const { return is_array() ? 2 * positions.size() : kBitmapBytes; }
  std::size_t run_bytes() const { return kNumberOfRunsBytes + kRunBytes * runs; }
  bool has_runs() const { return run_bytes() < plain_bytes(); }
  std::size_t size_bytes() const { return std::min(run_bytes(), plain_bytes()); }

  void write(std::string& out) const {
    if (has_runs()) {
      put(out, runs, 2);
      for (std::size_t i = 0; i < positions.size();) {
        std::size_t end = i + 1;
        while (end < positions.size() && positions[end] == positions[end - 1] + 1) ++end;
        put(out, low16(positions[i]), 2);
        put(out, end - i - 1, 2);
        i = end;
      }
    } else if (is_array()) {
      for (const std::int64_t position : positions) put(out, low16(position), 2);
    } else {
      const std::size_t begin = out.size();
      out.resize(begin + kBitmapBytes);
      for (const std::int64_t position : positions) {
        const std::uint32_t bit = low16(position);
        out[begin + bit / 8] = static_cast<char>(out[begin + bit / 8] | 1 << (bit % 8));
      }
    }
  }
};

/// One 32-bit bitmap: of positions that share their high half.
void write_bitmap(std::string& out, Positions positions) {
  std::vector<Container> containers;
  while (!positions.empty()) containers.emplace_back(take_group(positions, kKeyShift));
  const std::size_t begin = out.size();
  const bool runs = std::ranges::any_of(containers, &Container::has_runs);
  const std::size_t count = containers.size();
  if (runs) {
    put(out, kWithRuns | (count - 1) << 16, 4);
    std::string flags((count + 7) / 8, '\0');
    for (std::size_t i = 0; i < count; ++i)
      if (containers[i].has_runs()) flags[i / 8] = static_cast<char>(flags[i / 8] | 1 << (i % 8));
    out += flags;
  } else {
    put(out, kWithoutRuns, 4);
    put(out, count, 4);
  }
  for (const Container& container : containers) {
    put(out, low16(container.positions.front() >> kKeyShift), 2);
    put(out, container.positions.size() - 1, 2);
  }
  if (!runs || count >= kOffsetsWithRunsFrom) {
    std::size_t at = out.size() - begin + 4 * count;
    for (const Container& container : containers) {
      put(out, at, 4);
      at += container.size_bytes();
    }
  }
  for (const Container& container : containers) container.write(out);
}

}  // namespace

Result<std::string> write_deletion_vector(std::span<const std::int64_t> positions) {
  if (!positions.empty() && positions.front() < 0)
    return Error(kBadValue, "a deletion vector holds no negative positions");
  if (std::ranges::adjacent_find(positions, std::ranges::greater_equal()) != positions.end())
    return Error(kBadValue, "the positions of a deletion vector are not in order");
  std::string checked(kMagic);
  const std::size_t count_at = checked.size();
  put(checked, 0, 8);
  std::uint64_t bitmaps = 0;
  for (Positions rest = positions; !rest.empty(); ++bitmaps) {
    put(checked, static_cast<std::uint64_t>(rest.front()) >> kHighShift, 4);
    write_bitmap(checked, take_group(rest, kHighShift));
  }
  std::string count;
  put(count, bitmaps, 8);
  checked.replace(count_at, count.size(), count);
  if (checked.size() > INT32_MAX) return Error(kBadValue, "a deletion vector would take more than 2 GiB");
  std::string blob;
  put_big_endian(blob, static_cast<std::uint32_t>(checked.size()));
  blob += checked;
  put_big_endian(blob, libdeflate_crc32(0, checked.data(), checked.size()));
  return blob;
}

}  // namespace tarn::iceberg
