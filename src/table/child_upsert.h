#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "table/key_index.h"
#include "table/upsert.h"

namespace tarn::table {

/// The parents of a batch of child rows.
struct ParentRows {
  std::span<const std::shared_ptr<arrow::RecordBatch>> batches;  ///< As given to plan_upsert().
  const UpsertPlan& plan;                                        ///< What plan_upsert() decided of them.
  std::span<const std::int64_t> parent_of_row;  ///< For each child row its parent's number in `batches`.
};

/// Upserts of a table whose rows are the repeated elements of a parent: a parent's new version replaces *all*
/// rows of its older ones, also where it has fewer; of a parent that lost, no row is written; of one that is
/// deleted, all rows go. The index's key is the parent's key columns, of the same names in both tables, and
/// as the last an int column that counts a parent's rows from 1.
///
/// Use in place of plan_upsert(); the rest goes the same way. Costs what the batch is worth. Errors: those of
/// plan_upsert().
Result<UpsertPlan> plan_child_upsert(const KeyIndex& index, const iceberg::TableMetadata& metadata,
                                     std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
                                     const ParentRows& parents);

}  // namespace tarn::table
