#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/hash.h"
#include "format/archive.h"
#include "format/errors.h"

// Section numbers are those of PKWARE's APPNOTE 6.3.10.
namespace tarn::format {

namespace {

constexpr std::uint32_t kLocalMagic = 0x04034b50;
constexpr std::uint32_t kCentralMagic = 0x02014b50;
constexpr std::uint32_t kEndMagic = 0x06054b50;
constexpr std::uint32_t kZip64EndMagic = 0x06064b50;
constexpr std::uint32_t kZip64LocatorMagic = 0x07064b50;
constexpr std::uint64_t kLocalSize = 30;
constexpr std::uint64_t kCentralSize = 46;
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint64_t kZip64EndSize = 56;
constexpr std::uint64_t kZip64LocatorSize = 20;
constexpr std::uint16_t kFlagEncrypted = 1;
constexpr std::uint16_t kFlagDescriptor = 1 << 3;
constexpr std::uint16_t kFlagPatch = 1 << 5;
constexpr std::uint16_t kFlagStrong = 1 << 6;
constexpr std::uint16_t kFlagUtf8 = 1 << 11;
constexpr std::uint16_t kFlagMasked = 1 << 13;
constexpr std::uint16_t kMethodAes = 99;
constexpr std::uint32_t kFull32 = 0xFFFFFFFF;
constexpr std::uint16_t kFull16 = 0xFFFF;

template <typename T>
  requires std::is_unsigned_v<T>
T load(std::string_view bytes, std::uint64_t at) {
  T value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// A name that needs no conversion: the usual case, decided in one pass.
bool is_plain_name(std::string_view name, std::uint32_t max_size) {
  if (name.empty() || name.size() > max_size || name[0] == '/' || name[0] == '.') return false;
  if (name.size() >= 2 && name[1] == ':') return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c < 0x20 || c == 0x7F || c == '\\') return false;
    if (c == '/' && i + 1 < name.size() && name[i + 1] == '.') return false;
  }
  return true;
}

}  // namespace

struct ZipArchive::Directory {
  std::uint64_t offset = 0;  ///< In the bytes.
  std::uint64_t size = 0;
  std::uint64_t count = 0;
  std::uint64_t stated_offset = 0;
  std::uint64_t prefix = 0;  ///< Bytes before the archive proper, which its offsets do not count.
};

struct ZipArchive::CentralHeader {
  std::uint8_t host = 0;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed_size = 0;
  std::uint64_t size = 0;
  std::uint32_t attributes = 0;
  std::uint64_t local_offset = 0;
  std::uint32_t disk = 0;
  std::string_view name;
  bool sizes_known = true;  ///< False: a ZIP64 field is missing.

  bool made_on_windows() const { return host == 0 || host == 10 || host == 11 || host == 14; }
  std::uint32_t unix_type() const { return host == 3 || host == 19 ? (attributes >> 16) & 0170000U : 0; }
  bool is_directory() const {
    if (size != 0) return false;
    if (name.ends_with('/') || (made_on_windows() && name.ends_with('\\'))) return true;
    return unix_type() == 0040000U || (made_on_windows() && (attributes & 0x10) != 0);
  }
};

Status ZipArchive::open(std::string_view bytes, const ArchiveLimits& limits) {
  bytes_ = bytes;
  limits_ = limits;
  members_.clear();
  names_.clear();
  ranges_.clear();
  directory_count_ = 0;
  total_read_ = 0;
  Directory directory;
  TARN_RETURN_IF_ERROR(find_directory(directory));
  Status status = read_directory(directory);
  if (!status.ok()) {
    members_.clear();
    return status;
  }
  if (members_.empty()) return Error(kArchiveEmpty, "the zip has no files");
  mark_overlaps();
  mark_duplicates();
  return ok_status();
}

