#include "discover/time_guess.h"

#include <algorithm>
#include <array>
#include <vector>

#include "format/time_format.h"

namespace tarn::discover {
namespace {

using format::TimeFormat;
using format::TimeKind;
using project::TypeKind;

constexpr std::int64_t kDayMicros = 86'400'000'000;
// 1850-01-01 and 2150-01-01: what lies beyond is no date of anybody's business.
constexpr std::int64_t kFirstDay = -43'829;
constexpr std::int64_t kLastDay = 65'744;

constexpr std::array<std::string_view, 22> kDates = {
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y",  "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d-%b-%Y", "%d %b %Y", "%d/%b/%Y", "%b %d, %Y", "%b %d %Y", "%d%b%Y",   "%Y-%b-%d", "%d. %b %Y",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y",  "%m-%d-%y", "%d-%b-%y"};
constexpr std::array<std::string_view, 7> kTimes = {"%H:%M:%S", "%H:%M",      "%H:%M:%S.%f", "%I:%M:%S %p",
                                                    "%I:%M %p", "%I:%M:%S%p", "%I:%M%p"};
constexpr std::array<std::string_view, 4> kCompactTimes = {"%H%M%S", "%H%M", "%H%M%S.%f", "%H:%M:%S"};
constexpr std::array<std::string_view, 3> kZones = {"", "%z", " %z"};

bool is_plausible(std::int64_t day) {
  return day >= kFirstDay && day <= kLastDay;
}

bool reads(const TimeFormat& format, std::string_view text) {
  std::int32_t days = 0;
  std::int64_t micros = 0;
  switch (format.kind()) {
    case TimeKind::kDate:
      return format.parse_date(text, days) == nullptr && is_plausible(days);
    case TimeKind::kTime:
      return format.parse_time(text, micros) == nullptr;
    case TimeKind::kTimestamp:
      return format.parse_timestamp(text, micros) == nullptr && is_plausible(micros / kDayMicros);
    case TimeKind::kTimestampTz:
      return format.parse_timestamptz(text, nullptr, micros) == nullptr && is_plausible(micros / kDayMicros);
  }
  return false;
}

bool reads_all(const TimeFormat& format, std::span<const std::string_view> values) {
  return std::ranges::all_of(values, [&](std::string_view text) { return reads(format, text); });
}

TypeKind type_of(TimeKind kind) {
  switch (kind) {
    case TimeKind::kDate:
      return TypeKind::kDate;
    case TimeKind::kTime:
      return TypeKind::kTime;
    case TimeKind::kTimestamp:
      return TypeKind::kTimestamp;
    case TimeKind::kTimestampTz:
      return TypeKind::kTimestamptz;
  }
  return TypeKind::kString;
}

bool fits(std::string_view pattern, TimeKind kind, std::span<const std::string_view> values) {
  const auto format = TimeFormat::compile(pattern, kind);
  return format.ok() && reads_all(*format, values);
}

struct Candidate {
  std::string pattern;
  TimeKind kind = TimeKind::kDate;
};

std::vector<Candidate> candidates() {
  std::vector<Candidate> out;
  for (const std::string_view date : kDates) out.push_back({std::string(date), TimeKind::kDate});
  const auto add_moments = [&](std::string_view date, std::string_view gap, std::string_view time) {
    for (const std::string_view zone : kZones) {
      out.push_back({std::string(date) + std::string(gap) + std::string(time) + std::string(zone),
                     zone.empty() ? TimeKind::kTimestamp : TimeKind::kTimestampTz});
    }
  };
  for (const std::string_view date : kDates) {
    for (const std::string_view time : kTimes) {
      for (const std::string_view gap : {" ", "T", ", "}) add_moments(date, gap, time);
    }
  }
  for (const std::string_view time : kTimes) add_moments("%Y-%m-%d", " ", time);
  for (const std::string_view time : kCompactTimes) {
    add_moments("%Y%m%d", "", time);
    add_moments("%Y%m%d", "T", time);
  }
  for (const std::string_view time : kTimes) out.push_back({std::string(time), TimeKind::kTime});
  return out;
}

/// The pattern with day and month changed, or nothing when it tells them apart.
std::string swapped(std::string pattern) {
  const std::size_t day = pattern.find("%d");
  const std::size_t month = pattern.find("%m");
  if (day == std::string::npos || month == std::string::npos || pattern.starts_with("%Y")) return "";
  std::swap(pattern[day + 1], pattern[month + 1]);
  return pattern;
}

}  // namespace

std::optional<TimeGuess> guess_time(std::span<const std::string_view> values, const TimeEvidence& evidence) {
  if (values.empty()) return std::nullopt;
  const bool has_digits = std::ranges::all_of(values, [](std::string_view text) {
    return text.size() >= 4 && text.size() <= 48 &&
           text.find_first_of("0123456789") != std::string_view::npos;
  });
  if (!has_digits) return std::nullopt;
  for (const TimeKind kind :
       {TimeKind::kDate, TimeKind::kTimestampTz, TimeKind::kTimestamp, TimeKind::kTime}) {
    const bool long_enough =
        kind != TimeKind::kDate ||
        std::ranges::all_of(values, [](std::string_view text) { return text.size() <= 10; });
    if (long_enough && reads_all(TimeFormat::iso(kind), values)) return TimeGuess{type_of(kind), "", ""};
  }
  const bool only_digits = std::ranges::all_of(values, [](std::string_view text) {
    return text.find_first_not_of("0123456789.") == std::string_view::npos &&
           std::ranges::count(text, '.') <= 1;
  });
  if (only_digits && !evidence.is_date_name && values.size() < 3) return std::nullopt;
  for (const Candidate& candidate : candidates()) {
    if (!fits(candidate.pattern, candidate.kind, values)) continue;
    TimeGuess guess{type_of(candidate.kind), candidate.pattern, ""};
    const std::string other = swapped(candidate.pattern);
    if (!other.empty() && fits(other, candidate.kind, values)) {
      guess.also = other;
      const bool is_month_first = guess.pattern.starts_with("%m");
      if (is_month_first != evidence.month_first) std::swap(guess.pattern, guess.also);
    }
    return guess;
  }
  return std::nullopt;
}

}  // namespace tarn::discover
