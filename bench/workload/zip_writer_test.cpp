#include "workload/zip_writer.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <cstring>
#include <string>

namespace tarn::workload {
namespace {

template <typename T>
T read(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// The content of the archive's only member.
std::string only_member(std::string_view bytes) {
  const auto packed = read<std::uint32_t>(bytes, 18);
  std::string out(read<std::uint32_t>(bytes, 22), '\0');
  const std::size_t data = 30 + read<std::uint16_t>(bytes, 26);
  if (read<std::uint16_t>(bytes, 8) == 0) return std::string(bytes.substr(data, packed));
  libdeflate_decompressor* inflater = libdeflate_alloc_decompressor();
  const libdeflate_result result =
      libdeflate_deflate_decompress(inflater, bytes.data() + data, packed, out.data(), out.size(), nullptr);
  libdeflate_free_decompressor(inflater);
  return result == LIBDEFLATE_SUCCESS ? out : "";
}

TEST(ZipWriter, DeflatesWhatShrinksAndStoresTheRest) {
  const std::string long_text(10'000, 'a');
  for (const std::string& text : {long_text, std::string("x"), std::string()}) {
    ZipWriter zip(6);
    zip.start({2025, 3, 1, 12, 30, 10});
    zip.add("a/b.txt", text);
    const std::string_view bytes = zip.finish();
    EXPECT_EQ(only_member(bytes), text);
    EXPECT_EQ(read<std::uint16_t>(bytes, 8), text.size() > 1 ? 8 : 0);
    EXPECT_EQ(read<std::uint16_t>(bytes, bytes.size() - 12), 1) << "members in the end record";
    EXPECT_EQ(read<std::uint32_t>(bytes, 14), libdeflate_crc32(0, text.data(), text.size()));
  }
}

TEST(ZipWriter, KeepsTheTimeAndStartsAnew) {
  ZipWriter zip(1);
  zip.start({2025, 3, 1, 12, 30, 10});
  zip.add("one", "1");
  const std::string first(zip.finish());
  EXPECT_EQ(read<std::uint16_t>(first, 10), (12U << 11U) | (30U << 5U) | 5U);
  EXPECT_EQ(read<std::uint16_t>(first, 12), (45U << 9U) | (3U << 5U) | 1U);
  zip.start({2025, 3, 1, 12, 30, 10});
  zip.add("one", "1");
  EXPECT_EQ(zip.finish(), first);
}

TEST(ZipWriter, SpoilsOnlyWhatItIsToldTo) {
  ZipWriter zip(6);
  zip.start({2025, 1, 1, 0, 0, 0});
  zip.add("crc", "text", ZipWriter::Flaw::kCrc);
  EXPECT_NE(read<std::uint32_t>(zip.finish(), 14), libdeflate_crc32(0, "text", 4));
  zip.start({2025, 1, 1, 0, 0, 0});
  zip.add("encrypted", "text", ZipWriter::Flaw::kEncrypted);
  const std::string_view bytes = zip.finish();
  EXPECT_EQ(read<std::uint16_t>(bytes, 6) & 1U, 1U);
  EXPECT_EQ(read<std::uint32_t>(bytes, 14), libdeflate_crc32(0, "text", 4));
}

}  // namespace
}  // namespace tarn::workload
