#include "ingest/column_append.h"

#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

namespace tarn::ingest {
namespace {

template <typename Builder, typename Value>
arrow::Status append_as(arrow::ArrayBuilder& builder, Value value) {
  return static_cast<Builder&>(builder).Append(static_cast<typename Builder::value_type>(value));
}

arrow::Status append_decimal(arrow::ArrayBuilder& builder, const Cell& cell) {
  return static_cast<arrow::Decimal128Builder&>(builder).Append(arrow::Decimal128(
      static_cast<std::int64_t>(cell.decimal >> 64), static_cast<std::uint64_t>(cell.decimal)));
}

arrow::Status append_list(arrow::ArrayBuilder& builder, const Cell& cell, const std::vector<Cell>& elements) {
  auto& list = static_cast<arrow::ListBuilder&>(builder);
  ARROW_RETURN_NOT_OK(list.Append());
  arrow::ArrayBuilder& values = *list.value_builder();
  const arrow::Type::type value_type = values.type()->id();
  if (value_type != arrow::Type::STRUCT) {
    for (std::uint32_t i = 0; i < cell.count; ++i)
      ARROW_RETURN_NOT_OK(append_cell(values, value_type, elements[cell.first + i], elements));
    return arrow::Status::OK();
  }
  auto& record = static_cast<arrow::StructBuilder&>(values);
  std::size_t next = cell.first;
  for (std::uint32_t i = 0; i < cell.count; ++i) {
    ARROW_RETURN_NOT_OK(record.Append());
    for (int member = 0; member < record.num_fields(); ++member) {
      arrow::ArrayBuilder& field = *record.field_builder(member);
      ARROW_RETURN_NOT_OK(append_cell(field, field.type()->id(), elements[next++], elements));
    }
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status append_cell(arrow::ArrayBuilder& builder, arrow::Type::type type, const Cell& cell,
                          const std::vector<Cell>& elements) {
  if (cell.is_null) return builder.AppendNull();
  switch (type) {
    case arrow::Type::BOOL:
      return static_cast<arrow::BooleanBuilder&>(builder).Append(cell.integer != 0);
    case arrow::Type::INT32:
      return append_as<arrow::Int32Builder>(builder, cell.integer);
    case arrow::Type::INT64:
      return append_as<arrow::Int64Builder>(builder, cell.integer);
    case arrow::Type::DATE32:
      return append_as<arrow::Date32Builder>(builder, cell.integer);
    case arrow::Type::TIME64:
      return append_as<arrow::Time64Builder>(builder, cell.integer);
    case arrow::Type::TIMESTAMP:
      return append_as<arrow::TimestampBuilder>(builder, cell.integer);
    case arrow::Type::DOUBLE:
      return append_as<arrow::DoubleBuilder>(builder, cell.number);
    case arrow::Type::STRING:
      return static_cast<arrow::StringBuilder&>(builder).Append(cell.text);
    case arrow::Type::BINARY:
      return static_cast<arrow::BinaryBuilder&>(builder).Append(cell.text);
    case arrow::Type::FIXED_SIZE_BINARY:
      return static_cast<arrow::FixedSizeBinaryBuilder&>(builder).Append(cell.text);
    case arrow::Type::DECIMAL128:
      return append_decimal(builder, cell);
    case arrow::Type::LIST:
      return append_list(builder, cell, elements);
    default:
      return arrow::Status::NotImplemented("a column of type ", builder.type()->ToString());
  }
}

}  // namespace tarn::ingest
