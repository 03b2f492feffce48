#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/literal.h"
#include "iceberg/transform.h"

/// A transform over a whole column. Inside of `table` only.
namespace tarn::table {

/// Transformed values by row; what stands in a null's place means nothing. Views point into the column.
struct TransformedColumn {
  /// Numbers are widened: booleans, ints, dates, buckets, years … hours, longs, times are int64; floats and
  /// doubles their bits, turned so that integers order as IEEE 754 totalOrder does.
  std::variant<std::vector<std::int64_t>, std::vector<iceberg::Int128>, std::vector<std::string_view>> values;
  std::vector<std::uint8_t> nulls;  ///< 1 where null; empty when there are none.
};

/// Errors: iceberg.bad_transform, table.batch_mismatch.
Result<TransformedColumn> transform_column(const arrow::Array& array, const iceberg::Type& type,
                                           const iceberg::Transform& transform);

}  // namespace tarn::table
