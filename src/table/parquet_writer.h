#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/manifest.h"
#include "iceberg/schema.h"
#include "io/object_store.h"
#include "table/parquet_options.h"

namespace tarn::table {

/// Writes one Parquet file (format 2, field ids, statistics) through an ObjectStore and describes it as
/// Iceberg does. Dictionaries are used but for columns whose values hardly repeat, as far as the first rows
/// tell. One thread at a time.
///
///   TARN_ASSIGN_OR_RETURN(auto writer, ParquetWriter::open(store, {.location = place, .schema = schema}));
///   for (const auto& batch : batches) TARN_RETURN_IF_ERROR(writer->write(batch));
///   TARN_ASSIGN_OR_RETURN(iceberg::DataFile file, writer->finish());
class ParquetWriter {
 public:
  struct Target {
    std::string location;
    iceberg::Schema schema;
    ParquetOptions options = {};
    std::optional<std::int32_t> sort_order_id = std::nullopt;  ///< Recorded in the DataFile.
    /// Written in place of the columns' own ids, one each, where not empty: the reserved ids of delete files,
    /// which a Schema refuses. Every column is a primitive then.
    std::vector<std::int32_t> field_ids = {};
  };

  virtual ~ParquetWriter() = default;

  /// Nothing is written before the first row. Errors: table.unsupported_type.
  static Result<std::unique_ptr<ParquetWriter>> open(io::ObjectStore& store, Target target);

  /// Appends a batch whose columns are those of to_arrow_schema(schema), in order; a batch that is not so
  /// goes through conform_batch(), which may keep dictionaries of text. Errors: table.batch_mismatch,
  /// table.null_in_required, table.parquet_failed and those of the store.
  virtual Status write(const std::shared_ptr<arrow::RecordBatch>& batch) = 0;
  virtual std::int64_t rows() const = 0;
  /// Publishes the file (durable after the store's sync()). Its DataFile has record count, sizes, value, null
  /// and NaN counts, bounds and split offsets; the partition is left empty. A file without rows is written
  /// too. Call once; a writer destroyed before leaves nothing behind.
  virtual Result<iceberg::DataFile> finish() = 0;
};

}  // namespace tarn::table
