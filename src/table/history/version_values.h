#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/types.h"

/// Versions as the bytes that ranks begin with (row_identity.h), and back.
namespace tarn::table {

/// Whether a column of the type can order the versions of a history: numbers, dates and timestamps.
bool can_order_versions(const iceberg::Type& type);

/// Appends a value of the row as ranks do: a byte that tells whether there is one, then append_ordered().
/// Requires a checked column of a primitive type.
void append_value(std::string& out, const arrow::Array& array, const iceberg::Type& type, std::int64_t row);

/// How much of a rank is its version. Requires a type that can_order_versions().
std::size_t version_size(const iceberg::Type& type, std::string_view rank);

/// A column of the type with these values, each as append_value() wrote it; null where there is none.
/// Requires a primitive type. Errors: table.index_failed for bytes that are damaged, table.too_large.
Result<std::shared_ptr<arrow::Array>> values_of_versions(const iceberg::Type& type,
                                                         std::span<const std::string_view> versions);

}  // namespace tarn::table
