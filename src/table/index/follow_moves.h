#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/data_files.h"
#include "table/index/key_database.h"
#include "table/maintenance/row_moves.h"
#include "table/manifest_cache.h"

namespace tarn::table {

/// The snapshots after `base` (-1: the empty table) up to the current one, oldest first; nothing when `base`
/// is none of their ancestors.
std::optional<std::vector<const iceberg::Snapshot*>> snapshots_since(const iceberg::TableMetadata& metadata,
                                                                     std::int64_t base);

/// Follows compactions by what they wrote of their moves, at the cost of writing four bytes a row. Used once.
class MoveFollower {
 public:
  MoveFollower(KeyDatabase& database, io::ObjectStore& store, ManifestCache& cache,
               std::uint64_t next_file_id)
      : database_(database), store_(store), cache_(cache), next_file_id_(next_file_id) {}

  /// Whether `snapshot` moved rows and did nothing else, as far as can be told.
  Result<bool> follow(const iceberg::TableMetadata& metadata, const iceberg::Snapshot& snapshot);
  /// The same of all snapshots after `base`.
  Result<bool> follow_since(const iceberg::TableMetadata& metadata, std::int64_t base);

  /// Where the rows are now: to be applied by the caller.
  KeyDatabase::Changes& changes() { return changes_; }
  std::uint64_t next_file_id() const { return next_file_id_; }

 private:
  struct Replacement {
    std::vector<NewFile> added;
    std::map<std::string, std::int64_t> removed;  ///< Rows by path.
  };
  Result<std::optional<Replacement>> replacement(const iceberg::Snapshot& snapshot);
  /// Adds to `places`; `moves` are of a file of places that has no number yet.
  using Moves = std::vector<std::pair<std::uint64_t, MovedRows::Move>>;
  bool take(const MovedGroup& group, const Replacement& replacement, std::string& places, Moves& moves);

  KeyDatabase& database_;
  io::ObjectStore& store_;
  ManifestCache& cache_;
  std::uint64_t next_file_id_;
  std::optional<std::multimap<std::string, std::uint64_t>> ids_;
  KeyDatabase::Changes changes_;
};

}  // namespace tarn::table
