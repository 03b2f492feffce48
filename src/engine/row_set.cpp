#include "engine/row_set.h"

#include <algorithm>
#include <bit>
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
    block.dense.resize(kBlockRows / 64);
    for (const std::uint16_t lower : block.sparse)
      block.dense[lower / 64] |= std::uint64_t{1} << (lower % 64);
    block.sparse = {};
  }
  const std::uint16_t lower = lower_of(row);
  if (block.dense.empty())
    block.sparse.push_back(lower);
  else
    block.dense[lower / 64] |= std::uint64_t{1} << (lower % 64);
  last_ = row;
}

const RowSet::Block* RowSet::find(std::uint64_t upper) const {
  const auto at = std::ranges::lower_bound(blocks_, upper, {}, &Block::upper);
  return at != blocks_.end() && at->upper == upper ? &*at : nullptr;
}

void RowSet::Block::mark_gone(std::uint16_t lower, std::span<bool> live) const {
  const std::size_t end = lower + live.size();  // at most kBlockRows
  if (dense.empty()) {
    for (auto at = std::ranges::lower_bound(sparse, lower); at != sparse.end() && *at < end; ++at)
      live[*at - lower] = false;
    return;
  }
  for (std::size_t word = lower / 64; word * 64 < end; ++word) {
    for (std::uint64_t left = dense[word]; left != 0; left &= left - 1) {
      const std::size_t row = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
      if (row >= lower && row < end) live[row - lower] = false;
    }
  }
}

void RowSet::mark_run_gone(std::uint64_t first, std::span<bool> live) const {
  while (!live.empty()) {
    const std::uint16_t lower = lower_of(first);
    const std::size_t count = std::min(live.size(), kBlockRows - lower);
    if (const Block* block = find(first >> kLowerBits)) block->mark_gone(lower, live.first(count));
    live = live.subspan(count);
    first += count;
  }
}

void RowSet::mark_gone(std::span<const std::int64_t> rows, std::span<bool> live) const {
  if (rows.empty()) return;
  // As a scan gives them; without a branch in the loop, so that it takes several at once.
  std::int64_t differs = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) differs |= rows[i] ^ (rows[0] + static_cast<std::int64_t>(i));
  if (differs == 0) return mark_run_gone(static_cast<std::uint64_t>(rows[0]), live);
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
      if (block->is_dense(lower)) live[i] = false;
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
