#include <algorithm>
#include <array>
#include <optional>

#include "base/civil_time.h"
#include "format/errors.h"
#include "format/time_format.h"

// The part of TimeFormat that every value runs through.
namespace tarn::format {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Takes exactly two digits.
bool take_two(const char*& at, const char* end, std::uint32_t& out) {
  if (end - at < 2 || !is_digit(at[0]) || !is_digit(at[1])) return false;
  out = static_cast<std::uint32_t>((at[0] - '0') * 10 + (at[1] - '0'));
  at += 2;
  return true;
}

struct Digits {
  std::uint32_t least = 1;
  std::uint32_t most = 2;
};
// Takes digits, after one blank where fewer than the most are allowed.
bool take_number(const char*& at, const char* end, Digits digits, std::uint32_t& out) {
  if (digits.least < digits.most && at < end && *at == ' ' && digits.most > 1) {
    ++at;
    --digits.most;
  }
  out = 0;
  std::uint32_t count = 0;
  for (; at < end && count < digits.most && is_digit(*at); ++at, ++count)
    out = out * 10 + static_cast<std::uint32_t>(*at - '0');
  return count >= digits.least;
}

bool take_year(const char*& at, const char* end, std::int32_t& out) {
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  if (!take_two(at, end, high) || !take_two(at, end, low)) return false;
  out = static_cast<std::int32_t>(high * 100 + low);
  return true;
}

bool take_month_name(const char*& at, const char* end, std::uint32_t& out) {
  const auto matches = [&](std::string_view word) {
    return static_cast<std::size_t>(end - at) >= word.size() &&
           std::equal(word.begin(), word.end(), at, [](char a, char b) { return a == lower(b); });
  };
  for (std::uint32_t i = 0; i < kMonths.size(); ++i) {
    for (const std::string_view word : {kMonths[i], kMonths[i].substr(0, 3)}) {
      if (!matches(word)) continue;
      at += word.size();
      out = i + 1;
      return true;
    }
  }
  return false;
}

ValueProblem take_fraction(const char*& at, const char* end, std::uint32_t& micros) {
  std::uint32_t count = 0;
  std::uint32_t value = 0;
  bool too_precise = false;
  for (; at < end && is_digit(*at) && count < 9; ++at, ++count) {
    if (count < 6)
      value = value * 10 + static_cast<std::uint32_t>(*at - '0');
    else
      too_precise |= *at != '0';
  }
  if (count == 0) return &kValueNotATime;
  for (; count < 6; ++count) value *= 10;
  micros = value;
  return too_precise ? &kValueTooPrecise : nullptr;
}

// Z, ±hh, ±hhmm, ±hh:mm.
bool take_offset(const char*& at, const char* end, std::int32_t& seconds) {
  if (at == end) return false;
  if (*at == 'Z' || *at == 'z') {
    ++at;
    seconds = 0;
    return true;
  }
  if (*at != '+' && *at != '-') return false;
  const bool negative = *at++ == '-';
  std::uint32_t hours = 0;
  std::uint32_t minutes = 0;
  if (!take_two(at, end, hours)) return false;
  if (at < end && (*at == ':' || is_digit(*at))) {
    if (*at == ':') ++at;
    if (!take_two(at, end, minutes)) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  seconds = static_cast<std::int32_t>(hours * 3600 + minutes * 60) * (negative ? -1 : 1);
  return true;
}

bool take_epoch(const char*& at, const char* end, std::int64_t& seconds) {
  const bool negative = at < end && *at == '-';
  if (negative) ++at;
  std::int64_t value = 0;
  std::uint32_t count = 0;
  for (; at < end && is_digit(*at) && count < 12; ++at, ++count) value = value * 10 + (*at - '0');
  if (count == 0 || (at < end && is_digit(*at))) return false;
  seconds = negative ? -value : value;
  return true;
}

bool take_char(const char*& at, const char* end, char c) {
  if (at == end || *at != c) return false;
  ++at;
  return true;
}

}  // namespace

ValueProblem TimeFormat::read_item(const Item& item, const char*& at, const char* end, Parts& parts) {
  const Digits two = {item.exact ? 2U : 1U, 2U};
  bool fine = false;
  switch (item.op) {
    case Op::kLiteral:
      fine = take_char(at, end, item.literal);
      break;
    case Op::kYear:
      fine = take_year(at, end, parts.year);
      break;
    case Op::kShortYear: {
      std::uint32_t year = 0;
      fine = take_two(at, end, year);
      parts.year = static_cast<std::int32_t>(year) + (year >= 69 ? 1900 : 2000);
      break;
    }
    case Op::kMonth:
      fine = take_number(at, end, two, parts.month);
      break;
    case Op::kMonthName:
      fine = take_month_name(at, end, parts.month);
      break;
    case Op::kDay:
      // A day may be padded with a blank even where digits follow.
      if (item.exact && at < end && *at == ' ') {
        ++at;
        fine = take_number(at, end, {1, 1}, parts.day);
      } else {
        fine = take_number(at, end, two, parts.day);
      }
      break;
    case Op::kDayOfYear:
      fine = take_number(at, end, {item.exact ? 3U : 1U, 3U}, parts.day_of_year) && parts.day_of_year > 0;
      break;
    case Op::kHour:
      fine = take_number(at, end, two, parts.hour);
      break;
    case Op::kHour12:
      fine = take_number(at, end, two, parts.hour);
      parts.half_day = true;
      break;
    case Op::kHalf:
      fine = end - at >= 2 && (lower(at[0]) == 'a' || lower(at[0]) == 'p') && lower(at[1]) == 'm';
      if (fine) {
        parts.afternoon = lower(at[0]) == 'p';
        at += 2;
      }
      break;
    case Op::kMinute:
      fine = take_number(at, end, two, parts.minute);
      break;
    case Op::kSecond:
      fine = take_number(at, end, two, parts.second);
      break;
    case Op::kFraction:
      return take_fraction(at, end, parts.micros);
    case Op::kOffset:
      fine = parts.has_offset = take_offset(at, end, parts.offset);
      break;
    case Op::kEpoch:
      fine = parts.has_epoch = take_epoch(at, end, parts.epoch);
      break;
  }
  return fine ? nullptr : &kValueNotATime;
}

ValueProblem TimeFormat::read(std::string_view text, Parts& parts) const {
  if (text.empty()) return &kValueEmpty;
  if (iso_) return read_iso(text, parts);
  const char* at = text.data();
  const char* const end = at + text.size();
  ValueProblem too_precise = nullptr;
  for (const Item& item : items_) {
    const ValueProblem problem = read_item(item, at, end, parts);
    if (problem == &kValueTooPrecise)
      too_precise = problem;
    else if (problem != nullptr)
      return problem;
  }
  return at == end ? too_precise : &kValueNotATime;
}

ValueProblem TimeFormat::read_iso(std::string_view text, Parts& parts) const {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (kind_ != TimeKind::kTime) {
    const bool date = take_year(at, end, parts.year) && take_char(at, end, '-') &&
                      take_two(at, end, parts.month) && take_char(at, end, '-') &&
                      take_two(at, end, parts.day);
    if (!date) return &kValueNotATime;
    if (kind_ == TimeKind::kDate) return at == end ? nullptr : &kValueNotATime;
    if (at == end || (*at != 'T' && *at != ' ' && *at != 't')) return &kValueNotATime;
    ++at;
  }
  if (!take_two(at, end, parts.hour) || !take_char(at, end, ':') || !take_two(at, end, parts.minute))
    return &kValueNotATime;
  ValueProblem too_precise = nullptr;
  if (at < end && *at == ':') {
    ++at;
    if (!take_two(at, end, parts.second)) return &kValueNotATime;
    if (at < end && (*at == '.' || *at == ',')) {
      ++at;
      too_precise = take_fraction(at, end, parts.micros);
      if (too_precise == &kValueNotATime) return too_precise;
    }
  }
  if (at == end) return too_precise;
  if (*at == ' ') ++at;
  if (!take_offset(at, end, parts.offset) || at != end) return &kValueNotATime;
  if (kind_ != TimeKind::kTimestampTz) return &kValueUnexpectedZone;
  parts.has_offset = true;
  return too_precise;
}

ValueProblem TimeFormat::date_of(const Parts& parts, std::int32_t& days) {
  if (parts.day_of_year > 0) {
    const std::optional<std::int32_t> first = days_from_civil({parts.year, 1, 1});
    const bool leap = days_from_civil({parts.year, 2, 29}).has_value();
    if (!first || parts.day_of_year > (leap ? 366U : 365U)) return &kValueNoSuchTime;
    days = *first + static_cast<std::int32_t>(parts.day_of_year) - 1;
    return nullptr;
  }
  const std::optional<std::int32_t> found = days_from_civil({parts.year, parts.month, parts.day});
  if (!found) return &kValueNoSuchTime;
  days = *found;
  return nullptr;
}

ValueProblem TimeFormat::time_of(const Parts& parts, std::int64_t& micros) {
  std::uint32_t hour = parts.hour;
  if (parts.half_day) {
    if (hour < 1 || hour > 12) return &kValueNoSuchTime;
    hour = hour % 12 + (parts.afternoon ? 12 : 0);
  }
  if (hour > 23 || parts.minute > 59 || parts.second > 59) return &kValueNoSuchTime;
  micros = (std::int64_t{hour} * 3600 + parts.minute * 60 + parts.second) * kMicrosPerSecond + parts.micros;
  return nullptr;
}

// Microseconds since the epoch of what the text says, its offset left aside.
ValueProblem TimeFormat::local_of(const Parts& parts, std::int64_t& micros) {
  if (parts.has_epoch) {
    micros = parts.epoch * kMicrosPerSecond + (parts.epoch < 0 ? -1 : 1) * std::int64_t{parts.micros};
    return nullptr;
  }
  std::int32_t days = 0;
  std::int64_t time = 0;
  if (const ValueProblem problem = date_of(parts, days)) return problem;
  if (const ValueProblem problem = time_of(parts, time)) return problem;
  micros = days * kMicrosPerDay + time;
  return nullptr;
}

}  // namespace tarn::format
