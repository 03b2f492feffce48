#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include <cmath>
#include <limits>

#include "iceberg/literal.h"
#include "table/columns/values.h"
#include "table/data_files.h"
#include "table/errors.h"
#include "table/reader.h"
#include "table/scan.h"
#include "table/testing/rows.h"

namespace tarn::table {
namespace {

using iceberg::Literal;
using iceberg::Type;
using testing::must;

ScanTask task_of(const iceberg::DataFile& file) {
  return {std::make_shared<const LiveFile>(LiveFile{file, 0, 1, 1}), {}};
}

std::vector<std::shared_ptr<arrow::RecordBatch>> read_file(io::ObjectStore& store,
                                                           const iceberg::DataFile& file,
                                                           const iceberg::Schema& schema) {
  Scan scan;
  scan.schema = schema;
  scan.tasks = {task_of(file)};
  return must(read_all(store, scan));
}

iceberg::DataFile write_file(io::ObjectStore& store, const iceberg::Schema& schema,
                             const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                             ParquetOptions options = {}) {
  const auto writer =
      must(ParquetWriter::open(store, {.location = "/f.parquet", .schema = schema, .options = options}));
  for (const auto& batch : batches) must(writer->write(batch));
  return must(writer->finish());
}

TEST(ParquetRoundTrip, KeepsEveryTypeInEveryShapeOfBatches) {
  testing::Rng rng(1);
  const iceberg::Schema schema = testing::all_types();
  for (const std::vector<std::int64_t>& sizes :
       {std::vector<std::int64_t>{}, {0}, {1}, {3000}, {0, 700, 0, 1, 5000}}) {
    io::MemoryObjectStore store;
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    std::int64_t rows = 0;
    for (const std::int64_t size : sizes) {
      batches.push_back(testing::random_batch(schema, size, rng));
      rows += size;
    }
    const auto file = write_file(store, schema, batches);
    EXPECT_EQ(file.record_count, rows);
    EXPECT_EQ(file.file_size_bytes, static_cast<std::int64_t>(store.stat("/f.parquet")->size_bytes));
    EXPECT_EQ(testing::row_texts(read_file(store, file, schema)), testing::row_texts(batches));
  }
}

TEST(ParquetRoundTrip, KeepsListsStructsAndMaps) {
  const iceberg::Schema schema = must(iceberg::Schema::make(
      {.fields = {{.id = 1,
                   .name = "lines",
                   .type = Type::list(
                       {.id = 2,
                        .name = "element",
                        .type = Type::structure({{.id = 3, .name = "code", .type = Type::string()},
                                                 {.id = 4, .name = "token", .type = Type::uuid()}})})},
                  {.id = 5,
                   .name = "place",
                   .type = Type::structure({{.id = 6, .name = "x", .type = Type::int32()}})},
                  {.id = 7,
                   .name = "labels",
                   .type = Type::map({.id = 8, .name = "key", .required = true, .type = Type::string()},
                                     {.id = 9, .name = "value", .type = Type::int64()})}}}));
  const auto arrow_schema = must(to_arrow_schema(schema));
  const auto builder =
      arrow::RecordBatchBuilder::Make(arrow_schema, arrow::default_memory_pool()).ValueOrDie();
  auto* lines = builder->GetFieldAs<arrow::ListBuilder>(0);
  auto* line = static_cast<arrow::StructBuilder*>(lines->value_builder());
  auto* place = builder->GetFieldAs<arrow::StructBuilder>(1);
  auto* labels = builder->GetFieldAs<arrow::MapBuilder>(2);
  for (int row = 0; row < 40; ++row) {
    if (row % 5 == 0) {
      for (int f = 0; f < 3; ++f) EXPECT_TRUE(builder->GetField(f)->AppendNull().ok());
      continue;
    }
    EXPECT_TRUE(lines->Append().ok() && labels->Append().ok() && place->Append().ok());
    EXPECT_TRUE(static_cast<arrow::Int32Builder*>(place->field_builder(0))->Append(row).ok());
    for (int i = 0; i < row % 4; ++i) {
      EXPECT_TRUE(line->Append().ok());
      EXPECT_TRUE(
          static_cast<arrow::StringBuilder*>(line->field_builder(0))->Append("c" + std::to_string(i)).ok());
      auto* token = static_cast<arrow::FixedSizeBinaryBuilder*>(line->field_builder(1));
      EXPECT_TRUE((i == 1 ? token->AppendNull() : token->Append("0123456789abcdef")).ok());
      EXPECT_TRUE(
          static_cast<arrow::StringBuilder*>(labels->key_builder())->Append("k" + std::to_string(i)).ok());
      EXPECT_TRUE(static_cast<arrow::Int64Builder*>(labels->item_builder())->Append(i).ok());
    }
  }
  const auto batch = builder->Flush().ValueOrDie();
  io::MemoryObjectStore store;
  const auto file = write_file(store, schema, {batch, batch->Slice(7, 9)});
  EXPECT_EQ(testing::row_texts(read_file(store, file, schema)),
            testing::row_texts({batch, batch->Slice(7, 9)}));
  EXPECT_EQ(*file.value_counts.find(6), 49);
  EXPECT_EQ(file.lower_bounds.find(3), nullptr) << "bounds of repeated fields mean nothing";
  EXPECT_EQ(*file.lower_bounds.find(6), Literal::int32(1).to_binary());

  // The same files under an evolved schema: a struct's field dropped and another of its name added.
  const iceberg::Schema evolved = must(iceberg::Schema::make(
      {.fields = {{.id = 5,
                   .name = "where",
                   .type = Type::structure({{.id = 11, .name = "x", .type = Type::int32()},
                                            {.id = 6, .name = "old_x", .type = Type::int64()}})}}}));
  const auto rows = testing::row_texts(read_file(store, file, evolved));
  EXPECT_EQ(rows.front(), "null | ");
  EXPECT_EQ(rows.back(), "{x:int32 = null, old_x:int64 = 9} | ");
}

TEST(ParquetRoundTrip, EvolvesByFieldId) {
  testing::Rng rng(2);
  const iceberg::Schema old =
      must(iceberg::Schema::make({.fields = {
                                      {.id = 1, .name = "a", .type = Type::int32()},
                                      {.id = 2, .name = "b", .type = Type::float32()},
                                      {.id = 3, .name = "c", .type = Type::decimal(9, 2)},
                                      {.id = 4, .name = "d", .type = Type::string()},
                                  }}));
  io::MemoryObjectStore store;
  const auto batch = testing::random_batch(old, 500, rng);
  const auto file = write_file(store, old, {batch});
  const iceberg::Schema now =
      must(iceberg::Schema::make({.fields = {
                                      {.id = 9, .name = "d", .type = Type::string()},
                                      {.id = 3, .name = "money", .type = Type::decimal(30, 2)},
                                      {.id = 1, .name = "a", .type = Type::int64()},
                                      {.id = 2, .name = "b", .type = Type::float64()},
                                  }}));
  const auto rows = read_file(store, file, now);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]->column(0)->null_count(), 500) << "another column of the same name";
  for (std::int64_t i = 0; i < 500; ++i) {
    ASSERT_EQ(rows[0]->column(1)->IsNull(i), batch->column(2)->IsNull(i));
    if (!rows[0]->column(2)->IsNull(i)) {
      EXPECT_EQ(static_cast<const arrow::Int64Array&>(*rows[0]->column(2)).Value(i),
                static_cast<const arrow::Int32Array&>(*batch->column(0)).Value(i));
    }
  }
  const iceberg::Schema none =
      must(iceberg::Schema::make({.fields = {{.id = 77, .name = "new", .type = Type::date()}}}));
  EXPECT_EQ(testing::row_texts(read_file(store, file, none)), std::vector<std::string>(500, "null | "));
}

