// The rows of a history's tables: what records and stored versions become.
#include <arrow/api.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "table/arrow_schema.h"
#include "table/columns/arrow_result.h"
#include "table/columns/conform.h"
#include "table/errors.h"
#include "table/history/history.h"
#include "table/history/version_values.h"
#include "table/reader.h"

namespace tarn::table {
namespace {

// Moved rows are handed on when there are so many.
constexpr std::int64_t kMovedRows = 65'536;

using Batch = std::shared_ptr<arrow::RecordBatch>;

/// The type without field ids: the two tables number their columns apart, so that fields go by their names.
std::shared_ptr<arrow::DataType> without_ids(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::LIST) {
    const auto& element = type->field(0);
    return arrow::list(arrow::field(element->name(), without_ids(element->type()), element->nullable()));
  }
  if (type->id() != arrow::Type::STRUCT) return type;
  arrow::FieldVector fields;
  for (const auto& field : type->fields())
    fields.push_back(arrow::field(field->name(), without_ids(field->type()), field->nullable()));
  return arrow::struct_(std::move(fields));
}

/// Rows of records or of either table as rows of one of them.
class Shaper {
 public:
  Shaper(const HistoryTables& tables, HistorySide side, const HistoryColumns& columns)
      : side_(side),
        schema_((side == HistorySide::kRows ? tables.rows : tables.unchanged).current_schema()),
        columns_(columns) {}

  /// What each row becomes; nothing where it is not written.
  using Fates = std::vector<std::optional<VersionFate>>;

  Result<Batch> shape(const Batch& rows, const Fates& fates) const {
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (const iceberg::NestedField& field : schema_.fields()) {
      TARN_ASSIGN_OR_RETURN(auto column, own_column(field, *rows, fates));
      if (!column) column = rows->GetColumnByName(field.name);
      if (!column) continue;  // of a former contract; null
      if (field.type.is_nested()) column = retype(column, without_ids(column->type()));
      fields.push_back(arrow::field(field.name, column->type()));
      columns.push_back(std::move(column));
    }
    const auto shaped = arrow::RecordBatch::Make(arrow::schema(fields), rows->num_rows(), std::move(columns));
    return conform_batch(shaped, schema_, Dictionaries::kKeep);
  }

 private:
  /// One of the columns that Tarn adds; null for the others.
  Result<std::shared_ptr<arrow::Array>> own_column(const iceberg::NestedField& field,
                                                   const arrow::RecordBatch& rows, const Fates& fates) const {
    if (side_ == HistorySide::kRows && !columns_.previous.empty()) return previous_column(field, fates);
    if (field.name == kTrackedHash) {
      return built<arrow::Int64Builder>(fates, [](const VersionFate& fate) { return fate.hash; });
    }
    if (side_ == HistorySide::kUnchanged) {
      if (field.name != kIsDeletion) return std::shared_ptr<arrow::Array>();
      return built<arrow::BooleanBuilder>(
          fates, [](const VersionFate& fate) { return fate.kind == VersionKind::kDeletion; });
    }
    if (field.name == kValidFrom) return rows.GetColumnByName(columns_.version);
    if (field.name == kIsCurrent) {
      return built<arrow::BooleanBuilder>(fates,
                                          [](const VersionFate& fate) { return fate.valid_to.empty(); });
    }
    if (field.name != kValidTo) return std::shared_ptr<arrow::Array>();
    std::vector<std::string_view> ends;
    for (const std::optional<VersionFate>& fate : fates)
      ends.push_back(fate ? fate->valid_to : std::string_view());
    return values_of_versions(field.type, ends);
  }

  /// One of the columns that tell what was before; null for the others.
  Result<std::shared_ptr<arrow::Array>> previous_column(const iceberg::NestedField& field,
                                                        const Fates& fates) const {
    std::optional<std::size_t> part;
    for (std::size_t i = 0; i < columns_.previous.size(); ++i) {
      if (field.name == columns_.previous[i].changed_at) part = 2 * i;
      if (field.name == columns_.previous[i].before) part = 2 * i + 1;
    }
    if (!part) return std::shared_ptr<arrow::Array>();
    std::vector<std::string_view> values;
    for (const std::optional<VersionFate>& fate : fates) {
      values.emplace_back();
      if (!fate) continue;
      TARN_ASSIGN_OR_RETURN(const auto parts, parts_of(fate->before));
      if (*part >= parts.size()) return Error(kIndexFailed, "a row of the history index is damaged");
      values.back() = parts[*part];
    }
    return values_of_versions(field.type, values);
  }

  template <typename Builder, typename ValueOf>
  static Result<std::shared_ptr<arrow::Array>> built(const Fates& fates, ValueOf value_of) {
    Builder builder;
    TARN_ARROW_RETURN_IF_ERROR(builder.Reserve(std::ssize(fates)));
    for (const std::optional<VersionFate>& fate : fates)
      builder.UnsafeAppend(value_of(fate.value_or(VersionFate())));
    TARN_ARROW_ASSIGN_OR_RETURN(auto array, builder.Finish());
    return array;
  }

