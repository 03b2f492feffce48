#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "project/column_type.h"

/// Dates and times of a contract's own constants. The data's are read by `format`, which this library may not
/// use. Internal.
namespace tarn::project {

class TimePattern {
 public:
  /// Checks the letters, and that together they yield a value of the kind. `contract.bad_format`.
  static Result<TimePattern> compile(std::string_view pattern, TypeKind kind);
  /// Microseconds since the epoch or midnight; nothing when the text does not match or does not exist.
  std::optional<std::int64_t> read(std::string_view text) const;

 private:
  std::string letters_;  // "Y-m-d": letters are those of kLetters, literals are escaped by '\0'
};

/// ISO 8601 as the reference says. `zoned`: whether a timestamptz may lack its offset.
std::optional<std::int64_t> read_iso_time(std::string_view text, TypeKind kind, bool zoned);

}  // namespace tarn::project
