#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "table/index/moved_rows.h"
#include "table/index/runs/row_runs.h"
#include "table/key_index.h"

namespace rocksdb {
class DB;
class Iterator;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace tarn::table {

class VersionReader;

/// Where a version of a history lies.
struct VersionPlace {
  std::uint64_t file_id = 0;
  std::int64_t position = 0;
};

/// What the key index keeps: the rows in sorted files (RowRuns), which are written at once, and in RocksDB
/// all else and the few rows that came since. One thread at a time.
///
///   k <16 bytes: key>   → file id, position, rank; empty: the key has no row any more. Younger than the
///   files v <16 bytes: key> <version> → file id, position, entry   (of a history, in the order of the
///   versions; of
///                                 deliveries the scope and its rows' keys)
///   f <8 bytes: id>     → path, partition_key()
///   t <8 bytes: id>     → of a file whose rows were moved, where they are: MovedRows::Move
///   r                   → the sorted files: RowRuns::list()
///   m                   → the state
///
/// What find() and read_versions() give are places in present files, whatever was moved since they were put.
class KeyDatabase {
 public:
  /// What the rows describe.
  struct State {
    std::string table_uuid;
    std::string columns;  ///< Which columns are key, version and tie-breaks.
    std::int64_t snapshot_id = 0;
    std::uint64_t next_file_id = 0;
  };

  static Result<std::unique_ptr<KeyDatabase>> open(const std::string& folder, const KeyIndexOptions& options);
  ~KeyDatabase();

  /// Nothing: the rows are of no use and must be built anew.
  const std::optional<State>& state() const { return state_; }

  /// Errors: table.index_failed; when what it has cannot be true, there is no state() afterwards.
  Result<std::vector<std::optional<IndexedRow>>> find(std::span<const RowKey> keys);
  /// The path and partition key of a data file.
  struct File {
    std::string path;
    std::string partition_key;
  };
  Result<File> file(std::uint64_t file_id) const;
  /// All files that were put and not forgotten, by path; one may have two ids.
  Result<std::multimap<std::string, std::uint64_t>> file_ids() const;
  Result<std::int64_t> count_keys() const;
  /// Sees the versions as they are now.
  std::unique_ptr<VersionReader> read_versions();

  /// Empties the database; it has no state afterwards.
  Status clear();

  /// Changes that become visible together.
  class Changes {
   public:
    void reserve(std::size_t entries, std::size_t bytes);
    void put_row(const RowKey& key, std::uint64_t file_id, std::int64_t position, std::string_view rank);
    void remove_row(const RowKey& key);
    void put_version(const RowKey& key, std::string_view version, const VersionPlace& place,
                     std::string_view entry);
    void remove_version(const RowKey& key, std::string_view version);
    void put_file(std::uint64_t file_id, const File& file);
    /// The rows of a file lie in another now.
    void put_move(std::uint64_t file_id, const MovedRows::Move& move);
    void put_state(State state);
    /// Until a state is put again the rows are of no use: for changes that do not fit into one step.
    void drop_state();
    std::size_t size_bytes() const;

   private:
    friend class KeyDatabase;
    struct Row {
      RowKey key;
      bool is_gone = false;
      std::uint64_t file_id = 0;
      std::int64_t position = 0;
      std::size_t rank_begin = 0;  // in `bytes_`
      std::size_t rank_size = 0;
    };
    RunRow run_row(const Row& row) const;
    /// Key and value stand in `bytes_`, one after the other.
    struct Entry {
      std::uint64_t prefix = 0;  // the key's first bytes, as a number
      std::size_t begin = 0;
      std::uint32_t key_size = 0;
      std::uint32_t value_size = 0;
      bool removes = false;
    };
    void add(std::string_view key, std::initializer_list<std::string_view> value, bool removes);
    std::string_view key_of(const Entry& entry) const;
    std::string_view value_of(const Entry& entry) const;
    /// In the order of the keys, the last change of each.
    void sort();
    template <typename Sink>
    rocksdb::Status add_to(Sink& sink) const;

    std::vector<Row> rows_;
    std::vector<Entry> entries_;
    std::string bytes_;
    std::vector<std::pair<std::uint64_t, MovedRows::Move>> moves_;
    std::optional<State> state_;
    bool drops_state_ = false;
  };
  /// Keeps positions of four bytes each, for put_move(); returns the number of their file. Durable.
  Result<std::uint64_t> write_places(std::string_view places) { return moved_.write_places(places); }
  /// The changes are spent afterwards. Errors: table.index_failed.
  Status apply(Changes& changes);

  /// Rows that were written, element by element, and keys that have none any more. Views of the caller's.
  struct Rows {
    std::span<const RowKey> keys;
    const PackedStrings& ranks;
    std::span<const RowPlace> places;
    std::uint64_t first_file_id = 0;  ///< That of the places' file 0.
    std::span<const RowKey> removed;

    std::uint64_t file_id(std::size_t i) const { return first_file_id + places[i].file; }
  };
  /// With many rows, in one step and without a copy of them. `changes` has no rows.
  Status apply(Changes& changes, const Rows& rows);

  /// Puts rows that were moved where they are, once moves have become many: those of the sorted files beside
  /// the caller, and some of the versions each time. When all were seen, the moves are forgotten. No
  /// VersionReader may be older.
  Status settle_some();

 private:
  friend class VersionReader;
  KeyDatabase(std::string folder, const KeyIndexOptions& options);
  Status follow(std::uint64_t& file_id, std::int64_t& position);
  /// Makes the rows of no use, to be built anew; returns the error.
  Error give_up(Error error);
  Status forget_settled();
  Status open_database();
  Status read_state();
  /// What RocksDB has of the rows; `order` is that of the keys.
  Status find_recent(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                     SoughtRows& sought) const;
  Status look_up_recent(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                        SoughtRows& sought) const;
  Status pass_over_recent(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                          SoughtRows& sought) const;
  /// In the order of the keys, until `visit` returns false.
  Status visit_recent(const RowKey& from, const std::function<bool(const RunRow&)>& visit) const;
  Status count_recent();
  /// Writes rows that are many to a sorted file of their own, and the recent ones before; `produce` may be
  /// empty. The rows of `changes` are not looked at.
  Status write_run(Changes& changes, const std::function<Status(RunWriter&)>& produce);
  Status take_merged();
  Status settle_versions();
  /// `produce` adds to an SstFileWriter, in the order of the keys.
  template <typename Produce>
  rocksdb::Status write_sorted(const Produce& produce);
  Status note_applied(Changes& changes, const rocksdb::Status& status);

  std::string folder_;
  KeyIndexOptions options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::optional<State> state_;
  MovedRows moved_;
  RowRuns runs_;
  std::uint64_t recent_rows_ = 0;        ///< In RocksDB, at most.
  std::vector<std::uint64_t> settling_;  ///< Moves that are forgotten when all rows were seen.
  bool settles_runs_ = false;            ///< The sorted files are being settled.
  std::optional<std::string> cursor_;    ///< Where settling versions goes on; nothing: it is not under way.
};

/// The versions of one key after the other. Must not outlive the database, nor its being cleared.
class VersionReader {
 public:
  VersionReader(KeyDatabase& database, std::unique_ptr<rocksdb::Iterator> iterator);
  ~VersionReader();

  using Visit =
      std::function<Status(std::string_view version, const VersionPlace& place, std::string_view entry)>;
  /// In the order of the versions. Errors: table.index_failed, and what `visit` returns.
  Status read(const RowKey& key, const Visit& visit);

 private:
  KeyDatabase& database_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace tarn::table
