#include "format/time_format.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/civil_time.h"
#include "format/errors.h"

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

bool TimeFormat::has(Op op) const {
  return std::any_of(items_.begin(), items_.end(), [op](const Item& item) { return item.op == op; });
}

Status TimeFormat::add(char letter, std::string_view format) {
  const auto several = [&](std::string_view letters, char between) -> Status {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (i > 0) items_.push_back({Op::kLiteral, between, false});
      TARN_RETURN_IF_ERROR(add(letters[i], format));
    }
    return ok_status();
  };
  Op op = Op::kLiteral;
  switch (letter) {
    case 'T':
      return several("HMS", ':');
    case 'F':
      return several("Ymd", '-');
    case 'Y':
      op = Op::kYear;
      break;
    case 'y':
      op = Op::kShortYear;
      break;
    case 'm':
      op = Op::kMonth;
      break;
    case 'b':
    case 'B':
      op = Op::kMonthName;
      break;
    case 'd':
    case 'e':
      op = Op::kDay;
      break;
    case 'j':
      op = Op::kDayOfYear;
      break;
    case 'H':
      op = Op::kHour;
      break;
    case 'I':
      op = Op::kHour12;
      break;
    case 'p':
      op = Op::kHalf;
      break;
    case 'M':
      op = Op::kMinute;
      break;
    case 'S':
      op = Op::kSecond;
      break;
    case 'f':
      op = Op::kFraction;
      break;
    case 'z':
      op = Op::kOffset;
      break;
    case 's':
      op = Op::kEpoch;
      break;
    case '%':
      items_.push_back({Op::kLiteral, '%', false});
      return ok_status();
    default:
      return Error(kValueBadFormat, fmt::format("`%{}` in \"{}\" is no letter of a format", letter, format));
  }
  if (has(op))
    return Error(kValueBadFormat, fmt::format("\"{}\" reads one part twice (`%{}`)", format, letter));
  items_.push_back({op, '\0', false});
  return ok_status();
}

Status TimeFormat::check(std::string_view format) const {
  const auto refuse = [&](std::string_view why) {
    return Error(kValueBadFormat, fmt::format("\"{}\" {}", format, why));
  };
  const bool year = has(Op::kYear) || has(Op::kShortYear);
  const bool month = has(Op::kMonth) || has(Op::kMonthName);
  const bool day = month && has(Op::kDay);
  const bool hour = has(Op::kHour) || (has(Op::kHour12) && has(Op::kHalf));
  const bool date_part = year || month || has(Op::kDay) || has(Op::kDayOfYear) || has(Op::kEpoch);
  if (has(Op::kYear) && has(Op::kShortYear)) return refuse("reads the year twice");
  if (has(Op::kMonth) && has(Op::kMonthName)) return refuse("reads the month twice");
  if (has(Op::kDayOfYear) && (month || has(Op::kDay))) return refuse("has %j beside month or day");
  if (has(Op::kHour12) != has(Op::kHalf)) return refuse("needs %I and %p together");
  if (has(Op::kHour) && has(Op::kHour12)) return refuse("reads the hour twice");
  if (has(Op::kMinute) && !hour) return refuse("reads minutes without an hour");
  if (has(Op::kSecond) && !has(Op::kMinute)) return refuse("reads seconds without minutes");
  if (has(Op::kFraction) && !has(Op::kSecond) && !has(Op::kEpoch)) return refuse("reads %f without seconds");
  if (has(Op::kEpoch) && (year || month || day || hour)) return refuse("has %s beside other parts");
  if (has(Op::kOffset) && kind_ != TimeKind::kTimestampTz)
    return refuse("has %z, which only timestamptz keeps");
  if (kind_ == TimeKind::kTime) {
    if (!hour) return refuse("reads no hour");
    if (date_part) return refuse("reads a date, which a time does not keep");
  } else if (!has(Op::kEpoch) && !(year && (day || has(Op::kDayOfYear)))) {
    return refuse("does not read year, month and day");
  }
  return ok_status();
}

Result<TimeFormat> TimeFormat::compile(std::string_view format, TimeKind kind) {
  TimeFormat compiled;
  compiled.kind_ = kind;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      compiled.items_.push_back({Op::kLiteral, format[i], false});
    } else if (++i < format.size()) {
      TARN_RETURN_IF_ERROR(compiled.add(format[i], format));
    } else {
      return Error(kValueBadFormat, fmt::format("\"{}\" ends in a lone %", format));
    }
  }
  TARN_RETURN_IF_ERROR(compiled.check(format));
  for (std::size_t i = 0; i + 1 < compiled.items_.size(); ++i) {
    const Item& next = compiled.items_[i + 1];
    const bool digit = next.op == Op::kLiteral
                           ? is_digit(next.literal)
                           : next.op != Op::kMonthName && next.op != Op::kHalf && next.op != Op::kOffset;
    compiled.items_[i].exact = digit;
  }
  return compiled;
}

TimeFormat TimeFormat::iso(TimeKind kind) {
  TimeFormat format;
  format.kind_ = kind;
  format.iso_ = true;
  return format;
}

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

ValueProblem TimeFormat::parse_date(std::string_view text, std::int32_t& days) const {
  Parts parts;
  if (const ValueProblem problem = read(text, parts)) return problem;
  std::int64_t micros = 0;
  if (const ValueProblem problem = local_of(parts, micros)) return problem;
  if (micros % kMicrosPerDay != 0) return &kValueTooPrecise;
  if (micros / kMicrosPerDay != static_cast<std::int32_t>(micros / kMicrosPerDay)) return &kValueOutOfRange;
  days = static_cast<std::int32_t>(micros / kMicrosPerDay);
  return nullptr;
}

ValueProblem TimeFormat::parse_time(std::string_view text, std::int64_t& micros) const {
  Parts parts;
  if (const ValueProblem problem = read(text, parts)) return problem;
  return time_of(parts, micros);
}

ValueProblem TimeFormat::parse_timestamp(std::string_view text, std::int64_t& micros) const {
  Parts parts;
  if (const ValueProblem problem = read(text, parts)) return problem;
  if (parts.has_offset) return &kValueUnexpectedZone;
  return local_of(parts, micros);
}

ValueProblem TimeFormat::parse_timestamptz(std::string_view text, const TimeZone* zone,
                                           std::int64_t& micros) const {
  Parts parts;
  if (const ValueProblem problem = read(text, parts)) return problem;
  std::int64_t local = 0;
  if (const ValueProblem problem = local_of(parts, local)) return problem;
  if (parts.has_offset || parts.has_epoch) {
    micros = local - parts.offset * kMicrosPerSecond;
    return nullptr;
  }
  if (zone == nullptr) return &kValueZoneMissing;
  std::int64_t seconds = local / kMicrosPerSecond;
  std::int64_t rest = local % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  if (const ValueProblem problem = zone->to_utc(seconds, seconds)) return problem;
  micros = seconds * kMicrosPerSecond + rest;
  return nullptr;
}

}  // namespace tarn::format
