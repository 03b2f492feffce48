#include "table/index/index_sync.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <optional>

#include "table/columns/partition_key.h"
#include "table/reader.h"

namespace tarn::table {
namespace {

using Kind = KeyIndex::SyncOutcome::Kind;

// Stands for "no snapshot" in the state.
constexpr std::int64_t kEmptyTable = -1;

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
    if (const auto snapshots = snapshots_since()) {
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

std::optional<std::vector<const iceberg::Snapshot*>> IndexSync::snapshots_since() const {
  const std::int64_t base = database_.state()->snapshot_id;
  std::vector<const iceberg::Snapshot*> snapshots;
  const iceberg::Snapshot* snapshot = metadata_.current_snapshot();
  while (snapshot != nullptr && snapshot->snapshot_id != base) {
    if (snapshots.size() > metadata_.snapshots.size()) return std::nullopt;  // parents that go in a circle
    snapshots.push_back(snapshot);
    if (!snapshot->parent_snapshot_id) {
      if (base != kEmptyTable) return std::nullopt;
      std::ranges::reverse(snapshots);
      return snapshots;
    }
    snapshot = metadata_.snapshot_by_id(*snapshot->parent_snapshot_id);
  }
  if (snapshot == nullptr) return std::nullopt;  // expired, or the table was emptied
  std::ranges::reverse(snapshots);
  return snapshots;
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
  if (snapshot.operation == iceberg::kOperationReplace) return Step::kMustRebuild;
  TARN_ASSIGN_OR_RETURN(const auto list, cache_.manifest_list(snapshot));
  std::vector<ScanTask> added;
  std::vector<iceberg::DataFile> deletes;
  for (const iceberg::ManifestFile& file : *list) {
    if (file.added_snapshot_id != snapshot.snapshot_id) continue;
    TARN_ASSIGN_OR_RETURN(const auto manifest, cache_.manifest(file));
    for (const iceberg::ManifestEntry& entry : manifest->entries) {
      if (entry.status == iceberg::EntryStatus::kExisting) continue;
      if (entry.status == iceberg::EntryStatus::kDeleted) return Step::kMustRebuild;
      if (entry.file.content == iceberg::FileContent::kData) {
        added.push_back({std::make_shared<const LiveFile>(LiveFile{entry.file, file.spec_id, 0, 0}), {}});
      } else if (entry.file.content == iceberg::FileContent::kPositionDeletes &&
                 entry.file.file_format == iceberg::FileFormat::kParquet) {
        deletes.push_back(entry.file);
      } else {
        return Step::kMustRebuild;  // planning the scan will say what is wrong
      }
    }
  }
  std::set<Place> replaced;
  for (const ScanTask& task : added) TARN_RETURN_IF_ERROR(add_file(task, &replaced));
  // Upserts delete only what they replace. Any other deletion leaves keys that the index cannot find by
  // place.
  for (const iceberg::DataFile& file : deletes) {
    TARN_ASSIGN_OR_RETURN(const DeletedPositions positions, read_position_deletes(store_, file));
    for (const auto& [path, list_of_path] : positions)
      for (const std::int64_t position : list_of_path)
        if (!replaced.contains({path, position})) return Step::kMustRebuild;
  }
  return Step::kDone;
}

Status IndexSync::rebuild() {
  TARN_RETURN_IF_ERROR(database_.clear());
  state_.next_file_id = 0;
  paths_.clear();
  TARN_ASSIGN_OR_RETURN(const Scan scan, plan_scan(cache_, metadata_));
  for (const ScanTask& task : scan.tasks) TARN_RETURN_IF_ERROR(add_file(task, nullptr));
  KeyDatabase::Changes changes;
  return save(changes);
}

Status IndexSync::add_file(const ScanTask& task, std::set<Place>* replaced) {
  const LiveFile& data = *task.data;
  const std::uint64_t file_id = state_.next_file_id++;
  KeyDatabase::Changes changes;
  changes.put_file(file_id, {data.file.file_path, partition_key(data.spec_id, data.file.partition)});
  TARN_RETURN_IF_ERROR(database_.apply(changes));
  paths_[file_id] = data.file.file_path;

  const iceberg::Schema& schema = metadata_.current_schema();
  std::vector<std::int32_t> ids = columns_.key;
  if (columns_.version) ids.push_back(*columns_.version);
  ids.insert(ids.end(), columns_.tie_breaks.begin(), columns_.tie_breaks.end());
  TARN_ASSIGN_OR_RETURN(const auto reader, DataFileReader::open(store_, deletes_, task, schema, ids));
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
    TARN_RETURN_IF_ERROR(add_rows(identities, rows->positions, file_id, replaced));
  }
}

Status IndexSync::add_rows(const RowIdentities& rows, const std::vector<std::int64_t>& positions,
                           std::uint64_t file_id, std::set<Place>* replaced) {
  std::vector<std::uint32_t> winning = winners(rows);
  // In the order of the keys, which keeps looking up and inserting near to what is cached.
  std::ranges::sort(winning, {}, [&](std::uint32_t row) { return rows.keys[row]; });
  outcome_.rows_read += static_cast<std::int64_t>(rows.keys.size());
  outcome_.duplicate_keys += static_cast<std::int64_t>(rows.keys.size() - winning.size());
  std::vector<RowKey> keys;
  for (const std::uint32_t row : winning) keys.push_back(rows.keys[row]);
  TARN_ASSIGN_OR_RETURN(const auto found, database_.find(keys));
  KeyDatabase::Changes changes;
  for (std::size_t i = 0; i < winning.size(); ++i) {
    const std::string_view rank = rows.ranks[winning[i]];
    if (found[i]) {
      if (replaced == nullptr) ++outcome_.duplicate_keys;
      if (found[i]->rank > rank) continue;
      if (replaced != nullptr) {
        TARN_ASSIGN_OR_RETURN(auto path, path_of(found[i]->file_id));
        replaced->insert({std::move(path), found[i]->position});
      }
    }
    changes.put_row(keys[i], file_id, positions[winning[i]], rank);
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
