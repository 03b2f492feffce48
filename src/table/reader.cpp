#include "table/reader.h"

#include <arrow/api.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "iceberg/errors.h"
#include "table/arrow_schema.h"
#include "table/columns/arrow_result.h"
#include "table/columns/compute.h"
#include "table/columns/conform.h"
#include "table/columns/parquet_input.h"

namespace tarn::table {
namespace {

/// The leaf columns under a top-level field of a Parquet schema.
std::vector<int> leaves_of(const parquet::SchemaDescriptor& schema, const parquet::schema::Node& root) {
  std::vector<int> leaves;
  for (int i = 0; i < schema.num_columns(); ++i)
    if (schema.GetColumnRoot(i) == &root) leaves.push_back(i);
  return leaves;
}

/// The top-level field that is `field`: by id, by name in files without any ids, or null.
const parquet::schema::Node* find_root(const parquet::schema::GroupNode& group,
                                       const iceberg::NestedField& field) {
  bool has_ids = false;
  for (int i = 0; i < group.field_count(); ++i) {
    if (group.field(i)->field_id() == field.id) return group.field(i).get();
    has_ids = has_ids || group.field(i)->field_id() >= 0;
  }
  for (int i = 0; !has_ids && i < group.field_count(); ++i)
    if (group.field(i)->name() == field.name) return group.field(i).get();
  return nullptr;
}

class Reader final : public DataFileReader {
 public:
  Reader(std::string location, std::unique_ptr<parquet::arrow::FileReader> file,
         std::vector<iceberg::NestedField> fields, std::shared_ptr<arrow::Schema> schema,
         std::vector<std::int64_t> deleted, std::int64_t batch_rows)
      : batch_rows_(batch_rows),
        location_(std::move(location)),
        file_(std::move(file)),
        fields_(std::move(fields)),
        schema_(std::move(schema)),
        deleted_(std::move(deleted)) {}

  Status start() {
    const parquet::FileMetaData& footer = *file_->parquet_reader()->metadata();
    rows_left_ = footer.num_rows();
    std::vector<int> leaves;
    for (const iceberg::NestedField& field : fields_) {
      const parquet::schema::Node* root = find_root(*footer.schema()->group_node(), field);
      if (root == nullptr) continue;
      const std::vector<int> under = leaves_of(*footer.schema(), *root);
      leaves.insert(leaves.end(), under.begin(), under.end());
    }
    if (leaves.empty()) return ok_status();
    std::vector<int> groups(static_cast<std::size_t>(footer.num_row_groups()));
    std::iota(groups.begin(), groups.end(), 0);
    TARN_ARROW_ASSIGN_OR_RETURN(batches_, file_->GetRecordBatchReader(groups, leaves));
    return ok_status();
  }

  Result<std::optional<FileRows>> next() override {
    return without_exceptions("reading " + location_, [&]() -> Result<std::optional<FileRows>> {
      for (;;) {
        TARN_ASSIGN_OR_RETURN(auto batch, read());
        if (!batch) return std::optional<FileRows>();
        TARN_ASSIGN_OR_RETURN(FileRows rows, live_rows(batch));
        if (rows.batch->num_rows() > 0) return std::optional(std::move(rows));
      }
    });
  }

