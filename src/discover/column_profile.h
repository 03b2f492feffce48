#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tarn::discover {

/// What a column held in the samples: its distinct values and how often each stood there.
class ColumnProfile {
 public:
  /// Values longer than this count by their beginning: they are strings whatever they hold.
  static constexpr std::size_t kMaxValue = 512;

  void add(std::string_view text);
  /// A record where the column was not there at all.
  void add_absent() { ++absent_; }

  const std::map<std::string, std::uint64_t>& values() const { return values_; }
  std::uint64_t records() const { return present_ + absent_; }
  std::uint64_t absent() const { return absent_; }
  /// Values with blanks around them.
  std::uint64_t padded() const { return padded_; }
  /// The same column with blanks around values removed.
  ColumnProfile trimmed() const;

 private:
  std::map<std::string, std::uint64_t> values_;
  std::uint64_t present_ = 0;
  std::uint64_t absent_ = 0;
  std::uint64_t padded_ = 0;
};

}  // namespace tarn::discover