TEST(ParquetMetrics, EqualWhatIsCountedFromTheRows) {
  testing::Rng rng(3);
  const iceberg::Schema schema = testing::all_types();
  io::MemoryObjectStore store;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int i = 0; i < 4; ++i) batches.push_back(testing::random_batch(schema, 900, rng));
  const auto file = write_file(store, schema, batches, {.row_group_rows = 1000});
  EXPECT_EQ(file.split_offsets.size(), 4U);
  EXPECT_EQ(file.split_offsets[0], 4);
  for (int c = 0; c < batches[0]->num_columns(); ++c) {
    const iceberg::NestedField& field = schema.fields()[static_cast<std::size_t>(c)];
    std::int64_t nulls = 0;
    std::optional<Literal> least;
    std::optional<Literal> greatest;
    for (const auto& batch : batches) {
      for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
        const auto value = must(literal_at(*batch->column(c), field.type, row));
        if (!value) {
          ++nulls;
          continue;
        }
        if (!least || iceberg::compare(*value, *least) < 0) least = value;
        if (!greatest || iceberg::compare(*value, *greatest) > 0) greatest = value;
      }
    }
    SCOPED_TRACE(field.name);
    EXPECT_EQ(*file.value_counts.find(field.id), 3600);
    EXPECT_EQ(*file.null_value_counts.find(field.id), nulls);
    EXPECT_GT(*file.column_sizes.find(field.id), 0);
    EXPECT_EQ(*file.lower_bounds.find(field.id), iceberg::truncated_lower_bound(*least).to_binary());
    const auto upper = iceberg::truncated_upper_bound(*greatest);
    ASSERT_EQ(file.upper_bounds.find(field.id) != nullptr, upper.has_value());
    if (upper) {
      EXPECT_EQ(*file.upper_bounds.find(field.id), upper->to_binary());
    }
  }
}

