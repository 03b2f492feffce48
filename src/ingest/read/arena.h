#pragma once

#include <cstddef>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>

namespace tarn::ingest {

/// Bytes that live as long as a record is being worked on. Memory is kept from record to record.
class Arena {
 public:
  /// Room for `size` bytes.
  char* allocate(std::size_t size) {
    while (block_ < blocks_.size() && blocks_[block_].size() - used_ < size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) blocks_.emplace_back(size > kBlockBytes ? size : kBlockBytes, '\0');
    char* room = blocks_[block_].data() + used_;
    used_ += size;
    return room;
  }
  std::string_view copy(std::string_view text) {
    char* room = allocate(text.size());
    if (!text.empty()) std::memcpy(room, text.data(), text.size());
    return {room, text.size()};
  }
  /// Frees everything allocated; big blocks go back to the system.
  void reset() {
    block_ = 0;
    used_ = 0;
    if (blocks_.size() > 8) blocks_.resize(1);
    if (!blocks_.empty() && blocks_.front().size() > kBlockBytes) blocks_.clear();
  }

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
  std::deque<std::string> blocks_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

}  // namespace tarn::ingest
