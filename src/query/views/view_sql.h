#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/connection.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "query/views/deleted_rows.h"
#include "table/scan.h"

namespace tarn::query {

/// The filters of what is made by scan_sql().
struct ScanFilters {
  ScanFilters(engine::Connection& engine, io::ObjectStore& from, std::shared_ptr<DeletedRows> deleted)
      : connection(engine), store(from), rows(std::move(deleted)) {}
  engine::Connection& connection;
  io::ObjectStore& store;
  std::shared_ptr<DeletedRows> rows;
  std::vector<engine::RowFilterUse> uses = {};
};

/// A SELECT that reads exactly the live rows of a scan, columns in the table's order and by field id:
/// renamed, added, dropped, reordered and widened columns come out as the scan's schema says, whatever the
/// files were written with. Rows deleted by position are left out, by filters that the SELECT names: it is
/// good as long as they are. A scan without files gives an empty relation of the right types. Errors:
/// iceberg.unsupported_type, those of io::local_path(). `s3://` locations are left to the engine.
///
/// Places are two columns more, which tell rows of the same scan apart and are the same in another one.
enum class Places : std::uint8_t { kWithout, kWith };
inline constexpr std::string_view kPlaceFile = "_tarn_file";
inline constexpr std::string_view kPlaceRow = "_tarn_row";
/// What `kPlaceFile` says of a file at `location`. Errors: those of io::local_path().
Result<std::string> engine_path(const std::string& location);

Result<std::string> scan_sql(const table::Scan& scan, const iceberg::TableMetadata& metadata,
                             ScanFilters& filters, Places places = Places::kWithout);

}  // namespace tarn::query
