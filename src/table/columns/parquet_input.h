#pragma once

#include <memory>
#include <string>

#include <parquet/arrow/reader.h>

#include "base/result.h"
#include "io/object_store.h"

namespace tarn::table {

/// Opens a Parquet file of any writer through the store. Not for the caller's threads: one thread at a time.
/// Errors: table.unsupported_format (encrypted), table.parquet_failed and those of the store.
Result<std::unique_ptr<parquet::arrow::FileReader>> open_parquet(io::ObjectStore& store,
                                                                 const std::string& location);

}  // namespace tarn::table
