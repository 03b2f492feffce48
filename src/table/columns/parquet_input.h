#pragma once

#include <memory>
#include <string>
#include <vector>

#include <parquet/arrow/reader.h>

#include "base/result.h"
#include "io/object_store.h"

namespace tarn::table {

/// Rows of the batches that are read.
inline constexpr std::int64_t kReadBatchRows = 65'536;

struct ParquetInput {
  std::int64_t batch_rows = kReadBatchRows;
  /// Of leaf columns of texts that mostly repeat: they come as dictionaries, if the file has them so.
  std::vector<int> dictionaries = {};
};

/// Opens a Parquet file of any writer through the store. Not for the caller's threads: one thread at a time.
/// Errors: table.unsupported_format (encrypted), table.parquet_failed and those of the store.
Result<std::unique_ptr<parquet::arrow::FileReader>> open_parquet(io::ObjectStore& store,
                                                                 const std::string& location,
                                                                 const ParquetInput& input = {});

}  // namespace tarn::table
