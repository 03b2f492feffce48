#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <libdeflate.h>

#include "format/archive.h"
#include "format/encoding.h"
#include "format/errors.h"

// Section numbers are those of RFC 1952.
namespace tarn::format {

namespace {

constexpr std::uint64_t kRatioFloor = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxDeflateRatio = 1032;  ///< No deflate stream inflates to more.
constexpr std::uint8_t kFlagHeaderCrc = 2;
constexpr std::uint8_t kFlagExtra = 4;
constexpr std::uint8_t kFlagName = 8;
constexpr std::uint8_t kFlagComment = 16;
constexpr std::uint8_t kFlagsReserved = 0xE0;

Error truncated() {
  return Error(kArchiveTruncated, "the gzip file is cut short");
}

// A gzip file is one member and the whole archive: the smaller limit holds.
std::uint64_t size_limit(const ArchiveLimits& limits) {
  return std::min(limits.member_size, limits.total_size);
}

Error too_large(const ArchiveLimits& limits) {
  if (limits.total_size < limits.member_size)
    return Error(kArchiveTotalTooLarge,
                 fmt::format("the file inflates to more than {} bytes", limits.total_size));
  return Error(kArchiveMemberTooLarge,
               fmt::format("the file inflates to more than {} bytes", limits.member_size));
}

Error bad_ratio(const ArchiveLimits& limits) {
  return Error(kArchiveRatio, fmt::format("the file inflates to more than {} times its size", limits.ratio));
}

std::uint32_t load32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// Takes a zero-terminated field off `rest`; false when it has no end.
bool take_text(std::string_view& rest, std::string_view& text) {
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return false;
  text = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

// Section 2.3. Takes the header of a member off `rest`; `name` is in Latin-1.
Status take_header(std::string_view& rest, std::string_view& name) {
  constexpr std::string_view kMagic = "\x1F\x8B";
  if (rest.substr(0, kMagic.size()) != kMagic.substr(0, rest.size()))
    return Error(kArchiveCorrupt, "bytes that are no gzip follow the gzip data");
  if (rest.size() < 10) return truncated();
  if (rest[2] != 8)
    return Error(kArchiveUnsupported, fmt::format("the gzip file is packed by method {}, not by deflate",
                                                  static_cast<unsigned char>(rest[2])));
  const auto flags = static_cast<std::uint8_t>(rest[3]);
  if ((flags & kFlagsReserved) != 0) return Error(kArchiveCorrupt, "the gzip header has reserved flags set");
  rest.remove_prefix(10);
  if ((flags & kFlagExtra) != 0) {
    if (rest.size() < 2) return truncated();
    const std::size_t size = static_cast<unsigned char>(rest[0]) | static_cast<unsigned>(rest[1] & 0xFF) << 8;
    if (rest.size() - 2 < size) return truncated();
    rest.remove_prefix(2 + size);
  }
  std::string_view comment;
  if ((flags & kFlagName) != 0 && !take_text(rest, name)) return truncated();
  if ((flags & kFlagComment) != 0 && !take_text(rest, comment)) return truncated();
  if ((flags & kFlagHeaderCrc) != 0) {
    if (rest.size() < 2) return truncated();
    rest.remove_prefix(2);
  }
  return ok_status();
}

std::string safe_name(std::string_view latin1) {
  const std::size_t slash = latin1.find_last_of("/\\");
  if (slash != std::string_view::npos) latin1.remove_prefix(slash + 1);
  std::string buffer;
  std::string out(decode_text(latin1, Encoding::kLatin1, buffer).text);
  const bool printable = std::none_of(out.begin(), out.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\xFF';
  });
  return printable && out.size() <= 255 && out != ".." && out != "." ? out : std::string();
}

}  // namespace

struct GzipReader::Inflater {
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  Inflater() { TARN_CHECK(decompressor != nullptr); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { libdeflate_free_decompressor(decompressor); }
};

GzipReader::GzipReader() : inflater_(std::make_unique<Inflater>()) {}
GzipReader::~GzipReader() = default;
GzipReader::GzipReader(GzipReader&&) noexcept = default;
GzipReader& GzipReader::operator=(GzipReader&&) noexcept = default;

Status GzipReader::read(std::string_view bytes, const ArchiveLimits& limits, Buffer& out) {
  name_.clear();
  out.reserve_discard(1);
  out.resize(0);
  std::string_view rest = bytes;
  bool first = true;
  do {
    std::string_view name;
    TARN_RETURN_IF_ERROR(take_header(rest, name));
    if (first && !name.empty()) name_ = safe_name(name);
    first = false;
    TARN_RETURN_IF_ERROR(inflate_member(rest, limits, out));
    if (out.size() > kRatioFloor &&
        (out.size() - 1) / std::max<std::uint64_t>(limits.ratio, 1) >= bytes.size())
      return bad_ratio(limits);
    // Some tools pad the file with zeros.
    if (rest.find_first_not_of('\0') == std::string_view::npos) rest = {};
  } while (!rest.empty());
  return ok_status();
}

// Appends a member to `out`. The stated size (modulo 2^32, of the last member only) is a hint for the first
// try; where it lies the buffer grows step by step up to the limits.
Status GzipReader::inflate_member(std::string_view& rest, const ArchiveLimits& limits, Buffer& out) {
  if (rest.size() < 9) return truncated();
  const std::uint64_t before = out.size();
  const std::uint64_t room = size_limit(limits) - std::min<std::uint64_t>(size_limit(limits), before);
  const std::uint64_t by_ratio =
      std::max(kRatioFloor + 1, rest.size() * std::min(limits.ratio, kMaxDeflateRatio) + 1);
  const std::uint64_t most = std::min(room + 1, by_ratio);
  const std::uint64_t hint = load32(rest, rest.size() - 4);
  std::uint64_t space = hint > 0 && hint <= most ? hint : std::min<std::uint64_t>(most, rest.size() * 4);
  space = std::max<std::uint64_t>(space, 1);
  std::size_t taken = 0;
  std::size_t made = 0;
  while (true) {
    out.reserve(before + space);
    const libdeflate_result result = libdeflate_deflate_decompress_ex(
        inflater_->decompressor, rest.data(), rest.size(), out.data() + before, space, &taken, &made);
    if (result == LIBDEFLATE_SUCCESS) break;
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
      return Error(kArchiveCorrupt, "the gzip data is damaged or cut short");
    if (space == most) return most == room + 1 ? too_large(limits) : bad_ratio(limits);
    space = std::min(most, space * 4);
  }
  if (made > room) return too_large(limits);
  rest.remove_prefix(taken);
  if (rest.size() < 8) return truncated();
  const std::uint32_t crc = libdeflate_crc32(0, out.data() + before, made);
  if (crc != load32(rest, 0) || static_cast<std::uint32_t>(made) != load32(rest, 4))
    return Error(kArchiveCrc, fmt::format("the content's checksum is {:08x}, the file states {:08x}", crc,
                                          load32(rest, 0)));
  rest.remove_prefix(8);
  out.resize(before + made);
  return ok_status();
}

}  // namespace tarn::format
