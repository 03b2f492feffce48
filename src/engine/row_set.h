#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tarn::engine {

/// Numbers of rows of a file: two bytes each where they are sparse, a bit for every row where they are dense.
/// Filled by one thread, then read by any.
class RowSet {
 public:
  /// In ascending order; one that is there already changes nothing.
  void add(std::uint64_t row);
  /// Makes `live` false at the places of those `rows` that are in the set. Fast where they ascend.
  void mark_gone(std::span<const std::int64_t> rows, std::span<bool> live) const;

 private:
  /// Rows of the same upper bits: their lower ones, ascending, or a bit for each.
  struct Block {
    std::uint64_t upper = 0;
    std::vector<std::uint16_t> sparse = {};
    std::vector<std::uint64_t> dense = {};  ///< Empty: `sparse` holds them.

    bool is_dense(std::uint16_t lower) const { return (dense[lower / 64] >> (lower % 64) & 1U) != 0; }
    /// Of the rows from `lower` on, for as many as `live` has.
    void mark_gone(std::uint16_t lower, std::span<bool> live) const;
  };
  const Block* find(std::uint64_t upper) const;
  /// Of rows one after the other.
  void mark_run_gone(std::uint64_t first, std::span<bool> live) const;

  std::vector<Block> blocks_;  // ascending
  std::optional<std::uint64_t> last_;
};

}  // namespace tarn::engine
