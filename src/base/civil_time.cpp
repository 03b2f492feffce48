#include "base/civil_time.h"

#include <fmt/format.h>

#include <chrono>

namespace tarn {

std::optional<std::int32_t> days_from_civil(const CivilDate& date) {
  if (date.year < -32767 || date.year > 32767) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year(date.year), std::chrono::month(date.month),
                                        std::chrono::day(date.day)};
  if (!ymd.ok()) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days(ymd).time_since_epoch().count());
}

CivilDate civil_from_days(std::int32_t days) {
  const std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(days))};
  return {static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day())};
}

std::string format_date(std::int32_t days) {
  const CivilDate date = civil_from_days(days);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string format_time(std::int64_t micros) {
  const std::int64_t seconds = micros / kMicrosPerSecond;
  std::string text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (micros % kMicrosPerSecond != 0) text += fmt::format(".{:06}", micros % kMicrosPerSecond);
  return text;
}

std::string format_timestamp(std::int64_t micros) {
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  return format_date(static_cast<std::int32_t>(days)) + "T" + format_time(rest);
}

std::string format_timestamp_utc(std::int64_t micros) {
  return format_timestamp(micros) + "Z";
}

}  // namespace tarn
