#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "table/maintenance/row_merge.h"
#include "table/scan.h"

namespace tarn::table {

/// Fills the row ids and sequence numbers that rows inherit from their files (Iceberg spec, "Row Lineage"),
/// where the files do not say their own. `rows` have the columns of iceberg::with_row_lineage(), those two
/// last; `files` are the sources that their origins count. A row of a file without row ids gets none. Errors:
/// table.parquet_failed. Inside of `table` only.
Result<std::shared_ptr<arrow::RecordBatch>> with_inherited_lineage(const MergedRows& rows,
                                                                   const std::vector<ScanTask>& files);

}  // namespace tarn::table
