#include "table/deletes/delete_file.h"

#include <arrow/api.h>

#include <algorithm>
#include <utility>

#include "iceberg/binary/deletion_vector.h"
#include "iceberg/binary/puffin.h"
#include "iceberg/errors.h"
#include "iceberg/schema.h"
#include "table/arrow_schema.h"
#include "table/columns/arrow_result.h"
#include "table/columns/conform.h"
#include "table/columns/parquet_input.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

// Rows of the batches that are written.
constexpr std::int64_t kBatchRows = 65'536;

/// (Iceberg spec, "Position Delete Files")
const std::vector<std::int32_t>& reserved_ids() {
  static const std::vector<std::int32_t> ids{iceberg::kDeleteFilePathId, iceberg::kDeletePosId};
  return ids;
}

/// The columns with ids of their own: a Schema refuses the reserved ones.
Result<iceberg::Schema> delete_schema() {
  return iceberg::Schema::make(
      {.fields = {{.id = 1, .name = "file_path", .required = true, .type = iceberg::Type::string()},
                  {.id = 2, .name = "pos", .required = true, .type = iceberg::Type::int64()}}});
}

/// Gathers rows into batches for a writer.
class DeleteRows {
 public:
  DeleteRows(ParquetWriter& writer, std::shared_ptr<arrow::Schema> schema)
      : writer_(writer), schema_(std::move(schema)) {}

  Status add(const std::string& path, std::int64_t position) {
    TARN_ARROW_RETURN_IF_ERROR(paths_.Append(path));
    TARN_ARROW_RETURN_IF_ERROR(positions_.Append(position));
    return paths_.length() < kBatchRows ? ok_status() : flush();
  }

  Status flush() {
    TARN_ARROW_ASSIGN_OR_RETURN(const auto paths, paths_.Finish());
    TARN_ARROW_ASSIGN_OR_RETURN(const auto positions, positions_.Finish());
    return writer_.write(arrow::RecordBatch::Make(schema_, paths->length(), {paths, positions}));
  }

 private:
  ParquetWriter& writer_;
  std::shared_ptr<arrow::Schema> schema_;
  arrow::StringBuilder paths_;
  arrow::Int64Builder positions_;
};

/// A column of a delete file, as it should be.
Result<std::shared_ptr<arrow::Array>> conformed(const std::shared_ptr<arrow::Array>& array,
                                                iceberg::NestedField field, std::int32_t id) {
  field.id = id;
  if (array->null_count() > 0) return Error(kParquetFailed, "column `" + field.name + "` holds a null");
  return conform_array(array, field);
}

/// Of a dictionary the values, and of each row which one it has; else the column, and nothing.
struct PathColumn {
  std::shared_ptr<arrow::Array> texts;
  std::shared_ptr<arrow::Int32Array> numbers;

  std::int64_t number(std::int64_t row) const { return numbers ? numbers->Value(row) : row; }
  std::string_view text(std::int64_t row) const {
    return static_cast<const arrow::StringArray&>(*texts).GetView(number(row));
  }
  /// The row behind those that have the path of `row`.
  std::int64_t end_of_run(std::int64_t row, std::int64_t rows) const {
    const std::string_view path = text(row);
    std::int64_t end = row + 1;
    while (end < rows && (numbers ? numbers->Value(end) == numbers->Value(row) : text(end) == path)) ++end;
    return end;
  }
};

Result<PathColumn> path_column(const std::shared_ptr<arrow::Array>& array,
                               const iceberg::NestedField& field) {
  PathColumn paths;
  std::shared_ptr<arrow::Array> texts = array;
  if (array->type_id() == arrow::Type::DICTIONARY) {
    if (array->null_count() > 0) return Error(kParquetFailed, "column `" + field.name + "` holds a null");
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array);
    paths.numbers = std::static_pointer_cast<arrow::Int32Array>(dictionary.indices());
    texts = dictionary.dictionary();
  }
  TARN_ASSIGN_OR_RETURN(paths.texts, conformed(texts, field, iceberg::kDeleteFilePathId));
  return paths;
}

