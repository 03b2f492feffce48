#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <arrow/util/type_fwd.h>

#include "base/result.h"

namespace tarn::table {

/// How a Parquet file is written.
struct ParquetOptions {
  /// Nothing: zstd for text and what has parts, Snappy for numbers, which are read more often and gain less.
  std::optional<arrow::Compression::type> codec = std::nullopt;
  std::optional<int> level = std::nullopt;  ///< Of the codec; nothing: 1 of zstd, else the codec's own.
  /// Whole numbers, decimals up to 18 digits, dates and times without a dictionary are DELTA_BINARY_PACKED.
  bool packs_integers = false;
  /// A row group is closed when it holds this many rows or, about, bytes of Arrow memory.
  std::int64_t row_group_rows = 262'144;
  std::int64_t row_group_bytes = std::int64_t{128} << 20;
  /// Encode columns in parallel on Arrow's CPU pool. Leave it off where files are written in parallel
  /// already.
  bool use_threads = false;
  bool page_index = false;
  /// About how many rows come: whether a dictionary pays depends on it. 0: those of the first batch.
  std::int64_t expected_rows = 0;
  /// Bounds of strings and binaries in the DataFile are cut to this many characters or bytes.
  int bound_width = 16;
};

/// As the table's properties ask: `write.parquet.compression-codec`, `write.parquet.compression-level` and
/// `write.parquet.row-group-size-bytes` of the Iceberg documentation, and `tarn.packed-integers`. Errors:
/// table.bad_property.
Result<ParquetOptions> parquet_options(const std::map<std::string, std::string>& properties);

}  // namespace tarn::table
