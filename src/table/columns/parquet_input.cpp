#include "table/columns/parquet_input.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>

#include <utility>

#include "table/columns/arrow_result.h"

namespace tarn::table {
namespace {

constexpr std::size_t kMagicBytes = 4;

}  // namespace

Result<std::unique_ptr<parquet::arrow::FileReader>> open_parquet(io::ObjectStore& store,
                                                                 const std::string& location,
                                                                 const ParquetInput& input) {
  TARN_ASSIGN_OR_RETURN(std::string bytes, store.read(location));
  if (bytes.size() >= kMagicBytes && bytes.compare(bytes.size() - kMagicBytes, kMagicBytes, "PARE") == 0)
    return Error(kUnsupportedFormat, location + " is encrypted");
  return without_exceptions(
      "opening " + location, [&]() -> Result<std::unique_ptr<parquet::arrow::FileReader>> {
        auto source = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(bytes)));
        parquet::ArrowReaderProperties properties(/*use_threads=*/false);
        properties.set_batch_size(input.batch_rows);
        for (const int column : input.dictionaries) properties.set_read_dictionary(column, true);
        properties.set_pre_buffer(false);
        properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
        auto reader = parquet::arrow::FileReader::Make(
            arrow::default_memory_pool(), parquet::ParquetFileReader::Open(std::move(source)), properties);
        if (!reader.ok()) return arrow_error(reader.status());
        return std::move(reader).ValueUnsafe();
      });
}

}  // namespace tarn::table
