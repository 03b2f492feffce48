#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"

/// What is used of Arrow's compute library; it is initialised at the first call. Any thread.
namespace tarn::table {

/// Errors when a value would change.
Result<std::shared_ptr<arrow::Array>> cast_array(const std::shared_ptr<arrow::Array>& array,
                                                 const std::shared_ptr<arrow::DataType>& type);
/// The rows of these numbers, in their order. Requires numbers within the batch.
Result<std::shared_ptr<arrow::RecordBatch>> take_rows(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                      std::span<const std::uint32_t> rows);

}  // namespace tarn::table
