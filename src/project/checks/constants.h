#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "project/column_spec.h"

/// Values that stand in a contract as text (bounds, defaults, accepted values), read as the source's values
/// are, so that a contract that could never be met is found before any data is. Internal.
namespace tarn::project {

/// An exact decimal: sign and digits of one width, so that texts compare as numbers do.
struct DecimalDigits {
  bool negative = false;
  std::string digits;
  std::strong_ordering operator<=>(const DecimalDigits& other) const;
  bool operator==(const DecimalDigits&) const = default;
};

/// A value of a scalar type; two of one column can be compared. Temporal values are microseconds.
using Constant = std::variant<std::int64_t, double, DecimalDigits, std::string>;

/// Reads `text` as a value of the column (of a list: of its elements). The error says why it is none;
/// `contract.bad_constant`.
Result<Constant> read_constant(std::string_view text, const ColumnSpec& column);

/// Checks the letters of a date or time pattern and that it yields the type. `contract.bad_format`.
Status check_time_pattern(std::string_view pattern, TypeKind kind);

}  // namespace tarn::project
