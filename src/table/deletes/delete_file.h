#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "iceberg/manifest.h"
#include "io/object_store.h"
#include "table/parquet_writer.h"

/// Positional delete files and deletion vectors (Iceberg spec, "Delete Formats").
namespace tarn::table {

/// Positions by data file, both ascending.
using DeletedPositions = std::map<std::string, std::vector<std::int64_t>>;

/// Writes the positions, sorted by path and position, as one Parquet file. Its bounds of `file_path` are
/// whole when it names one data file only, as is `referenced_data_file` then. The partition is left empty.
/// Requires at least one position. Errors: those of ParquetWriter.
Result<iceberg::DataFile> write_position_deletes(io::ObjectStore& store, const std::string& location,
                                                 const DeletedPositions& positions);

/// Whether it is one of a Puffin file's deletion vectors (Iceberg spec, "Deletion Vectors").
bool is_deletion_vector(const iceberg::DataFile& file);
/// Writes the positions, which ascend, as a Puffin file with a deletion vector for each data file, described
/// in the order of their paths; the partitions are left empty. Requires at least one position of each.
/// Errors: iceberg.bad_value and those of the store.
Result<std::vector<iceberg::DataFile>> write_deletion_vectors(io::ObjectStore& store,
                                                              const std::string& location,
                                                              const DeletedPositions& positions);

/// What tells files of a table apart: their location, and the place of a deletion vector in its file.
std::string delete_file_key(const iceberg::DataFile& file);

/// Reads a file of any writer, or a deletion vector. Errors: table.unsupported_format, table.parquet_failed,
/// iceberg.bad_value and those of the store.
Result<DeletedPositions> read_position_deletes(io::ObjectStore& store, const iceberg::DataFile& file);
/// The positions of a deletion vector, of a Puffin file whose bytes are at hand. Errors: iceberg.bad_value.
Result<DeletedPositions> read_deletion_vector(std::string_view puffin, const iceberg::DataFile& vector);
/// What of the store a file takes: of a deletion vector its own part.
std::int64_t stored_bytes(const iceberg::DataFile& file);

/// Delete files, read once for the many data files they apply to, while a scan runs. Holds all that were
/// asked for. All members may be called by many threads at once.
class DeleteFileCache {
 public:
  explicit DeleteFileCache(io::ObjectStore& store) : store_(store) {}
  Result<std::shared_ptr<const DeletedPositions>> get(const iceberg::DataFile& file);

 private:
  Result<DeletedPositions> read(const iceberg::DataFile& file);

  io::ObjectStore& store_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const DeletedPositions>> by_key_;
  std::unordered_map<std::string, std::shared_ptr<const std::string>> puffins_;  // by path
};

}  // namespace tarn::table