// Section 4.3.16. The record is the last thing in the file, but for a comment of up to 64 KiB.
Status ZipArchive::find_directory(Directory& directory) const {
  const std::uint64_t size = bytes_.size();
  if (size < kEndSize) return Error(kArchiveTruncated, fmt::format("a zip of {} bytes is cut short", size));
  const std::uint64_t lowest = size > kEndSize + kFull16 ? size - kEndSize - kFull16 : 0;
  std::uint64_t found = size;
  for (std::uint64_t at = size - kEndSize + 1; at-- > lowest;) {
    if (bytes_[at] != 'P' || load<std::uint32_t>(bytes_, at) != kEndMagic) continue;
    const std::uint64_t end = at + kEndSize + load<std::uint16_t>(bytes_, at + 20);
    if (end > size) continue;
    if (found == size || end == size) found = at;
    if (end == size) break;
  }
  if (found == size)
    return Error(kArchiveTruncated, "the zip's directory is missing: the file was cut short");
  const auto disk = load<std::uint16_t>(bytes_, found + 4);
  const auto first_disk = load<std::uint16_t>(bytes_, found + 6);
  directory.count = load<std::uint16_t>(bytes_, found + 10);
  directory.size = load<std::uint32_t>(bytes_, found + 12);
  directory.stated_offset = load<std::uint32_t>(bytes_, found + 16);
  std::uint64_t end = found;
  const bool may_be_zip64 =
      found >= kZip64LocatorSize &&
      load<std::uint32_t>(bytes_, found - kZip64LocatorSize) == kZip64LocatorMagic &&
      (directory.count == kFull16 || directory.size == kFull32 || directory.stated_offset == kFull32);
  if (may_be_zip64) {
    TARN_RETURN_IF_ERROR(read_zip64(found, directory));
    end = directory.offset;
  } else if (disk != 0 || first_disk != 0) {
    return Error(kArchiveUnsupported, "the zip is one part of several");
  }
  if (directory.size > end || directory.stated_offset > end - directory.size)
    return Error(kArchiveTruncated, "the zip's directory lies outside the file");
  directory.offset = end - directory.size;
  directory.prefix = directory.offset - directory.stated_offset;
  if (directory.count > directory.size / kCentralSize)
    return Error(kArchiveCorrupt, fmt::format("the zip's directory states {} members in {} bytes",
                                              directory.count, directory.size));
  if (directory.count > limits_.members)
    return Error(kArchiveTooManyMembers,
                 fmt::format("the zip has {} members, {} are allowed", directory.count, limits_.members));
  return ok_status();
}

// Sections 4.3.14 and 4.3.15. Leaves the place of the ZIP64 record in `directory.offset`.
Status ZipArchive::read_zip64(std::uint64_t end_record, Directory& directory) const {
  const std::uint64_t locator = end_record - kZip64LocatorSize;
  std::uint64_t at = load<std::uint64_t>(bytes_, locator + 8);
  const auto is_record = [&](std::uint64_t place) {
    return locator >= kZip64EndSize && place <= locator - kZip64EndSize &&
           load<std::uint32_t>(bytes_, place) == kZip64EndMagic;
  };
  // With bytes before the archive the stated place is too low; the record then lies right before the locator.
  if (!is_record(at)) at = locator >= kZip64EndSize ? locator - kZip64EndSize : locator;
  if (!is_record(at)) return Error(kArchiveCorrupt, "the zip's ZIP64 record is missing");
  if (load<std::uint32_t>(bytes_, at + 16) != 0 || load<std::uint32_t>(bytes_, at + 20) != 0)
    return Error(kArchiveUnsupported, "the zip is one part of several");
  directory.count = load<std::uint64_t>(bytes_, at + 32);
  directory.size = load<std::uint64_t>(bytes_, at + 40);
  directory.stated_offset = load<std::uint64_t>(bytes_, at + 48);
  directory.offset = at;
  return ok_status();
}

