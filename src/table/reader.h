#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"
#include "io/object_store.h"
#include "table/deletes/delete_file.h"
#include "table/scan.h"

namespace tarn::table {

/// Live rows of a data file.
struct FileRows {
  std::shared_ptr<arrow::RecordBatch> batch;  ///< The chosen columns, in the order chosen.
  std::vector<std::int64_t> positions;        ///< Of each row in the file.
};

/// Reads columns of one data file as they are under a schema: found by field id whatever their name then,
/// missing ones null (or their initial default), narrower types widened, rows deleted by position left out.
/// One thread at a time.
///
///   TARN_ASSIGN_OR_RETURN(auto reader, DataFileReader::open(store, deletes, task, scan.schema, {1, 4}));
///   for (;;) {
///     TARN_ASSIGN_OR_RETURN(std::optional<FileRows> rows, reader->next());
///     if (!rows) break;
///   }
class DataFileReader {
 public:
  static constexpr std::int64_t kDefaultBatchRows = 65'536;
  virtual ~DataFileReader() = default;

  /// `field_ids` are top-level columns of `schema`; batches have at most `batch_rows`. Errors:
  /// iceberg.column_not_found, table.unsupported_format, table.parquet_failed and those of the store.
  static Result<std::unique_ptr<DataFileReader>> open(io::ObjectStore& store, DeleteFileCache& deletes,
                                                      const ScanTask& task, const iceberg::Schema& schema,
                                                      const std::vector<std::int32_t>& field_ids,
                                                      std::int64_t batch_rows = kDefaultBatchRows);

  /// Only the rows at these positions, which ascend, deleted or not; reads the row groups that hold them.
  static Result<std::unique_ptr<DataFileReader>> open_at(io::ObjectStore& store, const std::string& location,
                                                         const iceberg::Schema& schema,
                                                         const std::vector<std::int32_t>& field_ids,
                                                         std::vector<std::int64_t> positions,
                                                         std::int64_t batch_rows = kDefaultBatchRows);

  /// The next rows, never none of them; nothing at the end. Errors: table.parquet_failed,
  /// table.batch_mismatch.
  virtual Result<std::optional<FileRows>> next() = 0;
};

/// All live rows of a scan, all columns, as one list of batches: for tests and small tables.
Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> read_all(io::ObjectStore& store, const Scan& scan);

}  // namespace tarn::table
