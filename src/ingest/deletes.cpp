// Deletions by `delete_when`: which rows of a batch delete their key, and the table that remembers them.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"
#include "ingest/batch_commit.h"
#include "ingest/batch_work.h"
#include "table/arrow_schema.h"
#include "table/tombstones.h"

namespace tarn::ingest {
namespace {

bool has(const std::vector<std::int64_t>& numbers, std::int64_t number) {
  return std::ranges::find(numbers, number) != numbers.end();
}

/// Whether a row that has a value there deletes. The contract's check lets no other types through.
bool deletes(const arrow::Array& column, std::int64_t row, const project::DeleteValues& values) {
  switch (column.type_id()) {
    case arrow::Type::STRING:
      return std::ranges::find(values.texts, static_cast<const arrow::StringArray&>(column).GetView(row)) !=
             values.texts.end();
    case arrow::Type::BOOL:
      return has(values.numbers, static_cast<const arrow::BooleanArray&>(column).Value(row) ? 1 : 0);
    case arrow::Type::INT32:
      return has(values.numbers, static_cast<const arrow::Int32Array&>(column).Value(row));
    default:
      TARN_CHECK(column.type_id() == arrow::Type::INT64);
      return has(values.numbers, static_cast<const arrow::Int64Array&>(column).Value(row));
  }
}

}  // namespace

Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> rows_by_name(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, const iceberg::Schema& schema) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> result;
  for (const auto& batch : batches) {
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (const iceberg::NestedField& field : schema.fields()) {
      const auto column = batch->GetColumnByName(field.name);
      if (!column) continue;  // of a former contract; null
      fields.push_back(arrow::field(field.name, column->type()));
      columns.push_back(column);
    }
    const auto some = arrow::RecordBatch::Make(arrow::schema(fields), batch->num_rows(), std::move(columns));
    TARN_ASSIGN_OR_RETURN(auto conformed, table::conform_batch(some, schema, table::Dictionaries::kKeep));
    result.push_back(std::move(conformed));
  }
  return result;
}

std::vector<bool> deleting_rows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                                const project::FeedSpec& feed) {
  const project::DeleteRule& rule = feed.delete_when;
  std::vector<bool> result;
  project::DeleteValues values;
  if (!rule.column->empty())
    values = project::delete_values(*project::find_column(feed.columns, *rule.column), rule);
  for (const auto& batch : batches) {
    if (rule.column->empty()) {
      result.resize(result.size() + static_cast<std::size_t>(batch->num_rows()));
      continue;
    }
    const auto column = batch->GetColumnByName(*rule.column);
    TARN_CHECK(column != nullptr);
    for (std::int64_t row = 0; row < batch->num_rows(); ++row)
      result.push_back(!column->IsNull(row) && (rule.values.empty() || deletes(*column, row, values)));
  }
  return result;
}

Status BatchCommitter::plan_with_tombstones(TableWork& work, const Gathered& gathered, const BatchId& id,
                                            int attempt) {
  auto tombstones = std::make_unique<TableWork>();
  tombstones->name = *project::companion_table(*gathered.feed);
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(tombstones->name));
  tombstones->metadata = table.metadata;
  TARN_ASSIGN_OR_RETURN(tombstones->index, index_of(*table.metadata, gathered));
  const std::vector<bool> deleting = deleting_rows(gathered.batches, *gathered.feed);
  TARN_ASSIGN_OR_RETURN(
      table::TombstonePlan plan,
      table::plan_upsert_with_tombstones(*work.index, *work.metadata, gathered.batches,
                                         {*tombstones->index, *tombstones->metadata, deleting}));
  work.plan = std::move(plan.rows);
  tombstones->plan = std::move(plan.tombstones);
  if (!tombstones->plan->changes_nothing()) {
    TARN_ASSIGN_OR_RETURN(const auto rows,
                          rows_by_name(gathered.batches, tombstones->metadata->current_schema()));
    TARN_RETURN_IF_ERROR(write_planned(*tombstones, gathered, rows, id, attempt));
  }
  tombstones->records_deleting = tombstones->rows_added;
  work.companion = std::move(tombstones);
  return ok_status();
}

}  // namespace tarn::ingest
