#include "table/parquet_writer.h"

#include <arrow/api.h>
#include <arrow/extension/uuid.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "table/arrow_schema.h"
#include "table/columns/arrow_result.h"
#include "table/columns/compute.h"
#include "table/columns/conform.h"
#include "table/columns/parquet_metrics.h"

namespace tarn::table {
namespace {

using iceberg::NestedField;
using iceberg::Type;
using iceberg::TypeId;

// Small writes of pages are gathered up to this size.
constexpr std::size_t kStreamBufferBytes = std::size_t{1} << 20;
// A column is written without a dictionary when more of the first rows than this share are distinct, and its
// values, as far as those rows tell, come back fewer times than this in a row group: building one that
// overflows costs more than it saves.
constexpr std::int64_t kSampleRows = 1024;
constexpr std::int64_t kLeastSampleRows = 512;
constexpr double kDistinctShare = 0.7;
constexpr double kLeastRepeats = 8;
// Higher ones take several times as long and save some percent.
constexpr int kZstdLevel = 1;
// A batch is cut so that a row group is not overshot by more than about a part of this.
constexpr std::int64_t kPartsOfRowGroup = 8;

/// An ObjectWriter as Arrow's output stream. Keeps the store's error, which Arrow's Status cannot carry.
class StoreStream final : public arrow::io::OutputStream {
 public:
  explicit StoreStream(std::unique_ptr<io::ObjectWriter> writer) : writer_(std::move(writer)) {
    buffer_.reserve(kStreamBufferBytes);
  }

  arrow::Status Write(const void* data, std::int64_t size) override {
    const std::string_view bytes(static_cast<const char*>(data), static_cast<std::size_t>(size));
    position_ += size;
    if (buffer_.size() + bytes.size() > kStreamBufferBytes) ARROW_RETURN_NOT_OK(drain());
    if (bytes.size() >= kStreamBufferBytes) return forward(bytes);
    buffer_ += bytes;
    return arrow::Status::OK();
  }
  arrow::Status Flush() override { return arrow::Status::OK(); }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }
  /// The object is published by publish() only.
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }

  Status publish() {
    if (!drain().ok()) return failure_;
    return writer_->close();
  }
  std::int64_t size_bytes() const { return position_; }
  /// What the store said, when a write failed.
  const Status& failure() const { return failure_; }

 private:
  arrow::Status drain() {
    arrow::Status status = forward(buffer_);
    buffer_.clear();
    return status;
  }
  arrow::Status forward(std::string_view bytes) {
    if (failure_.ok() && !bytes.empty()) failure_ = writer_->write(bytes);
    return failure_.ok() ? arrow::Status::OK() : arrow::Status::IOError(failure_.error().message());
  }

  std::unique_ptr<io::ObjectWriter> writer_;
  std::string buffer_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  Status failure_;
};

/// The type a column is written with: arrow.uuid where the schema says uuid, at any depth.
std::shared_ptr<arrow::DataType> written_type(const std::shared_ptr<arrow::DataType>& type,
                                              const Type& iceberg_type) {
  const auto child = [&](int i, const NestedField& field) {
    const auto& arrow_field = type->field(i);
    return arrow_field->WithType(written_type(arrow_field->type(), field.type));
  };
  switch (iceberg_type.id()) {
    case TypeId::kUuid:
      return arrow::extension::uuid();
    case TypeId::kStruct: {
      arrow::FieldVector fields;
      for (int i = 0; i < type->num_fields(); ++i)
        fields.push_back(child(i, iceberg_type.fields()[static_cast<std::size_t>(i)]));
      return arrow::struct_(fields);
    }
    case TypeId::kList:
      return arrow::list(child(0, iceberg_type.element()));
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return std::make_shared<arrow::MapType>(
          map.key_field()->WithType(written_type(map.key_type(), iceberg_type.key().type)),
          map.item_field()->WithType(written_type(map.item_type(), iceberg_type.value().type)));
    }
    default:
      return type;
  }
}

bool holds_uuid(const Type& type) {
  return type.id() == TypeId::kUuid ||
         std::ranges::any_of(type.fields(), [](const NestedField& field) { return holds_uuid(field.type); });
}

