#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/database.h"

namespace tarn::engine {
namespace {

class ArrowExport : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = std::move(Database::open({.memory_limit_bytes = 256 << 20, .threads = 1})).value();
    connection_ = std::move(database_->connect()).value();
  }

  /// What a statement answers, by the types that it told before it ran.
  std::shared_ptr<arrow::Table> read(const std::string& sql) {
    Statement statement = std::move(connection_->prepare(sql)).value();
    ArrowSchema c_schema{};
    EXPECT_TRUE(statement.describe_arrow(c_schema).value());
    const auto promised = arrow::ImportSchema(&c_schema).ValueOrDie();
    ResultSet rows = std::move(statement.execute()).value();
    EXPECT_TRUE(rows.describe_arrow(c_schema).ok());
    const auto schema = arrow::ImportSchema(&c_schema).ValueOrDie();
    EXPECT_TRUE(schema->Equals(*promised)) << schema->ToString() << "\n" << promised->ToString();
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    ArrowArray array{};
    while (rows.next_arrow(array).value())
      batches.push_back(arrow::ImportRecordBatch(&array, schema).ValueOrDie());
    const auto table = arrow::Table::FromRecordBatches(schema, batches).ValueOrDie();
    EXPECT_TRUE(table->ValidateFull().ok());
    return table;
  }

  std::string type_of(const std::string& expression) {
    return read("SELECT " + expression + " AS x")->schema()->field(0)->type()->ToString();
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ArrowExport, TypesAreWhatClientsKnow) {
  EXPECT_EQ(type_of("1::INTEGER"), "int32");
  EXPECT_EQ(type_of("1::BIGINT"), "int64");
  EXPECT_EQ(type_of("sum(1::BIGINT)"), "decimal128(38, 0)");
  EXPECT_EQ(type_of("1.5::DECIMAL(12,2)"), "decimal128(12, 2)");
  EXPECT_EQ(type_of("true"), "bool");
  EXPECT_EQ(type_of("'x'"), "string");
  EXPECT_EQ(type_of("'x'::BLOB"), "binary");
  EXPECT_EQ(type_of("uuid()"), "string");
  EXPECT_EQ(type_of("DATE '2024-02-29'"), "date32[day]");
  EXPECT_EQ(type_of("TIME '10:00:00'"), "time64[us]");
  EXPECT_EQ(type_of("TIMESTAMP '2024-02-29 10:00:00'"), "timestamp[us]");
  EXPECT_EQ(type_of("TIMESTAMPTZ '2024-02-29 10:00:00+02'"), "timestamp[us, tz=UTC]");
  EXPECT_EQ(type_of("INTERVAL 1 DAY"), "month_day_nano_interval");
  EXPECT_EQ(type_of("[1, 2]"), "list<l: int32>");
  EXPECT_EQ(type_of("{'a': 1, 'b': 'x'}"), "struct<a: int32, b: string>");
}

TEST_F(ArrowExport, RowsComeInOrderWithTheirNulls) {
  const auto table =
      read("SELECT CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS i, 't' || i AS t FROM range(10000) r(i)");
  ASSERT_EQ(table->num_rows(), 10000);
  EXPECT_EQ(table->column(0)->null_count(), 3334);
  EXPECT_EQ(table->column(0)->GetScalar(7).ValueOrDie()->ToString(), "7");
  EXPECT_EQ(table->column(1)->GetScalar(9999).ValueOrDie()->ToString(), "t9999");
}

TEST_F(ArrowExport, UnknownTypesAreToldApart) {
  const Statement statement = std::move(connection_->prepare("SELECT $1 AS x")).value();
  ArrowSchema schema{};
  EXPECT_FALSE(statement.describe_arrow(schema).value());
}

TEST_F(ArrowExport, ErrorsBetweenRowsAreTold) {
  ResultSet rows =
      std::move(connection_->query("SELECT CASE WHEN i > 4000000 THEN error('late') ELSE 'x' END "
                                   "FROM range(5000000) r(i)"))
          .value();
  ArrowArray array{};
  Result<bool> more = true;
  while (more.ok() && *more) {
    more = rows.next_arrow(array);
    if (more.ok() && *more) array.release(&array);
  }
  EXPECT_FALSE(more.ok());
}

}  // namespace
}  // namespace tarn::engine
