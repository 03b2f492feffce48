#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/columns/row_identity.h"
#include "table/deletes/delete_file.h"
#include "table/index/key_database.h"
#include "table/manifest_cache.h"
#include "table/scan.h"

namespace tarn::table {

/// Brings a key index in step with a table's current snapshot. Used once.
class IndexSync {
 public:
  IndexSync(KeyDatabase& database, const UpsertColumns& columns, std::string columns_text,
            const iceberg::TableMetadata& metadata, io::ObjectStore& store, ManifestCache& cache);

  Result<KeyIndex::SyncOutcome> run();

 private:
  enum class Step : std::uint8_t { kDone, kMustRebuild };
  /// A data file's path and a position in it.
  using Place = std::pair<std::string, std::int64_t>;
  /// What a snapshot adds and removes.
  struct Difference {
    std::vector<ScanTask> added;
    std::vector<std::shared_ptr<const LiveFile>> deletes;
    std::set<std::string> removed_deletes;  // by delete_file_key()
    /// The files that a replacement took the rows from, and those it put them into.
    std::set<std::string> moved;
  };

  Result<Step> catch_up(const std::vector<const iceberg::Snapshot*>& snapshots);
  Result<Step> follow(const iceberg::Snapshot& snapshot);
  /// Nothing when it removes data, or adds what cannot be followed.
  Result<std::optional<Difference>> difference(const iceberg::Snapshot& snapshot);
  /// What a snapshot deletes by position that its parent did not; nothing when that cannot be told.
  Result<std::optional<DeletedPositions>> newly_deleted(const iceberg::Snapshot& snapshot,
                                                        const Difference& changes);
  /// A snapshot that puts the same rows into other files, as compaction does.
  Result<Step> follow_replacement(Difference& changes);
  Status rebuild();
  /// Whether a row of this rank becomes the one of its key, given what the index has.
  using TakesPlace = std::function<Result<bool>(const std::optional<IndexedRow>&, std::string_view rank)>;
  /// Puts the live rows of a file into the index.
  Status add_file(const ScanTask& task, const TakesPlace& takes_place);
  Status add_rows(const RowIdentities& rows, const std::vector<std::int64_t>& positions,
                  std::uint64_t file_id, const TakesPlace& takes_place);
  Result<std::string> path_of(std::uint64_t file_id);
  Status save(KeyDatabase::Changes& changes);

  KeyDatabase& database_;
  const UpsertColumns& columns_;
  const iceberg::TableMetadata& metadata_;
  io::ObjectStore& store_;
  ManifestCache& cache_;
  DeleteFileCache deletes_;
  KeyDatabase::State state_;  // what will be saved
  std::unordered_map<std::uint64_t, std::string> paths_;
  KeyIndex::SyncOutcome outcome_;
};

}  // namespace tarn::table
