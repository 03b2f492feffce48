#include "format/time_format.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/civil_time.h"
#include "format/errors.h"

namespace tarn::format {

namespace {
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Of a date, or of a moment in UTC.
ValueProblem check_years(std::int64_t micros) {
  constexpr std::int64_t kFirst = -719'162 * kMicrosPerDay;    // 0001-01-01
  constexpr std::int64_t kBeyond = 2'932'897 * kMicrosPerDay;  // 10000-01-01
  return micros >= kFirst && micros < kBeyond ? nullptr : &kValueYearOutOfRange;
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
  const auto takes_digits = [](const Item& item) {
    return item.op == Op::kLiteral
               ? is_digit(item.literal)
               : item.op != Op::kMonthName && item.op != Op::kHalf && item.op != Op::kOffset;
  };
  // Where digits touch, only their full number tells one part from the next.
  for (std::size_t i = 0; i + 1 < compiled.items_.size(); ++i) {
    if (!takes_digits(compiled.items_[i]) || !takes_digits(compiled.items_[i + 1])) continue;
    compiled.items_[i].exact = true;
    compiled.items_[i + 1].exact = true;
  }
  return compiled;
}

TimeFormat TimeFormat::iso(TimeKind kind) {
  TimeFormat format;
  format.kind_ = kind;
  format.iso_ = true;
  return format;
}

ValueProblem TimeFormat::parse_date(std::string_view text, std::int32_t& days) const {
  Parts parts;
  if (const ValueProblem problem = read(text, parts)) return problem;
  std::int64_t micros = 0;
  if (const ValueProblem problem = local_of(parts, micros)) return problem;
  if (micros % kMicrosPerDay != 0) return &kValueTooPrecise;
  if (const ValueProblem problem = check_years(micros)) return problem;
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
  if (const ValueProblem problem = local_of(parts, micros)) return problem;
  return check_years(micros);
}

ValueProblem TimeFormat::parse_timestamptz(std::string_view text, const TimeZone* zone,
                                           std::int64_t& micros) const {
  Parts parts;
  if (const ValueProblem problem = read(text, parts)) return problem;
  std::int64_t local = 0;
  if (const ValueProblem problem = local_of(parts, local)) return problem;
  if (parts.has_offset || parts.has_epoch) {
    micros = local - parts.offset * kMicrosPerSecond;
    return check_years(micros);
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
  return check_years(micros);
}

}  // namespace tarn::format
