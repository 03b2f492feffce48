#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/column_type.h"
#include "project/located.h"

namespace tarn::project {

/// What kind of identifying data a column holds. A classification only, for now.
enum class Identifying : std::uint8_t {
  kNone,
  kName,
  kContact,
  kAddress,
  kBirthDate,
  kIdentifier,
  kDate,
  kLocation,
  kBiometric,
  kFreeText,
};

enum class BinaryText : std::uint8_t { kBase64, kHex };

/// The `format:` of a column, read as its type asks.
struct ColumnFormat {
  std::vector<Located<std::string>>
      patterns;  ///< date/time types: strptime patterns tried in order; empty: ISO 8601.
  std::vector<std::string> true_values;  ///< boolean: both empty: true/false/t/f/1/0/yes/no/y/n, any case.
  std::vector<std::string> false_values;
  BinaryText binary = BinaryText::kBase64;

  bool operator==(const ColumnFormat&) const = default;
};

/// Inclusive bounds as text that is known to be a value of the column's type; either side may be absent.
struct RangeSpec {
  std::optional<Located<std::string>> min;
  std::optional<Located<std::string>> max;
  bool empty() const { return !min && !max; }
  bool operator==(const RangeSpec&) const = default;
};

/// Inclusive bounds of the number of characters.
struct LengthSpec {
  std::optional<std::uint64_t> min;
  std::optional<std::uint64_t> max;
  bool empty() const { return !min && !max; }
  bool operator==(const LengthSpec&) const = default;
};

/// One column of a feed, of a child table, or of a `list<struct>`.
struct ColumnSpec {
  Located<std::string> name;  ///< Of the table's column; its span is the column's place.
  Located<ColumnType> type;
  Located<std::string> from;  ///< Always filled: the column's name when it was not written.
  bool required = false;      ///< True for key columns, written or not.
  std::optional<std::vector<std::string>> null_markers;  ///< Replaces FormatSpec::null_markers.
  std::optional<Located<std::string>> default_value;     ///< As text, known to be a value of the type.
  ColumnFormat format;
  Located<std::string> timezone;       ///< "UTC", "+01:00", an IANA name; empty: an offset is required.
  char decimal_mark = '.';             ///< '.' or ','.
  std::optional<char> thousands_mark;  ///< Absent: thousands marks are refused.
  std::vector<Located<std::string>> accepted;  ///< Empty: any value.
  RangeSpec range;
  LengthSpec length;
  Located<std::string> pattern;  ///< RE2, search semantics; known to compile; empty: none.
  std::string description;
  Identifying identifying = Identifying::kNone;
  Located<std::string> renamed_from;  ///< The column's former name; empty: none.
  std::vector<ColumnSpec> columns;    ///< Of list<struct>: its members.

  bool operator==(const ColumnSpec&) const = default;
};

/// Characters first … last of a line, from 1, inclusive.
struct CharacterRange {
  std::uint32_t first = 1;
  std::uint32_t last = 1;
  bool operator==(const CharacterRange&) const = default;
};

/// "1-10" (or "7", which is "7-7"): `from` of a fixed-width column. Nothing when it is not one, starts at 0,
/// ends before it starts, or lies beyond 1,000,000.
std::optional<CharacterRange> parse_character_range(std::string_view text);

/// "3": `from` of a csv column without a header, 1 … 4096.
std::optional<std::uint32_t> parse_column_number(std::string_view text);

/// The column of that name, or null.
const ColumnSpec* find_column(const std::vector<ColumnSpec>& columns, std::string_view name);

}  // namespace tarn::project
