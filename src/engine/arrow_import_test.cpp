#include "engine/arrow_import.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/database.h"

namespace tarn::engine {
namespace {

class ArrowImports : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = std::move(Database::open({.memory_limit_bytes = 256 << 20, .threads = 1})).value();
    connection_ = std::move(database_->connect()).value();
  }

  std::string load(const arrow::RecordBatch& batch, std::int64_t step = ArrowImport::kMostRows) {
    ArrowSchema columns{};
    EXPECT_TRUE(arrow::ExportSchema(*batch.schema(), &columns).ok());
    auto import = ArrowImport::open(*connection_, {"main", "loaded"}, columns, batch.schema()->field_names());
    columns.release(&columns);
    if (!import.ok()) return std::string(import.error().name());
    std::int64_t at = 0;
    do {
      ArrowArray part{};
      EXPECT_TRUE(arrow::ExportRecordBatch(*batch.Slice(at, step), &part).ok());
      if (const Status added = import->add(part); !added.ok()) return std::string(added.error().name());
      at += step;
    } while (at < batch.num_rows());
    const Status closed = import->close();
    return closed.ok() ? "ok" : std::string(closed.error().name());
  }

  std::string load(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
    const auto array = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
    return load(*arrow::RecordBatch::Make(arrow::schema({arrow::field("x", type)}), array->length(), {array}),
                2);
  }

  /// The rows and the type of what was loaded.
  std::string loaded(const std::string& of = "list(x)::VARCHAR || ' ' || any_value(typeof(x))") {
    ResultSet rows = std::move(connection_->query("SELECT " + of + " FROM loaded")).value();
    return read_texts(rows).value().at(0).at(0).value_or("NULL");
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ArrowImports, KeepsValuesAndTypes) {
  struct Case {
    std::shared_ptr<arrow::DataType> type;
    std::string json;
    std::string loaded;
  };
  const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const std::vector<Case> cases = {
      {arrow::int8(), "[1, null, -3, 4, 5]", "[1, NULL, -3, 4, 5] TINYINT"},
      {arrow::int64(), "[9007199254740993]", "[9007199254740993] BIGINT"},
      {arrow::boolean(), "[true, null, false]", "[true, NULL, false] BOOLEAN"},
      {arrow::float64(), "[1.5, null]", "[1.5, NULL] DOUBLE"},
      {arrow::utf8(), R"(["a", "ö", null, "", "longer than twelve bytes"])",
       "[a, ö, NULL, '', longer than twelve bytes] VARCHAR"},
      {arrow::large_utf8(), R"(["a", "b", "c"])", "[a, b, c] VARCHAR"},
      {arrow::utf8_view(), R"(["a", "much longer than twelve", null])",
       "[a, much longer than twelve, NULL] VARCHAR"},
      {arrow::binary(), R"(["ab", null])", "[ab, NULL] BLOB"},
      {arrow::date32(), "[19782, null]", "[2024-02-29, NULL] DATE"},
      {arrow::decimal128(12, 2), R"(["12.50", null, "-0.01"])", "[12.50, NULL, -0.01] DECIMAL(12,2)"},
      {arrow::timestamp(arrow::TimeUnit::MILLI), "[0, 1500]",
       "['1970-01-01 00:00:00', '1970-01-01 00:00:01.5'] TIMESTAMP_MS"},
      {utc, "[0]", "['1970-01-01 00:00:00+00'] TIMESTAMP WITH TIME ZONE"},
      {arrow::list(arrow::int32()), "[[1, null], [], null, [4], [5, 6]]",
       "[[1, NULL], [], NULL, [4], [5, 6]] INTEGER[]"},
      {arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())}),
       R"([{"a": 1, "b": "x"}, null, {"a": 3, "b": null}])",
       "[{'a': 1, 'b': x}, NULL, {'a': 3, 'b': NULL}] STRUCT(a INTEGER, b VARCHAR)"},
      {arrow::list(arrow::struct_({arrow::field("a", arrow::utf8())})),
       R"([[{"a": "p"}, {"a": "q"}], null, [{"a": "r"}]])",
       "[[{'a': p}, {'a': q}], NULL, [{'a': r}]] STRUCT(a VARCHAR)[]"},
      {arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", "y", null, "x"])",
       "[x, y, NULL, x] VARCHAR"},
      {arrow::null(), "[null, null]", "[NULL, NULL] VARCHAR"},
  };
  ASSERT_TRUE(connection_->run("SET TimeZone = 'UTC'").ok());
  for (const Case& one : cases) {
    EXPECT_EQ(load(one.type, one.json), "ok") << one.type->ToString();
    EXPECT_EQ(loaded(), one.loaded) << one.type->ToString();
  }
}

TEST_F(ArrowImports, ManyRowsAndNone) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(numbers.Append(i).ok());
    ASSERT_TRUE((i % 7 == 0 ? texts.AppendNull() : texts.Append("row number " + std::to_string(i))).ok());
  }
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t \"x\"", arrow::utf8())}), 10'000,
      {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  EXPECT_EQ(load(*batch), "ok");
  EXPECT_EQ(loaded("count(*) || ' ' || sum(n) || ' ' || count(\"t \"\"x\"\"\") || ' ' || "
                   "count(*) FILTER (\"t \"\"x\"\"\" = 'row number ' || n)"),
            "10000 49995000 8571 8571");
  EXPECT_EQ(load(*batch->Slice(0, 0)), "ok");
  EXPECT_EQ(loaded("count(*)"), "0") << "in the place of the other";
}

TEST_F(ArrowImports, WhatTheEngineLacksIsRefused) {
  const auto field = [](const char* name) { return arrow::field(name, arrow::int32()); };
  const auto array = arrow::json::ArrayFromJSONString(arrow::int32(), "[1]").ValueOrDie();
  EXPECT_NE(load(*arrow::RecordBatch::Make(arrow::schema({field("a"), field("A")}), 1, {array, array})),
            "ok");
  EXPECT_NE(load(arrow::decimal256(60, 2), R"(["1.00"])"), "ok");
}

}  // namespace
}  // namespace tarn::engine
