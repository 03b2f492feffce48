#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"

/// Columns as a schema wants them. Inside of `table` only.
namespace tarn::table {

/// The id in the metadata `PARQUET:field_id`.
std::optional<std::int32_t> field_id_of(const arrow::Field& field);

std::shared_ptr<arrow::Field> with_field_id(const std::shared_ptr<arrow::Field>& field, std::int32_t id);

/// The index of the column that is `field`: by id; by name among those without an id; -1 when there is none.
int find_child(const arrow::FieldVector& fields, const iceberg::NestedField& field);

/// `array` as the type of `field`, widened where Iceberg allows it, children found by id. Errors:
/// table.batch_mismatch.
Result<std::shared_ptr<arrow::Array>> conform_array(const std::shared_ptr<arrow::Array>& array,
                                                    const iceberg::NestedField& field);

/// A column that a file lacks: null, or the field's initial default.
Result<std::shared_ptr<arrow::Array>> missing_column(const iceberg::NestedField& field, std::int64_t rows);

/// `array` under another type of the same layout (names, nullability, arrow.uuid in place of its bytes).
/// Requires that the types have the same shape.
std::shared_ptr<arrow::Array> retype(const std::shared_ptr<arrow::Array>& array,
                                     const std::shared_ptr<arrow::DataType>& type);

}  // namespace tarn::table
