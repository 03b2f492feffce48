// Any bytes as a deletion vector: with a frame that fits, so that the bitmap is reached.
#include <libdeflate.h>

#include <cstdint>
#include <iterator>
#include <string>

#include "iceberg/binary/deletion_vector.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::iceberg;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)read_deletion_vector(bytes, 1000);
  const auto big_endian = [](std::uint32_t value) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
    return text;
  };
  const std::string checked = "\xD1\xD3\x39\x64" + bytes;
  const std::string blob = big_endian(static_cast<std::uint32_t>(checked.size())) + checked +
                           big_endian(libdeflate_crc32(0, checked.data(), checked.size()));
  const auto positions = read_deletion_vector(blob, 1'000'000);
  if (!positions.ok()) return 0;
  for (std::size_t i = 1; i < positions->size(); ++i)
    if ((*positions)[i] <= (*positions)[i - 1]) __builtin_trap();
  const auto written = write_deletion_vector(*positions);
  if (!written.ok()) __builtin_trap();
  const auto again = read_deletion_vector(*written, std::ssize(*positions));
  if (!again.ok() || *again != *positions) __builtin_trap();
  return 0;
}
