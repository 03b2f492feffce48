#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tarn::workload {

/// Writes one zip archive into memory (APPNOTE 6.3: local headers, central directory, end record; no zip64:
/// archives stay under 4 GiB and 65,535 members). Names are UTF-8. One thread; reuse the object, its buffers
/// stay.
///
///   ZipWriter zip(6);
///   zip.start({2026, 3, 1, 12, 30, 0});
///   zip.add("adt/1.xml", text);
///   write_file(path, zip.finish());
class ZipWriter {
 public:
  /// The members' time, which DOS keeps in steps of two seconds, from 1980 on.
  struct Time {
    std::uint32_t year = 1980;
    std::uint32_t month = 1;
    std::uint32_t day = 1;
    std::uint32_t hour = 0;
    std::uint32_t minute = 0;
    std::uint32_t second = 0;
  };
  /// What is deliberately wrong with a member.
  enum class Flaw : std::uint8_t { kNone, kCrc, kEncrypted };

  /// `level`: 0 stores, 1 … 12 deflates.
  explicit ZipWriter(int level);
  ~ZipWriter();
  ZipWriter(ZipWriter&&) noexcept;

  /// Forgets what was written and begins an archive.
  void start(const Time& time);
  void add(std::string_view name, std::string_view content, Flaw flaw = Flaw::kNone);
  /// The archive's bytes, valid until the next start().
  std::string_view finish();

 private:
  struct Compressor;
  std::uint32_t append_content(std::string_view content, bool* deflated);

  int level_;
  std::unique_ptr<Compressor> compressor_;
  std::string archive_;
  std::string directory_;
  std::uint16_t count_ = 0;
  std::uint16_t dos_time_ = 0;
  std::uint16_t dos_date_ = 0;
};

}  // namespace tarn::workload
