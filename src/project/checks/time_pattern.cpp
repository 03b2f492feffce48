#include "project/checks/time_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/civil_time.h"
#include "project/errors.h"

namespace tarn::project {
namespace {

constexpr std::string_view kLetters = "YymbBdejHIpMSfzsTF%";
constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};

Error bad_format(std::string_view pattern, std::string_view why, std::string hint) {
  return Error(kBadFormat, fmt::format("`{}` {}", pattern, why)).with_hint(std::move(hint));
}

/// Where a letter of another system was meant: "yyyy-MM-dd" as %Y-%m-%d.
std::string without_letters_hint(std::string_view pattern) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kOthers = {{{"yyyy", "%Y"},
                                                                                            {"YYYY", "%Y"},
                                                                                            {"MM", "%m"},
                                                                                            {"dd", "%d"},
                                                                                            {"DD", "%d"},
                                                                                            {"HH", "%H"},
                                                                                            {"hh", "%H"},
                                                                                            {"mm", "%M"},
                                                                                            {"ss", "%S"}}};
  std::string better(pattern);
  // Without an hour, `mm` is what someone calls the month.
  const bool has_hour = better.find("HH") != std::string::npos || better.find("hh") != std::string::npos;
  for (const auto& [other, own] : kOthers) {
    if (const std::size_t at = better.find(other); at != std::string::npos)
      better.replace(at, other.size(), other == "mm" && !has_hour ? "%m" : own);
  }
  return better == pattern ? "write letters as in `%d.%m.%Y`" : fmt::format("write `{}`", better);
}

/// What is lacking or too much among the letters for a kind; empty when nothing is.
std::string_view complaint(std::string_view letters, TypeKind kind) {
  const auto has = [&](std::string_view any) { return letters.find_first_of(any) != std::string_view::npos; };
  const bool date = has("Yy") && ((has("mbB") && has("de")) || has("j"));
  const bool hour = has("H") || (has("I") && has("p"));
  if (has("I") != has("p")) return "needs %I and %p together";
  if (has("H") && has("I")) return "reads the hour twice";
  if (has("j") && has("mbBde")) return "has %j beside month or day";
  if (has("M") && !hour) return "reads minutes without an hour";
  if (has("S") && !has("M")) return "reads seconds without minutes";
  if (has("f") && !has("S") && !has("s")) return "reads %f without seconds";
  if (has("s") && has("YymbBdejHIM")) return "has %s beside other parts";
  if (has("z") && kind != TypeKind::kTimestamptz) return "has %z, which only timestamptz keeps";
  if (kind == TypeKind::kTime) {
    if (has("YymbBdejs")) return "reads a date, which a time does not keep";
    return hour ? "" : "reads no hour";
  }
  return date || has("s") ? "" : "does not read year, month and day";
}

/// The parts that a text gave.
struct Parts {
  std::int64_t year = 1970, month = 1, day = 1, year_day = 0, hour = 0, minute = 0, second = 0, micros = 0;
  std::int64_t epoch = 0, offset_minutes = 0;
  int half = -1;  // 0 am, 1 pm
};

/// Takes 1 … `most` digits from the front of `text`.
std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t most) {
  std::int64_t value = 0;
  std::size_t count = 0;
  while (count < most && count < text.size() && text[count] >= '0' && text[count] <= '9') {
    value = value * 10 + (text[count++] - '0');
  }
  if (count == 0) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

char lower(char c) {
  return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool take_word(std::string_view& text, std::string_view word) {
  if (text.size() < word.size() ||
      !std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == lower(b); })) {
    return false;
  }
  text.remove_prefix(word.size());
  return true;
}

bool take_month(std::string_view& text, Parts& parts) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (!take_word(text, kMonths[i]) && !take_word(text, kMonths[i].substr(0, 3))) continue;
    parts.month = static_cast<std::int64_t>(i) + 1;
    return true;
  }
  return false;
}

bool take_offset(std::string_view& text, Parts& parts) {
  if (take_word(text, "z")) return true;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  const std::int64_t sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  if (!hours) return false;
  if (text.starts_with(':')) text.remove_prefix(1);
  parts.offset_minutes = sign * (*hours * 60 + take_digits(text, 2).value_or(0));
  return true;
}

bool take_fraction(std::string_view& text, Parts& parts) {
  const std::size_t before = text.size();
  const auto value = take_digits(text, 9);
  if (!value) return false;
  std::int64_t nanos = *value;
  for (std::size_t i = before - text.size(); i < 9; ++i) nanos *= 10;
  parts.micros = nanos / 1000;
  return nanos % 1000 == 0;
}

bool take_number(std::string_view& text, std::size_t most, std::int64_t& out) {
  if (text.starts_with(' ')) text.remove_prefix(1);
  const auto value = take_digits(text, most);
  if (value) out = *value;
  return value.has_value();
}

bool take_part(char letter, std::string_view& text, Parts& parts) {
  switch (letter) {
    case 'Y':
      return take_number(text, 4, parts.year);
    case 'y':
      if (!take_number(text, 2, parts.year)) return false;
      parts.year += parts.year < 69 ? 2000 : 1900;
      return true;
    case 'm':
      return take_number(text, 2, parts.month);
    case 'b':
    case 'B':
      return take_month(text, parts);
    case 'd':
    case 'e':
      return take_number(text, 2, parts.day);
    case 'j':
      return take_number(text, 3, parts.year_day);
    case 'H':
    case 'I':
      return take_number(text, 2, parts.hour);
    case 'p':
      parts.half = take_word(text, "pm") ? 1 : take_word(text, "am") ? 0 : -1;
      return parts.half >= 0;
    case 'M':
      return take_number(text, 2, parts.minute);
    case 'S':
      return take_number(text, 2, parts.second);
    case 'f':
      return take_fraction(text, parts);
    case 's':
      return take_number(text, 12, parts.epoch);
    default:
      return take_offset(text, parts);
  }
}

