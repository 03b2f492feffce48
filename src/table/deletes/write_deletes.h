#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/data_files.h"
#include "table/deletes/delete_file.h"
#include "table/manifest_cache.h"

namespace tarn::table {

/// Positions to delete of data files of one partition.
struct PartitionDeletes {
  std::int32_t spec_id = 0;
  iceberg::PartitionTuple partition = {};
  DeletedPositions positions = {};
};

/// How the delete files of a batch are named: `<batch id>-<number>-deletes.parquet` or `.puffin`.
struct DeleteFileNames {
  std::string batch_id;
  std::uint32_t first_number = 0;
};

/// The parts of a SnapshotChange that delete rows by position.
struct WrittenDeletes {
  std::vector<NewFile> files = {};
  /// Of the current snapshot: what `files` take the place of; for SnapshotChange::removed_files.
  std::set<std::string> replaced = {};
};

/// Deletes rows of the current snapshot, or of files that the same change adds, in the way of the table's
/// version. Version 2: a delete file for each partition. Version 3: a deletion vector for each data file,
/// each in a Puffin file of its own; what was deleted of the data file before is in it, too, and the former
/// vector is replaced, because a data file has one at most (Iceberg spec, "Deletion Vectors"). Errors: those
/// of write_position_deletes(), write_deletion_vectors() and read_position_deletes().
///
///   TARN_ASSIGN_OR_RETURN(WrittenDeletes deletes, write_deletes(store, cache, metadata, plan.deletes,
///   names)); … {.delete_files = deletes.files, .removed_files = deletes.replaced}
Result<WrittenDeletes> write_deletes(io::ObjectStore& store, ManifestCache& cache,
                                     const iceberg::TableMetadata& metadata,
                                     std::span<const PartitionDeletes> deletes, const DeleteFileNames& names);

}  // namespace tarn::table