TEST(ParquetMetrics, CountNansAndLeaveThemOutOfBounds) {
  const iceberg::Schema schema =
      must(iceberg::Schema::make({.fields = {
                                      {.id = 1, .name = "v", .type = Type::float64()},
                                      {.id = 2, .name = "w", .type = Type::float32()},
                                  }}));
  arrow::DoubleBuilder v;
  arrow::FloatBuilder w;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(v.AppendValues({1.5, nan, -0.25, nan}).ok() && v.AppendNull().ok());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(w.Append(static_cast<float>(nan)).ok());
  const auto batch = arrow::RecordBatch::Make(must(to_arrow_schema(schema)), 5,
                                              {v.Finish().ValueOrDie(), w.Finish().ValueOrDie()});
  io::MemoryObjectStore store;
  const auto file = write_file(store, schema, {batch});
  EXPECT_EQ(*file.nan_value_counts.find(1), 2);
  EXPECT_EQ(*file.nan_value_counts.find(2), 5);
  EXPECT_EQ(*file.lower_bounds.find(1), Literal::float64(-0.25).to_binary());
  EXPECT_EQ(*file.upper_bounds.find(1), Literal::float64(1.5).to_binary());
  EXPECT_EQ(file.lower_bounds.find(2), nullptr);
}

TEST(ParquetFile, HasFieldIdsAndLogicalTypesOfTheSpecification) {
  testing::Rng rng(4);
  io::MemoryObjectStore store;
  const iceberg::Schema schema = testing::all_types();
  write_file(store, schema, {testing::random_batch(schema, 10, rng)});
  const auto reader = parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(must(store.read("/f.parquet")))));
  const auto* columns = reader->metadata()->schema();
  const auto text = [&](int c) {
    return std::to_string(columns->Column(c)->schema_node()->field_id()) + " " +
           parquet::TypeToString(columns->Column(c)->physical_type()) + " " +
           columns->Column(c)->logical_type()->ToString();
  };
  EXPECT_EQ(text(0), "1 INT64 None");
  EXPECT_EQ(text(5), "6 INT32 Decimal(precision=7, scale=2)");
  EXPECT_EQ(text(6), "7 INT64 Decimal(precision=18, scale=4)");
  EXPECT_EQ(text(7), "8 FIXED_LEN_BYTE_ARRAY Decimal(precision=38, scale=6)");
  EXPECT_NE(text(9).find("Time(isAdjustedToUTC=false, timeUnit=microseconds"), std::string::npos) << text(9);
  EXPECT_NE(text(10).find("Timestamp(isAdjustedToUTC=false, timeUnit=microseconds"), std::string::npos);
  EXPECT_NE(text(11).find("Timestamp(isAdjustedToUTC=true, timeUnit=microseconds"), std::string::npos);
  EXPECT_EQ(text(12), "13 BYTE_ARRAY String");
  EXPECT_EQ(text(13), "14 FIXED_LEN_BYTE_ARRAY UUID");
  EXPECT_EQ(text(15), "16 BYTE_ARRAY None");
}

