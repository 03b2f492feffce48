#include "flight/statements/parameters.h"

#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "flight/arrow_status.h"
#include "flight/errors.h"
#include "query/lexer.h"
#include "query/rewrite.h"

namespace tarn::flight {
namespace {

using arrow::Type;

/// What SQL calls the type; empty for those that cannot be bound.
std::string sql_type_of(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
      return "BOOLEAN";
    case Type::INT8:
      return "TINYINT";
    case Type::INT16:
      return "SMALLINT";
    case Type::INT32:
      return "INTEGER";
    case Type::INT64:
      return "BIGINT";
    case Type::UINT8:
      return "UTINYINT";
    case Type::UINT16:
      return "USMALLINT";
    case Type::UINT32:
      return "UINTEGER";
    case Type::UINT64:
      return "UBIGINT";
    case Type::FLOAT:
      return "FLOAT";
    case Type::DOUBLE:
      return "DOUBLE";
    case Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return decimal.scale() < 0 ? "" : fmt::format("DECIMAL({},{})", decimal.precision(), decimal.scale());
    }
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return "VARCHAR";
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return "BLOB";
    case Type::DATE32:
    case Type::DATE64:
      return "DATE";
    case Type::TIME32:
    case Type::TIME64:
      return "TIME";
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? "TIMESTAMP" : "TIMESTAMPTZ";
    default:
      return "";
  }
}

template <typename Number>
Result<engine::ParameterValue> whole(const arrow::Scalar& scalar) {
  const auto value = static_cast<const Number&>(scalar).value;
  if (std::in_range<std::int64_t>(value)) return engine::ParameterValue(static_cast<std::int64_t>(value));
  return engine::ParameterValue(std::to_string(value));
}

/// A timestamp, time or date as SQL writes it.
Result<engine::ParameterValue> temporal(const arrow::Scalar& scalar) {
  if (scalar.type->id() != Type::TIMESTAMP) return engine::ParameterValue(scalar.ToString());
  const auto& type = static_cast<const arrow::TimestampType&>(*scalar.type);
  const arrow::TimestampScalar plain(static_cast<const arrow::TimestampScalar&>(scalar).value,
                                     arrow::timestamp(type.unit()));
  return engine::ParameterValue(plain.ToString() + (type.timezone().empty() ? "" : "+00"));
}

Result<engine::ParameterValue> value_of(const arrow::Scalar& scalar) {
  switch (scalar.type->id()) {
    case Type::BOOL:
      return engine::ParameterValue(static_cast<const arrow::BooleanScalar&>(scalar).value);
    case Type::INT8:
      return whole<arrow::Int8Scalar>(scalar);
    case Type::INT16:
      return whole<arrow::Int16Scalar>(scalar);
    case Type::INT32:
      return whole<arrow::Int32Scalar>(scalar);
    case Type::INT64:
      return whole<arrow::Int64Scalar>(scalar);
    case Type::UINT8:
      return whole<arrow::UInt8Scalar>(scalar);
    case Type::UINT16:
      return whole<arrow::UInt16Scalar>(scalar);
    case Type::UINT32:
      return whole<arrow::UInt32Scalar>(scalar);
    case Type::UINT64:
      return whole<arrow::UInt64Scalar>(scalar);
    case Type::FLOAT:
      return engine::ParameterValue(
          static_cast<double>(static_cast<const arrow::FloatScalar&>(scalar).value));
    case Type::DOUBLE:
      return engine::ParameterValue(static_cast<const arrow::DoubleScalar&>(scalar).value);
    case Type::DECIMAL128: {
      const auto& type = static_cast<const arrow::DecimalType&>(*scalar.type);
      return engine::ParameterValue(
          static_cast<const arrow::Decimal128Scalar&>(scalar).value.ToString(type.scale()));
    }
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return engine::ParameterValue(std::string(static_cast<const arrow::BaseBinaryScalar&>(scalar).view()));
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return engine::ParameterValue(
          engine::BinaryValue{std::string(static_cast<const arrow::BaseBinaryScalar&>(scalar).view())});
    default:
      return temporal(scalar);
  }
}

Result<BoundValue> read_value(const arrow::Array& column, std::int64_t row) {
  TARN_FLIGHT_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Scalar> scalar, column.GetScalar(row));
  if (scalar->type->id() == Type::DICTIONARY) {
    TARN_FLIGHT_ASSIGN_OR_RETURN(scalar,
                                 static_cast<const arrow::DictionaryScalar&>(*scalar).GetEncodedValue());
  }
  BoundValue bound{.sql_type = sql_type_of(*scalar->type)};
  if (bound.sql_type.empty() && scalar->type->id() != Type::NA) {
    return Error(kBadParameter, fmt::format("a value of type {} cannot be bound", scalar->type->ToString()))
        .with_hint("bind text and cast it");
  }
  if (scalar->is_valid) {
    TARN_ASSIGN_OR_RETURN(bound.value, value_of(*scalar));
  }
  return bound;
}

}  // namespace

Result<std::vector<std::vector<BoundValue>>> read_rows(const arrow::RecordBatch& batch) {
  // What comes over the wire may say anything of itself.
  if (const arrow::Status valid = batch.ValidateFull(); !valid.ok())
    return Error(kBadParameter, "the values are malformed");
  std::vector<std::vector<BoundValue>> rows(static_cast<std::size_t>(batch.num_rows()));
  for (int i = 0; i < batch.num_columns(); ++i) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      Result<BoundValue> value = read_value(*batch.column(i), static_cast<std::int64_t>(row));
      if (!value.ok())
        return std::move(value).error().with_context(fmt::format("reading the parameter {}", i + 1));
      rows[row].push_back(std::move(*value));
    }
  }
  return rows;
}

std::string declare(std::string_view sql, const std::vector<std::string>& types) {
  query::Rewrite rewrite(sql);
  std::size_t marks = 0;
  for (const query::Token& token : query::tokenize(sql)) {
    std::size_t number = 0;
    const std::string_view text = token.in(sql);
    if (query::is_symbol(token, sql, "?")) {
      number = ++marks;
    } else if (token.kind == query::TokenKind::kParameter) {
      std::from_chars(text.data() + 1, text.data() + text.size(), number);
    }
    if (number < 1 || number > types.size() || types[number - 1].empty()) continue;
    rewrite.replace(token.begin, token.end, fmt::format("({}::{})", text, types[number - 1]));
  }
  return rewrite.finish();
}

std::shared_ptr<arrow::DataType> parameter_type(const engine::ColumnType& type) {
  using engine::TypeId;
  switch (type.id) {
    case TypeId::kBoolean:
      return arrow::boolean();
    case TypeId::kInt8:
      return arrow::int8();
    case TypeId::kInt16:
      return arrow::int16();
    case TypeId::kInt32:
      return arrow::int32();
    case TypeId::kInt64:
      return arrow::int64();
    case TypeId::kUint8:
      return arrow::uint8();
    case TypeId::kUint16:
      return arrow::uint16();
    case TypeId::kUint32:
      return arrow::uint32();
    case TypeId::kUint64:
      return arrow::uint64();
    case TypeId::kInt128:
    case TypeId::kUint128:
      return arrow::decimal128(38, 0);
    case TypeId::kFloat:
      return arrow::float32();
    case TypeId::kDouble:
      return arrow::float64();
    case TypeId::kDecimal:
      return arrow::decimal128(type.width, type.scale);
    case TypeId::kDate:
      return arrow::date32();
    case TypeId::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeId::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeId::kTimestampTz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeId::kBinary:
      return arrow::binary();
    default:
      return arrow::utf8();
  }
}

}  // namespace tarn::flight
