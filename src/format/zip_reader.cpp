#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <libdeflate.h>

#include "format/archive.h"
#include "format/errors.h"

namespace tarn::format {

namespace {
constexpr std::uint64_t kRatioFloor = std::uint64_t{1} << 20;
}  // namespace

struct ZipArchive::Inflater {
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  Inflater() { TARN_CHECK(decompressor != nullptr); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { libdeflate_free_decompressor(decompressor); }
};

ZipArchive::ZipArchive() : inflater_(std::make_unique<Inflater>()) {}
ZipArchive::~ZipArchive() = default;
ZipArchive::ZipArchive(ZipArchive&&) noexcept = default;
ZipArchive& ZipArchive::operator=(ZipArchive&&) noexcept = default;

Error ZipArchive::member_error(std::size_t index) const {
  TARN_CHECK(index < members_.size() && members_[index].problem != nullptr);
  const ZipMember& member = members_[index];
  const ErrorCode& code = *member.problem;
  if (&code == &kArchiveUnsupported)
    return Error(code,
                 fmt::format("the member is packed by method {}, which Tarn does not read", member.method));
  if (&code == &kArchiveCorrupt)
    return Error(code, "the member's header or data does not lie where the zip's directory says");
  std::string message(code.meaning);
  if (message.ends_with('.')) message.pop_back();
  return Error(code, std::move(message));
}

std::string_view ZipArchive::packed(std::size_t index) const {
  const ZipMember& member = members_[index];
  return member.data_offset == 0 ? std::string_view() : bytes_.substr(member.data_offset, member.packed_size);
}

Status ZipArchive::check_sizes(const ZipMember& member) const {
  if (member.size > limits_.member_size)
    return Error(kArchiveMemberTooLarge, fmt::format("the member inflates to {} bytes, {} are allowed",
                                                     member.size, limits_.member_size));
  if (member.size > limits_.total_size - std::min(limits_.total_size, total_read_))
    return Error(kArchiveTotalTooLarge,
                 fmt::format("the members inflate to more than {} bytes in all", limits_.total_size));
  const std::uint64_t ratio = std::max<std::uint64_t>(limits_.ratio, 1);
  if (member.size > kRatioFloor && (member.size - 1) / ratio >= member.packed_size)
    return Error(kArchiveRatio,
                 fmt::format("the member inflates from {} to {} bytes, more than {} times its size",
                             member.packed_size, member.size, limits_.ratio));
  return ok_status();
}

Status ZipArchive::read(std::size_t index, Buffer& out) {
  TARN_CHECK(index < members_.size());
  const ZipMember& member = members_[index];
  if (member.problem != nullptr) return member_error(index);
  TARN_RETURN_IF_ERROR(check_sizes(member));
  total_read_ += member.size;
  const std::string_view in = packed(index);
  if (member.method == 0) {
    out.assign(in);
  } else {
    out.reserve_discard(std::max<std::uint64_t>(member.size, 1));
    std::size_t taken = 0;
    std::size_t made = 0;
    const libdeflate_result result = libdeflate_deflate_decompress_ex(
        inflater_->decompressor, in.data(), in.size(), out.data(), member.size, &taken, &made);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
      return Error(kArchiveCorrupt,
                   fmt::format("the member inflates to more than the {} bytes it states", member.size));
    if (result != LIBDEFLATE_SUCCESS)
      return Error(kArchiveCorrupt, "the member's compressed data is damaged");
    if (made != member.size || taken != in.size())
      return Error(kArchiveCorrupt, fmt::format("the member inflates from {} of {} bytes to {} of {} bytes",
                                                taken, in.size(), made, member.size));
    out.resize(made);
  }
  const std::uint32_t crc = libdeflate_crc32(0, out.data(), out.size());
  if (crc != member.crc)
    return Error(kArchiveCrc,
                 fmt::format("the member's checksum is {:08x}, the zip states {:08x}", crc, member.crc));
  return ok_status();
}

}  // namespace tarn::format