template <typename Array>
std::size_t distinct_views(const Array& array, std::int64_t rows) {
  std::unordered_set<std::uint64_t> seen;
  for (std::int64_t i = 0; i < rows; ++i)
    if (!array.IsNull(i)) seen.insert(xxh3_64(std::string_view(array.GetView(i))));
  return seen.size();
}

std::size_t distinct_fixed(const arrow::Array& array, std::int64_t rows, std::size_t width) {
  std::unordered_set<std::uint64_t> seen;
  const auto* bytes = reinterpret_cast<const char*>(array.data()->buffers[1]->data());
  for (std::int64_t i = 0; i < rows; ++i) {
    if (array.IsNull(i)) continue;
    seen.insert(
        xxh3_64(std::string_view(bytes + static_cast<std::size_t>(array.offset() + i) * width, width)));
  }
  return seen.size();
}

/// How many values there are if `distinct` of `rows` drawn from them, each as likely as the others, differ.
double values_behind(double distinct, double rows) {
  double low = distinct;
  double high = 1e12;
  for (int i = 0; i < 60; ++i) {
    const double middle = std::sqrt(low * high);
    (middle * -std::expm1(-rows / middle) < distinct ? low : high) = middle;
  }
  return high;
}

/// `expected_rows`: of a row group.
bool hardly_repeats(const arrow::Array& array, std::int64_t expected_rows) {
  const std::int64_t rows = std::min(array.length(), kSampleRows);
  const std::int64_t nulls = rows == array.length() ? array.null_count() : array.Slice(0, rows)->null_count();
  if (rows - nulls < kLeastSampleRows) return false;
  std::size_t distinct = 0;
  if (arrow::is_base_binary_like(array.type_id())) {
    distinct = distinct_views(static_cast<const arrow::BinaryArray&>(array), rows);
  } else if (arrow::is_fixed_width(array.type_id()) && array.type_id() != arrow::Type::BOOL) {
    distinct = distinct_fixed(array, rows, static_cast<std::size_t>(array.type()->byte_width()));
  } else {
    return false;
  }
  const auto drawn = static_cast<double>(rows - nulls);
  if (static_cast<double>(distinct) <= kDistinctShare * drawn) return false;
  const double present = static_cast<double>(expected_rows) * drawn / static_cast<double>(rows);
  return kLeastRepeats * values_behind(static_cast<double>(distinct), drawn) > present;
}

/// What ParquetOptions::packs_integers packs.
bool is_integer_in_parquet(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DECIMAL128)
    return static_cast<const arrow::Decimal128Type&>(type).precision() <= 18;
  return arrow::is_integer(type.id()) || arrow::is_temporal(type.id());
}

template <typename Float>
std::int64_t count_nans(const arrow::Array& array) {
  const auto* values = array.data()->GetValues<Float>(1);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < array.length(); ++i) count += std::isnan(values[i]) ? 1 : 0;
  if (count == 0 || array.null_count() == 0) return count;
  count = 0;  // a null's slot may hold anything
  for (std::int64_t i = 0; i < array.length(); ++i)
    count += !array.IsNull(i) && std::isnan(values[i]) ? 1 : 0;
  return count;
}

