#include "table/index/index_sync.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "table/deletes/former_deletes.h"
#include "table/index/follow_moves.h"
#include "table/index/indexed_file.h"
#include "table/reader.h"

namespace tarn::table {
namespace {

using Kind = KeyIndex::SyncOutcome::Kind;

// Stands for "no snapshot" in the state.
constexpr std::int64_t kEmptyTable = -1;
// Keys are looked up in their order, so that each step reads the whole index once: few big ones are cheaper.
constexpr std::int64_t kStepRows = 262'144;

}  // namespace

IndexSync::IndexSync(KeyDatabase& database, const UpsertColumns& columns, std::string columns_text,
                     const iceberg::TableMetadata& metadata, io::ObjectStore& store, ManifestCache& cache)
    : database_(database),
      columns_(columns),
      metadata_(metadata),
      store_(store),
      cache_(cache),
      deletes_(store),
      state_{.table_uuid = metadata.table_uuid,
             .columns = std::move(columns_text),
             .snapshot_id = metadata.current_snapshot_id.value_or(kEmptyTable),
             .next_file_id = 0} {}

Result<KeyIndex::SyncOutcome> IndexSync::run() {
  const auto& stored = database_.state();
  if (stored && stored->table_uuid == state_.table_uuid && stored->columns == state_.columns) {
    if (stored->snapshot_id == state_.snapshot_id) return outcome_;
    if (const auto snapshots = snapshots_since(metadata_, stored->snapshot_id)) {
      state_.next_file_id = stored->next_file_id;
      TARN_ASSIGN_OR_RETURN(const Step step, catch_up(*snapshots));
      outcome_.kind = Kind::kCaughtUp;
      if (step == Step::kDone) return outcome_;
    }
  }
  outcome_ = {.kind = Kind::kRebuilt};
  TARN_RETURN_IF_ERROR(rebuild());
  return outcome_;
}

Result<IndexSync::Step> IndexSync::catch_up(const std::vector<const iceberg::Snapshot*>& snapshots) {
  for (const iceberg::Snapshot* snapshot : snapshots) {
    TARN_ASSIGN_OR_RETURN(const Step step, follow(*snapshot));
    if (step == Step::kMustRebuild) return step;
  }
  KeyDatabase::Changes changes;
  TARN_RETURN_IF_ERROR(save(changes));
  return Step::kDone;
}

Result<IndexSync::Step> IndexSync::follow(const iceberg::Snapshot& snapshot) {
  const bool replaces = snapshot.operation == iceberg::kOperationReplace;
  if (replaces) {
    MoveFollower follower(database_, store_, cache_, state_.next_file_id);
    TARN_ASSIGN_OR_RETURN(const bool followed, follower.follow(metadata_, snapshot));
    if (followed) {
      state_.next_file_id = follower.next_file_id();
      TARN_RETURN_IF_ERROR(database_.apply(follower.changes()));
      return Step::kDone;
    }
  }
  TARN_ASSIGN_OR_RETURN(std::optional<Difference> changes, difference(snapshot));
  if (!changes) return Step::kMustRebuild;
  if (replaces) return follow_replacement(*changes);
  std::set<Place> replaced;
  const TakesPlace takes = [&](const std::optional<IndexedRow>& known,
                               std::string_view rank) -> Result<bool> {
    if (!known) return true;
    if (known->rank > rank) return false;
    TARN_ASSIGN_OR_RETURN(auto path, path_of(known->file_id));
    replaced.insert({std::move(path), known->position});
    return true;
  };
  for (const ScanTask& task : changes->added) TARN_RETURN_IF_ERROR(add_file(task, takes));
  // Upserts delete only what they replace. Any other deletion leaves keys that the index cannot find by
  // place.
  TARN_ASSIGN_OR_RETURN(const auto deleted, newly_deleted(snapshot, *changes));
  if (!deleted) return Step::kMustRebuild;
  for (const auto& [path, positions] : *deleted)
    for (const std::int64_t position : positions)
      if (!replaced.contains({path, position})) return Step::kMustRebuild;
  return Step::kDone;
}

Result<std::optional<IndexSync::Difference>> IndexSync::difference(const iceberg::Snapshot& snapshot) {
  const bool replaces = snapshot.operation == iceberg::kOperationReplace;
  TARN_ASSIGN_OR_RETURN(const auto list, cache_.manifest_list(snapshot));
  Difference changes;
  for (const iceberg::ManifestFile& file : *list) {
    if (file.added_snapshot_id != snapshot.snapshot_id) continue;
    TARN_ASSIGN_OR_RETURN(const auto manifest, cache_.manifest(file));
    for (const iceberg::ManifestEntry& entry : manifest->entries) {
      if (entry.status == iceberg::EntryStatus::kExisting) continue;
      const bool is_data = entry.file.content == iceberg::FileContent::kData;
      if (is_data && replaces) changes.moved.insert(entry.file.file_path);
      if (entry.status == iceberg::EntryStatus::kDeleted) {
        if (is_data && !replaces) return std::optional<Difference>();
        if (!is_data) changes.removed_deletes.insert(delete_file_key(entry.file));
        continue;
      }
      auto live = std::make_shared<const LiveFile>(LiveFile{entry.file, file.spec_id, 0, 0});
      const bool is_readable =
          entry.file.file_format == iceberg::FileFormat::kParquet || is_deletion_vector(entry.file);
      if (is_data) {
        changes.added.push_back({std::move(live), {}});
      } else if (entry.file.content == iceberg::FileContent::kPositionDeletes && is_readable) {
        changes.deletes.push_back(std::move(live));
      } else {
        return std::optional<Difference>();  // planning the scan will say what is wrong
      }
    }
  }
  return std::optional(std::move(changes));
}

Result<std::optional<DeletedPositions>> IndexSync::newly_deleted(const iceberg::Snapshot& snapshot,
                                                                 const Difference& changes) {
  DeletedPositions deleted;
  std::set<std::string> with_vector;
  for (const auto& file : changes.deletes) {
    TARN_ASSIGN_OR_RETURN(const auto positions, deletes_.get(file->file));
    for (const auto& [path, rows] : *positions) {
      auto& all = deleted[path];
      all.insert(all.end(), rows.begin(), rows.end());
    }
    if (is_deletion_vector(file->file)) with_vector.insert(*file->file.referenced_data_file);
  }
  for (auto& [path, rows] : deleted) std::ranges::sort(rows);
  // A deletion vector tells anew what was deleted before.
  const iceberg::Snapshot* parent =
      snapshot.parent_snapshot_id ? metadata_.snapshot_by_id(*snapshot.parent_snapshot_id) : nullptr;
  if (!with_vector.empty() && snapshot.parent_snapshot_id && parent == nullptr)
    return std::optional<DeletedPositions>();
  TARN_ASSIGN_OR_RETURN(const FormerDeletes former, former_deletes(store_, cache_, parent, with_vector));
  for (const auto& [path, before] : former.positions) {
    std::vector<std::int64_t>& now = deleted[path];
    if (!std::ranges::includes(now, before)) return std::optional<DeletedPositions>();  // rows came back
    std::vector<std::int64_t> added;
    std::ranges::set_difference(now, before, std::back_inserter(added));
    now = std::move(added);
  }
  if (!std::ranges::includes(former.own_files, changes.removed_deletes))
    return std::optional<DeletedPositions>();
  return std::optional(std::move(deleted));
}

Result<IndexSync::Step> IndexSync::follow_replacement(Difference& changes) {
  bool all_known = true;
  std::unordered_map<std::uint64_t, bool> is_moved;
  const TakesPlace takes = [&](const std::optional<IndexedRow>& known,
                               std::string_view rank) -> Result<bool> {
    // Replacing changes no row, so that the index knows each of them, unless the writer says otherwise.
    all_known = all_known && known && known->rank >= rank;
    if (!known) return true;
    if (known->rank != rank) return known->rank < rank;  // greater: a duplicate of a foreign writer
    const auto [at, is_new] = is_moved.try_emplace(known->file_id, false);
    if (is_new) {
      TARN_ASSIGN_OR_RETURN(const std::string path, path_of(known->file_id));
      at->second = changes.moved.contains(path);
    }
    return at->second;
  };
  for (ScanTask& task : changes.added) {
    // What was deleted of the old files while they were rewritten is deleted of the new ones, too.
    task.deletes = changes.deletes;
    TARN_RETURN_IF_ERROR(add_file(task, takes));
  }
  return all_known ? Step::kDone : Step::kMustRebuild;
}

Status IndexSync::rebuild() {
  TARN_RETURN_IF_ERROR(database_.clear());
  state_.next_file_id = 0;
  paths_.clear();
  TARN_ASSIGN_OR_RETURN(const Scan scan, plan_scan(cache_, metadata_));
  const TakesPlace takes = [&](const std::optional<IndexedRow>& known,
                               std::string_view rank) -> Result<bool> {
    if (known) ++outcome_.duplicate_keys;
    return !known || known->rank <= rank;
  };
  for (const ScanTask& task : scan.tasks) TARN_RETURN_IF_ERROR(add_file(task, takes));
  KeyDatabase::Changes changes;
  return save(changes);
}

Status IndexSync::add_file(const ScanTask& task, const TakesPlace& takes_place) {
  const LiveFile& data = *task.data;
  const std::uint64_t file_id = state_.next_file_id++;
  KeyDatabase::Changes changes;
  changes.put_file(file_id, database_file(data.file.file_path, data.spec_id, data.file.partition));
  TARN_RETURN_IF_ERROR(database_.apply(changes));
  paths_[file_id] = data.file.file_path;

  const iceberg::Schema& schema = metadata_.current_schema();
  std::vector<std::int32_t> ids = columns_.key;
  if (columns_.version) ids.push_back(*columns_.version);
  ids.insert(ids.end(), columns_.tie_breaks.begin(), columns_.tie_breaks.end());
  TARN_ASSIGN_OR_RETURN(const auto reader,
                        DataFileReader::open(store_, deletes_, task, schema, ids, kStepRows));
  for (;;) {
    TARN_ASSIGN_OR_RETURN(const auto rows, reader->next());
    if (!rows) return ok_status();
    IdentityColumns columns;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const iceberg::NestedField& field = *schema.find(ids[i]);
      (i < columns_.key.size() ? columns.key : columns.rank)
          .push_back({rows->batch->column(static_cast<int>(i)), field.name, field.type});
    }
    RowIdentities identities;
    TARN_RETURN_IF_ERROR(append_identities(columns, rows->batch->num_rows(), identities));
    TARN_RETURN_IF_ERROR(add_rows(identities, rows->positions, file_id, takes_place));
  }
}

