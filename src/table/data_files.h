#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/manifest.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/sort_order.h"
#include "io/object_store.h"
#include "table/parquet_writer.h"

namespace tarn::table {

/// A data or delete file and the spec that its partition belongs to.
struct NewFile {
  iceberg::DataFile file;
  std::int32_t spec_id = 0;
};

/// Where a row was written.
struct RowPlace {
  std::uint32_t file = 0;     ///< Index into WrittenFiles::files.
  std::int64_t position = 0;  ///< Of the row in the file, from 0.
  bool operator==(const RowPlace&) const = default;
};

struct DataFilesRequest {
  iceberg::Schema schema;
  iceberg::PartitionSpec spec = {};
  iceberg::SortOrder order = {};
  std::string table_location;
  /// Begins every file's name, so that what a crashed batch left can be found and removed.
  std::string batch_id;
  /// Of the first file; the others follow.
  std::uint32_t first_number = 0;
  ParquetOptions parquet = {};
  /// Write these rows only: ascending numbers that count through all batches (UpsertPlan::rows).
  std::optional<std::span<const std::int64_t>> rows = std::nullopt;
  /// Tell where each row went.
  bool want_places = false;
  /// How many files are written at a time.
  std::size_t threads = 1;
  /// About how many bytes of rows are gathered to be sorted and written together; more than that gives
  /// several files a partition.
  std::int64_t round_bytes = std::int64_t{1} << 30;
  /// Called, by any thread, with a batch's position when its rows are in files and it is not read again.
  std::function<void(std::size_t batch)> written = {};
};

struct WrittenFiles {
  std::vector<NewFile> files;
  /// One for each row written, in the order of the input (of `rows`, where given); empty unless wanted.
  std::vector<RowPlace> places;
};

/// Writes rows as one sorted Parquet file for each partition, named
/// `<table location>/data/<partition path>/<batch id>-<number>.parquet`. Nothing is written without rows. On
/// an error some files may have been published: see remove_files_of_batch(). Any thread; the batches are only
/// read. Errors: those of ParquetWriter and partition_rows().
///
///   TARN_ASSIGN_OR_RETURN(WrittenFiles written, write_data_files(store, batches, {.schema = …}));
Result<WrittenFiles> write_data_files(io::ObjectStore& store,
                                      std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
                                      const DataFilesRequest& request);

/// The folder and name of a data file. Values are cut where they would make a folder's name too long, and
/// written without percent signs, because readers disagree on decoding them.
std::string data_file_location(const std::string& table_location, const std::string& partition_path,
                               const std::string& file_name);

/// The file name's beginning that tells the batch: `<batch id>-`.
std::string file_name_prefix(const std::string& batch_id);

/// Removes the data and delete files of a batch that was never committed; returns how many. Lists the whole
/// `data` folder: for recovery, not for every batch.
Result<std::int64_t> remove_files_of_batch(io::ObjectStore& store, const std::string& table_location,
                                           const std::string& batch_id);

}  // namespace tarn::table