class Writer final : public ParquetWriter {
 public:
  Writer(io::ObjectStore& store, Target target, std::shared_ptr<arrow::Schema> schema)
      : store_(store), target_(std::move(target)), schema_(std::move(schema)) {
    arrow::FieldVector fields;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const NestedField& field = target_.schema.fields()[static_cast<std::size_t>(i)];
      const auto& arrow_field = schema_->field(i);
      retyped_.push_back(holds_uuid(field.type));
      fields.push_back(arrow_field->WithType(written_type(arrow_field->type(), field.type)));
      if (!target_.field_ids.empty())
        fields.back() = with_field_id(fields.back(), target_.field_ids[static_cast<std::size_t>(i)]);
      if (field.type.id() == TypeId::kFloat || field.type.id() == TypeId::kDouble) nans_.set(field.id, 0);
    }
    written_schema_ = arrow::schema(std::move(fields));
  }

  Status write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    if (batch->num_rows() == 0) return ok_status();
    TARN_ASSIGN_OR_RETURN(const auto fitting, fit(batch));
    return without_exceptions("writing " + target_.location, [&]() -> Status {
      if (!writer_) TARN_RETURN_IF_ERROR(start(fitting.get()));
      count(*fitting);
      return explain(write_cut(*fitting));
    });
  }

  std::int64_t rows() const override { return rows_; }

  Result<iceberg::DataFile> finish() override {
    return without_exceptions("finishing " + target_.location, [&]() -> Result<iceberg::DataFile> {
      if (!writer_) TARN_RETURN_IF_ERROR(start(nullptr));
      TARN_RETURN_IF_ERROR(explain(writer_->Close()));
      TARN_RETURN_IF_ERROR(stream_->publish());
      iceberg::DataFile file{.file_path = target_.location};
      file.file_size_bytes = stream_->size_bytes();
      file.sort_order_id = target_.sort_order_id;
      file.nan_value_counts = nans_;
      TARN_RETURN_IF_ERROR(add_metrics(*writer_->metadata(), target_.schema, target_.field_ids,
                                       target_.options.bound_width, file));
      return file;
    });
  }

 private:
  Status explain(const arrow::Status& status) const {
    if (status.ok()) return ok_status();
    if (stream_ && !stream_->failure().ok()) return stream_->failure();
    return arrow_error(status);
  }

  /// Text that repeats is written from its dictionary, which is in the file once: not for a few rows of it.
  static bool worth_its_dictionary(const arrow::Array& column) {
    constexpr std::int64_t kLeastRows = 4;  // for each of its entries
    if (!is_text_dictionary(*column.type())) return false;
    return column.length() >=
           kLeastRows * static_cast<const arrow::DictionaryArray&>(column).dictionary()->length();
  }

  /// The column as the file has it: the first batch decides which ones are dictionaries.
  Result<std::shared_ptr<arrow::Array>> represent(const std::shared_ptr<arrow::Array>& column, int at) const {
    const bool encoded = is_text_dictionary(*column->type());
    const bool wanted =
        writer_ ? is_text_dictionary(*written_schema_->field(at)->type()) : worth_its_dictionary(*column);
    if (encoded == wanted) return column;
    return cast_array(column, wanted ? arrow::dictionary(arrow::int32(), arrow::utf8()) : arrow::utf8());
  }

  /// The batch with the file's columns and types.
  Result<std::shared_ptr<arrow::RecordBatch>> fit(const std::shared_ptr<arrow::RecordBatch>& batch) const {
    bool fits = batch->num_columns() == schema_->num_fields();
    for (int i = 0; fits && i < schema_->num_fields(); ++i) {
      fits = batch->schema()->field(i)->name() == schema_->field(i)->name() &&
             batch->column(i)->type()->Equals(*schema_->field(i)->type());
      if (fits && !schema_->field(i)->nullable() && batch->column(i)->null_count() > 0)
        return Error(kNullInRequired,
                     "column `" + schema_->field(i)->name() + "` is required, and a row has none");
    }
    std::shared_ptr<arrow::RecordBatch> fitting = batch;
    if (!fits) {
      TARN_ASSIGN_OR_RETURN(fitting, conform_batch(batch, target_.schema, Dictionaries::kKeep));
    }
    arrow::ArrayVector columns = fitting->columns();
    arrow::FieldVector fields = written_schema_->fields();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (retyped_[i]) columns[i] = retype(columns[i], fields[i]->type());
      TARN_ASSIGN_OR_RETURN(columns[i], represent(columns[i], static_cast<int>(i)));
      fields[i] = fields[i]->WithType(columns[i]->type());
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), fitting->num_rows(),
                                    std::move(columns));
  }

  std::shared_ptr<parquet::WriterProperties> properties(const arrow::RecordBatch* sample) const {
    parquet::WriterProperties::Builder builder;
    const arrow::Compression::type codec = target_.options.codec.value_or(arrow::Compression::ZSTD);
    builder.compression(codec)
        ->version(parquet::ParquetVersion::PARQUET_2_6)
        ->max_row_group_length(std::max<std::int64_t>(1, target_.options.row_group_rows))
        ->enable_store_decimal_as_integer()
        ->set_size_statistics_level(parquet::SizeStatisticsLevel::None);
    std::optional<int> level = target_.options.level;
    if (!level && codec == arrow::Compression::ZSTD) level = kZstdLevel;
    if (level) builder.compression_level(*level);
    if (target_.options.page_index) builder.enable_write_page_index();
    if (sample == nullptr) return builder.build();
    std::int64_t rows = target_.options.expected_rows;
    if (rows <= 0) rows = sample->num_rows();
    const std::int64_t group_rows = std::min(rows, target_.options.row_group_rows);
    for (int i = 0; i < sample->num_columns(); ++i) {
      const arrow::DataType& type = *sample->column(i)->type();
      const auto path = dotted(written_schema_->field(i)->name());
      if (!target_.options.codec && arrow::is_fixed_width(type.id()) &&
          type.id() != arrow::Type::DICTIONARY) {
        builder.compression(path, arrow::Compression::SNAPPY);
        builder.codec_options(path, std::make_shared<arrow::util::CodecOptions>());  // without zstd's level
      }
      if (target_.options.packs_integers && is_integer_in_parquet(type))
        builder.encoding(path, parquet::Encoding::DELTA_BINARY_PACKED);
      if (hardly_repeats(*sample->column(i), group_rows)) builder.disable_dictionary(path);
    }
    return builder.build();
  }

  static std::shared_ptr<parquet::schema::ColumnPath> dotted(const std::string& name) {
    return std::make_shared<parquet::schema::ColumnPath>(std::vector<std::string>{name});
  }

  Status start(const arrow::RecordBatch* sample) {
    if (sample != nullptr) written_schema_ = sample->schema();
    TARN_ASSIGN_OR_RETURN(auto object, store_.create(target_.location));
    stream_ = std::make_shared<StoreStream>(std::move(object));
    parquet::ArrowWriterProperties::Builder arrow_builder;
    arrow_builder.set_use_threads(target_.options.use_threads);
    auto opened = parquet::arrow::FileWriter::Open(*written_schema_, arrow::default_memory_pool(), stream_,
                                                   properties(sample), arrow_builder.build());
    TARN_RETURN_IF_ERROR(explain(opened.status()));
    writer_ = std::move(opened).ValueUnsafe();
    if (!target_.field_ids.empty()) return ok_status();
    return explain(writer_->AddKeyValueMetadata(
        arrow::key_value_metadata({{"iceberg.schema", target_.schema.to_json()}})));
  }

  void count(const arrow::RecordBatch& batch) {
    rows_ += batch.num_rows();
    for (int i = 0; i < batch.num_columns(); ++i) {
      const arrow::Array& column = *batch.column(i);
      const std::int32_t id = target_.schema.fields()[static_cast<std::size_t>(i)].id;
      if (column.type_id() == arrow::Type::DOUBLE)
        nans_.set(id, *nans_.find(id) + count_nans<double>(column));
      if (column.type_id() == arrow::Type::FLOAT) nans_.set(id, *nans_.find(id) + count_nans<float>(column));
    }
  }

  /// Writes the batch in pieces small enough to keep to the row group's size.
  arrow::Status write_cut(const arrow::RecordBatch& batch) {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t bytes, arrow::util::ReferencedBufferSize(batch));
    const std::int64_t limit = std::max<std::int64_t>(1, target_.options.row_group_bytes);
    const std::int64_t pieces = std::clamp<std::int64_t>(
        bytes / std::max<std::int64_t>(1, limit / kPartsOfRowGroup), 1, batch.num_rows());
    const std::int64_t piece_rows = (batch.num_rows() + pieces - 1) / pieces;
    for (std::int64_t at = 0; at < batch.num_rows(); at += piece_rows) {
      if (group_bytes_ >= limit) {
        ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
        group_bytes_ = 0;
      }
      ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(*batch.Slice(at, piece_rows)));
      group_bytes_ += bytes / pieces;
    }
    return arrow::Status::OK();
  }

  io::ObjectStore& store_;
  Target target_;
  std::shared_ptr<arrow::Schema> schema_;          // what comes
  std::shared_ptr<arrow::Schema> written_schema_;  // what is written
  std::vector<bool> retyped_;
  std::shared_ptr<StoreStream> stream_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::int64_t rows_ = 0;
  std::int64_t group_bytes_ = 0;
  iceberg::ColumnMap<std::int64_t> nans_;
};

}  // namespace

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::open(io::ObjectStore& store, Target target) {
  TARN_ASSIGN_OR_RETURN(auto schema, to_arrow_schema(target.schema));
  return std::unique_ptr<ParquetWriter>(
      std::make_unique<Writer>(store, std::move(target), std::move(schema)));
}

}  // namespace tarn::table