Status IndexSync::add_rows(const RowIdentities& rows, const std::vector<std::int64_t>& positions,
                           std::uint64_t file_id, const TakesPlace& takes_place) {
  const std::vector<std::uint32_t> winning = winners(rows);
  outcome_.rows_read += static_cast<std::int64_t>(rows.keys.size());
  outcome_.duplicate_keys += static_cast<std::int64_t>(rows.keys.size() - winning.size());
  std::vector<RowKey> keys;
  for (const std::uint32_t row : winning) keys.push_back(rows.keys[row]);
  TARN_ASSIGN_OR_RETURN(const auto found, database_.find(keys));
  KeyDatabase::Changes changes;
  for (std::size_t i = 0; i < winning.size(); ++i) {
    const std::string_view rank = rows.ranks[winning[i]];
    TARN_ASSIGN_OR_RETURN(const bool wins, takes_place(found[i], rank));
    if (wins) changes.put_row(keys[i], file_id, positions[winning[i]], rank);
  }
  return database_.apply(changes);
}

Result<std::string> IndexSync::path_of(std::uint64_t file_id) {
  if (const auto known = paths_.find(file_id); known != paths_.end()) return known->second;
  TARN_ASSIGN_OR_RETURN(const KeyDatabase::File file, database_.file(file_id));
  return paths_.emplace(file_id, file.path).first->second;
}

Status IndexSync::save(KeyDatabase::Changes& changes) {
  changes.put_state(state_);
  return database_.apply(changes);
}

}  // namespace tarn::table
