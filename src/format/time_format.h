#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "format/values.h"

/// Text to dates, times and timestamps by compiled formats. Immutable after they are made; any thread.
///
///   TARN_ASSIGN_OR_RETURN(const TimeFormat format, TimeFormat::compile("%d/%m/%Y", TimeKind::kDate));
///   std::int32_t days = 0;
///   if (const ValueProblem problem = format.parse_date(text, days)) …
namespace tarn::format {

enum class TimeKind : std::uint8_t { kDate, kTime, kTimestamp, kTimestampTz };

/// A time zone: UTC, a fixed offset, or the rules of an IANA zone from its TZif file (RFC 8536), which the
/// caller reads. Cheap to copy.
class TimeZone {
 public:
  static TimeZone utc() { return TimeZone(0); }
  /// "UTC", "Z", "GMT", "+01:00", "-0530", "+1"; nothing for anything else, such as an IANA name.
  static std::optional<TimeZone> parse_fixed(std::string_view text);
  /// From the bytes of a TZif file, version 1 to 4. Error: `value.bad_zone`.
  static Result<TimeZone> from_tzif(std::string_view name, std::string_view bytes);

  /// Seconds since the epoch in UTC of a local time (seconds since the epoch as if it were UTC). A local time
  /// that exists twice (clocks set back) is the earlier of the two; one that is skipped is
  /// `value.no_such_time`.
  ValueProblem to_utc(std::int64_t local_seconds, std::int64_t& utc_seconds) const;
  /// The offset from UTC that is in force at a moment.
  std::int32_t offset_at(std::int64_t utc_seconds) const;

 private:
  struct Rules;
  explicit TimeZone(std::int32_t offset) : offset_(offset) {}

  std::int32_t offset_ = 0;
  std::shared_ptr<const Rules> rules_;
};

/// A strptime-like format: %Y %m %d %H %M %S %f %z %y %b %B %e %p %I %j %s %T %F %%; all else is literal.
///
/// %f is 1 to 9 digits, of which those beyond microseconds must be zero (`value.too_precise`). %y is 1969 …
/// 2068. %z is Z, ±hh, ±hhmm or ±hh:mm. %b and %B are English, short or long, ignoring case. %m %d %e %H %I
/// %M %S %j take fewer digits (or a blank first) where no digits touch them in the format. Second 60 and hour
/// 24 do not exist. Years are 0001 to 9999, with a zone in UTC (`value.year_out_of_range`): Iceberg
/// could keep others, but Python's datetime and all that is built on it cannot read them.
class TimeFormat {
 public:
  /// Error: `value.bad_format` (unknown letter, a letter twice, or too little for the kind).
  static Result<TimeFormat> compile(std::string_view format, TimeKind kind);
  /// ISO 8601 in its extended form: 2024-03-01, 12:30[:00[.123456]], and both with `T` or a blank between,
  /// with Z, ±hh, ±hhmm or ±hh:mm where the kind has a zone.
  static TimeFormat iso(TimeKind kind);

  TimeKind kind() const { return kind_; }

  /// Days since 1970-01-01. A time of day in the text must be midnight (`value.too_precise`).
  ValueProblem parse_date(std::string_view text, std::int32_t& days) const;
  /// Microseconds since midnight.
  ValueProblem parse_time(std::string_view text, std::int64_t& micros) const;
  /// Microseconds since the epoch, no zone. An offset in the text is `value.unexpected_zone` under ISO; a
  /// format with %z compiles for kTimestampTz only.
  ValueProblem parse_timestamp(std::string_view text, std::int64_t& micros) const;
  /// Microseconds since the epoch in UTC. Without an offset in the text `zone` is taken; without both it is
  /// `value.zone_missing`.
  ValueProblem parse_timestamptz(std::string_view text, const TimeZone* zone, std::int64_t& micros) const;

 private:
  enum class Op : std::uint8_t {
    kLiteral,
    kYear,
    kShortYear,
    kMonth,
    kMonthName,
    kDay,
    kDayOfYear,
    kHour,
    kHour12,
    kHalf,
    kMinute,
    kSecond,
    kFraction,
    kOffset,
    kEpoch
  };
  struct Item {
    Op op = Op::kLiteral;
    char literal = '\0';
    bool exact = false;  ///< A digit follows: all digits must be there.
  };
  struct Parts {
    std::int32_t year = 1970;
    std::uint32_t month = 1;
    std::uint32_t day = 1;
    std::uint32_t day_of_year = 0;
    std::uint32_t hour = 0;
    std::uint32_t minute = 0;
    std::uint32_t second = 0;
    std::uint32_t micros = 0;
    std::int32_t offset = 0;
    std::int64_t epoch = 0;
    bool afternoon = false;
    bool half_day = false;
    bool has_offset = false;
    bool has_epoch = false;
  };
  TimeFormat() = default;
  bool has(Op op) const;
  Status add(char letter, std::string_view format);
  Status check(std::string_view format) const;
  static ValueProblem read_item(const Item& item, const char*& at, const char* end, Parts& parts);
  ValueProblem read(std::string_view text, Parts& parts) const;
  ValueProblem read_iso(std::string_view text, Parts& parts) const;
  static ValueProblem date_of(const Parts& parts, std::int32_t& days);
  static ValueProblem time_of(const Parts& parts, std::int64_t& micros);
  static ValueProblem local_of(const Parts& parts, std::int64_t& micros);

  TimeKind kind_ = TimeKind::kDate;
  bool iso_ = false;
  std::vector<Item> items_;
};

}  // namespace tarn::format
