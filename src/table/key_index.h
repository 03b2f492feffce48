#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/data_files.h"
#include "table/manifest_cache.h"

namespace tarn::table {

class KeyDatabase;  // index/key_database.h, inside of `table` only

/// The columns that decide an upsert, by field id, so that renaming one changes nothing.
struct UpsertColumns {
  std::vector<std::int32_t> key;
  std::optional<std::int32_t> version;
  /// Compared in this order where versions are equal; null (rows of foreign writers) counts as least.
  std::vector<std::int32_t> tie_breaks;

  /// From names; tie-breaks that the table does not have are left out. Errors: table.bad_key,
  /// iceberg.column_not_found.
  static Result<UpsertColumns> bind(const iceberg::Schema& schema, std::span<const std::string> key,
                                    const std::optional<std::string>& version,
                                    std::span<const std::string> tie_breaks);
  /// With Tarn's audit columns `_source_arrival` and `_source_record` as tie-breaks.
  static Result<UpsertColumns> bind(const iceberg::Schema& schema, std::span<const std::string> key,
                                    const std::optional<std::string>& version);
  bool operator==(const UpsertColumns&) const = default;
};

/// 128 bits of XXH3 over the key columns' values, length-prefixed, integers widened to eight bytes, so that
/// widening a key column keeps its keys.
using RowKey = Hash128;

/// Many short byte strings in one piece of memory.
class PackedStrings {
 public:
  void append(std::string_view bytes) {
    bytes_ += bytes;
    ends_.push_back(bytes_.size());
  }
  void reserve(std::size_t count, std::size_t bytes) {
    ends_.reserve(count);
    bytes_.reserve(bytes);
  }
  std::size_t size() const { return ends_.size(); }
  /// Valid until the next append().
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

/// Where the current row of a key lies, and its rank.
struct IndexedRow {
  std::string rank;  ///< Version and tie-breaks: greater bytes win.
  std::uint64_t file_id = 0;
  std::int64_t position = 0;
};

/// A data file that the index points into.
struct IndexedFile {
  std::string path;
  std::int32_t spec_id = 0;
  iceberg::PartitionTuple partition;
};

struct KeyIndexOptions {
  std::uint64_t block_cache_bytes = 64U << 20;
  std::uint64_t write_buffer_bytes = 32U << 20;
  /// Rows that each batch puts where compaction moved them, once more were moved than there are: some ten
  /// milliseconds.
  std::uint64_t settle_rows = 32'768;
  /// A change of so many rows becomes a sorted file of its own; four times as many wait in RocksDB for one.
  std::uint64_t bulk_rows = 16'384;
  std::size_t threads = 1;  ///< For looking many keys up, and for merging beside.
};

/// For each key of a table, where its current row lies: a persistent cache (RocksDB and sorted files in a
/// folder of its own) that lets upserts cost what the batch is worth, not what the table is. It remembers
/// which snapshot it describes; losing or deleting the folder costs a scan of the key columns, never data.
/// One per table; one thread at a time, and one process (RocksDB locks the folder).
///
///   TARN_ASSIGN_OR_RETURN(auto index, KeyIndex::open(folder, columns));
///   TARN_RETURN_IF_ERROR(index->sync_to(metadata, store, cache));
///   TARN_ASSIGN_OR_RETURN(UpsertPlan plan, plan_upsert(*index, metadata, batches));       // upsert.h
class KeyIndex {
 public:
  struct SyncOutcome {
    enum class Kind : std::uint8_t { kInStep, kCaughtUp, kRebuilt };
    Kind kind = Kind::kInStep;
    std::int64_t rows_read = 0;
    /// Rows found that another live row of the same key outranks: a foreign writer made them.
    std::int64_t duplicate_keys = 0;
  };

  /// Opens or creates the index. A damaged one is emptied, to be rebuilt. Errors: table.index_failed (also
  /// when another process holds it).
  static Result<std::unique_ptr<KeyIndex>> open(const std::string& folder, UpsertColumns columns,
                                                const KeyIndexOptions& options = {});
  ~KeyIndex();

  /// Makes the index describe the current snapshot of `metadata`: nothing to do, or reading what the
  /// snapshots since added, or, when the table, the columns or the history are others, or rows were removed
  /// otherwise than by upserts, a scan of the key, version and tie-break columns. Errors: table.index_failed,
  /// those of plan_scan() and DataFileReader.
  Result<SyncOutcome> sync_to(const iceberg::TableMetadata& metadata, io::ObjectStore& store,
                              ManifestCache& cache);

  const UpsertColumns& columns() const;
  /// Nothing when the index must be rebuilt; an empty table's index has the id -1.
  std::optional<std::int64_t> snapshot_id() const;

  /// The rows of `keys`, in their order; nothing where the key is new. Errors: table.index_failed.
  Result<std::vector<std::optional<IndexedRow>>> find(std::span<const RowKey> keys) const;
  /// Errors: table.index_failed when there is no such file.
  Result<IndexedFile> file(std::uint64_t file_id, const iceberg::TableMetadata& metadata) const;

  /// Winners and where they were written: element by element.
  struct Written {
    std::span<const RowKey> keys;
    const PackedStrings& ranks;
    std::span<const RowPlace> places;
  };
  /// Points the keys to their new rows, forgets the removed ones and steps to `snapshot_id`. What a crash or
  /// an error cuts short leaves the former state, or an index that is rebuilt.
  Status put(const Written& rows, std::span<const RowKey> removed, std::span<const NewFile> files,
             std::int64_t snapshot_id);

  /// Keys held, counted one by one: for tests and doctors.
  Result<std::int64_t> count_keys() const;

 private:
  KeyIndex(std::unique_ptr<KeyDatabase> database, UpsertColumns columns);
  std::unique_ptr<KeyDatabase> database_;
  UpsertColumns columns_;
};

}  // namespace tarn::table
