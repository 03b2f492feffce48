#pragma once

#include <arrow/api.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "table/arrow_schema.h"
#include "table/testing/table.h"

namespace tarn::table::testing {

using Rng = std::mt19937_64;

/// Any number of either sign whose magnitude is below a limit.
inline std::int64_t random_number(Rng& rng, std::int64_t limit) {
  const std::int64_t magnitude = static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(limit));
  return rng() % 2 == 0 ? magnitude : -magnitude;
}

/// Up to 23 pieces of text of one to four bytes.
inline std::string random_text(Rng& rng) {
  static const std::vector<std::string> kPieces{"a", "B", "é", "漢", "😀", "z", "%", "/", " ", "0"};
  std::string value;
  for (std::uint64_t i = rng() % 24; i > 0; --i) value += kPieces[rng() % kPieces.size()];
  return value;
}

inline std::string random_bytes(Rng& rng, std::size_t size) {
  std::string value(size, '\0');
  for (char& c : value) c = static_cast<char>(rng());
  return value;
}

/// Appends a value of a type; every third row gets a small number, so that values repeat.
inline arrow::Status append_random_value(const arrow::DataType& type, std::int64_t row, Rng& rng,
                                         arrow::ArrayBuilder& builder) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return static_cast<arrow::BooleanBuilder&>(builder).Append(rng() % 2 == 0);
    case arrow::Type::INT32:
      return static_cast<arrow::Int32Builder&>(builder).Append(
          static_cast<std::int32_t>(random_number(rng, row % 3 == 0 ? 50 : 2'000'000'000)));
    case arrow::Type::INT64:
      return static_cast<arrow::Int64Builder&>(builder).Append(
          random_number(rng, row % 3 == 0 ? 50 : INT64_MAX));
    case arrow::Type::FLOAT:
      return static_cast<arrow::FloatBuilder&>(builder).Append(static_cast<float>(random_number(rng, 1000)) /
                                                               8);
    case arrow::Type::DOUBLE:
      return static_cast<arrow::DoubleBuilder&>(builder).Append(
          static_cast<double>(random_number(rng, 1'000'000)) / 8);
    case arrow::Type::DATE32:
      return static_cast<arrow::Date32Builder&>(builder).Append(
          static_cast<std::int32_t>(random_number(rng, 40'000)));
    case arrow::Type::TIME64:
      return static_cast<arrow::Time64Builder&>(builder).Append(std::abs(random_number(rng, 86'400'000'000)));
    case arrow::Type::TIMESTAMP:
      return static_cast<arrow::TimestampBuilder&>(builder).Append(random_number(rng, 4'000'000'000'000'000));
    case arrow::Type::DECIMAL128: {
      const auto precision = static_cast<const arrow::Decimal128Type&>(type).precision();
      arrow::Decimal128 value(random_number(rng, precision >= 18 ? INT64_MAX / 10 : 99));
      if (precision > 30) value *= arrow::Decimal128(1'000'000'007);
      return static_cast<arrow::Decimal128Builder&>(builder).Append(value);
    }
    case arrow::Type::STRING:
      return static_cast<arrow::StringBuilder&>(builder).Append(random_text(rng));
    case arrow::Type::BINARY:
      return static_cast<arrow::BinaryBuilder&>(builder).Append(random_bytes(rng, rng() % 24));
    default: {
      const auto width =
          static_cast<std::size_t>(static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width());
      return static_cast<arrow::FixedSizeBinaryBuilder&>(builder).Append(random_bytes(rng, width));
    }
  }
}

/// Values of a type, now and then null, of all kinds: negative, zero, extreme, empty, long.
inline std::shared_ptr<arrow::Array> random_array(const std::shared_ptr<arrow::DataType>& type,
                                                  std::int64_t rows, double null_share, Rng& rng) {
  std::unique_ptr<arrow::ArrayBuilder> builder = std::move(arrow::MakeBuilder(type)).ValueOrDie();
  std::uniform_real_distribution<double> chance(0, 1);
  for (std::int64_t row = 0; row < rows; ++row) {
    const arrow::Status status =
        chance(rng) < null_share ? builder->AppendNull() : append_random_value(*type, row, rng, *builder);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  return builder->Finish().ValueOrDie();
}

/// Rows of a schema of primitive types.
inline std::shared_ptr<arrow::RecordBatch> random_batch(const iceberg::Schema& schema, std::int64_t rows,
                                                        Rng& rng) {
  const auto arrow_schema = must(to_arrow_schema(schema));
  arrow::ArrayVector columns;
  for (const auto& field : arrow_schema->fields())
    columns.push_back(random_array(field->type(), rows, field->nullable() ? 0.1 : 0.0, rng));
  return arrow::RecordBatch::Make(arrow_schema, rows, columns);
}

/// One text a row, sorted: equal for equal multisets of rows.
inline std::vector<std::string> row_texts(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
  std::vector<std::string> texts;
  for (const auto& batch : batches) {
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      std::string text;
      for (const auto& column : batch->columns()) {
        const auto scalar = column->GetScalar(row).ValueOrDie();
        text += scalar->is_valid ? scalar->ToString() : "null";
        text += " | ";
      }
      texts.push_back(std::move(text));
    }
  }
  std::ranges::sort(texts);
  return texts;
}

/// Every primitive type, column ids from 1.
inline iceberg::Schema all_types() {
  using iceberg::Type;
  return must(iceberg::Schema::make({.fields = {
                                         {.id = 1, .name = "id", .required = true, .type = Type::int64()},
                                         {.id = 2, .name = "flag", .type = Type::boolean()},
                                         {.id = 3, .name = "small", .type = Type::int32()},
                                         {.id = 4, .name = "ratio", .type = Type::float32()},
                                         {.id = 5, .name = "value", .type = Type::float64()},
                                         {.id = 6, .name = "price", .type = Type::decimal(7, 2)},
                                         {.id = 7, .name = "amount", .type = Type::decimal(18, 4)},
                                         {.id = 8, .name = "huge", .type = Type::decimal(38, 6)},
                                         {.id = 9, .name = "day", .type = Type::date()},
                                         {.id = 10, .name = "at", .type = Type::time()},
                                         {.id = 11, .name = "local", .type = Type::timestamp()},
                                         {.id = 12, .name = "instant", .type = Type::timestamptz()},
                                         {.id = 13, .name = "name", .type = Type::string()},
                                         {.id = 14, .name = "token", .type = Type::uuid()},
                                         {.id = 15, .name = "code", .type = Type::fixed(5)},
                                         {.id = 16, .name = "raw", .type = Type::binary()},
                                     }}));
}

}  // namespace tarn::table::testing
