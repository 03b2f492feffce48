#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/sort_order.h"

/// Partitions and order of whole batches. Pure functions over Arrow columns; any thread. Batches have the
/// columns of to_arrow_schema(schema).
namespace tarn::table {

/// Which partition each row belongs to.
struct Partitioning {
  std::vector<iceberg::PartitionTuple> tuples;  ///< By group number, in order of first appearance.
  std::vector<std::uint32_t> group_of_row;
};

/// Equals applying Transform::apply() to every row. Errors: iceberg.bad_transform, table.batch_mismatch.
Result<Partitioning> partition_rows(const arrow::RecordBatch& batch, const iceberg::Schema& schema,
                                    const iceberg::PartitionSpec& spec);

/// The row numbers of `batch` ordered by group, within a group by `order`, then by row number (stable).
/// Without a partitioning all rows are one group. Errors: iceberg.bad_transform, table.batch_mismatch.
Result<std::vector<std::uint32_t>> ordered_rows(const arrow::RecordBatch& batch,
                                                const iceberg::Schema& schema,
                                                const iceberg::SortOrder& order,
                                                const Partitioning* partitioning);

}  // namespace tarn::table
