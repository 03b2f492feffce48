#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/hash.h"

namespace tarn::ingest {

/// A column's null markers or accepted values: mostly few, mostly short, and asked for each value there is.
/// Immutable once filled; any number of threads.
class WordSet {
 public:
  void insert(const std::string& word) {
    lengths_ |= length_bit(word);
    if (few_.size() < kFew && many_.empty()) {
      if (std::ranges::find(few_, word) == few_.end()) few_.push_back(word);
      return;
    }
    many_.insert(few_.begin(), few_.end());
    few_.clear();
    many_.insert(word);
  }
  bool empty() const { return lengths_ == 0; }
  bool contains(std::string_view text) const {
    if ((lengths_ & length_bit(text)) == 0) return false;
    if (!many_.empty()) return many_.contains(text);
    return std::ranges::any_of(few_, [&](const std::string& word) { return word == text; });
  }

 private:
  static constexpr std::size_t kFew = 8;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return xxh3_64(text); }
  };
  static std::uint64_t length_bit(std::string_view text) {
    return std::uint64_t{1} << std::min<std::size_t>(text.size(), 63);
  }

  std::uint64_t lengths_ = 0;  // a bit for each length that a word has
  std::vector<std::string> few_;
  std::unordered_set<std::string, Hash, std::equal_to<>> many_;
};

}  // namespace tarn::ingest
