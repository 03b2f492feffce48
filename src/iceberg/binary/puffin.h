#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tarn::iceberg {

/// Where a blob lies in its file.
struct PuffinPlace {
  std::int64_t offset = 0;
  std::int64_t size_bytes = 0;
};

/// Writes one Puffin file: blobs, not compressed, and the footer that tells of them (Puffin spec, "File
/// structure"). One thread at a time.
///
///   PuffinWriter writer;
///   const PuffinPlace place = writer.add_deletion_vector("/data/a.parquet", 3, blob);
///   const std::string file = std::move(writer).finish();
class PuffinWriter {
 public:
  PuffinWriter();
  PuffinWriter(PuffinWriter&&) noexcept;
  PuffinWriter& operator=(PuffinWriter&&) noexcept;
  ~PuffinWriter();

  /// Adds what write_deletion_vector() returned, of `cardinality` positions in the data file `data_file`.
  PuffinPlace add_deletion_vector(std::string_view data_file, std::int64_t cardinality,
                                  std::string_view blob);
  std::string finish() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tarn::iceberg
