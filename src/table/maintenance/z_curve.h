#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/table_metadata.h"

namespace tarn::table {

/// Morton's curve ("Z-order") through the values of several columns. Rows that follow each other on it are
/// near in all of the columns, so that the row groups of a file have narrow bounds in each, and a query by
/// any of them skips most. One thread at a time. Inside of `table` only.
///
///   TARN_ASSIGN_OR_RETURN(std::optional<ZCurve> curve, ZCurve::of_table(metadata));
///   for (…) TARN_RETURN_IF_ERROR(curve->observe(batch, schema));  // all values that there will be
///   curve->fit();
///   TARN_ASSIGN_OR_RETURN(auto rows, curve->ordered_rows(batch, schema));
class ZCurve {
 public:
  static constexpr std::size_t kMostColumns = 4;

  /// Nothing where the table asks for none. Errors: table.bad_zorder.
  static Result<std::optional<ZCurve>> of_table(const iceberg::TableMetadata& metadata);

  /// The top-level columns that it goes through.
  std::vector<std::int32_t> field_ids() const;
  /// Takes notice of values, so that each column counts for as much as the others whatever its type and
  /// range. Errors: table.batch_mismatch.
  Status observe(const arrow::RecordBatch& batch, const iceberg::Schema& schema);
  void fit();
  /// The rows of the batch along the curve; equal ones in their order. Errors: table.batch_mismatch,
  /// table.too_large.
  Result<std::vector<std::uint32_t>> ordered_rows(const arrow::RecordBatch& batch,
                                                  const iceberg::Schema& schema) const;

 private:
  /// How a column's values become 64 bits whose order is theirs.
  struct Dimension {
    std::int32_t field_id = 0;
    bool is_seen = false;
    bool is_text = false;
    std::uint64_t least = 0;
    std::uint64_t most = 0;
    std::string first = {};  ///< The least and the greatest text.
    std::string last = {};
    std::size_t shared = 0;  ///< Bytes that all texts begin with.
    int shift = 0;

    std::uint64_t place(std::uint64_t value) const;
  };
  std::vector<Dimension> dimensions_;
};

}  // namespace tarn::table
