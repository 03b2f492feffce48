#include "table/maintenance/row_lineage.h"

#include <arrow/api.h>

#include <cstdint>
#include <optional>

#include "table/columns/arrow_result.h"

namespace tarn::table {
namespace {

/// The column's own values, and `inherited` of the origin where it has none.
template <std::invocable<const RowOrigin&> Inherited>
Result<std::shared_ptr<arrow::Array>> filled(const arrow::Array& column,
                                             const std::vector<RowOrigin>& origins, Inherited inherited) {
  const auto& own = static_cast<const arrow::Int64Array&>(column);
  arrow::Int64Builder builder;
  TARN_ARROW_RETURN_IF_ERROR(builder.Reserve(own.length()));
  for (std::int64_t row = 0; row < own.length(); ++row) {
    const std::optional<std::int64_t> value =
        own.IsNull(row) ? inherited(origins[static_cast<std::size_t>(row)]) : own.Value(row);
    if (value) {
      builder.UnsafeAppend(*value);
    } else {
      builder.UnsafeAppendNull();
    }
  }
  TARN_ARROW_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> whole, builder.Finish());
  return whole;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> with_inherited_lineage(const MergedRows& rows,
                                                                   const std::vector<ScanTask>& files) {
  arrow::ArrayVector columns = rows.batch->columns();
  const std::size_t ids = columns.size() - 2;
  const std::size_t numbers = columns.size() - 1;
  using Value = std::optional<std::int64_t>;
  TARN_ASSIGN_OR_RETURN(columns[ids],
                        filled(*columns[ids], rows.origins, [&](const RowOrigin& origin) -> Value {
                          const Value& first = files[origin.source].data->file.first_row_id;
                          return first ? Value(*first + origin.position) : Value();
                        }));
  TARN_ASSIGN_OR_RETURN(columns[numbers],
                        filled(*columns[numbers], rows.origins, [&](const RowOrigin& origin) -> Value {
                          return files[origin.source].data->sequence_number;
                        }));
  return arrow::RecordBatch::Make(rows.batch->schema(), rows.batch->num_rows(), std::move(columns));
}

}  // namespace tarn::table
