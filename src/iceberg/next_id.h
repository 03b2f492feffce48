#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/errors.h"

namespace tarn::iceberg {

inline constexpr std::int32_t kMaxId = std::numeric_limits<std::int32_t>::max();

/// One more than the highest id of the items, 0 when there are none. For this library only. Errors:
/// iceberg.bad_update when there is none left, as only a hostile client brings about.
template <typename T, typename IdOf>
Result<std::int32_t> next_id(const std::vector<T>& items, std::string_view what, IdOf id_of) {
  std::int32_t highest = -1;
  for (const T& item : items) highest = std::max<std::int32_t>(highest, std::invoke(id_of, item));
  if (highest == kMaxId) return Error(kBadUpdate, fmt::format("there are no {} ids left", what));
  return highest + 1;
}

}  // namespace tarn::iceberg
