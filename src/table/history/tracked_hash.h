#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"

namespace tarn::table {

/// Of each row 64 bits of XXH3 over the columns of these names: equal for rows with equal values. What is
/// null is left out, and columns stand for themselves by field id, so that a column added later, a renamed
/// one and a widened one leave the hashes of rows that are there as they are. The columns of the batch are
/// those of `schema`. Any thread. Errors: iceberg.column_not_found, table.batch_mismatch,
/// table.unsupported_type for a map with values.
Result<std::vector<std::int64_t>> tracked_hashes(const arrow::RecordBatch& batch,
                                                 const iceberg::Schema& schema,
                                                 std::span<const std::string> tracked);

}  // namespace tarn::table