TEST(ParquetFile, CutsRowGroupsByBytes) {
  testing::Rng rng(5);
  io::MemoryObjectStore store;
  const iceberg::Schema schema = testing::all_types();
  const auto batch = testing::random_batch(schema, 20'000, rng);
  const auto file = write_file(store, schema, {batch, batch}, {.row_group_bytes = 1 << 20});
  EXPECT_GE(file.split_offsets.size(), 3U);
  EXPECT_LE(file.split_offsets.size(), 12U);
  EXPECT_EQ(testing::row_texts(read_file(store, file, schema)), testing::row_texts({batch, batch}));
}

TEST(ParquetWriter, ReportsBadBatchesAndStoreFailures) {
  testing::Rng rng(6);
  io::MemoryObjectStore store;
  const iceberg::Schema schema = must(
      iceberg::Schema::make({.fields = {{.id = 1, .name = "a", .required = true, .type = Type::int64()}}}));
  const auto make = [&](std::shared_ptr<arrow::DataType> type, double nulls) {
    return arrow::RecordBatch::Make(arrow::schema({arrow::field("a", type)}), 50,
                                    {testing::random_array(type, 50, nulls, rng)});
  };
  auto writer = must(ParquetWriter::open(store, {.location = "/x", .schema = schema}));
  EXPECT_EQ(writer->write(make(arrow::int64(), 0.5)).error().name(), "table.null_in_required");
  EXPECT_EQ(writer->write(make(arrow::utf8(), 0)).error().name(), "table.batch_mismatch");
  EXPECT_TRUE(writer->write(make(arrow::int32(), 0)).ok()) << "an int fits a long";
  EXPECT_TRUE(writer->write(make(arrow::int64(), 0)).ok());
  EXPECT_EQ(must(writer->finish()).record_count, 100);
  EXPECT_EQ(ParquetWriter::open(store, {.location = "/y", .schema = schema})
                .value()
                ->write(arrow::RecordBatch::Make(arrow::schema({}), 3, arrow::ArrayVector{}))
                .error()
                .name(),
            "table.null_in_required");

  store.set_fault([](std::uint64_t, std::string_view operation, const std::string&) -> Status {
    if (operation == "write") return Error(kParquetFailed, "full");
    return ok_status();
  });
  writer = must(ParquetWriter::open(store, {.location = "/z", .schema = schema}));
  TARN_ASSERT_OK(writer->write(make(arrow::int64(), 0)));
  EXPECT_EQ(writer->finish().error().message(), "full");
}

TEST(DataFileReader, RefusesWhatIsNoParquet) {
  io::MemoryObjectStore store;
  const iceberg::Schema schema = testing::all_types();
  DeleteFileCache deletes(store);
  TARN_ASSERT_OK(store.write("/bad", "PAR1 nonsense PAR1", io::IfExists::kReplace));
  TARN_ASSERT_OK(store.write("/locked", "PAREnonsensePARE", io::IfExists::kReplace));
  const auto open = [&](const std::string& path, std::vector<std::int32_t> ids,
                        iceberg::FileFormat format = iceberg::FileFormat::kParquet) {
    return DataFileReader::open(store, deletes, task_of({.file_path = path, .file_format = format}), schema,
                                ids)
        .error()
        .name();
  };
  EXPECT_EQ(open("/bad", {1}), "table.parquet_failed");
  EXPECT_EQ(open("/locked", {1}), "table.unsupported_format");
  EXPECT_EQ(open("/bad", {1}, iceberg::FileFormat::kOrc), "table.unsupported_format");
  EXPECT_EQ(open("/none", {1}), "io.not_found");
  EXPECT_EQ(open("/bad", {99}), "iceberg.column_not_found");
}

TEST(ArrowSchema, ConvertsBothWays) {
  const iceberg::Schema schema = testing::all_types();
  const auto back = must(from_arrow_schema(*must(to_arrow_schema(schema))));
  EXPECT_TRUE(back.same_fields(schema)) << back.to_json();
  const auto plain = must(from_arrow_schema(
      *arrow::schema({arrow::field("a", arrow::large_utf8()),
                      arrow::field("b", arrow::dictionary(arrow::int32(), arrow::utf8()), false),
                      arrow::field("c", arrow::list(arrow::uint32()))})));
  EXPECT_EQ(plain.find("a")->id, 1);
  EXPECT_EQ(plain.find("b")->type, Type::string());
  EXPECT_TRUE(plain.find("b")->required);
  EXPECT_EQ(plain.find("c.element")->type, Type::int64());
  EXPECT_EQ(from_arrow_schema(*arrow::schema({arrow::field("x", arrow::uint64())})).error().name(),
            "table.unsupported_type");
  EXPECT_EQ(from_arrow_schema(*arrow::schema({arrow::field("x", arrow::timestamp(arrow::TimeUnit::NANO))}))
                .error()
                .name(),
            "table.unsupported_type");
}

TEST(ConformBatch, ReordersFillsWidensAndDecodes) {
  const iceberg::Schema schema =
      must(iceberg::Schema::make({.fields = {
                                      {.id = 1, .name = "a", .type = Type::int64()},
                                      {.id = 2, .name = "b", .type = Type::string()},
                                      {.id = 3, .name = "c", .type = Type::date()},
                                  }}));
  arrow::StringDictionaryBuilder b;
  EXPECT_TRUE(b.Append("x").ok() && b.AppendNull().ok() && b.Append("x").ok());
  arrow::Int32Builder a;
  EXPECT_TRUE(a.AppendValues({1, -2, 3}).ok());
  const auto dictionary = b.Finish().ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("b", dictionary->type()), arrow::field("a", arrow::int32())}), 3,
      {dictionary, a.Finish().ValueOrDie()});
  const auto conformed = must(conform_batch(batch, schema));
  EXPECT_EQ(testing::row_texts({conformed}),
            (std::vector<std::string>{"-2 | null | null | ", "1 | x | null | ", "3 | x | null | "}));
  EXPECT_EQ(must(conform_batch(conformed, schema)), conformed) << "no copy";
  const auto wrong = arrow::RecordBatch::Make(arrow::schema({arrow::field("a", arrow::float64())}), 3,
                                              {arrow::MakeArrayOfNull(arrow::float64(), 3).ValueOrDie()});
  EXPECT_EQ(conform_batch(wrong, schema).error().name(), "table.batch_mismatch");
}

}  // namespace
}  // namespace tarn::table
