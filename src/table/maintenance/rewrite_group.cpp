#include <arrow/record_batch.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "table/columns/partition_key.h"
#include "table/errors.h"
#include "table/maintenance/compaction.h"
#include "table/maintenance/row_lineage.h"
#include "table/maintenance/row_merge.h"
#include "table/maintenance/z_curve.h"
#include "table/reader.h"

namespace tarn::table {
namespace {

// A row is assumed to take so many times its stored size when it is read.
constexpr std::int64_t kUnpacked = 8;
constexpr std::int64_t kLeastBatchRows = 256;
constexpr std::int64_t kMostBatchRows = 65'536;
constexpr std::int32_t kFirstWithLineage = 3;
// Small ones have narrow bounds in every column of a curve.
constexpr std::int64_t kCurveRowGroupRows = 32'768;

/// How many rows of each file are held, so that those of all files fit.
std::int64_t batch_rows(const FileGroup& group, std::int64_t memory_bytes) {
  const std::int64_t row_bytes =
      std::max<std::int64_t>(16, group.size_bytes * kUnpacked / std::max<std::int64_t>(1, group.rows));
  // The rows at hand, the sorted piece of them, and what the writer gathers.
  const std::int64_t rows = memory_bytes / 4 / row_bytes / std::max<std::int64_t>(1, std::ssize(group.files));
  return std::clamp(rows, kLeastBatchRows, kMostBatchRows);
}

/// Reads the curve's columns, to learn what values there are.
Status fit_curve(ZCurve& curve, io::ObjectStore& store, DeleteFileCache& deletes,
                 const iceberg::Schema& schema, const FileGroup& group) {
  const std::vector<std::int32_t> ids = curve.field_ids();
  iceberg::Schema::Parts parts;
  for (const std::int32_t id : ids) parts.fields.push_back(*schema.find(id));
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema chosen, iceberg::Schema::make(std::move(parts)));
  for (const ScanTask& task : group.files) {
    TARN_ASSIGN_OR_RETURN(const auto reader, DataFileReader::open(store, deletes, task, schema, ids));
    for (;;) {
      TARN_ASSIGN_OR_RETURN(const auto rows, reader->next());
      if (!rows) break;
      TARN_RETURN_IF_ERROR(curve.observe(*rows->batch, chosen));
    }
  }
  curve.fit();
  return ok_status();
}

Status check_rows(const FileGroup& group) {
  if (group.rows < std::int64_t{RewrittenGroup::kGone}) return ok_status();
  return Error(kTooLarge, "the files of a partition have " + std::to_string(group.rows) +
                              " rows together; lower the target size of files");
}

}  // namespace

Result<RewrittenGroup> rewrite_group(io::ObjectStore& store, DeleteFileCache& deletes,
                                     const iceberg::TableMetadata& metadata, FileGroup group,
                                     const RewriteTarget& target) {
  TARN_RETURN_IF_ERROR(check_rows(group));
  const bool has_lineage = metadata.format_version >= kFirstWithLineage;
  iceberg::Schema schema = metadata.current_schema();
  if (has_lineage) {
    TARN_ASSIGN_OR_RETURN(schema, iceberg::with_row_lineage(schema));
  }
  const iceberg::SortOrder& order = metadata.default_sort_order();
  const iceberg::PartitionSpec* spec = metadata.spec_by_id(group.spec_id);
  if (spec == nullptr) return Error(kBadChange, "the table has no spec " + std::to_string(group.spec_id));
  std::vector<std::int32_t> ids;
  for (const iceberg::NestedField& field : schema.fields()) ids.push_back(field.id);
  RewrittenGroup rewritten{.group = std::move(group)};
  TARN_ASSIGN_OR_RETURN(std::optional<ZCurve> curve, ZCurve::of_table(metadata));
  if (curve) TARN_RETURN_IF_ERROR(fit_curve(*curve, store, deletes, schema, rewritten.group));
  RowMerge merge({.schema = schema, .sort = order, .curve = curve ? &*curve : nullptr},
                 {.folder = target.spill_folder, .memory_bytes = target.memory_bytes});
  std::int64_t expected_rows = 0;
  for (const ScanTask& task : rewritten.group.files) {
    expected_rows += task.data->file.record_count;
    rewritten.places.emplace_back(static_cast<std::size_t>(task.data->file.record_count),
                                  RewrittenGroup::kGone);
    TARN_ASSIGN_OR_RETURN(auto reader,
                          DataFileReader::open(store, deletes, task, schema, ids,
                                               batch_rows(rewritten.group, target.memory_bytes)));
    TARN_RETURN_IF_ERROR(
        merge.add(std::move(reader), !curve && task.data->file.sort_order_id == order.order_id));
  }
  const std::string name = file_name_prefix(target.batch_id) + std::to_string(target.number) + ".parquet";
  TARN_ASSIGN_OR_RETURN(ParquetOptions parquet, parquet_options(metadata.properties));
  parquet.row_group_bytes =
      std::min(parquet.row_group_bytes, std::max<std::int64_t>(target.memory_bytes / 4, 1 << 20));
  parquet.expected_rows = expected_rows;
  ParquetWriter::Target file{
      .location = data_file_location(metadata.location, spec->path_of(rewritten.group.partition), name),
      .schema = schema,
      .options = parquet,
      .sort_order_id = curve ? 0 : order.order_id};
  if (curve) file.options.row_group_rows = kCurveRowGroupRows;
  std::unique_ptr<ParquetWriter> writer;
  std::uint32_t next = 0;
  for (;;) {
    TARN_ASSIGN_OR_RETURN(const auto rows, merge.next());
    if (!rows) break;
    if (writer == nullptr) {
      TARN_ASSIGN_OR_RETURN(writer, ParquetWriter::open(store, file));
    }
    for (const RowOrigin& origin : rows->origins) {
      auto& places = rewritten.places[origin.source];
      if (origin.position >= places.size())
        return Error(kParquetFailed, rewritten.group.files[origin.source].data->file.file_path +
                                         " has more rows than its manifest says");
      places[origin.position] = next++;
    }
    std::shared_ptr<arrow::RecordBatch> batch = rows->batch;
    if (has_lineage) {
      TARN_ASSIGN_OR_RETURN(batch, with_inherited_lineage(*rows, rewritten.group.files));
    }
    TARN_RETURN_IF_ERROR(writer->write(batch));
  }
  if (writer == nullptr) return rewritten;
  TARN_ASSIGN_OR_RETURN(iceberg::DataFile written, writer->finish());
  written.partition = rewritten.group.partition;
  rewritten.files.push_back({std::move(written), rewritten.group.spec_id});
  return rewritten;
}

}  // namespace tarn::table
