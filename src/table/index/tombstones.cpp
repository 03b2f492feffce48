#include "table/tombstones.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "table/columns/row_identity.h"
#include "table/errors.h"
#include "table/index/delete_collector.h"
#include "table/index/planned_rows.h"

namespace tarn::table {
namespace {

// Keys looked up at once.
constexpr std::size_t kFindRows = 65'536;

/// One of the two plans while it is being made.
class Side {
 public:
  Side(const KeyIndex& index, const iceberg::TableMetadata& metadata)
      : index_(index), deletes_(index, metadata) {
    plan_.base_snapshot_id = metadata.current_snapshot_id.value_or(-1);
  }
  Status check() const {
    if (index_.snapshot_id() == plan_.base_snapshot_id) return ok_status();
    return Error(kIndexNotInStep,
                 "the key index does not describe snapshot " + std::to_string(plan_.base_snapshot_id));
  }
  auto find(std::span<const RowKey> keys) const { return index_.find(keys); }

  /// The row becomes the key's on this side.
  Status take(std::int64_t row, const std::optional<IndexedRow>& known) {
    plan_.rows.push_back(row);
    return known ? deletes_.add(*known) : ok_status();
  }
  /// The key leaves this side, if it is there.
  Status leave(const RowKey& key, const std::optional<IndexedRow>& known) {
    if (!known) return ok_status();
    plan_.removed.push_back(key);
    return deletes_.add(*known);
  }
  UpsertPlan& plan() { return plan_; }
  UpsertPlan finish(const RowIdentities& rows) && {
    complete_rows(plan_, rows);
    std::ranges::sort(plan_.deleting);
    plan_.deletes = std::move(deletes_).finish();
    return std::move(plan_);
  }

 private:
  const KeyIndex& index_;
  DeleteCollector<KeyIndex> deletes_;
  UpsertPlan plan_;
};

bool outranks(const std::optional<IndexedRow>& known, std::string_view rank) {
  return known && known->rank >= rank;
}

}  // namespace

Result<TombstonePlan> plan_upsert_with_tombstones(
    const KeyIndex& index, const iceberg::TableMetadata& metadata,
    std::span<const std::shared_ptr<arrow::RecordBatch>> batches, const Tombstones& tombstones) {
  Side live(index, metadata);
  Side dead(tombstones.index, tombstones.metadata);
  TARN_RETURN_IF_ERROR(live.check());
  TARN_RETURN_IF_ERROR(dead.check());
  TARN_ASSIGN_OR_RETURN(const RowIdentities rows,
                        identities_of(batches, metadata.current_schema(), index.columns()));
  if (rows.keys.size() != tombstones.deletes.size())
    return Error(kBatchMismatch, "each row needs to say whether it deletes");
  const std::vector<std::uint32_t> winning = winners(rows);
  UpsertCounts counts{.superseded = static_cast<std::int64_t>(rows.keys.size() - winning.size())};
  std::vector<RowKey> keys;
  for (std::size_t at = 0; at < winning.size(); at += kFindRows) {
    const auto some = std::span(winning).subspan(at, std::min(kFindRows, winning.size() - at));
    keys.clear();
    for (const std::uint32_t row : some) keys.push_back(rows.keys[row]);
    TARN_ASSIGN_OR_RETURN(const auto rows_found, live.find(keys));
    TARN_ASSIGN_OR_RETURN(const auto tombstones_found, dead.find(keys));
    for (std::size_t i = 0; i < some.size(); ++i) {
      const std::uint32_t row = some[i];
      const std::string_view rank = rows.ranks[row];
      const auto& row_found = rows_found[i];
      const auto& tombstone_found = tombstones_found[i];
      if (outranks(row_found, rank) || outranks(tombstone_found, rank)) {
        ++counts.superseded;
      } else if (tombstones.deletes[row]) {
        ++counts.deleted;
        live.plan().deleting.push_back(row);
        TARN_RETURN_IF_ERROR(live.leave(keys[i], row_found));
        TARN_RETURN_IF_ERROR(dead.take(row, tombstone_found));
      } else {
        ++(row_found ? counts.updated : counts.inserted);
        TARN_RETURN_IF_ERROR(live.take(row, row_found));
        TARN_RETURN_IF_ERROR(dead.leave(keys[i], tombstone_found));
      }
    }
  }
  live.plan().counts = counts;
  return TombstonePlan{std::move(live).finish(rows), std::move(dead).finish(rows)};
}

}  // namespace tarn::table
