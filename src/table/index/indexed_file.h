#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "iceberg/partition_spec.h"
#include "iceberg/table_metadata.h"
#include "table/index/key_database.h"
#include "table/key_index.h"

/// Data files as the indices keep them. Inside of `table` only.
namespace tarn::table {

KeyDatabase::File database_file(std::string path, std::int32_t spec_id,
                                const iceberg::PartitionTuple& partition);

/// Errors: table.index_failed when there is no such file.
Result<IndexedFile> indexed_file(const KeyDatabase& database, std::uint64_t file_id,
                                 const iceberg::TableMetadata& metadata);

}  // namespace tarn::table
