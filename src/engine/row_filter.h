#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "engine/row_set.h"

namespace tarn::engine {

namespace internal {
class RowFilters;
}

/// Says which rows of a list of files are gone. SQL asks it by kIsLive:
///
///   SELECT … FROM read_parquet([…]) d WHERE tarn_is_live(<number>, d.file_index, d.file_row_number)
class RowFilter {
 public:
  virtual ~RowFilter() = default;
  /// Those of the n-th file of the list (from 0): rows of any of the sets, which live as long as this.
  /// Called by many threads at once, and often for the same file.
  virtual Result<std::span<const std::shared_ptr<const RowSet>>> gone(std::uint64_t file) = 0;
};

/// The function's name; its arguments are a RowFilterUse's number, the file's index and the row's in it.
inline constexpr std::string_view kIsLive = "tarn_is_live";

/// A filter's number, for as long as this lives; statements that were prepared with it keep the filter
/// itself. Any thread.
class RowFilterUse {
 public:
  RowFilterUse(std::shared_ptr<internal::RowFilters> filters, std::uint64_t number)
      : filters_(std::move(filters)), number_(number) {}
  RowFilterUse(RowFilterUse&&) noexcept = default;
  RowFilterUse& operator=(RowFilterUse&& other) noexcept {
    std::swap(filters_, other.filters_);
    std::swap(number_, other.number_);
    return *this;
  }
  ~RowFilterUse();
  std::uint64_t number() const { return number_; }

 private:
  std::shared_ptr<internal::RowFilters> filters_;
  std::uint64_t number_ = 0;
};

}  // namespace tarn::engine