Status ZipArchive::read_directory(const Directory& directory) {
  members_.reserve(directory.count);
  std::uint64_t at = directory.offset;
  CentralHeader header;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    if (!read_central_header(directory, at, header))
      return Error(kArchiveCorrupt,
                   fmt::format("entry {} of {} in the zip's directory is damaged", i + 1, directory.count));
    if (header.is_directory())
      ++directory_count_;
    else
      add_member(directory, header);
  }
  // More entries than stated would be members that another reader sees and this one does not.
  if (at + 4 <= directory.offset + directory.size && load<std::uint32_t>(bytes_, at) == kCentralMagic)
    return Error(kArchiveCorrupt, fmt::format("the zip's directory holds more than the {} members it states",
                                              directory.count));
  return ok_status();
}

// Section 4.3.12, with the ZIP64 field of section 4.5.3.
bool ZipArchive::read_central_header(const Directory& directory, std::uint64_t& at,
                                     CentralHeader& header) const {
  const std::uint64_t end = directory.offset + directory.size;
  if (end - at < kCentralSize || load<std::uint32_t>(bytes_, at) != kCentralMagic) return false;
  header.host = load<std::uint8_t>(bytes_, at + 5);
  header.flags = load<std::uint16_t>(bytes_, at + 8);
  header.method = load<std::uint16_t>(bytes_, at + 10);
  header.crc = load<std::uint32_t>(bytes_, at + 16);
  header.packed_size = load<std::uint32_t>(bytes_, at + 20);
  header.size = load<std::uint32_t>(bytes_, at + 24);
  const std::uint64_t name_size = load<std::uint16_t>(bytes_, at + 28);
  const std::uint64_t extra_size = load<std::uint16_t>(bytes_, at + 30);
  const std::uint64_t comment_size = load<std::uint16_t>(bytes_, at + 32);
  header.disk = load<std::uint16_t>(bytes_, at + 34);
  header.attributes = load<std::uint32_t>(bytes_, at + 38);
  header.local_offset = load<std::uint32_t>(bytes_, at + 42);
  at += kCentralSize;
  if (end - at < name_size + extra_size + comment_size) return false;
  header.name = bytes_.substr(at, name_size);
  std::string_view extra = bytes_.substr(at + name_size, extra_size);
  at += name_size + extra_size + comment_size;

  std::uint64_t* const wide[] = {header.size == kFull32 ? &header.size : nullptr,
                                 header.packed_size == kFull32 ? &header.packed_size : nullptr,
                                 header.local_offset == kFull32 ? &header.local_offset : nullptr};
  header.sizes_known = wide[0] == nullptr && wide[1] == nullptr && wide[2] == nullptr;
  while (!header.sizes_known && extra.size() >= 4) {
    const auto id = load<std::uint16_t>(extra, 0);
    const std::size_t size = std::min<std::size_t>(load<std::uint16_t>(extra, 2), extra.size() - 4);
    std::string_view field = extra.substr(4, size);
    extra.remove_prefix(4 + size);
    if (id != 1) continue;
    header.sizes_known = true;
    for (std::uint64_t* const value : wide) {
      if (value == nullptr) continue;
      if (field.size() < 8) {
        header.sizes_known = false;
        break;
      }
      *value = load<std::uint64_t>(field, 0);
      field.remove_prefix(8);
    }
    break;
  }
  return true;
}

void ZipArchive::add_member(const Directory& directory, const CentralHeader& header) {
  ZipMember& member = members_.emplace_back();
  member.packed_size = header.packed_size;
  member.size = header.size;
  member.crc = header.crc;
  member.method = header.method;
  take_name(header, member);
  const ErrorCode* const place_problem = locate(directory, header, member);
  if (member.problem != nullptr) return;
  const std::uint32_t type = header.unix_type();
  // A named pipe is what `command | zip x.zip -` leaves as the type of the bytes that it read.
  if (type != 0 && type != 0100000U && type != 0010000U)
    member.problem = &kArchiveSpecialFile;
  else if ((header.flags & (kFlagEncrypted | kFlagStrong | kFlagMasked)) != 0 || header.method == kMethodAes)
    member.problem = &kArchiveEncrypted;
  else if ((header.method != 0 && header.method != 8) || (header.flags & kFlagPatch) != 0)
    member.problem = &kArchiveUnsupported;
  else
    member.problem = place_problem;
}