/// Where the column stands in the batch.
Result<int> place_of(const arrow::RecordBatch& batch, iceberg::NestedField field, std::int32_t id) {
  field.id = id;
  const int at = find_child(batch.schema()->fields(), field);
  if (at < 0) return Error(kParquetFailed, "the file has no column `" + field.name + "`");
  return at;
}

Status collect(const arrow::RecordBatch& batch, const iceberg::Schema& schema, DeletedPositions& found) {
  const iceberg::NestedField& path = schema.fields()[0];
  const iceberg::NestedField& pos = schema.fields()[1];
  TARN_ASSIGN_OR_RETURN(const int path_at, place_of(batch, path, iceberg::kDeleteFilePathId));
  TARN_ASSIGN_OR_RETURN(const int pos_at, place_of(batch, pos, iceberg::kDeletePosId));
  TARN_ASSIGN_OR_RETURN(const PathColumn paths, path_column(batch.column(path_at), path));
  TARN_ASSIGN_OR_RETURN(const auto numbers, conformed(batch.column(pos_at), pos, iceberg::kDeletePosId));
  const std::int64_t* positions = static_cast<const arrow::Int64Array&>(*numbers).raw_values();
  for (std::int64_t row = 0; row < batch.num_rows();) {
    const std::int64_t end = paths.end_of_run(row, batch.num_rows());
    if (std::any_of(positions + row, positions + end, [](std::int64_t position) { return position < 0; }))
      return Error(kParquetFailed, "column `pos` holds a negative number");
    std::vector<std::int64_t>& all = found[std::string(paths.text(row))];
    all.insert(all.end(), positions + row, positions + end);
    row = end;
  }
  return ok_status();
}

}  // namespace

Result<iceberg::DataFile> write_position_deletes(io::ObjectStore& store, const std::string& location,
                                                 const DeletedPositions& positions) {
  if (positions.empty()) return Error(kBadChange, "a delete file without positions was to be written");
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema, delete_schema());
  TARN_ASSIGN_OR_RETURN(const auto arrow_schema, to_arrow_schema(schema));
  TARN_ASSIGN_OR_RETURN(
      const auto writer,
      ParquetWriter::open(store, {.location = location, .schema = schema, .field_ids = reserved_ids()}));
  DeleteRows rows(*writer, arrow_schema);
  for (const auto& [path, list] : positions)
    for (const std::int64_t position : list) TARN_RETURN_IF_ERROR(rows.add(path, position));
  TARN_RETURN_IF_ERROR(rows.flush());
  TARN_ASSIGN_OR_RETURN(iceberg::DataFile file, writer->finish());
  file.content = iceberg::FileContent::kPositionDeletes;
  if (positions.size() == 1) {
    const std::string& path = positions.begin()->first;
    file.lower_bounds.set(iceberg::kDeleteFilePathId, path);
    file.upper_bounds.set(iceberg::kDeleteFilePathId, path);
    file.referenced_data_file = path;
  }
  return file;
}

Result<std::vector<iceberg::DataFile>> write_deletion_vectors(io::ObjectStore& store,
                                                              const std::string& location,
                                                              const DeletedPositions& positions) {
  if (positions.empty()) return Error(kBadChange, "a file of no deletion vectors was to be written");
  iceberg::PuffinWriter puffin;
  std::vector<iceberg::DataFile> files;
  for (const auto& [path, list] : positions) {
    if (list.empty()) return Error(kBadChange, "a deletion vector without positions was to be written");
    TARN_ASSIGN_OR_RETURN(const std::string blob, iceberg::write_deletion_vector(list));
    const iceberg::PuffinPlace place = puffin.add_deletion_vector(path, std::ssize(list), blob);
    files.push_back({.content = iceberg::FileContent::kPositionDeletes,
                     .file_path = location,
                     .file_format = iceberg::FileFormat::kPuffin,
                     .record_count = std::ssize(list),
                     .referenced_data_file = path,
                     .content_offset = place.offset,
                     .content_size_bytes = place.size_bytes});
  }
  const std::string bytes = std::move(puffin).finish();
  for (iceberg::DataFile& file : files) file.file_size_bytes = std::ssize(bytes);
  TARN_RETURN_IF_ERROR(store.write(location, bytes, io::IfExists::kReplace));
  return files;
}

