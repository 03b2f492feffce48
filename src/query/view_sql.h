#pragma once

#include <string>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "table/scan.h"

namespace tarn::query {

/// A SELECT that reads exactly the live rows of a scan, columns in the table's order and by field id:
/// renamed, added, dropped, reordered and widened columns come out as the scan's schema says, whatever the
/// files were written with. Rows deleted by position are left out. A scan without files gives an empty
/// relation of the right types. Pure. Errors: iceberg.unsupported_type,
/// those of io::local_path(). `s3://` locations are left to the engine.
Result<std::string> scan_sql(const table::Scan& scan, const iceberg::TableMetadata& metadata);

}  // namespace tarn::query
