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

/// Which rows of a file are read.
struct RowChoice {
  std::vector<std::int64_t> positions;  ///< Ascending.
  bool only_these = false;              ///< Else all but these.
};

/// Row groups that are read in one go.
struct GroupRun {
  std::vector<int> groups;
  std::int64_t first_row = 0;
};

class Reader final : public DataFileReader {
 public:
  Reader(std::string location, std::unique_ptr<parquet::arrow::FileReader> file,
         std::vector<iceberg::NestedField> fields, std::shared_ptr<arrow::Schema> schema, RowChoice choice,
         std::int64_t batch_rows)
      : batch_rows_(batch_rows),
        location_(std::move(location)),
        file_(std::move(file)),
        fields_(std::move(fields)),
        schema_(std::move(schema)),
        choice_(std::move(choice)) {}

  Status start() {
    const parquet::FileMetaData& footer = *file_->parquet_reader()->metadata();
    rows_left_ = footer.num_rows();
    for (const iceberg::NestedField& field : fields_) {
      const parquet::schema::Node* root = find_root(*footer.schema()->group_node(), field);
      if (root == nullptr) continue;
      const std::vector<int> under = leaves_of(*footer.schema(), *root);
      leaves_.insert(leaves_.end(), under.begin(), under.end());
    }
    if (!leaves_.empty()) runs_ = runs_to_read(footer);
    return start_run();
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
  std::vector<GroupRun> runs_to_read(const parquet::FileMetaData& footer) const {
    if (!choice_.only_these) {
      GroupRun all{.groups = std::vector<int>(static_cast<std::size_t>(footer.num_row_groups()))};
      std::iota(all.groups.begin(), all.groups.end(), 0);
      return {std::move(all)};
    }
    std::vector<GroupRun> runs;
    std::int64_t first_row = 0;
    for (int group = 0; group < footer.num_row_groups(); ++group) {
      const std::int64_t end = first_row + footer.RowGroup(group)->num_rows();
      const auto wanted = std::ranges::lower_bound(choice_.positions, first_row);
      if (wanted != choice_.positions.end() && *wanted < end) runs.push_back({{group}, first_row});
      first_row = end;
    }
    return runs;
  }

  /// Turns to the next row groups; `batches_` is null behind the last.
  Status start_run() {
    batches_.reset();
    if (next_run_ == runs_.size()) return ok_status();
    const GroupRun& run = runs_[next_run_++];
    position_ = run.first_row;
    TARN_ARROW_ASSIGN_OR_RETURN(batches_, file_->GetRecordBatchReader(run.groups, leaves_));
    return ok_status();
  }

  /// The next rows with the chosen columns, whether chosen or not; null at the end.
  Result<std::shared_ptr<arrow::RecordBatch>> read() {
    std::shared_ptr<arrow::RecordBatch> raw;
    std::int64_t count = std::min(rows_left_, batch_rows_);
    if (!leaves_.empty()) {
      while (batches_ && !raw) {
        TARN_ARROW_ASSIGN_OR_RETURN(raw, batches_->Next());
        if (!raw) TARN_RETURN_IF_ERROR(start_run());
      }
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
    const std::vector<std::int64_t>& listed = choice_.positions;
    for (std::int64_t position = first; position < position_; ++position) {
      while (next_listed_ < listed.size() && listed[next_listed_] < position) ++next_listed_;
      const bool is_listed = next_listed_ < listed.size() && listed[next_listed_] == position;
      if (is_listed != choice_.only_these) continue;
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
  RowChoice choice_;
  std::vector<int> leaves_;  // none: no column is in the file
  std::vector<GroupRun> runs_;
  std::size_t next_run_ = 0;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::int64_t rows_left_ = 0;
  std::int64_t position_ = 0;
  std::size_t next_listed_ = 0;
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

struct Columns {
  const iceberg::Schema& schema;
  const std::vector<std::int32_t>& field_ids;
};

Result<std::unique_ptr<DataFileReader>> open_reader(io::ObjectStore& store, const std::string& location,
                                                    const Columns& columns, RowChoice choice,
                                                    std::int64_t batch_rows) {
  std::vector<iceberg::NestedField> fields;
  arrow::FieldVector arrow_fields;
  for (const std::int32_t id : columns.field_ids) {
    const auto found = std::ranges::find(columns.schema.fields(), id, &iceberg::NestedField::id);
    if (found == columns.schema.fields().end())
      return Error(iceberg::kColumnNotFound, "there is no column of field id " + std::to_string(id));
    TARN_ASSIGN_OR_RETURN(auto arrow_field, to_arrow_field(*found));
    fields.push_back(*found);
    arrow_fields.push_back(std::move(arrow_field));
  }
  TARN_ASSIGN_OR_RETURN(auto file, open_parquet(store, location, {.batch_rows = batch_rows}));
  auto reader =
      std::make_unique<Reader>(location, std::move(file), std::move(fields),
                               arrow::schema(std::move(arrow_fields)), std::move(choice), batch_rows);
  TARN_RETURN_IF_ERROR(without_exceptions("reading " + location, [&] { return reader->start(); }));
  return std::unique_ptr<DataFileReader>(std::move(reader));
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
  TARN_ASSIGN_OR_RETURN(auto deleted, deleted_positions(deletes, task));
  return open_reader(store, location, {schema, field_ids}, {.positions = std::move(deleted)}, batch_rows);
}

Result<std::unique_ptr<DataFileReader>> DataFileReader::open_at(io::ObjectStore& store,
                                                                const std::string& location,
                                                                const iceberg::Schema& schema,
                                                                const std::vector<std::int32_t>& field_ids,
                                                                std::vector<std::int64_t> positions,
                                                                std::int64_t batch_rows) {
  return open_reader(store, location, {schema, field_ids},
                     {.positions = std::move(positions), .only_these = true}, batch_rows);
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
