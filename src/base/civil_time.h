#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tarn {

/// A date in the proleptic Gregorian calendar.
struct CivilDate {
  std::int32_t year = 1970;
  std::uint32_t month = 1;  ///< 1 … 12
  std::uint32_t day = 1;    ///< 1 … 31
  auto operator<=>(const CivilDate&) const = default;
};

/// Days since 1970-01-01, or nothing when the date does not exist (2023-02-29) or its year is outside ±32767.
std::optional<std::int32_t> days_from_civil(const CivilDate& date);
CivilDate civil_from_days(std::int32_t days);

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// "2024-03-01".
std::string format_date(std::int32_t days);
/// "12:30:00" or "12:30:00.123456", from microseconds since midnight.
std::string format_time(std::int64_t micros);
/// "2024-03-01T12:30:00", with ".123456" only where it is not zero; from microseconds since the epoch, no
/// zone.
std::string format_timestamp(std::int64_t micros);
/// The same with a trailing "Z".
std::string format_timestamp_utc(std::int64_t micros);

}  // namespace tarn
