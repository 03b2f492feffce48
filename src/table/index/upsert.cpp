#include "table/upsert.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

#include "table/columns/partition_key.h"
#include "table/columns/row_identity.h"
#include "table/errors.h"
#include "table/index/delete_collector.h"
#include "table/index/planned_rows.h"

namespace tarn::table {
namespace {

// Keys looked up at once.
constexpr std::size_t kFindRows = 65'536;

}  // namespace

Result<UpsertPlan> plan_upsert(const KeyIndex& index, const iceberg::TableMetadata& metadata,
                               std::span<const std::shared_ptr<arrow::RecordBatch>> batches) {
  UpsertPlan plan;
  plan.base_snapshot_id = metadata.current_snapshot_id.value_or(-1);
  if (index.snapshot_id() != plan.base_snapshot_id)
    return Error(kIndexNotInStep,
                 "the key index does not describe snapshot " + std::to_string(plan.base_snapshot_id));
  TARN_ASSIGN_OR_RETURN(RowIdentities rows,
                        identities_of(batches, metadata.current_schema(), index.columns()));
  const std::vector<std::uint32_t> winning = winners(rows);
  plan.counts.superseded = static_cast<std::int64_t>(rows.keys.size() - winning.size());
  DeleteCollector deletes(index, metadata);
  std::vector<RowKey> keys;
  plan.rows.reserve(winning.size());
  for (std::size_t at = 0; at < winning.size(); at += kFindRows) {
    const auto some = std::span(winning).subspan(at, std::min(kFindRows, winning.size() - at));
    keys.clear();
    for (const std::uint32_t row : some) keys.push_back(rows.keys[row]);
    TARN_ASSIGN_OR_RETURN(const auto found, index.find(keys));
    for (std::size_t i = 0; i < some.size(); ++i) {
      const std::string_view rank = rows.ranks[some[i]];
      if (found[i] && found[i]->rank >= rank) {
        ++plan.counts.superseded;
        continue;
      }
      if (found[i]) TARN_RETURN_IF_ERROR(deletes.add(*found[i]));
      ++(found[i] ? plan.counts.updated : plan.counts.inserted);
      plan.rows.push_back(some[i]);
    }
  }
  complete_rows(plan, std::move(rows));
  plan.deletes = std::move(deletes).finish();
  return plan;
}

Status note_committed(KeyIndex& index, const UpsertPlan& plan, const WrittenFiles& written,
                      std::int64_t snapshot_id) {
  if (index.snapshot_id() != plan.base_snapshot_id)
    return Error(kIndexNotInStep, "the key index has moved on since the upsert was planned");
  if (written.places.size() != plan.rows.size())
    return Error(kBadChange, "the places of the written rows are missing");
  return index.put({plan.keys, plan.ranks, written.places}, plan.removed, written.files, snapshot_id);
}

}  // namespace tarn::table
