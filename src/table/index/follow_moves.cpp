#include "table/index/follow_moves.h"

#include <algorithm>
#include <set>
#include <utility>

#include "table/index/indexed_file.h"

namespace tarn::table {
namespace {

// Stands for "no snapshot".
constexpr std::int64_t kEmptyTable = -1;

}  // namespace

std::optional<std::vector<const iceberg::Snapshot*>> snapshots_since(const iceberg::TableMetadata& metadata,
                                                                     std::int64_t base) {
  std::vector<const iceberg::Snapshot*> snapshots;
  const iceberg::Snapshot* snapshot = metadata.current_snapshot();
  if (snapshot == nullptr || snapshot->snapshot_id == base)
    return base == metadata.current_snapshot_id.value_or(kEmptyTable) ? std::optional(snapshots)
                                                                      : std::nullopt;
  while (snapshot != nullptr) {
    if (snapshots.size() > metadata.snapshots.size()) return std::nullopt;  // parents that go in a circle
    snapshots.push_back(snapshot);
    // The base itself may have expired: it is known by its number.
    if (snapshot->parent_snapshot_id.value_or(kEmptyTable) == base) {
      std::ranges::reverse(snapshots);
      return snapshots;
    }
    if (!snapshot->parent_snapshot_id) return std::nullopt;
    snapshot = metadata.snapshot_by_id(*snapshot->parent_snapshot_id);
  }
  return std::nullopt;  // expired, or the table was emptied
}

Result<bool> MoveFollower::follow_since(const iceberg::TableMetadata& metadata, std::int64_t base) {
  const auto snapshots = snapshots_since(metadata, base);
  if (!snapshots) return false;
  for (const iceberg::Snapshot* snapshot : *snapshots) {
    TARN_ASSIGN_OR_RETURN(const bool followed, follow(metadata, *snapshot));
    if (!followed) return false;
  }
  return true;
}

Result<bool> MoveFollower::follow(const iceberg::TableMetadata& metadata, const iceberg::Snapshot& snapshot) {
  TARN_ASSIGN_OR_RETURN(const auto replaced, replacement(snapshot));
  if (!replaced) return false;
  if (replaced->added.empty() && replaced->removed.empty()) return true;  // delete files or manifests only
  const std::vector<MovedGroup> groups = read_moves(store_, metadata, snapshot);
  // A group that the commit did not take is not among the files of the snapshot.
  std::set<std::string> added;
  for (const NewFile& file : replaced->added) added.insert(file.file.file_path);
  std::size_t covered = 0;
  std::string places;
  Moves moves;
  if (!ids_) {
    TARN_ASSIGN_OR_RETURN(ids_, database_.file_ids());
  }
  for (const MovedGroup& group : groups) {
    const auto is_removed = [&](const MovedFile& file) { return replaced->removed.contains(file.path); };
    if (!std::ranges::all_of(group.files, is_removed)) continue;
    if (!group.new_path.empty() && added.erase(group.new_path) == 0) return false;
    if (!take(group, *replaced, places, moves)) return false;
    covered += group.files.size();
  }
  if (!added.empty() || covered != replaced->removed.size()) return false;
  TARN_ASSIGN_OR_RETURN(const std::uint64_t number, database_.write_places(places));
  for (auto& [file_id, move] : moves) {
    move.places_file = number;
    changes_.put_move(file_id, move);
  }
  return true;
}

Result<std::optional<MoveFollower::Replacement>> MoveFollower::replacement(
    const iceberg::Snapshot& snapshot) {
  if (snapshot.operation != iceberg::kOperationReplace) return std::optional<Replacement>();
  Replacement replacement;
  TARN_ASSIGN_OR_RETURN(const auto list, cache_.manifest_list(snapshot));
  for (const iceberg::ManifestFile& file : *list) {
    if (file.added_snapshot_id != snapshot.snapshot_id) continue;
    TARN_ASSIGN_OR_RETURN(const auto manifest, cache_.manifest(file));
    for (const iceberg::ManifestEntry& entry : manifest->entries) {
      if (entry.file.content != iceberg::FileContent::kData) continue;
      if (entry.status == iceberg::EntryStatus::kAdded)
        replacement.added.push_back({entry.file, file.spec_id});
      if (entry.status == iceberg::EntryStatus::kDeleted)
        replacement.removed.emplace(entry.file.file_path, entry.file.record_count);
    }
  }
  return std::optional(std::move(replacement));
}

bool MoveFollower::take(const MovedGroup& group, const Replacement& replacement, std::string& places,
                        Moves& moves) {
  const auto target = std::ranges::find(replacement.added, group.new_path,
                                        [](const NewFile& file) { return file.file.file_path; });
  const std::uint64_t new_id = next_file_id_++;
  const std::int64_t new_rows = target == replacement.added.end() ? 0 : target->file.record_count;
  if (target != replacement.added.end()) {
    changes_.put_file(new_id, database_file(group.new_path, target->spec_id, target->file.partition));
    ids_->emplace(group.new_path, new_id);
  }
  for (const MovedFile& file : group.files) {
    const bool fits = std::cmp_equal(file.places.rows(), replacement.removed.at(file.path)) &&
                      std::cmp_less_equal(file.places.end(), new_rows);
    const auto [begin, end] = ids_->equal_range(file.path);
    if (!fits || begin == end) return false;
    const auto pieces = file.places.pieces();
    const auto singles = file.places.singles();
    const MovedRows::Move move{.new_file_id = new_id,
                               .rows = file.places.rows(),
                               .first_place = places.size() / sizeof(std::uint32_t),
                               .pieces = pieces.size()};
    places.append(reinterpret_cast<const char*>(pieces.data()), pieces.size_bytes());
    places.append(reinterpret_cast<const char*>(singles.data()), singles.size_bytes());
    for (auto known = begin; known != end; ++known) moves.emplace_back(known->second, move);
  }
  return true;
}

}  // namespace tarn::table
