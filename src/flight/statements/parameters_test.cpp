#include "flight/statements/parameters.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "flight/errors.h"

namespace tarn::flight {
namespace {

std::shared_ptr<arrow::RecordBatch> batch(const std::shared_ptr<arrow::DataType>& type,
                                          const std::string& json) {
  const auto column = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("a", type)}), column->length(), {column});
}

std::string shown(const BoundValue& value) {
  const auto text = [](const auto& held) -> std::string {
    using Held = std::decay_t<decltype(held)>;
    if constexpr (std::is_same_v<Held, std::monostate>) return "NULL";
    if constexpr (std::is_same_v<Held, bool>) return held ? "true" : "false";
    if constexpr (std::is_same_v<Held, std::string>) return "'" + held + "'";
    if constexpr (std::is_same_v<Held, engine::BinaryValue>) return "x" + held.bytes;
    if constexpr (std::is_arithmetic_v<Held> && !std::is_same_v<Held, bool>) return std::to_string(held);
  };
  return value.sql_type + " " + std::visit(text, value.value);
}

/// "TYPE value" of each row, with commas, or the error's code.
std::string bound(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  const Result<std::vector<std::vector<BoundValue>>> rows = read_rows(*batch(type, json));
  if (!rows.ok()) return std::string(rows.error().name());
  std::string all;
  for (const std::vector<BoundValue>& row : *rows) all += (all.empty() ? "" : ", ") + shown(row.at(0));
  return all;
}

TEST(Parameters, ValuesKeepTheirTypes) {
  EXPECT_EQ(bound(arrow::int8(), "[-5]"), "TINYINT -5");
  EXPECT_EQ(bound(arrow::int64(), "[null]"), "BIGINT NULL");
  EXPECT_EQ(bound(arrow::null(), "[null]"), " NULL");
  EXPECT_EQ(bound(arrow::uint64(), "[18446744073709551615]"), "UBIGINT '18446744073709551615'");
  EXPECT_EQ(bound(arrow::boolean(), "[true]"), "BOOLEAN true");
  EXPECT_EQ(bound(arrow::large_utf8(), "[\"ö\"]"), "VARCHAR 'ö'");
  EXPECT_EQ(bound(arrow::binary(), "[\"ab\"]"), "BLOB xab");
  EXPECT_EQ(bound(arrow::decimal128(12, 2), "[\"12.50\"]"), "DECIMAL(12,2) '12.50'");
  EXPECT_EQ(bound(arrow::date32(), "[19782]"), "DATE '2024-02-29'");
  EXPECT_EQ(bound(arrow::time64(arrow::TimeUnit::MICRO), "[3661000001]"), "TIME '01:01:01.000001'");
  EXPECT_EQ(bound(arrow::timestamp(arrow::TimeUnit::SECOND), "[0]"), "TIMESTAMP '1970-01-01 00:00:00'");
  EXPECT_EQ(bound(arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Berlin"), "[0]"),
            "TIMESTAMPTZ '1970-01-01 00:00:00+00'");
  EXPECT_EQ(bound(arrow::dictionary(arrow::int8(), arrow::utf8()), "[\"x\"]"), "VARCHAR 'x'");
  EXPECT_EQ(bound(arrow::int32(), "[]"), "");
  EXPECT_EQ(bound(arrow::int32(), "[1, null]"), "INTEGER 1, INTEGER NULL");
}

TEST(Parameters, WhatCannotBeBoundIsRefused) {
  EXPECT_EQ(bound(arrow::list(arrow::int32()), "[[1]]"), "flight.bad_parameter");
  const auto lying =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("a", arrow::utf8())}), 1,
                               {arrow::MakeArray(arrow::ArrayData::Make(
                                   arrow::utf8(), 1,
                                   {nullptr, arrow::Buffer::FromString(std::string("\0\0\0\0\xFF\0\0\0", 8)),
                                    arrow::Buffer::FromString("x")}))});
  EXPECT_EQ(&read_rows(*lying).error().code(), &kBadParameter);
}

TEST(Parameters, AreDeclaredWhereTheyStand) {
  EXPECT_EQ(declare("SELECT ?, '?', ? -- ?", {"BIGINT", ""}), "SELECT (?::BIGINT), '?', ? -- ?");
  EXPECT_EQ(declare("SELECT $2+$1,\"$1\"", {"DATE", "TIME"}), "SELECT ($2::TIME)+($1::DATE),\"$1\"");
  EXPECT_EQ(declare("SELECT $3, $name", {"DATE"}), "SELECT $3, $name");
}

}  // namespace
}  // namespace tarn::flight
