#include "flight/metadata/answer.h"

#include <arrow/array/array_nested.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "flight/arrow_status.h"

namespace tarn::flight {
namespace {

arrow::Status append(arrow::ArrayBuilder& builder, const AnswerCell& cell) {
  if (const auto* truth = std::get_if<bool>(&cell))
    return static_cast<arrow::BooleanBuilder&>(builder).Append(*truth);
  if (const auto* number = std::get_if<std::int32_t>(&cell))
    return static_cast<arrow::Int32Builder&>(builder).Append(*number);
  // StringBuilder is a BinaryBuilder.
  if (const auto* text = std::get_if<std::string>(&cell))
    return static_cast<arrow::BinaryBuilder&>(builder).Append(*text);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&cell)) {
    auto& list = static_cast<arrow::ListBuilder&>(builder);
    ARROW_RETURN_NOT_OK(list.Append());
    return static_cast<arrow::StringBuilder&>(*list.value_builder()).AppendValues(*texts);
  }
  return builder.AppendNull();
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> to_table(const std::shared_ptr<arrow::Schema>& schema,
                                               const std::vector<AnswerRow>& rows) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    TARN_FLIGHT_ASSIGN_OR_RETURN(const auto builder, arrow::MakeBuilder(schema->field(i)->type()));
    for (const AnswerRow& row : rows)
      TARN_FLIGHT_RETURN_IF_ERROR(append(*builder, row.at(static_cast<std::size_t>(i))));
    TARN_FLIGHT_ASSIGN_OR_RETURN(auto column, builder->Finish());
    columns.push_back(std::move(column));
  }
  return arrow::Table::Make(schema, columns, static_cast<std::int64_t>(rows.size()));
}

}  // namespace tarn::flight
