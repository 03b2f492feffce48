#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "engine/duckdb/handles.h"
#include "engine/row_filter.h"

namespace tarn::engine::internal {

/// How an error of a filter begins, when the engine passes it on.
inline constexpr std::string_view kFilterFailed = "deleted rows cannot be left out: ";

/// The filters of a database by their numbers. Any thread.
class RowFilters {
 public:
  std::uint64_t add(std::shared_ptr<RowFilter> filter);
  void remove(std::uint64_t number);
  std::shared_ptr<RowFilter> find(std::uint64_t number);

 private:
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<RowFilter>> by_number_;
};

/// Defines the function kIsLive for all connections of a database. Errors: engine.open_failed.
Status define_is_live(duckdb_connection connection, const std::shared_ptr<RowFilters>& filters);

}  // namespace tarn::engine::internal
