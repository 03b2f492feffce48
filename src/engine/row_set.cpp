#include "engine/row_set.h"

#include <algorithm>
#include <limits>

namespace tarn::engine {
namespace {

constexpr unsigned kLowerBits = 16;
constexpr std::size_t kBlockRows = std::size_t{1} << kLowerBits;
// From here on a bit for each row takes less.
constexpr std::size_t kMostSparse = kBlockRows / 16;
constexpr std::uint64_t kNoBlock = std::numeric_limits<std::uint64_t>::max();

std::uint16_t lower_of(std::uint64_t row) {
  return static_cast<std::uint16_t>(row & (kBlockRows - 1));
}

}  // namespace

void RowSet::add(std::uint64_t row) {
  if (row == last_) return;
  if (blocks_.empty() || blocks_.back().upper != row >> kLowerBits)
    blocks_.push_back({.upper = row >> kLowerBits});
  Block& block = blocks_.back();
  if (block.dense.empty() && block.sparse.size() == kMostSparse) {
    block.dense.resize(kBlockRows);
    for (const std::uint16_t lower : block.sparse) block.dense[lower] = true;
    block.sparse = {};
  }
  if (block.dense.empty())
    block.sparse.push_back(lower_of(row));
  else
    block.dense[lower_of(row)] = true;
  last_ = row;
}

const RowSet::Block* RowSet::find(std::uint64_t upper) const {
  const auto at = std::ranges::lower_bound(blocks_, upper, {}, &Block::upper);
  return at != blocks_.end() && at->upper == upper ? &*at : nullptr;
}

void RowSet::mark_gone(std::span<const std::int64_t> rows, std::span<bool> live) const {
  const Block* block = nullptr;
  std::uint64_t upper = kNoBlock;
  std::size_t at = 0;  // the first of the block's sparse rows that is not before the row
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::uint64_t>(rows[i]);
    const std::uint16_t lower = lower_of(row);
    const bool is_new = row >> kLowerBits != upper;
    if (is_new) {
      upper = row >> kLowerBits;
      block = find(upper);
    }
    if (block == nullptr) continue;
    if (!block->dense.empty()) {
      if (block->dense[lower]) live[i] = false;
      continue;
    }
    const std::vector<std::uint16_t>& sparse = block->sparse;
    if (is_new || (at > 0 && sparse[at - 1] >= lower))
      at = static_cast<std::size_t>(std::ranges::lower_bound(sparse, lower) - sparse.begin());
    while (at < sparse.size() && sparse[at] < lower) ++at;
    if (at < sparse.size() && sparse[at] == lower) live[i] = false;
  }
}

}  // namespace tarn::engine
