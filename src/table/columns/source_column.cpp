#include "table/columns/source_column.h"

#include <arrow/api.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "table/columns/arrow_result.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

using iceberg::NestedField;

Result<std::optional<SourceColumn>> find_source(const arrow::ArrayVector& columns,
                                                std::span<const NestedField> fields, std::int32_t field_id) {
  const std::size_t count = std::min(columns.size(), fields.size());
  for (std::size_t i = 0; i < count; ++i)
    if (fields[i].id == field_id) return std::optional(SourceColumn{columns[i], &fields[i]});
  for (std::size_t i = 0; i < count; ++i) {
    if (fields[i].type.id() != iceberg::TypeId::kStruct || columns[i]->type_id() != arrow::Type::STRUCT)
      continue;
    // Flattening hands the parent's nulls down.
    TARN_ARROW_ASSIGN_OR_RETURN(const auto children,
                                static_cast<const arrow::StructArray&>(*columns[i]).Flatten());
    TARN_ASSIGN_OR_RETURN(auto found, find_source(children, fields[i].type.fields(), field_id));
    if (found) return found;
  }
  return std::optional<SourceColumn>();
}

}  // namespace

Result<SourceColumn> source_column(const arrow::RecordBatch& batch, const iceberg::Schema& schema,
                                   std::int32_t field_id) {
  TARN_ASSIGN_OR_RETURN(auto found, find_source(batch.columns(), schema.fields(), field_id));
  if (!found)
    return Error(kBatchMismatch, "the rows lack the column of field id " + std::to_string(field_id));
  return *std::move(found);
}

}  // namespace tarn::table
