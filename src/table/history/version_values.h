#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/types.h"

/// Versions as the bytes that ranks begin with (row_identity.h), and back.
namespace tarn::table {

/// Whether a column of the type can order the versions of a history: numbers, dates and timestamps.
bool can_order_versions(const iceberg::Type& type);

/// How much of a rank is its version. Requires a type that can_order_versions().
std::size_t version_size(const iceberg::Type& type, std::string_view rank);

/// A column of the type with the values of these versions; null where there is none. Requires a type that
/// can_order_versions(). Errors: table.index_failed for bytes that are damaged, table.too_large.
Result<std::shared_ptr<arrow::Array>> values_of_versions(const iceberg::Type& type,
                                                         std::span<const std::string_view> versions);

}  // namespace tarn::table
