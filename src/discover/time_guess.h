#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "project/column_type.h"

namespace tarn::discover {

/// How a column writes dates or times.
struct TimeGuess {
  project::TypeKind kind = project::TypeKind::kDate;
  std::string pattern;  ///< Empty: ISO 8601.
  std::string also;     ///< Another pattern that reads all values too (day and month change places).
};

/// The notation that reads all of `values` (not empty), or nothing. Digits alone ("20240131") count as dates
/// only with `is_date_name` or three distinct values. `month_first` decides where day and month are not told
/// apart by the values.
struct TimeEvidence {
  bool is_date_name = false;
  bool month_first = false;
};
std::optional<TimeGuess> guess_time(std::span<const std::string_view> values, const TimeEvidence& evidence);

}  // namespace tarn::discover