void ZipArchive::take_name(const CentralHeader& header, ZipMember& member) {
  if (is_plain_name(header.name, limits_.name_size) && !header.name.ends_with('/')) {
    member.name = header.name;
    return;
  }
  std::string& name = names_.emplace_back();
  member.problem = normalize_member_name(header.name, (header.flags & kFlagUtf8) != 0,
                                         header.made_on_windows(), limits_.name_size, name);
  if (name.ends_with('/')) member.problem = &kArchiveUnsafeName;
  member.name = name;
}

// Finds the data behind the local header (section 4.3.7) and holds that header against the directory's.
const ErrorCode* ZipArchive::locate(const Directory& directory, const CentralHeader& header,
                                    ZipMember& member) {
  if (!header.sizes_known || header.disk != 0) return &kArchiveCorrupt;
  const std::uint64_t room = directory.offset - directory.prefix;
  if (header.local_offset > room || room - header.local_offset < kLocalSize) return &kArchiveCorrupt;
  const std::uint64_t at = directory.prefix + header.local_offset;
  if (load<std::uint32_t>(bytes_, at) != kLocalMagic) return &kArchiveCorrupt;
  const auto flags = load<std::uint16_t>(bytes_, at + 6);
  const auto method = load<std::uint16_t>(bytes_, at + 8);
  const auto crc = load<std::uint32_t>(bytes_, at + 14);
  const auto packed_size = load<std::uint32_t>(bytes_, at + 18);
  const auto size = load<std::uint32_t>(bytes_, at + 22);
  const std::uint64_t name_size = load<std::uint16_t>(bytes_, at + 26);
  const std::uint64_t extra_size = load<std::uint16_t>(bytes_, at + 28);
  const std::uint64_t data = at + kLocalSize + name_size + extra_size;
  if (data > directory.offset || header.packed_size > directory.offset - data) return &kArchiveCorrupt;
  member.data_offset = data;
  ranges_.push_back({at, data + header.packed_size, static_cast<std::uint32_t>(members_.size() - 1)});
  if (bytes_.substr(at + kLocalSize, name_size) != header.name || method != header.method ||
      (flags & kFlagEncrypted) != (header.flags & kFlagEncrypted))
    return &kArchiveHeaderMismatch;
  if ((flags & kFlagDescriptor) == 0) {
    const bool same = crc == header.crc && (packed_size == kFull32 || packed_size == header.packed_size) &&
                      (size == kFull32 || size == header.size);
    if (!same) return &kArchiveHeaderMismatch;
  }
  return header.method == 0 && header.size != header.packed_size ? &kArchiveCorrupt : nullptr;
}

void ZipArchive::mark_overlaps() {
  const auto earlier = [](const Range& a, const Range& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.member < b.member;
  };
  if (!std::is_sorted(ranges_.begin(), ranges_.end(), earlier))
    std::sort(ranges_.begin(), ranges_.end(), earlier);
  std::uint64_t reach = 0;
  std::uint32_t owner = 0;
  for (const Range& range : ranges_) {
    if (range.begin < reach) {
      // Neither of the two can be trusted.
      for (const std::uint32_t index : {owner, range.member})
        if (members_[index].problem == nullptr) members_[index].problem = &kArchiveOverlap;
    }
    if (range.end > reach) {
      reach = range.end;
      owner = range.member;
    }
  }
}

void ZipArchive::mark_duplicates() {
  std::size_t slot_count = 16;
  while (slot_count < members_.size() * 2) slot_count *= 2;
  slots_.assign(slot_count, 0);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    ZipMember& member = members_[i];
    if (member.problem == &kArchiveUnsafeName) continue;
    std::size_t slot = xxh3_64(member.name) & (slot_count - 1);
    while (slots_[slot] != 0 && members_[slots_[slot] - 1].name != member.name)
      slot = (slot + 1) & (slot_count - 1);
    if (slots_[slot] == 0)
      slots_[slot] = static_cast<std::uint32_t>(i + 1);
    else if (member.problem == nullptr)
      member.problem = &kArchiveDuplicateMember;
  }
}

}  // namespace tarn::format
