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
#include "table/delete_file.h"
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
  using LiveFiles = std::vector<std::shared_ptr<const LiveFile>>;

  Result<Step> catch_up(const std::vector<const iceberg::Snapshot*>& snapshots);
  Result<Step> follow(const iceberg::Snapshot& snapshot);
  /// A snapshot that puts the same rows into other files, as compaction does. `moved` are the paths of the
  /// former files and the new ones.
  Result<Step> follow_replacement(std::vector<ScanTask>& added, const LiveFiles& deletes,
                                  const std::set<std::string>& moved);
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
