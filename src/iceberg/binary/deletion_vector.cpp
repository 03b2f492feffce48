#include "iceberg/binary/deletion_vector.h"

#include <libdeflate.h>

#include <bit>
#include <string>

#include "iceberg/binary/deletion_vector_format.h"
#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

using namespace deletion_vector;

constexpr std::size_t kFrameBytes = 4 + 4 + 4;  // length, magic, CRC

Error bad(const std::string& what) {
  return Error(kBadValue, "a deletion vector " + what);
}

/// Little-endian numbers, one after the other. Reading past the end gives zeros and is remembered.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t size) {
    const std::string_view taken = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = taken.size(); i > 0; --i)
      value = value << 8U | static_cast<unsigned char>(taken[i - 1]);
    return value;
  }
  std::uint32_t u16() { return static_cast<std::uint32_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) {
      ended_ = true;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  bool ended() const { return ended_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ended_ = false;
};

/// Reads bitmap after bitmap, container after container.
class Reader {
 public:
  Reader(std::string_view bytes, std::int64_t cardinality) : in_(bytes), cardinality_(cardinality) {}

  Result<std::vector<std::int64_t>> read() {
    const std::uint64_t bitmaps = in_.number(8);
    for (std::uint64_t i = 0; i < bitmaps; ++i) {
      high_ = in_.u32();
      if (in_.ended()) break;
      if (high_ > INT32_MAX) return bad("has positions beyond 2^63");
      TARN_RETURN_IF_ERROR(read_bitmap());
    }
    if (in_.ended()) return bad("ends too early");
    if (!in_.at_end()) return bad("has more bytes than its bitmaps");
    if (std::ssize(positions_) != cardinality_)
      return bad("has " + std::to_string(positions_.size()) + " positions where the manifest says " +
                 std::to_string(cardinality_));
    return std::move(positions_);
  }

 private:
  struct Container {
    std::uint32_t key = 0;
    std::uint32_t count = 0;
    bool has_runs = false;
  };

  Status read_bitmap() {
    const std::uint32_t cookie = in_.u32();
    const bool runs = (cookie & 0xFFFFU) == kWithRuns;
    if (!runs && cookie != kWithoutRuns) return bad("holds no Roaring bitmap");
    const std::uint32_t count = runs ? (cookie >> 16U) + 1 : in_.u32();
    if (count > kMostContainers) return bad("has more containers than there are keys");
    const std::string_view flags = runs ? in_.take((count + 7) / 8) : std::string_view();
    std::vector<Container> containers;
    for (std::uint32_t i = 0; i < count && !in_.ended(); ++i) {
      Container& container = containers.emplace_back();
      container.key = in_.u16();
      container.count = in_.u16() + 1;
      container.has_runs = runs && ((static_cast<unsigned char>(flags[i / 8]) >> (i % 8)) & 1U) != 0;
    }
    if (!runs || count >= kOffsetsWithRunsFrom) in_.take(std::size_t{count} * 4);  // where containers lie
    for (const Container& container : containers) {
      if (in_.ended()) return ok_status();
      TARN_RETURN_IF_ERROR(read_container(container));
    }
    return ok_status();
  }

  Status read_container(const Container& container) {
    const std::int64_t base = static_cast<std::int64_t>(high_) << 32U | std::int64_t{container.key} << 16U;
    if (container.has_runs) {
      for (std::uint32_t left = in_.u16(); left > 0 && !in_.ended(); --left) {
        const std::int64_t first = base + in_.u16();
        const std::uint32_t more = in_.u16();
        for (std::uint32_t i = 0; i <= more; ++i) TARN_RETURN_IF_ERROR(add(first + i));
      }
      return ok_status();
    }
    if (container.count <= kMostInArray) {
      for (std::uint32_t i = 0; i < container.count && !in_.ended(); ++i)
        TARN_RETURN_IF_ERROR(add(base + in_.u16()));
      return ok_status();
    }
    for (std::size_t word = 0; word < kBitmapWords && !in_.ended(); ++word) {
      for (std::uint64_t bits = in_.number(8); bits != 0; bits &= bits - 1)
        TARN_RETURN_IF_ERROR(add(base + static_cast<std::int64_t>(word * 64) + std::countr_zero(bits)));
    }
    return ok_status();
  }

  Status add(std::int64_t position) {
    if (std::ssize(positions_) >= cardinality_)
      return bad("has more positions than the manifest says: " + std::to_string(cardinality_));
    if (!positions_.empty() && position <= positions_.back()) return bad("is not in order");
    positions_.push_back(position);
    return ok_status();
  }

  Input in_;
  std::int64_t cardinality_;
  std::uint32_t high_ = 0;
  std::vector<std::int64_t> positions_;
};

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

Result<std::vector<std::int64_t>> read_deletion_vector(std::string_view blob, std::int64_t cardinality) {
  if (blob.size() < kFrameBytes || big_endian(blob) != blob.size() - 8) return bad("has a wrong length");
  const std::string_view checked = blob.substr(4, blob.size() - 8);
  if (!checked.starts_with(kMagic)) return bad("does not begin as one");
  if (libdeflate_crc32(0, checked.data(), checked.size()) != big_endian(blob.substr(blob.size() - 4)))
    return bad("is damaged: its CRC-32 is another");
  return Reader(checked.substr(kMagic.size()), cardinality).read();
}

}  // namespace tarn::iceberg
