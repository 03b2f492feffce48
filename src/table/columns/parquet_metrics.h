#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "iceberg/manifest.h"
#include "iceberg/schema.h"

namespace parquet {
class FileMetaData;
}

namespace tarn::table {

/// Fills record count, column sizes, value and null counts, bounds and split offsets of `file` from a Parquet
/// footer (Iceberg spec, "Data File Fields"). Bounds of repeated fields are left out, as are those of columns
/// with a chunk that has none. `field_ids` as of ParquetWriter::Target. May throw parquet::ParquetException.
Status add_metrics(const parquet::FileMetaData& footer, const iceberg::Schema& schema,
                   const std::vector<std::int32_t>& field_ids, int bound_width, iceberg::DataFile& file);

}  // namespace tarn::table
