#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "format/archive.h"

// Whatever the bytes are: no crash, no more memory than the limits allow, and names that are safe when
// readable.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tarn::format::ZipArchive zip;
  static tarn::format::Buffer out;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  tarn::format::ArchiveLimits limits;
  limits.members = 100;
  limits.member_size = 1 << 22;
  limits.total_size = 1 << 23;
  (void)tarn::format::check_archive_kind(bytes);
  if (!zip.open(bytes, limits).ok()) return 0;
  TARN_CHECK(zip.members().size() <= limits.members);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < zip.members().size(); ++i) {
    const tarn::format::ZipMember& member = zip.members()[i];
    (void)zip.packed(i);
    if (!zip.read(i, out).ok()) continue;
    TARN_CHECK(out.size() == member.size && out.size() <= limits.member_size);
    TARN_CHECK(!member.name.empty() && member.name[0] != '/' && member.name.find("../") != 0);
    total += out.size();
  }
  TARN_CHECK(total <= limits.total_size);
  return 0;
}
