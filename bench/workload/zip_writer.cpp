#include "workload/zip_writer.h"

#include <libdeflate.h>

#include <concepts>

#include "base/check.h"

namespace tarn::workload {
namespace {

template <std::unsigned_integral T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

constexpr std::uint16_t kEncryptedFlag = 1;
constexpr std::uint16_t kUtf8Flag = 1U << 11U;

struct MemberHeader {
  std::uint16_t flags;
  std::uint16_t method;
  std::uint32_t crc;
  std::uint32_t packed;
  std::uint32_t raw;
};

/// The fields that local and central headers share, from "version needed" on.
void put_shared(std::string& out, const MemberHeader& member, std::uint32_t dos_stamp,
                std::size_t name_size) {
  put<std::uint16_t>(out, 20);
  put(out, member.flags);
  put(out, member.method);
  put(out, dos_stamp);
  put(out, member.crc);
  put(out, member.packed);
  put(out, member.raw);
  put(out, static_cast<std::uint16_t>(name_size));
  put<std::uint16_t>(out, 0);
}

}  // namespace

struct ZipWriter::Compressor {
  explicit Compressor(int level) : handle(libdeflate_alloc_compressor(level)) {
    TARN_CHECK(handle != nullptr);
  }
  ~Compressor() { libdeflate_free_compressor(handle); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  libdeflate_compressor* handle;
};

ZipWriter::ZipWriter(int level) : level_(level), compressor_(std::make_unique<Compressor>(level)) {}
ZipWriter::~ZipWriter() = default;
ZipWriter::ZipWriter(ZipWriter&&) noexcept = default;

void ZipWriter::start(const Time& time) {
  archive_.clear();
  directory_.clear();
  count_ = 0;
  dos_time_ = static_cast<std::uint16_t>((time.hour << 11U) | (time.minute << 5U) | (time.second / 2));
  dos_date_ = static_cast<std::uint16_t>(((time.year - 1980) << 9U) | (time.month << 5U) | time.day);
}

std::uint32_t ZipWriter::append_content(std::string_view content, bool* deflated) {
  const std::size_t begin = archive_.size();
  *deflated = false;
  if (level_ > 0) {
    const std::size_t bound = libdeflate_deflate_compress_bound(compressor_->handle, content.size());
    archive_.resize(begin + bound);
    const std::size_t packed = libdeflate_deflate_compress(compressor_->handle, content.data(),
                                                           content.size(), archive_.data() + begin, bound);
    *deflated = packed > 0 && packed < content.size();
    archive_.resize(begin + (*deflated ? packed : 0));
  }
  if (!*deflated) archive_.append(content);
  return static_cast<std::uint32_t>(archive_.size() - begin);
}

void ZipWriter::add(std::string_view name, std::string_view content, Flaw flaw) {
  TARN_CHECK(count_ < 65535 && archive_.size() + content.size() < 0xFFFF0000U);
  const auto offset = static_cast<std::uint32_t>(archive_.size());
  const std::uint32_t stamp = (std::uint32_t{dos_date_} << 16U) | dos_time_;
  // The header is written twice: its sizes are known only after the content.
  MemberHeader member{kUtf8Flag, 0, libdeflate_crc32(0, content.data(), content.size()), 0,
                      static_cast<std::uint32_t>(content.size())};
  if (flaw == Flaw::kCrc) member.crc ^= 0x5A5A5A5AU;
  if (flaw == Flaw::kEncrypted) member.flags |= kEncryptedFlag;
  archive_.append(30 + name.size(), '\0');
  bool deflated = false;
  member.packed = append_content(content, &deflated);
  member.method = deflated ? 8 : 0;

  std::string header;
  put<std::uint32_t>(header, 0x04034B50);
  put_shared(header, member, stamp, name.size());
  header += name;
  archive_.replace(offset, header.size(), header);

  put<std::uint32_t>(directory_, 0x02014B50);
  put<std::uint16_t>(directory_, 20);
  put_shared(directory_, member, stamp, name.size());
  put<std::uint16_t>(directory_, 0);  // comment
  put<std::uint16_t>(directory_, 0);  // disk
  put<std::uint16_t>(directory_, 0);  // internal attributes
  put<std::uint32_t>(directory_, 0);  // external attributes
  put(directory_, offset);
  directory_ += name;
  ++count_;
}

std::string_view ZipWriter::finish() {
  const auto directory_offset = static_cast<std::uint32_t>(archive_.size());
  archive_ += directory_;
  put<std::uint32_t>(archive_, 0x06054B50);
  put<std::uint32_t>(archive_, 0);  // disks
  put(archive_, count_);
  put(archive_, count_);
  put(archive_, static_cast<std::uint32_t>(directory_.size()));
  put(archive_, directory_offset);
  put<std::uint16_t>(archive_, 0);
  return archive_;
}

}  // namespace tarn::workload
