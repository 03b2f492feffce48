#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace rocksdb {
class DB;
}  // namespace rocksdb

namespace tarn::table {

/// Data files whose rows compaction put into others: for each position of a former file the row's position in
/// the new one, in blocks, in the database of an index. What is moved again is found by going on from there.
/// One thread at a time.
class MovedRows {
 public:
  /// Positions in a block.
  static constexpr std::size_t kBlockRows = 4096;

  struct Move {
    std::uint64_t new_file_id = 0;
    std::uint64_t rows = 0;
  };

  /// Blocks that were read, to be used again by the next row.
  class Blocks {
   private:
    friend class MovedRows;
    std::unordered_map<std::string, std::string> blocks_;
  };

  /// What the database has.
  Status load(rocksdb::DB& database);
  void clear();
  void add(std::uint64_t file_id, const Move& move);
  void forget(std::uint64_t file_id);

  bool empty() const { return moves_.empty(); }
  bool contains(std::uint64_t file_id) const { return moves_.contains(file_id); }
  /// Of all former files together.
  std::uint64_t rows() const { return rows_; }
  std::vector<std::uint64_t> file_ids() const;

  /// Brings a row's place up to date. Errors: table.index_failed, also for rows that compaction left out.
  Status follow(rocksdb::DB& database, std::uint64_t& file_id, std::int64_t& position, Blocks& blocks) const;

  /// The key and value of a move, and of a block of it.
  static std::string move_key(std::uint64_t file_id);
  static std::string move_value(const Move& move);
  static std::string block_key(std::uint64_t file_id, std::uint32_t block);

 private:
  std::unordered_map<std::uint64_t, Move> moves_;
  std::uint64_t rows_ = 0;
};

}  // namespace tarn::table