 private:
  /// The next rows with the chosen columns, deleted ones included; null at the end.
  Result<std::shared_ptr<arrow::RecordBatch>> read() {
    std::shared_ptr<arrow::RecordBatch> raw;
    std::int64_t count = std::min(rows_left_, batch_rows_);
    if (batches_) {
      TARN_ARROW_ASSIGN_OR_RETURN(raw, batches_->Next());
      if (!raw) return raw;
      count = raw->num_rows();
    } else if (count == 0) {
      return raw;
    }
    rows_left_ -= count;
    arrow::ArrayVector columns;
    for (const iceberg::NestedField& field : fields_) {
      const int at = raw ? find_child(raw->schema()->fields(), field) : -1;
      std::shared_ptr<arrow::Array> column;
      if (at < 0) {
        TARN_ASSIGN_OR_RETURN(column, missing_column(field, count));
      } else {
        auto conformed = conform_array(raw->column(at), field);
        if (!conformed.ok()) return std::move(conformed).error().with_context("reading " + location_);
        column = *std::move(conformed);
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, count, std::move(columns));
  }

  Result<FileRows> live_rows(const std::shared_ptr<arrow::RecordBatch>& batch) {
    const std::int64_t first = position_;
    position_ += batch->num_rows();
    FileRows rows{batch, {}};
    std::vector<std::uint32_t> live;
    for (std::int64_t position = first; position < position_; ++position) {
      while (next_deleted_ < deleted_.size() && deleted_[next_deleted_] < position) ++next_deleted_;
      if (next_deleted_ < deleted_.size() && deleted_[next_deleted_] == position) continue;
      live.push_back(static_cast<std::uint32_t>(position - first));
      rows.positions.push_back(position);
    }
    if (static_cast<std::int64_t>(live.size()) < batch->num_rows()) {
      TARN_ASSIGN_OR_RETURN(rows.batch, take_rows(batch, live));
    }
    return rows;
  }

  std::int64_t batch_rows_;
  std::string location_;
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::vector<iceberg::NestedField> fields_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::int64_t> deleted_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // null: no column is in the file
  std::int64_t rows_left_ = 0;
  std::int64_t position_ = 0;
  std::size_t next_deleted_ = 0;
};

Result<std::vector<std::int64_t>> deleted_positions(DeleteFileCache& cache, const ScanTask& task) {
  std::vector<std::int64_t> deleted;
  for (const auto& file : task.deletes) {
    TARN_ASSIGN_OR_RETURN(const auto positions, cache.get(file->file));
    const auto found = positions->find(task.data->file.file_path);
    if (found != positions->end()) deleted.insert(deleted.end(), found->second.begin(), found->second.end());
  }
  std::ranges::sort(deleted);
  return deleted;
}

}  // namespace

Result<std::unique_ptr<DataFileReader>> DataFileReader::open(io::ObjectStore& store, DeleteFileCache& deletes,
                                                             const ScanTask& task,
                                                             const iceberg::Schema& schema,
                                                             const std::vector<std::int32_t>& field_ids,
                                                             std::int64_t batch_rows) {
  const std::string& location = task.data->file.file_path;
  if (task.data->file.file_format != iceberg::FileFormat::kParquet)
    return Error(kUnsupportedFormat, location + " is not Parquet");
  std::vector<iceberg::NestedField> fields;
  arrow::FieldVector arrow_fields;
  for (const std::int32_t id : field_ids) {
    const auto found = std::ranges::find(schema.fields(), id, &iceberg::NestedField::id);
    if (found == schema.fields().end())
      return Error(iceberg::kColumnNotFound, "there is no column of field id " + std::to_string(id));
    TARN_ASSIGN_OR_RETURN(auto arrow_field, to_arrow_field(*found));
    fields.push_back(*found);
    arrow_fields.push_back(std::move(arrow_field));
  }
  TARN_ASSIGN_OR_RETURN(auto deleted, deleted_positions(deletes, task));
  TARN_ASSIGN_OR_RETURN(auto file, open_parquet(store, location, batch_rows));
  auto reader =
      std::make_unique<Reader>(location, std::move(file), std::move(fields),
                               arrow::schema(std::move(arrow_fields)), std::move(deleted), batch_rows);
  TARN_RETURN_IF_ERROR(without_exceptions("reading " + location, [&] { return reader->start(); }));
  return std::unique_ptr<DataFileReader>(std::move(reader));
}

Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> read_all(io::ObjectStore& store, const Scan& scan) {
  std::vector<std::int32_t> ids;
  for (const iceberg::NestedField& field : scan.schema.fields()) ids.push_back(field.id);
  DeleteFileCache deletes(store);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (const ScanTask& task : scan.tasks) {
    TARN_ASSIGN_OR_RETURN(const auto reader, DataFileReader::open(store, deletes, task, scan.schema, ids));
    for (;;) {
      TARN_ASSIGN_OR_RETURN(auto rows, reader->next());
      if (!rows) break;
      batches.push_back(std::move(rows->batch));
    }
  }
  return batches;
}

}  // namespace tarn::table
