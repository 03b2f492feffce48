#include "table/child_upsert.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "table/arrow_schema.h"
#include "table/columns/compute.h"
#include "table/columns/row_identity.h"
#include "table/errors.h"
#include "table/index/delete_collector.h"

namespace tarn::table {
namespace {

// The rows of a plan that lie in the batch whose first row has the number `first`, counted within it.
std::vector<std::uint32_t> rows_within(const std::vector<std::int64_t>& rows, std::int64_t first,
                                       std::int64_t count) {
  std::vector<std::uint32_t> within;
  for (auto row = std::ranges::lower_bound(rows, first); row != rows.end() && *row < first + count; ++row) {
    within.push_back(static_cast<std::uint32_t>(*row - first));
  }
  return within;
}

/// Looks the older children of winning parents up, ordinal by ordinal, until no parent has one more.
class OlderChildren {
 public:
  OlderChildren(const KeyIndex& index, const iceberg::TableMetadata& metadata, UpsertPlan& plan)
      : index_(index), schema_(metadata.current_schema()), deletes_(index, metadata), plan_(plan) {}

  /// `batch` has the parent's columns, one row a winner; `children` is how many each has now.
  Status find(const std::shared_ptr<arrow::RecordBatch>& batch, std::span<const std::int64_t> children) {
    std::shared_ptr<arrow::RecordBatch> rows = batch;
    std::vector<std::int64_t> counts(children.begin(), children.end());
    for (std::int32_t ordinal = 1; rows->num_rows() > 0; ++ordinal) {
      TARN_ASSIGN_OR_RETURN(const IdentityColumns columns, probe(*rows, ordinal));
      RowIdentities identities;
      TARN_RETURN_IF_ERROR(append_identities(columns, rows->num_rows(), identities));
      TARN_ASSIGN_OR_RETURN(const auto found, index_.find(identities.keys));
      std::vector<std::uint32_t> going_on;
      std::vector<std::int64_t> going_on_counts;
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (!found[i]) continue;
        TARN_RETURN_IF_ERROR(deletes_.add(*found[i]));
        if (ordinal > counts[i]) plan_.removed.push_back(identities.keys[i]);
        ++plan_.counts.updated;
        going_on.push_back(static_cast<std::uint32_t>(i));
        going_on_counts.push_back(counts[i]);
      }
      TARN_ASSIGN_OR_RETURN(rows, take_rows(rows, going_on));
      counts = std::move(going_on_counts);
    }
    return ok_status();
  }

  std::vector<UpsertPlan::PartitionDeletes> finish() && { return std::move(deletes_).finish(); }

 private:
  Result<IdentityColumns> probe(const arrow::RecordBatch& rows, std::int32_t ordinal) const {
    IdentityColumns columns;
    const std::vector<std::int32_t>& key = index_.columns().key;
    for (std::size_t i = 0; i + 1 < key.size(); ++i) {
      const iceberg::NestedField& field = *schema_.find(key[i]);
      std::shared_ptr<arrow::Array> array = rows.GetColumnByName(field.name);
      if (!array) return Error(kBatchMismatch, "the parent has no column `" + field.name + "`");
      TARN_ASSIGN_OR_RETURN(const auto type, to_arrow_type(field.type));
      if (!array->type()->Equals(*type)) {
        TARN_ASSIGN_OR_RETURN(array, cast_array(array, type));
      }
      columns.key.push_back({std::move(array), field.name, field.type});
    }
    const iceberg::NestedField& field = *schema_.find(key.back());
    const std::vector<std::int32_t> values(static_cast<std::size_t>(rows.num_rows()), ordinal);
    arrow::Int32Builder builder;
    std::shared_ptr<arrow::Array> ordinals;
    if (!builder.AppendValues(values).ok() || !builder.Finish(&ordinals).ok()) {
      return Error(kTooLarge, "no memory for the ordinals of child rows");
    }
    columns.key.push_back({std::move(ordinals), field.name, iceberg::Type::int32()});
    return columns;
  }

  const KeyIndex& index_;
  const iceberg::Schema& schema_;
  DeleteCollector<KeyIndex> deletes_;
  UpsertPlan& plan_;
};

}  // namespace

Result<UpsertPlan> plan_child_upsert(const KeyIndex& index, const iceberg::TableMetadata& metadata,
                                     std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
                                     const ParentRows& parents) {
  UpsertPlan plan;
  plan.base_snapshot_id = metadata.current_snapshot_id.value_or(-1);
  if (index.snapshot_id() != plan.base_snapshot_id) {
    return Error(kIndexNotInStep,
                 "the key index does not describe snapshot " + std::to_string(plan.base_snapshot_id));
  }
  TARN_ASSIGN_OR_RETURN(const RowIdentities rows,
                        identities_of(batches, metadata.current_schema(), index.columns()));
  if (rows.keys.size() != parents.parent_of_row.size()) {
    return Error(kBatchMismatch, "each child row needs its parent");
  }
  // Parents whose former children go: a deleted one has none any more.
  std::vector<std::int64_t> deciding;
  std::ranges::merge(parents.plan.rows, parents.plan.deleting, std::back_inserter(deciding));
  std::vector<std::int64_t> children(deciding.size(), 0);
  for (std::size_t row = 0; row < rows.keys.size(); ++row) {
    const std::int64_t number = parents.parent_of_row[row];
    const auto parent = std::ranges::lower_bound(deciding, number);
    if (parent == deciding.end() || *parent != number ||
        std::ranges::binary_search(parents.plan.deleting, number)) {
      ++plan.counts.superseded;
      continue;
    }
    ++children[static_cast<std::size_t>(parent - deciding.begin())];
    plan.rows.push_back(static_cast<std::int64_t>(row));
    plan.keys.push_back(rows.keys[row]);
    plan.ranks.append(rows.ranks[row]);
  }
  OlderChildren older(index, metadata, plan);
  std::int64_t first = 0;
  std::size_t done = 0;
  for (const auto& batch : parents.batches) {
    const std::vector<std::uint32_t> winners = rows_within(deciding, first, batch->num_rows());
    first += batch->num_rows();
    TARN_ASSIGN_OR_RETURN(const auto taken, take_rows(batch, winners));
    TARN_RETURN_IF_ERROR(older.find(taken, std::span(children).subspan(done, winners.size())));
    done += winners.size();
  }
  plan.counts.inserted = static_cast<std::int64_t>(plan.rows.size()) -
                         (plan.counts.updated - static_cast<std::int64_t>(plan.removed.size()));
  plan.deletes = std::move(older).finish();
  return plan;
}

}  // namespace tarn::table
