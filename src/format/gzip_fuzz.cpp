#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "format/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tarn::format::GzipReader reader;
  static tarn::format::Buffer out;
  tarn::format::ArchiveLimits limits;
  limits.member_size = 1 << 21;
  const bool ok = reader.read({reinterpret_cast<const char*>(data), size}, limits, out).ok();
  if (ok) TARN_CHECK(out.size() <= limits.member_size);
  return 0;
}
