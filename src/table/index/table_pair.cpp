#include "table/index/table_pair.h"

#include <charconv>
#include <string_view>

#include "table/index/follow_moves.h"

namespace tarn::table {

PairSnapshots PairSnapshots::of(const iceberg::TableMetadata& rows, const iceberg::TableMetadata& companion) {
  return {rows.current_snapshot_id.value_or(-1), companion.current_snapshot_id.value_or(-1)};
}

std::optional<PairSnapshots> PairState::snapshots() const {
  const auto& state = database_.state();
  if (!state || layout_.empty() || !state->columns.starts_with(layout_)) return std::nullopt;
  PairSnapshots snapshots{.rows = state->snapshot_id};
  const std::string_view text = std::string_view(state->columns).substr(layout_.size());
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), snapshots.companion);
  if (parsed.ec != std::errc()) return std::nullopt;
  return snapshots;
}

KeyDatabase::State PairState::state(const std::string& table_uuid, const PairSnapshots& snapshots,
                                    std::uint64_t next_file_id) const {
  return {.table_uuid = table_uuid,
          .columns = layout_ + std::to_string(snapshots.companion),
          .snapshot_id = snapshots.rows,
          .next_file_id = next_file_id};
}

Result<bool> PairState::follow(const iceberg::TableMetadata& rows, const iceberg::TableMetadata& companion,
                               io::ObjectStore& store, ManifestCache& cache) {
  const auto known = snapshots();
  if (!known) return false;
  MoveFollower follower(database_, store, cache, database_.state()->next_file_id);
  TARN_ASSIGN_OR_RETURN(const bool rows_followed, follower.follow_since(rows, known->rows));
  if (!rows_followed) return false;
  TARN_ASSIGN_OR_RETURN(const bool all_followed, follower.follow_since(companion, known->companion));
  if (!all_followed) return false;
  follower.changes().put_state(
      state(rows.table_uuid, PairSnapshots::of(rows, companion), follower.next_file_id()));
  TARN_RETURN_IF_ERROR(database_.apply(follower.changes()));
  return true;
}

}  // namespace tarn::table