  HistorySide side_;
  const iceberg::Schema& schema_;
  const HistoryColumns& columns_;
};

/// Reads stored versions, in the order of a change, and hands them on some at a time.
class MovedReader {
 public:
  using Take = std::function<Status(Batch)>;
  MovedReader(const HistoryTables& tables, const HistoryChange& change, Shaper shaper, const Take& take)
      : tables_(tables), change_(change), shaper_(std::move(shaper)), take_(take), next_(change.records) {}

  Status run(io::ObjectStore& store, const HistoryIndex& index) {
    std::size_t at = change_.records;
    while (at < change_.sources.size()) {
      const HistoryChange::Source& first = change_.sources[at];
      std::vector<std::int64_t> positions;
      for (; at < change_.sources.size(); ++at) {
        const HistoryChange::Source& source = change_.sources[at];
        if (source.file_id != first.file_id || source.side != first.side) break;
        positions.push_back(source.row);
      }
      const iceberg::TableMetadata& metadata =
          first.side == HistorySide::kRows ? tables_.rows : tables_.unchanged;
      TARN_ASSIGN_OR_RETURN(const IndexedFile file,
                            index.file(static_cast<std::uint64_t>(first.file_id), metadata));
      TARN_RETURN_IF_ERROR(read_file(store, file.path, metadata.current_schema(), std::move(positions)));
      if (next_ + static_cast<std::size_t>(gathered_rows_) != at)
        return Error(kParquetFailed, file.path + " has fewer rows than the history index says");
    }
    return hand_on();
  }

 private:
  Status read_file(io::ObjectStore& store, const std::string& path, const iceberg::Schema& schema,
                   std::vector<std::int64_t> positions) {
    std::vector<std::int32_t> ids;
    for (const iceberg::NestedField& field : schema.fields()) ids.push_back(field.id);
    TARN_ASSIGN_OR_RETURN(const auto reader,
                          DataFileReader::open_at(store, path, schema, ids, std::move(positions)));
    for (;;) {
      TARN_ASSIGN_OR_RETURN(auto rows, reader->next());
      if (!rows) return ok_status();
      gathered_rows_ += rows->batch->num_rows();
      TARN_ASSIGN_OR_RETURN(auto shaped, shape(rows->batch));
      gathered_.push_back(std::move(shaped));
      if (gathered_rows_ >= kMovedRows) TARN_RETURN_IF_ERROR(hand_on());
    }
  }

  Result<Batch> shape(const Batch& rows) {
    const std::size_t end = next_ + static_cast<std::size_t>(gathered_rows_);
    Shaper::Fates fates;
    for (std::size_t i = end - static_cast<std::size_t>(rows->num_rows()); i < end; ++i) {
      TARN_ASSIGN_OR_RETURN(fates.emplace_back(), fate_from_bytes(change_.entries[i]));
    }
    return shaper_.shape(rows, fates);
  }

  Status hand_on() {
    if (gathered_.empty()) return ok_status();
    TARN_ARROW_ASSIGN_OR_RETURN(auto whole, arrow::ConcatenateRecordBatches(gathered_));
    gathered_.clear();
    next_ += static_cast<std::size_t>(gathered_rows_);
    gathered_rows_ = 0;
    return take_(std::move(whole));
  }

  const HistoryTables& tables_;
  const HistoryChange& change_;
  Shaper shaper_;
  const Take& take_;
  std::size_t next_;  // of the change's sources: the first that is not handed on
  arrow::RecordBatchVector gathered_;
  std::int64_t gathered_rows_ = 0;
};

}  // namespace

Result<std::vector<Batch>> record_batches(const HistoryPlan& plan, HistorySide side,
                                          const HistoryRecords& records, const HistoryTables& tables,
                                          const HistoryColumns& columns) {
  const HistoryChange& change = plan.of(side);
  const Shaper shaper(tables, side, columns);
  std::vector<Batch> result;
  std::size_t next = 0;
  std::int64_t first = 0;
  for (const Batch& batch : records.batches) {
    Shaper::Fates fates(static_cast<std::size_t>(batch->num_rows()));
    for (; next < change.records && change.sources[next].row < first + batch->num_rows(); ++next) {
      TARN_ASSIGN_OR_RETURN(fates[static_cast<std::size_t>(change.sources[next].row - first)],
                            fate_from_bytes(change.entries[next]));
    }
    first += batch->num_rows();
    TARN_ASSIGN_OR_RETURN(auto shaped, shaper.shape(batch, fates));
    result.push_back(std::move(shaped));
  }
  return result;
}

Status read_moved(io::ObjectStore& store, const HistoryIndex& index, const HistoryTables& tables,
                  const HistoryPlan& plan, HistorySide side, const std::function<Status(Batch)>& take) {
  return MovedReader(tables, plan.of(side), Shaper(tables, side, index.columns()), take).run(store, index);
}

}  // namespace tarn::table
