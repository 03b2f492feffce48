#include "table/rows/row_stream.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <span>
#include <utility>

#include "table/arrow_schema.h"
#include "table/columns/arrow_result.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

using iceberg::NestedField;
using iceberg::TypeId;

/// Rows of about this size in memory are written at once.
constexpr std::int64_t kRoundBytes = std::int64_t{192} << 20;
constexpr int kPlaceColumns = 2;

/// Bytes of one length as the type that the table has for them.
Result<std::shared_ptr<arrow::Array>> with_length(const arrow::Array& bytes, const NestedField& field) {
  const std::int32_t length = field.type.id() == TypeId::kUuid ? 16 : field.type.length();
  arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(length));
  TARN_ARROW_RETURN_IF_ERROR(builder.Reserve(bytes.length()));
  const auto& values = static_cast<const arrow::BinaryArray&>(bytes);
  for (std::int64_t row = 0; row < values.length(); ++row) {
    if (values.IsNull(row)) {
      TARN_ARROW_RETURN_IF_ERROR(builder.AppendNull());
      continue;
    }
    const std::string_view value = values.GetView(row);
    if (value.size() != static_cast<std::size_t>(length)) {
      return Error(kWrongLength, "column `" + field.name + "` holds " + std::to_string(length) +
                                     " bytes, and a row has " + std::to_string(value.size()));
    }
    TARN_ARROW_RETURN_IF_ERROR(builder.Append(value));
  }
  TARN_ARROW_ASSIGN_OR_RETURN(auto made, builder.Finish());
  return made;
}

class Writer final : public RowStream {
 public:
  Writer(io::ObjectStore& store, const iceberg::TableMetadata& metadata, std::string batch_id,
         StreamColumns columns, std::shared_ptr<arrow::Schema> schema)
      : store_(store),
        metadata_(metadata),
        batch_id_(std::move(batch_id)),
        columns_(columns),
        schema_(std::move(schema)) {}

  Status add(::ArrowArray& rows) override {
    TARN_ARROW_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatch> batch,
                                arrow::ImportRecordBatch(&rows, schema_));
    rows_ += batch->num_rows();
    if (columns_ != StreamColumns::kRows) TARN_RETURN_IF_ERROR(take_places(*batch));
    if (columns_ == StreamColumns::kPlaces) return ok_status();
    TARN_ASSIGN_OR_RETURN(batch, table_rows(*batch));
    bytes_ += arrow::util::TotalBufferSize(*batch);
    batches_.push_back(std::move(batch));
    return bytes_ < kRoundBytes ? ok_status() : write();
  }

  Status finish() override {
    for (auto& [file, positions] : places_) {
      std::ranges::sort(positions);
      const auto same = std::ranges::unique(positions);
      positions.erase(same.begin(), same.end());
    }
    return write();
  }

  std::int64_t rows() const override { return rows_; }
  const std::vector<NewFile>& files() const override { return files_; }
  const DeletedPositions& places() const override { return places_; }

 private:
  Status take_places(const arrow::RecordBatch& batch) {
    const bool fits = batch.num_columns() >= kPlaceColumns &&
                      batch.column(0)->type_id() == arrow::Type::STRING &&
                      batch.column(1)->type_id() == arrow::Type::INT64;
    if (!fits) return Error(kBatchMismatch, "the rows do not begin with their places");
    const auto& files = static_cast<const arrow::StringArray&>(*batch.column(0));
    const auto& positions = static_cast<const arrow::Int64Array&>(*batch.column(1));
    std::vector<std::int64_t>* of_file = nullptr;
    std::string_view name;
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      if (files.IsNull(row)) continue;
      if (of_file == nullptr || files.GetView(row) != name) {
        const auto at = places_.try_emplace(std::string(files.GetView(row))).first;
        name = at->first;
        of_file = &at->second;
      }
      of_file->push_back(positions.Value(row));
    }
    return ok_status();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> table_rows(const arrow::RecordBatch& batch) const {
    const iceberg::Schema& schema = metadata_.current_schema();
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (int i = columns_ == StreamColumns::kRows ? 0 : kPlaceColumns; i < batch.num_columns(); ++i) {
      std::shared_ptr<arrow::Array> column = batch.column(i);
      const std::string& name = batch.schema()->field(i)->name();
      const auto field = std::ranges::find(schema.fields(), name, &NestedField::name);
      const bool has_length = field != schema.fields().end() &&
                              (field->type.id() == TypeId::kUuid || field->type.id() == TypeId::kFixed);
      if (has_length && column->type_id() == arrow::Type::BINARY) {
        TARN_ASSIGN_OR_RETURN(column, with_length(*column, *field));
      }
      fields.push_back(arrow::field(name, column->type()));
      columns.push_back(std::move(column));
    }
    const auto rows = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(), columns);
    return conform_batch(rows, schema);
  }

  Status write() {
    if (batches_.empty()) return ok_status();
    TARN_ASSIGN_OR_RETURN(const ParquetOptions parquet, parquet_options(metadata_.properties));
    TARN_ASSIGN_OR_RETURN(WrittenFiles written,
                          write_data_files(store_, batches_,
                                           {.schema = metadata_.current_schema(),
                                            .spec = metadata_.default_spec(),
                                            .order = metadata_.default_sort_order(),
                                            .table_location = metadata_.location,
                                            .batch_id = batch_id_,
                                            .first_number = static_cast<std::uint32_t>(files_.size()),
                                            .parquet = parquet}));
    std::ranges::move(written.files, std::back_inserter(files_));
    batches_.clear();
    bytes_ = 0;
    return ok_status();
  }

  io::ObjectStore& store_;
  const iceberg::TableMetadata& metadata_;
  std::string batch_id_;
  StreamColumns columns_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  std::int64_t bytes_ = 0;
  std::int64_t rows_ = 0;
  std::vector<NewFile> files_;
  DeletedPositions places_;
};

}  // namespace

Result<std::unique_ptr<RowStream>> RowStream::open(io::ObjectStore& store,
                                                   const iceberg::TableMetadata& metadata,
                                                   std::string batch_id, StreamColumns columns,
                                                   ::ArrowSchema& described) {
  TARN_ARROW_ASSIGN_OR_RETURN(auto schema, arrow::ImportSchema(&described));
  return std::unique_ptr<RowStream>(
      std::make_unique<Writer>(store, metadata, std::move(batch_id), columns, std::move(schema)));
}

Result<iceberg::Schema> schema_of_stream(::ArrowSchema& described) {
  TARN_ARROW_ASSIGN_OR_RETURN(const auto schema, arrow::ImportSchema(&described));
  return from_arrow_schema(*schema);
}

}  // namespace tarn::table