std::optional<std::int64_t> micros_of(const Parts& given) {
  Parts parts = given;
  if (parts.half >= 0) {
    if (parts.hour < 1 || parts.hour > 12) return std::nullopt;
    parts.hour = parts.hour % 12 + 12 * parts.half;
  }
  if (parts.hour > 23 || parts.minute > 59 || parts.second > 59) return std::nullopt;
  if (parts.month < 1 || parts.month > 12 || parts.year_day > 366) return std::nullopt;
  const auto days =
      days_from_civil({static_cast<std::int32_t>(parts.year), static_cast<std::uint32_t>(parts.month),
                       static_cast<std::uint32_t>(parts.day)});
  if (!days) return std::nullopt;
  const std::int64_t day = *days + (parts.year_day > 0 ? parts.year_day - 1 : 0);
  const std::int64_t seconds = day * 86'400 + parts.hour * 3600 + (parts.minute - parts.offset_minutes) * 60 +
                               parts.second + parts.epoch;
  return seconds * kMicrosPerSecond + parts.micros;
}

}  // namespace

Result<TimePattern> TimePattern::compile(std::string_view pattern, TypeKind kind) {
  TimePattern compiled;
  std::string seen;
  if (pattern.size() > 200) return bad_format(pattern.substr(0, 40), "is too long", "");
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      compiled.letters_ += {'\0', pattern[i]};
      continue;
    }
    if (++i == pattern.size())
      return bad_format(pattern, "ends with a lone `%`", "write `%%` for the character itself");
    const char letter = pattern[i];
    if (kLetters.find(letter) == std::string_view::npos) {
      return bad_format(pattern, fmt::format("has the unknown letter `%{}`", letter),
                        "known: %Y %m %d %H %M %S %f %z %y %b %B %e %p %I %j %s %T %F");
    }
    const std::string_view several = letter == 'T' ? std::string_view("HMS") : letter == 'F' ? "Ymd" : "";
    if (letter == '%') {
      compiled.letters_ += {'\0', '%'};
    } else if (several.empty()) {
      compiled.letters_ += letter;
      seen += letter;
    } else {
      const char between = letter == 'T' ? ':' : '-';
      compiled.letters_ += {several[0], '\0', between, several[1], '\0', between, several[2]};
      seen += several;
    }
  }
  if (seen.empty())
    return bad_format(pattern, "has no letters of a date or time", without_letters_hint(pattern));
  for (const char letter : seen) {
    if (std::ranges::count(seen, letter) > 1) {
      return bad_format(pattern, fmt::format("reads `%{}` twice", letter), "%m is the month, %M the minute");
    }
  }
  if (const std::string_view why = complaint(seen, kind); !why.empty()) {
    return bad_format(pattern, why, "add the missing letters, or correct the column's `type:`");
  }
  return compiled;
}

std::optional<std::int64_t> TimePattern::read(std::string_view text) const {
  Parts parts;
  for (std::size_t i = 0; i < letters_.size(); ++i) {
    if (letters_[i] == '\0') {
      if (!text.starts_with(letters_[++i])) return std::nullopt;
      text.remove_prefix(1);
    } else if (!take_part(letters_[i], text, parts)) {
      return std::nullopt;
    }
  }
  return text.empty() ? micros_of(parts) : std::nullopt;
}

std::optional<std::int64_t> read_iso_time(std::string_view text, TypeKind kind, bool zoned) {
  static const RE2 kDate("[0-9]{4}-[0-9]{2}-[0-9]{2}");
  static const RE2 kTime("([0-9]{2}:[0-9]{2})(:[0-9]{2})?(\\.[0-9]{1,9})?");
  static const RE2 kMoment(
      "([0-9]{4}-[0-9]{2}-[0-9]{2})[T "
      "]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?");
  const re2::StringPiece piece(text.data(), text.size());
  std::string date = "1970-01-01", minutes = "00:00", seconds, fraction, offset;
  const bool matches = kind == TypeKind::kDate ? RE2::FullMatch(piece, kDate)
                       : kind == TypeKind::kTime
                           ? RE2::FullMatch(piece, kTime, &minutes, &seconds, &fraction)
                           : RE2::FullMatch(piece, kMoment, &date, &minutes, &seconds, &fraction, &offset);
  if (!matches || (!fraction.empty() && seconds.empty())) return std::nullopt;
  if (kind == TypeKind::kDate) date = text;
  if (kind == TypeKind::kTimestamp && !offset.empty()) return std::nullopt;
  if (kind == TypeKind::kTimestamptz && offset.empty() && !zoned) return std::nullopt;
  static const Result<TimePattern> kWhole =
      TimePattern::compile("%Y-%m-%dT%H:%M:%S.%f%z", TypeKind::kTimestamptz);
  return kWhole->read(fmt::format("{}T{}{}{}{}", date, minutes, seconds.empty() ? ":00" : seconds,
                                  fraction.empty() ? ".0" : fraction, offset.empty() ? "Z" : offset));
}

}  // namespace tarn::project
