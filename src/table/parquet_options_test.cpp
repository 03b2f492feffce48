#include "table/parquet_options.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <set>
#include <string>
#include <vector>

#include "table/arrow_schema.h"
#include "table/errors.h"
#include "table/parquet_writer.h"
#include "table/testing/rows.h"

namespace tarn::table {
namespace {

using testing::must;

struct Case {
  std::string codec;
  std::string level;
  arrow::Compression::type of_numbers;  ///< As the file says.
  arrow::Compression::type of_text;
};

TEST(ParquetOptions, FilesAreWrittenAsTheTableAsks) {
  testing::Rng rng(1);
  const iceberg::Schema schema = testing::all_types();
  const auto batch = testing::random_batch(schema, 500, rng);
  using arrow::Compression;
  for (const Case& one : {Case{"", "", Compression::SNAPPY, Compression::ZSTD},
                          Case{"zstd", "9", Compression::ZSTD, Compression::ZSTD},
                          Case{"ZSTD", "", Compression::ZSTD, Compression::ZSTD},
                          Case{"snappy", "9", Compression::SNAPPY, Compression::SNAPPY},
                          Case{"gzip", "", Compression::GZIP, Compression::GZIP},
                          Case{"gzip", "9", Compression::GZIP, Compression::GZIP},
                          Case{"lz4", "", Compression::LZ4, Compression::LZ4},
                          Case{"lz4_raw", "", Compression::LZ4, Compression::LZ4},
                          Case{"brotli", "2", Compression::BROTLI, Compression::BROTLI},
                          Case{"uncompressed", "", Compression::UNCOMPRESSED, Compression::UNCOMPRESSED}}) {
    SCOPED_TRACE(one.codec);
    std::map<std::string, std::string> properties = {{"comment", "none of it"}};
    if (!one.codec.empty()) properties["write.parquet.compression-codec"] = one.codec;
    if (!one.level.empty()) properties["write.parquet.compression-level"] = one.level;
    io::MemoryObjectStore store;
    const auto writer = must(ParquetWriter::open(
        store, {.location = "/f.parquet", .schema = schema, .options = must(parquet_options(properties))}));
    must(writer->write(batch));
    const iceberg::DataFile file = must(writer->finish());
    const auto bytes = arrow::Buffer::FromString(must(store.read("/f.parquet")));
    const auto reader = parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
    const auto group = reader->metadata()->RowGroup(0);
    for (const int number : {0, 1, 5, 6, 10})
      EXPECT_EQ(group->ColumnChunk(number)->compression(), one.of_numbers) << number;
    for (const int text : {12, 15}) EXPECT_EQ(group->ColumnChunk(text)->compression(), one.of_text) << text;
    EXPECT_EQ(file.record_count, 500);
  }
}

/// The encodings of an integer column whose values never come back.
std::set<parquet::Encoding::type> encodings(const std::map<std::string, std::string>& properties) {
  arrow::Int64Builder ids;
  for (std::int64_t i = 0; i < 5000; ++i) EXPECT_TRUE(ids.Append(i * i).ok());
  const iceberg::Schema schema =
      must(iceberg::Schema::make({.fields = {{.id = 1, .name = "id", .type = iceberg::Type::int64()}}}));
  const auto batch =
      arrow::RecordBatch::Make(must(to_arrow_schema(schema)), 5000, {ids.Finish().ValueOrDie()});
  io::MemoryObjectStore store;
  const auto writer = must(ParquetWriter::open(
      store, {.location = "/f.parquet", .schema = schema, .options = must(parquet_options(properties))}));
  must(writer->write(batch));
  must(writer->finish());
  const auto bytes = arrow::Buffer::FromString(must(store.read("/f.parquet")));
  const auto reader = parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
  const auto all = reader->metadata()->RowGroup(0)->ColumnChunk(0)->encodings();
  return {all.begin(), all.end()};
}

// Many readers know no other encodings than these.
TEST(ParquetOptions, IntegersArePackedOnlyOnDemand) {
  using parquet::Encoding;
  EXPECT_EQ(encodings({}), (std::set{Encoding::RLE, Encoding::PLAIN}));
  EXPECT_EQ(encodings({{"tarn.packed-integers", "false"}}), (std::set{Encoding::RLE, Encoding::PLAIN}));
  EXPECT_EQ(encodings({{"tarn.packed-integers", "true"}}),
            (std::set{Encoding::RLE, Encoding::DELTA_BINARY_PACKED}));
}

TEST(ParquetOptions, WhatSaysNothingIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"write.parquet.compression-codec", "zip"},
      {"write.parquet.compression-codec", ""},
      {"write.parquet.compression-level", "high"},
      {"write.parquet.compression-level", "100"},
      {"write.parquet.row-group-size-bytes", "128MiB"},
      {"write.parquet.row-group-size-bytes", "0"},
      {"tarn.packed-integers", "yes"}};
  for (const auto& [property, value] : cases) {
    const auto options = parquet_options({{property, value}});
    ASSERT_FALSE(options.ok()) << property << " " << value;
    EXPECT_EQ(&options.error().code(), &kBadProperty);
    EXPECT_NE(options.error().message().find(property), std::string::npos);
    EXPECT_FALSE(options.error().hint().empty());
  }
  EXPECT_EQ(must(parquet_options({{"write.parquet.row-group-size-bytes", "1048576"}})).row_group_bytes,
            1048576);
}

}  // namespace
}  // namespace tarn::table
