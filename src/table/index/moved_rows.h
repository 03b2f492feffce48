#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "table/maintenance/moved_places.h"

namespace rocksdb {
class DB;
class RandomAccessFile;
}  // namespace rocksdb

namespace tarn::table {

/// Data files whose rows compaction put into others. Where they went stands in a file of places in the folder
/// of the index: as pieces of eight bytes, which are kept in memory once one was asked for; or, where most
/// rows did not stay together, four bytes for each position of the former file, which are read one by one,
/// and the machine keeps in memory what is read often. What is moved again is found by going on from there.
/// One thread at a time.
class MovedRows {
 public:
  struct Move {
    std::uint64_t new_file_id = 0;
    std::uint64_t rows = 0;
    std::uint64_t places_file = 0;
    std::uint64_t first_place = 0;  ///< In that file, in four bytes each.
    std::uint64_t pieces = 0;       ///< 0: there are places of single rows.
  };

  explicit MovedRows(std::string folder);
  ~MovedRows();
  /// Follows the same moves, for another thread.
  std::unique_ptr<MovedRows> copy() const;

  /// What the database has; files of places that it does not name are removed.
  Status load(rocksdb::DB& database);
  /// Forgets all, and removes the files of places.
  Status clear();
  void add(std::uint64_t file_id, const Move& move);
  /// Forgets these, and removes the files of places that no other needs.
  Status forget(std::span<const std::uint64_t> file_ids);

  /// Writes a file of places, durably; returns its number. Errors: table.index_failed.
  Result<std::uint64_t> write_places(std::string_view places);

  bool empty() const { return moves_.empty(); }
  bool contains(std::uint64_t file_id) const { return moves_.contains(file_id); }
  /// Of all former files together.
  std::uint64_t rows() const { return rows_; }
  std::vector<std::uint64_t> file_ids() const;

  /// Brings a row's place up to date. Errors: table.index_failed, also for rows that compaction left out.
  Status follow(std::uint64_t& file_id, std::int64_t& position);

  /// The key and value of a move in the database.
  static std::string key(std::uint64_t file_id);
  static std::string value(const Move& move);

 private:
  std::string path_of(std::uint64_t places_file) const;
  Status remove_unused();
  Status read(const Move& move, std::uint64_t place, std::span<char> out);
  /// Where a row of a file that was moved is.
  Result<std::uint32_t> place_of(std::uint64_t file_id, const Move& move, std::uint32_t position);

  std::string folder_;
  std::unordered_map<std::uint64_t, Move> moves_;
  std::map<std::uint64_t, std::unique_ptr<rocksdb::RandomAccessFile>> open_;
  std::unordered_map<std::uint64_t, std::vector<MovedPlaces::Piece>> pieces_;  // those that were read
  std::uint64_t next_places_file_ = 0;
  std::uint64_t rows_ = 0;
};

}  // namespace tarn::table
