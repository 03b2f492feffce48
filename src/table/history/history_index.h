#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/history/fold.h"
#include "table/index/table_pair.h"
#include "table/key_index.h"
#include "table/manifest_cache.h"

namespace tarn::table {

class VersionReader;  // index/key_database.h, inside of `table` only

/// The columns that Tarn adds to a table of histories. `valid_from` and `valid_to` have the type of the
/// version column; `[valid_from, valid_to)` is when the row holds, and while nothing ended it `valid_to` is
/// null. The last is of the table of unchanged versions, which lacks the first three.
inline constexpr std::string_view kValidFrom = "valid_from";
inline constexpr std::string_view kValidTo = "valid_to";
inline constexpr std::string_view kIsCurrent = "is_current";
inline constexpr std::string_view kTrackedHash = "_tracked_hash";
inline constexpr std::string_view kIsDeletion = "_is_deletion";

/// The two tables of a history: its rows, and the versions that are no rows, with all they brought, because
/// one that comes late may turn any of them into a row.
struct HistoryTables {
  const iceberg::TableMetadata& rows;
  const iceberg::TableMetadata& unchanged;
};
enum class HistorySide : std::uint8_t { kRows, kUnchanged };
inline HistorySide side_of(VersionKind kind) {
  return kind == VersionKind::kRow ? HistorySide::kRows : HistorySide::kUnchanged;
}

/// A column whose former value stands beside it, in the table of rows.
struct PreviousColumn {
  std::string name;
  std::string before;      ///< The value that it had before.
  std::string changed_at;  ///< The version with which it came to its own.
};

/// The columns that decide, by their names, which are the same in both tables.
struct HistoryColumns {
  std::vector<std::string> key;
  std::string version;  ///< A number, date or timestamp.
  std::vector<std::string> tie_breaks;
  /// Not empty: rows are the latest versions only, with these columns instead of their time (fold_latest()).
  std::vector<PreviousColumn> previous = {};
};

/// A version and where it lies; its kind tells in which of the tables.
struct StoredVersion {
  Version version;
  std::uint64_t file_id = 0;
  std::int64_t position = 0;
};

/// For each key its whole history, in order: what KeyIndex is to upserts, a persistent cache in a folder of
/// its own. It remembers which snapshots of both tables it describes; when they are others, however that came
/// about, it is built anew from the key, version, tie-break and hash columns of both. One thread at a time.
class HistoryIndex {
 public:
  /// A damaged index is emptied, to be rebuilt. Errors: table.index_failed, table.bad_key without a key.
  static Result<std::unique_ptr<HistoryIndex>> open(const std::string& folder, HistoryColumns columns,
                                                    const KeyIndexOptions& options = {});
  ~HistoryIndex();

  /// Makes the index describe the current snapshots; returns whether it had to be rebuilt. Errors:
  /// table.bad_key, iceberg.column_not_found, table.index_failed, those of plan_scan() and DataFileReader.
  Result<bool> sync_to(const HistoryTables& tables, io::ObjectStore& store, ManifestCache& cache);

  const HistoryColumns& columns() const { return columns_; }
  using Snapshots = PairSnapshots;
  /// Nothing when the index must be rebuilt.
  std::optional<Snapshots> snapshots() const { return state_.snapshots(); }

  /// The versions of a key, ascending. Fastest when keys are asked for in their order. Errors:
  /// table.index_failed.
  Result<std::vector<StoredVersion>> history(const RowKey& key);
  /// Errors: table.index_failed when there is no such file.
  Result<IndexedFile> file(std::uint64_t file_id, const iceberg::TableMetadata& metadata) const;

  /// Versions and where they were written, element by element.
  struct Written {
    std::span<const RowKey> keys;
    const PackedStrings& versions;  ///< Version::version.
    const PackedStrings& entries;   ///< to_bytes() of the version.
    std::span<const RowPlace> places;
    std::span<const NewFile> files;
  };
  /// Takes the versions of both tables in, in place of what it had of them, and steps to `snapshots`. What a
  /// crash or an error cuts short leaves the former state, or an index that is rebuilt.
  Status put(const Written& rows, const Written& unchanged, const Snapshots& snapshots);

 private:
  HistoryIndex(std::unique_ptr<KeyDatabase> database, HistoryColumns columns);
  Status rebuild(const HistoryTables& tables, io::ObjectStore& store, ManifestCache& cache);

  std::unique_ptr<KeyDatabase> database_;
  std::unique_ptr<VersionReader> reader_;  // null: what it saw has changed
  HistoryColumns columns_;
  PairState state_;
};

}  // namespace tarn::table
