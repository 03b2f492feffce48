#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"

/// Text to typed values: whole texts only, independent of locale, never rounding, cutting or guessing. Blanks
/// around a value are the caller's to trim. Pure functions, any thread, no allocation.
///
///   std::int64_t count = 0;
///   if (const ValueProblem problem = parse_int64(text, count)) return value_error(*problem, "long");
namespace tarn::format {

/// nullptr: fine; else what is wrong, a code of errors.h.
using ValueProblem = const ErrorCode*;

/// 128-bit integers, for decimals of up to 38 digits.
__extension__ using Int128 = __int128;

/// An Error that names the type, not the value (which may identify a person).
Error value_error(const ErrorCode& code, std::string_view type);

/// Marks within numbers. '\0' as thousands mark: none is allowed. Thousands must be grouped by three.
struct NumberMarks {
  char decimal = '.';
  char thousands = '\0';
};

/// [+-]digits. `value.empty`, `value.not_an_integer` ("12.0", "1e3", "0x10"), `value.out_of_range`.
ValueProblem parse_int32(std::string_view text, std::int32_t& out);
ValueProblem parse_int64(std::string_view text, std::int64_t& out);

/// [+-]digits[mark digits] to the unscaled value of decimal(precision, scale), 1 <= precision <= 38. Zeros
/// beyond the scale are fine, other digits are `value.too_precise`. `value.empty`, `value.not_a_number`,
/// `value.out_of_range`.
struct DecimalType {
  std::int32_t precision = 38;
  std::int32_t scale = 0;
};
ValueProblem parse_decimal(std::string_view text, DecimalType type, NumberMarks marks, Int128& out);

/// [+-]digits[mark digits][e[+-]digits], correctly rounded to the nearest double. Overflow and underflow to
/// zero are `value.out_of_range`; NaN and infinity are `value.not_a_number` unless `allow_non_finite`.
struct DoubleOptions {
  NumberMarks marks;
  bool allow_non_finite = false;
};
ValueProblem parse_double(std::string_view text, const DoubleOptions& options, double& out);

/// The words of a boolean column.
class BooleanWords {
 public:
  /// true/false, t/f, 1/0, yes/no, y/n, ignoring case.
  BooleanWords();
  /// Exactly these words, case matters. Error: `value.bad_format` when a word is in both or a list is empty.
  static Result<BooleanWords> create(std::span<const std::string> yes, std::span<const std::string> no);
  /// `value.empty`, `value.not_a_boolean`.
  ValueProblem parse(std::string_view text, bool& out) const;

 private:
  bool standard_ = true;
  std::vector<std::string> yes_;
  std::vector<std::string> no_;
};

/// 8-4-4-4-12 hexadecimal digits, in braces or with "urn:uuid:" too, or 32 digits; `value.not_a_uuid`.
using UuidBytes = std::array<std::uint8_t, 16>;
ValueProblem parse_uuid(std::string_view text, UuidBytes& out);

/// Base64 (RFC 4648, section 4; line breaks as in MIME are passed over, padding may be left out) into `out`,
/// whose memory is reused. `value.not_base64`.
ValueProblem parse_base64(std::string_view text, std::string& out);
/// Pairs of hexadecimal digits, an optional "0x" or "\x" before them; `value.not_hex`.
ValueProblem parse_hex(std::string_view text, std::string& out);

/// `text` without blanks (space, tab, CR, LF) around it; `trim_spaces` of the caller's choice.
inline std::string_view trim_blanks(std::string_view text) {
  std::size_t begin = 0;
  std::size_t end = text.size();
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (begin < end && blank(text[begin])) ++begin;
  while (end > begin && blank(text[end - 1])) --end;
  return text.substr(begin, end - begin);
}

}  // namespace tarn::format
