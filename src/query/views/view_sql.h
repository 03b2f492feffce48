#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "table/scan.h"

namespace tarn::query {

/// A SELECT that reads exactly the live rows of a scan, columns in the table's order and by field id:
/// renamed, added, dropped, reordered and widened columns come out as the scan's schema says, whatever the
/// files were written with. Rows deleted by position are left out. A scan without files gives an empty
/// relation of the right types. Pure. Errors: iceberg.unsupported_type,
/// those of io::local_path(). `s3://` locations are left to the engine.
///
/// Places are two columns more, which tell rows of the same scan apart and are the same in another one.
enum class Places : std::uint8_t { kWithout, kWith };
inline constexpr std::string_view kPlaceFile = "_tarn_file";
inline constexpr std::string_view kPlaceRow = "_tarn_row";
Result<std::string> scan_sql(const table::Scan& scan, const iceberg::TableMetadata& metadata,
                             Places places = Places::kWithout);

}  // namespace tarn::query