std::int64_t stored_bytes(const iceberg::DataFile& file) {
  return is_deletion_vector(file) ? file.content_size_bytes.value_or(0) : file.file_size_bytes;
}

bool is_deletion_vector(const iceberg::DataFile& file) {
  return file.content == iceberg::FileContent::kPositionDeletes &&
         file.file_format == iceberg::FileFormat::kPuffin;
}

std::string delete_file_key(const iceberg::DataFile& file) {
  if (!file.content_offset) return file.file_path;
  return file.file_path + "#" + std::to_string(*file.content_offset);
}

Result<DeletedPositions> read_deletion_vector(std::string_view bytes, const iceberg::DataFile& file) {
  const auto bad = [&](const std::string& what) {
    return Error(iceberg::kBadValue, file.file_path + ": " + what);
  };
  if (!file.content_offset || !file.content_size_bytes || !file.referenced_data_file)
    return bad("the manifest does not say where its deletion vector lies and what it is of");
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (*file.content_offset < 0 || *file.content_size_bytes < 0 || *file.content_offset > size ||
      *file.content_size_bytes > size - *file.content_offset)
    return bad("the deletion vector would lie behind the file's end");
  const auto blob = bytes.substr(static_cast<std::size_t>(*file.content_offset),
                                 static_cast<std::size_t>(*file.content_size_bytes));
  auto positions = iceberg::read_deletion_vector(blob, file.record_count);
  if (!positions.ok()) return std::move(positions).error().with_context("reading " + file.file_path);
  DeletedPositions found;
  if (!positions->empty()) found.emplace(*file.referenced_data_file, *std::move(positions));
  return found;
}

Result<DeletedPositions> read_position_deletes(io::ObjectStore& store, const iceberg::DataFile& file) {
  if (is_deletion_vector(file)) {
    TARN_ASSIGN_OR_RETURN(const std::string bytes, store.read(file.file_path));
    return read_deletion_vector(bytes, file);
  }
  if (file.file_format != iceberg::FileFormat::kParquet)
    return Error(kUnsupportedFormat, file.file_path + " is not Parquet");
  TARN_ASSIGN_OR_RETURN(const auto reader, open_parquet(store, file.file_path, {.dictionaries = {0}}));
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema, delete_schema());
  return without_exceptions("reading " + file.file_path, [&]() -> Result<DeletedPositions> {
    DeletedPositions found;
    TARN_ARROW_ASSIGN_OR_RETURN(const auto batches, reader->GetRecordBatchReader());
    for (;;) {
      TARN_ARROW_ASSIGN_OR_RETURN(const auto batch, batches->Next());
      if (!batch) break;
      if (Status status = collect(*batch, schema, found); !status.ok())
        return std::move(status).error().with_context("reading " + file.file_path);
    }
    // The specification demands order; not every writer keeps to it.
    for (auto& [path, positions] : found)
      if (!std::ranges::is_sorted(positions)) std::ranges::sort(positions);
    return found;
  });
}

/// A Puffin file has the vectors of many data files, and is read once for all of them.
Result<DeletedPositions> DeleteFileCache::read(const iceberg::DataFile& file) {
  if (!is_deletion_vector(file)) return read_position_deletes(store_, file);
  std::shared_ptr<const std::string> bytes;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = puffins_.find(file.file_path); found != puffins_.end()) bytes = found->second;
  }
  if (!bytes) {
    TARN_ASSIGN_OR_RETURN(std::string read, store_.read(file.file_path));
    bytes = std::make_shared<const std::string>(std::move(read));
    const std::lock_guard lock(mutex_);
    puffins_.emplace(file.file_path, bytes);
  }
  return read_deletion_vector(*bytes, file);
}

Result<std::shared_ptr<const DeletedPositions>> DeleteFileCache::get(const iceberg::DataFile& file) {
  const std::string key = delete_file_key(file);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) return found->second;
  }
  TARN_ASSIGN_OR_RETURN(auto positions, read(file));
  auto shared = std::make_shared<const DeletedPositions>(std::move(positions));
  const std::lock_guard lock(mutex_);
  return by_key_.emplace(key, std::move(shared)).first->second;
}

}  // namespace tarn::table
