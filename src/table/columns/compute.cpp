#include "table/columns/compute.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>

#include <string>

#include "table/columns/arrow_result.h"

namespace tarn::table {
namespace {

Status initialise() {
  static const arrow::Status status = arrow::compute::Initialize();
  if (!status.ok()) return arrow_error(status);
  return ok_status();
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> cast_array(const std::shared_ptr<arrow::Array>& array,
                                                 const std::shared_ptr<arrow::DataType>& type) {
  TARN_RETURN_IF_ERROR(initialise());
  auto cast = arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe());
  if (!cast.ok()) return arrow_error(cast.status(), kBatchMismatch);
  return std::move(cast).ValueUnsafe();
}

Result<std::shared_ptr<arrow::RecordBatch>> take_rows(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                      std::span<const std::uint32_t> rows) {
  TARN_RETURN_IF_ERROR(initialise());
  const auto count = static_cast<std::int64_t>(rows.size());
  const auto indices =
      std::make_shared<arrow::UInt32Array>(count, arrow::Buffer::Wrap(rows.data(), rows.size()));
  std::vector<std::shared_ptr<arrow::Array>> columns;
  columns.reserve(static_cast<std::size_t>(batch->num_columns()));
  for (const auto& column : batch->columns()) {
    TARN_ARROW_ASSIGN_OR_RETURN(
        auto taken, arrow::compute::Take(*column, *indices, arrow::compute::TakeOptions::NoBoundsCheck()));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(batch->schema(), count, std::move(columns));
}

}  // namespace tarn::table
