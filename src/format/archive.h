#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Archives over bytes in memory: what kind a file is, zip and gzip.
///
/// Nothing is written to disk, and no size that an archive states is believed before it was checked against
/// the limits. One thread at a time per object; objects are meant to be kept and reused, so that the steady
/// state allocates nothing.
///
///   ZipArchive zip;                                        // one a thread, reused
///   TARN_RETURN_IF_ERROR(zip.open(bytes, limits));         // the archive itself is unreadable
///   for (std::size_t i = 0; i < zip.members().size(); ++i) {
///     Status status = zip.read(i, buffer);                 // this member alone is unreadable
///     if (status.ok()) use(zip.members()[i].name, buffer.view());
///   }
namespace tarn::format {

/// What the first bytes of a file say it is.
enum class ArchiveKind : std::uint8_t {
  kPlain,  ///< None of the others.
  kZip,    ///< Also an empty zip.
  kGzip,
  kBzip2,
  kXz,
  kZstd,
  kLz4,
  kSevenZip,
  kRar,
  kTar,
  kPdf,  ///< Not an archive, but often sent by mistake.
};
ArchiveKind detect_archive(std::string_view bytes);
/// "zip", "7z", … for messages.
std::string_view to_string(ArchiveKind kind);
/// The error for a file that Tarn cannot open (`archive.unsupported`: 7z, rar, bzip2, xz, zstd, lz4, tar,
/// pdf; `archive.empty` for no bytes at all), or fine for plain, zip and gzip.
Status check_archive_kind(std::string_view bytes);
/// `archive.nested` when `content`, a member of an archive, is an archive itself; judged by magic bytes.
Status check_not_nested(std::string_view content);

/// Limits of one archive; the names are those of a feed's `limits`.
struct ArchiveLimits {
  std::uint64_t members = 65535;
  std::uint64_t member_size = std::uint64_t{512} << 20;  ///< Inflated bytes of one member.
  std::uint64_t total_size = std::uint64_t{4} << 30;     ///< Inflated bytes of all members that were read.
  std::uint64_t ratio = 200;       ///< Inflated : packed, for members that inflate to more than 1 MiB.
  std::uint32_t name_size = 1024;  ///< Bytes of a member's name in UTF-8.
};

/// A growing byte buffer that keeps its memory and never zeroes it. At least kPadding bytes past the content
/// are readable and zero, for scanners that look ahead.
class Buffer {
 public:
  static constexpr std::size_t kPadding = 64;

  std::string_view view() const { return {data_.get(), size_}; }
  char* data() { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  /// Makes room for `size` bytes; the content is lost when it has to grow.
  void reserve_discard(std::size_t size);
  /// Makes room for `size` bytes and keeps the content.
  void reserve(std::size_t size);
  /// Sets the size (<= capacity()) and zeroes the padding.
  void resize(std::size_t size);
  void assign(std::string_view bytes);
  /// Gives memory above `bytes` back, so that one huge member is not held for ever. The content is lost.
  void shrink(std::size_t bytes);

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// A regular file in a zip. Views live as long as the archive object and its bytes.
struct ZipMember {
  std::string_view name;  ///< UTF-8, `/` between folders. For unsafe names: printable, for messages only.
  std::uint64_t packed_size = 0;  ///< As the directory states it.
  std::uint64_t size = 0;         ///< Inflated, as the directory states it; read() holds it to that.
  std::uint32_t crc = 0;
  std::uint16_t method = 0;            ///< 0 stored, 8 deflate.
  const ErrorCode* problem = nullptr;  ///< Why it cannot be read; nullptr when it can be tried.
  std::uint64_t data_offset = 0;       ///< Of the packed data in the archive; 0 when it has a problem.
};

/// A zip archive (PKWARE APPNOTE 6.3.10: central directory, ZIP64, data descriptors, stored and deflate).
class ZipArchive {
 public:
  ZipArchive();
  ~ZipArchive();
  ZipArchive(ZipArchive&&) noexcept;
  ZipArchive& operator=(ZipArchive&&) noexcept;

  /// Reads the directory. `bytes` must outlive the use of the archive. Errors: `archive.truncated` (no
  /// directory at the end), `archive.corrupt`, `archive.empty` (no members), `archive.too_many_members`.
  /// Everything that is wrong with one member only is in its `problem`.
  Status open(std::string_view bytes, const ArchiveLimits& limits);

  /// The regular files in directory order; directories are passed over.
  std::span<const ZipMember> members() const { return members_; }
  std::size_t directory_count() const { return directory_count_; }
  /// The Error for a member with a `problem`.
  Error member_error(std::size_t index) const;

  /// Inflates a member into `out` (replacing its content) and checks its size and CRC-32. Errors: the
  /// member's `problem`; `archive.member_too_large`, `archive.total_too_large`, `archive.ratio` before
  /// anything is inflated; `archive.corrupt`, `archive.crc`. Nested archives are the caller's:
  /// check_not_nested().
  Status read(std::size_t index, Buffer& out);
  /// The packed bytes of a member, for evidence; empty when its place is not known.
  std::string_view packed(std::size_t index) const;

 private:
  struct Directory;
  struct CentralHeader;
  struct Inflater;
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint32_t member = 0;
  };
  Status find_directory(Directory& directory) const;
  Status read_zip64(std::uint64_t end_record, Directory& directory) const;
  Status read_directory(const Directory& directory);
  bool read_central_header(const Directory& directory, std::uint64_t& at, CentralHeader& header) const;
  void add_member(const Directory& directory, const CentralHeader& header);
  void take_name(const CentralHeader& header, ZipMember& member);
  const ErrorCode* locate(const Directory& directory, const CentralHeader& header, ZipMember& member);
  void mark_overlaps();
  void mark_duplicates();
  Status check_sizes(const ZipMember& member) const;

  std::string_view bytes_;
  ArchiveLimits limits_;
  std::vector<ZipMember> members_;
  std::size_t directory_count_ = 0;
  std::uint64_t total_read_ = 0;
  std::deque<std::string> names_;     ///< Names that had to be converted.
  std::vector<Range> ranges_;         ///< What each member occupies, header included.
  std::vector<std::uint32_t> slots_;  ///< Hash table of names.
  std::unique_ptr<Inflater> inflater_;
};

/// Judges and normalises a member's name. `out` receives the name in UTF-8 (from CP437 unless `is_utf8` or
/// valid as UTF-8), with `\` as `/` where `made_on_windows`, without a leading `./`. Returns nullptr or
/// &kArchiveUnsafeName; then `out` is a printable form for messages.
const ErrorCode* normalize_member_name(std::string_view raw, bool is_utf8, bool made_on_windows,
                                       std::uint32_t max_size, std::string& out);

/// Inflates gzip files (RFC 1952), of one or many members. Reuse the object.
class GzipReader {
 public:
  GzipReader();
  ~GzipReader();
  GzipReader(GzipReader&&) noexcept;
  GzipReader& operator=(GzipReader&&) noexcept;

  /// Replaces the content of `out`. `member_size`, `total_size` and `ratio` limit the whole. Errors:
  /// `archive.truncated`, `archive.corrupt`, `archive.crc`, `archive.member_too_large`,
  /// `archive.total_too_large`, `archive.ratio`.
  Status read(std::string_view bytes, const ArchiveLimits& limits, Buffer& out);
  /// The file name in the first header ("" when it has none), with its folders cut off; after read().
  const std::string& name() const { return name_; }

 private:
  struct Inflater;
  Status inflate_member(std::string_view& rest, const ArchiveLimits& limits, Buffer& out);

  std::string name_;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace tarn::format
