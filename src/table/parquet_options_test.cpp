#include "table/parquet_options.h"

#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <string>
#include <vector>

#include "table/errors.h"
#include "table/parquet_writer.h"
#include "table/testing/rows.h"

namespace tarn::table {
namespace {

using testing::must;

struct Case {
  std::string codec;
  std::string level;
  arrow::Compression::type expected;  ///< As the file says.
};

TEST(ParquetOptions, FilesAreWrittenAsTheTableAsks) {
  testing::Rng rng(1);
  const iceberg::Schema schema = testing::all_types();
  const auto batch = testing::random_batch(schema, 500, rng);
  using arrow::Compression;
  for (const Case& one :
       {Case{"", "", Compression::ZSTD}, Case{"zstd", "9", Compression::ZSTD},
        Case{"ZSTD", "", Compression::ZSTD}, Case{"snappy", "9", Compression::SNAPPY},
        Case{"gzip", "", Compression::GZIP}, Case{"gzip", "9", Compression::GZIP},
        Case{"lz4", "", Compression::LZ4}, Case{"lz4_raw", "", Compression::LZ4},
        Case{"brotli", "2", Compression::BROTLI}, Case{"uncompressed", "", Compression::UNCOMPRESSED}}) {
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
    EXPECT_EQ(reader->metadata()->RowGroup(0)->ColumnChunk(0)->compression(), one.expected);
    EXPECT_EQ(file.record_count, 500);
  }
}

TEST(ParquetOptions, WhatSaysNothingIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"write.parquet.compression-codec", "zip"},       {"write.parquet.compression-codec", ""},
      {"write.parquet.compression-level", "high"},      {"write.parquet.compression-level", "100"},
      {"write.parquet.row-group-size-bytes", "128MiB"}, {"write.parquet.row-group-size-bytes", "0"}};
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
