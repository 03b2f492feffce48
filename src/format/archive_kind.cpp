#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "format/archive.h"
#include "format/errors.h"

namespace tarn::format {

namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  ArchiveKind kind;
};
constexpr Magic kMagics[] = {
    {"PK\x03\x04"sv, ArchiveKind::kZip},
    {"PK\x05\x06"sv, ArchiveKind::kZip},
    {"PK\x06\x06"sv, ArchiveKind::kZip},
    {"PK\x07\x08PK\x03\x04"sv, ArchiveKind::kZip},
    {"PK00PK\x03\x04"sv, ArchiveKind::kZip},
    {"\x1F\x8B"sv, ArchiveKind::kGzip},
    {"\xFD"
     "7zXZ\0"sv,
     ArchiveKind::kXz},
    {"\x28\xB5\x2F\xFD"sv, ArchiveKind::kZstd},
    {"\x04\x22\x4D\x18"sv, ArchiveKind::kLz4},
    {"7z\xBC\xAF\x27\x1C"sv, ArchiveKind::kSevenZip},
    {"Rar!\x1A\x07"sv, ArchiveKind::kRar},
    {"%PDF-"sv, ArchiveKind::kPdf},
};

// The header checksum tells a tar from a text that happens to have "ustar" at that place.
bool is_tar(std::string_view bytes) {
  if (bytes.size() < 512 || bytes.substr(257, 5) != "ustar") return false;
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(bytes[i]);
  unsigned stated = 0;
  for (std::size_t i = 148; i < 156; ++i)
    if (bytes[i] >= '0' && bytes[i] <= '7') stated = stated * 8 + static_cast<unsigned>(bytes[i] - '0');
  return sum == stated;
}

}  // namespace

ArchiveKind detect_archive(std::string_view bytes) {
  for (const Magic& magic : kMagics)
    if (bytes.starts_with(magic.bytes)) return magic.kind;
  if (bytes.size() >= 10 && bytes.starts_with("BZh") && bytes[3] >= '1' && bytes[3] <= '9' &&
      (bytes.substr(4, 6) == "1AY&SY"sv || bytes.substr(4, 6) == "\x17\x72\x45\x38\x50\x90"sv))
    return ArchiveKind::kBzip2;
  if (is_tar(bytes)) return ArchiveKind::kTar;
  return ArchiveKind::kPlain;
}

std::string_view to_string(ArchiveKind kind) {
  switch (kind) {
    case ArchiveKind::kPlain:
      return "plain";
    case ArchiveKind::kZip:
      return "zip";
    case ArchiveKind::kGzip:
      return "gzip";
    case ArchiveKind::kBzip2:
      return "bzip2";
    case ArchiveKind::kXz:
      return "xz";
    case ArchiveKind::kZstd:
      return "zstd";
    case ArchiveKind::kLz4:
      return "lz4";
    case ArchiveKind::kSevenZip:
      return "7z";
    case ArchiveKind::kRar:
      return "rar";
    case ArchiveKind::kTar:
      return "tar";
    case ArchiveKind::kPdf:
      return "pdf";
  }
  return "plain";
}

Status check_archive_kind(std::string_view bytes) {
  if (bytes.empty()) return Error(kArchiveEmpty, "the file is empty");
  const ArchiveKind kind = detect_archive(bytes);
  if (kind == ArchiveKind::kPlain || kind == ArchiveKind::kZip || kind == ArchiveKind::kGzip)
    return ok_status();
  return Error(kArchiveUnsupported,
               fmt::format("the file is {} by its first bytes, which Tarn does not read", to_string(kind)));
}

Status check_not_nested(std::string_view content) {
  const ArchiveKind kind = detect_archive(content);
  if (kind == ArchiveKind::kPlain || kind == ArchiveKind::kPdf) return ok_status();
  return Error(kArchiveNested, fmt::format("the member is itself an archive ({})", to_string(kind)));
}

void Buffer::reserve_discard(std::size_t size) {
  if (size <= capacity_) return;
  const std::size_t wanted = std::max(size, capacity_ + capacity_ / 2);
  data_.reset();
  data_.reset(new char[wanted + kPadding]);
  capacity_ = wanted;
  resize(0);
}

void Buffer::reserve(std::size_t size) {
  if (size <= capacity_) return;
  const std::size_t wanted = std::max(size, capacity_ + capacity_ / 2);
  std::unique_ptr<char[]> grown(new char[wanted + kPadding]);
  if (size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
  data_ = std::move(grown);
  capacity_ = wanted;
  resize(size_);
}

void Buffer::resize(std::size_t size) {
  TARN_CHECK(size <= capacity_);
  size_ = size;
  if (data_ != nullptr) std::memset(data_.get() + size, 0, kPadding);
}

void Buffer::assign(std::string_view bytes) {
  reserve_discard(bytes.size());
  if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
  resize(bytes.size());
}

void Buffer::shrink(std::size_t bytes) {
  if (capacity_ <= bytes) return;
  data_.reset();
  size_ = 0;
  capacity_ = 0;
}

}  // namespace tarn::format
