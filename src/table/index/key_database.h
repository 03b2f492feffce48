#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "table/key_index.h"

namespace rocksdb {
class DB;
class Iterator;
class Status;
}  // namespace rocksdb

namespace tarn::table {

class VersionReader;

/// Where a version of a history lies.
struct VersionPlace {
  std::uint64_t file_id = 0;
  std::int64_t position = 0;
};

/// What the key index keeps in RocksDB. One thread at a time.
///
///   k <16 bytes: key>   → file id, position, rank
///   v <16 bytes: key> <version> → file id, position, entry   (of a history, in the order of the versions; of
///                                 deliveries the scope and its rows' keys)
///   f <8 bytes: id>     → path, partition_key()
///   m                   → the state
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

  Result<std::vector<std::optional<IndexedRow>>> find(std::span<const RowKey> keys) const;
  /// The path and partition key of a data file.
  struct File {
    std::string path;
    std::string partition_key;
  };
  Result<File> file(std::uint64_t file_id) const;
  Result<std::int64_t> count_keys() const;
  /// Sees the versions as they are now.
  std::unique_ptr<VersionReader> read_versions() const;

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
    void put_state(State state);
    /// Until a state is put again the rows are of no use: for changes that do not fit into one step.
    void drop_state();
    std::size_t size_bytes() const;

   private:
    friend class KeyDatabase;
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

    std::vector<Entry> entries_;
    std::string bytes_;
    std::optional<State> state_;
    bool drops_state_ = false;
  };
  /// The changes are spent afterwards. Errors: table.index_failed.
  Status apply(Changes& changes);

 private:
  KeyDatabase(std::string folder, const KeyIndexOptions& options);
  Status open_database();
  Status read_state();
  rocksdb::Status write_few(const Changes& changes);
  rocksdb::Status write_many(Changes& changes);

  std::string folder_;
  KeyIndexOptions options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::optional<State> state_;
};

/// The versions of one key after the other. Must not outlive the database, nor its being cleared.
class VersionReader {
 public:
  explicit VersionReader(std::unique_ptr<rocksdb::Iterator> iterator);
  ~VersionReader();

  using Visit =
      std::function<Status(std::string_view version, const VersionPlace& place, std::string_view entry)>;
  /// In the order of the versions. Errors: table.index_failed, and what `visit` returns.
  Status read(const RowKey& key, const Visit& visit);

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace tarn::table
