#pragma once

#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "table/key_index.h"
#include "table/upsert.h"

/// Upserts in which some rows delete their key. The greatest (version, tie-breaks) of a key wins, whether it
/// deletes or not; so a deletion must outlive the row that it removed, or an older version that comes later
/// would bring it back. What was deleted, and at which rank, stands as a row of a second table with the same
/// key, version and tie-break columns: the tombstones. A key is in one of the two at most, but for what
/// foreign writers did.
///
/// docs/decisions/0014-tombstones.md says why it is a table.
namespace tarn::table {

/// The second table. Its index must describe its current snapshot.
struct Tombstones {
  const KeyIndex& index;
  const iceberg::TableMetadata& metadata;
  const std::vector<bool>& deletes;  ///< Of each row, through all batches, whether it deletes its key.
};

/// For both tables; each is written and noted as a plan of plan_upsert() is, in one commit of both.
struct TombstonePlan {
  UpsertPlan rows;        ///< `deleting` are the rows that won as deletions.
  UpsertPlan tombstones;  ///< Of the same batches: its columns are found by name.
};

/// In place of plan_upsert(). Errors: those of plan_upsert().
Result<TombstonePlan> plan_upsert_with_tombstones(
    const KeyIndex& index, const iceberg::TableMetadata& metadata,
    std::span<const std::shared_ptr<arrow::RecordBatch>> batches, const Tombstones& tombstones);

}  // namespace tarn::table
