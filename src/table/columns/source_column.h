#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"

namespace tarn::table {

/// A column of a batch and its field.
struct SourceColumn {
  std::shared_ptr<arrow::Array> array;
  const iceberg::NestedField* field = nullptr;  ///< In the schema that was asked.
};

/// The column of a field id, also within structs. The batch has the columns of to_arrow_schema(schema).
/// Errors: table.batch_mismatch. Inside of `table` only.
Result<SourceColumn> source_column(const arrow::RecordBatch& batch, const iceberg::Schema& schema,
                                   std::int32_t field_id);

}  // namespace tarn::table
