#pragma once

#include <libdeflate.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Builds zip archives for tests, right ones and wrong ones. Tests only.
namespace tarn::format {

inline std::string deflate(std::string_view data) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string out(libdeflate_deflate_compress_bound(compressor, data.size()) + 16, '\0');
  out.resize(libdeflate_deflate_compress(compressor, data.data(), data.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

/// One member; every field may be made to lie.
struct ZipEntry {
  std::string name;
  std::string content;
  bool stored = false;
  std::uint16_t flags = 0x0800;
  std::uint16_t method = 8;
  std::uint8_t host = 3;
  std::uint32_t attributes = 0100644U << 16;
  std::int64_t stated_size = -1;
  std::int64_t stated_crc = -1;
  std::string local_name;  ///< Empty: the name.
  bool descriptor = false;
  bool zip64 = false;
};

inline void put16(std::string& out, std::uint64_t value) {
  out.push_back(static_cast<char>(value));
  out.push_back(static_cast<char>(value >> 8));
}
inline void put32(std::string& out, std::uint64_t value) {
  put16(out, value & 0xFFFF);
  put16(out, value >> 16);
}
inline void put64(std::string& out, std::uint64_t value) {
  put32(out, value & 0xFFFFFFFF);
  put32(out, value >> 32);
}

class ZipBuilder {
 public:
  ZipBuilder& add(ZipEntry entry) {
    const std::uint64_t offset = bytes_.size();
    const std::uint16_t method = entry.stored ? 0 : entry.method;
    const std::string packed = method == 8 ? deflate(entry.content) : entry.content;
    const std::uint64_t size =
        entry.stated_size < 0 ? entry.content.size() : static_cast<std::uint64_t>(entry.stated_size);
    const std::uint64_t crc = entry.stated_crc < 0
                                  ? libdeflate_crc32(0, entry.content.data(), entry.content.size())
                                  : static_cast<std::uint64_t>(entry.stated_crc);
    const auto flags = static_cast<std::uint16_t>(entry.flags | (entry.descriptor ? 8 : 0));
    const std::string& local_name = entry.local_name.empty() ? entry.name : entry.local_name;
    put32(bytes_, 0x04034b50);
    put16(bytes_, 20);
    put16(bytes_, flags);
    put16(bytes_, method);
    put32(bytes_, 0);
    put32(bytes_, entry.descriptor ? 0 : crc);
    put32(bytes_, entry.descriptor ? 0 : packed.size());
    put32(bytes_, entry.descriptor ? 0 : size);
    put16(bytes_, local_name.size());
    put16(bytes_, 0);
    bytes_ += local_name + packed;
    if (entry.descriptor) {
      put32(bytes_, 0x08074b50);
      put32(bytes_, crc);
      put32(bytes_, packed.size());
      put32(bytes_, size);
    }
    add_central(entry, {flags, method, crc, packed.size(), size, offset});
    return *this;
  }
  /// A second directory entry for the bytes of the first member.
  ZipBuilder& alias_first(const std::string& name, const ZipEntry& first) {
    const std::string packed = deflate(first.content);
    ZipEntry entry = first;
    entry.name = name;
    add_central(entry, {first.flags, 8, libdeflate_crc32(0, first.content.data(), first.content.size()),
                        packed.size(), first.content.size(), 0});
    return *this;
  }
  std::string finish(std::string_view comment = "", bool zip64 = false) const {
    std::string out = bytes_;
    const std::uint64_t offset = out.size();
    out += central_;
    const std::uint64_t end = out.size();
    if (zip64) {
      put32(out, 0x06064b50);
      put64(out, 44);
      put16(out, 45);
      put16(out, 45);
      put32(out, 0);
      put32(out, 0);
      put64(out, count_);
      put64(out, count_);
      put64(out, central_.size());
      put64(out, offset);
      put32(out, 0x07064b50);
      put32(out, 0);
      put64(out, end);
      put32(out, 1);
    }
    put32(out, 0x06054b50);
    put32(out, 0);
    put16(out, zip64 ? 0xFFFF : count_);
    put16(out, zip64 ? 0xFFFF : count_);
    put32(out, zip64 ? 0xFFFFFFFF : central_.size());
    put32(out, zip64 ? 0xFFFFFFFF : offset);
    put16(out, comment.size());
    out += comment;
    return out;
  }

 private:
  struct Central {
    std::uint16_t flags;
    std::uint16_t method;
    std::uint64_t crc;
    std::uint64_t packed;
    std::uint64_t size;
    std::uint64_t offset;
  };
  void add_central(const ZipEntry& entry, const Central& central) {
    ++count_;
    put32(central_, 0x02014b50);
    central_.push_back(20);
    central_.push_back(static_cast<char>(entry.host));
    put16(central_, 20);
    put16(central_, central.flags);
    put16(central_, central.method);
    put32(central_, 0);
    put32(central_, central.crc);
    put32(central_, entry.zip64 ? 0xFFFFFFFF : central.packed);
    put32(central_, entry.zip64 ? 0xFFFFFFFF : central.size);
    put16(central_, entry.name.size());
    put16(central_, entry.zip64 ? 28 : 0);
    put16(central_, 0);
    put16(central_, 0);
    put16(central_, 0);
    put32(central_, entry.attributes);
    put32(central_, entry.zip64 ? 0xFFFFFFFF : central.offset);
    central_ += entry.name;
    if (entry.zip64) {
      put16(central_, 1);
      put16(central_, 24);
      put64(central_, central.size);
      put64(central_, central.packed);
      put64(central_, central.offset);
    }
  }

  std::string bytes_;
  std::string central_;
  std::uint64_t count_ = 0;
};

}  // namespace tarn::format
