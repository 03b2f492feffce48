#include "format/time_format.h"

#include <gtest/gtest.h>

#include "base/civil_time.h"
#include "format/errors.h"

namespace tarn::format {
namespace {

// The value as ISO text, or the code.
std::string parse(const TimeFormat& format, std::string_view text, const TimeZone* zone = nullptr) {
  std::int32_t days = 0;
  std::int64_t micros = 0;
  ValueProblem problem = nullptr;
  switch (format.kind()) {
    case TimeKind::kDate:
      problem = format.parse_date(text, days);
      break;
    case TimeKind::kTime:
      problem = format.parse_time(text, micros);
      break;
    case TimeKind::kTimestamp:
      problem = format.parse_timestamp(text, micros);
      break;
    case TimeKind::kTimestampTz:
      problem = format.parse_timestamptz(text, zone, micros);
      break;
  }
  if (problem != nullptr) return std::string(problem->name);
  switch (format.kind()) {
    case TimeKind::kDate:
      return format_date(days);
    case TimeKind::kTime:
      return format_time(micros);
    case TimeKind::kTimestamp:
      return format_timestamp(micros);
    case TimeKind::kTimestampTz:
      break;
  }
  return format_timestamp_utc(micros);
}

std::string parse(std::string_view format, TimeKind kind, std::string_view text) {
  const auto compiled = TimeFormat::compile(format, kind);
  return compiled.ok() ? parse(*compiled, text) : std::string(compiled.error().name());
}

TEST(TimeFormat, Iso) {
  struct Case {
    TimeKind kind;
    const char* text;
    const char* expected;
  };
  const TimeKind date = TimeKind::kDate;
  const TimeKind time = TimeKind::kTime;
  const TimeKind stamp = TimeKind::kTimestamp;
  const TimeKind zoned = TimeKind::kTimestampTz;
  const Case cases[] = {
      {date, "2024-02-29", "2024-02-29"},
      {date, "0001-01-01", "0001-01-01"},
      {date, "9999-12-31", "9999-12-31"},
      {date, "0000-12-31", "value.year_out_of_range"},
      {date, "2023-02-29", "value.no_such_time"},
      {date, "2024-13-01", "value.no_such_time"},
      {date, "0000-00-00", "value.no_such_time"},
      {date, "2024-2-29", "value.not_a_time"},
      {date, "20240229", "value.not_a_time"},
      {date, "2024-02-29T00:00:00", "value.not_a_time"},
      {date, "2024-02-29 ", "value.not_a_time"},
      {date, "", "value.empty"},
      {time, "12:30", "12:30:00"},
      {time, "23:59:59.999999", "23:59:59.999999"},
      {time, "12:30:00,5", "12:30:00.500000"},
      {time, "24:00:00", "value.no_such_time"},
      {time, "12:60", "value.no_such_time"},
      {time, "12:30:60", "value.no_such_time"},
      {time, "12:30:00.", "value.not_a_time"},
      {time, "12:30:00.1234567", "value.too_precise"},
      {time, "12:30:00.1234560", "12:30:00.123456"},
      {time, "12:30Z", "value.unexpected_zone"},
      {stamp, "2024-03-01T12:30:00", "2024-03-01T12:30:00"},
      {stamp, "2024-03-01 12:30", "2024-03-01T12:30:00"},
      {stamp, "1969-12-31T23:59:59.5", "1969-12-31T23:59:59.500000"},
      {stamp, "2024-03-01", "value.not_a_time"},
      {stamp, "2024-03-01T12:30:00Z", "value.unexpected_zone"},
      {stamp, "2024-03-01T12:30:00+01:00", "value.unexpected_zone"},
      {stamp, "2024-03-01X12:30", "value.not_a_time"},
      {zoned, "2024-03-01T12:30:00Z", "2024-03-01T12:30:00Z"},
      {zoned, "2024-03-01T12:30:00+01:00", "2024-03-01T11:30:00Z"},
      {zoned, "2024-03-01T12:30:00-0530", "2024-03-01T18:00:00Z"},
      {zoned, "2024-03-01 00:30:00.25 +01", "2024-02-29T23:30:00.250000Z"},
      {stamp, "0000-12-31T23:59:59.999999", "value.year_out_of_range"},
      {stamp, "9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999"},
      {zoned, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
      {zoned, "9999-12-31T23:59:59-00:01", "value.year_out_of_range"},
      {zoned, "0001-01-01T00:30:00+01:00", "value.year_out_of_range"},
      {zoned, "0000-12-31T23:30:00-01:00", "0001-01-01T00:30:00Z"},
      {zoned, "2024-03-01T12:30:00", "value.zone_missing"},
      {zoned, "2024-03-01T12:30:00+25:00", "value.not_a_time"},
      {zoned, "2024-03-01T12:30:00 CET", "value.not_a_time"},
  };
  for (const Case& c : cases) EXPECT_EQ(parse(TimeFormat::iso(c.kind), c.text), c.expected) << c.text;
}

TEST(TimeFormat, Strptime) {
  struct Case {
    const char* format;
    TimeKind kind;
    const char* text;
    const char* expected;
  };
  const TimeKind date = TimeKind::kDate;
  const TimeKind time = TimeKind::kTime;
  const TimeKind stamp = TimeKind::kTimestamp;
  const TimeKind zoned = TimeKind::kTimestampTz;
  const Case cases[] = {
      {"%d/%m/%Y", date, "05/03/2024", "2024-03-05"},
      {"%d/%m/%Y", date, "5/3/2024", "2024-03-05"},
      {"%d/%m/%Y", date, "31/04/2024", "value.no_such_time"},
      {"%d/%m/%Y", date, "05-03-2024", "value.not_a_time"},
      {"%d/%m/%Y", date, "05/03/24", "value.not_a_time"},
      {"%d/%m/%Y", date, "05/03/20245", "value.not_a_time"},
      {"%Y%m%d", date, "20240305", "2024-03-05"},
      {"%Y%m%d", date, "2024035", "value.not_a_time"},
      {"%d.%m.%y", date, "05.03.68", "2068-03-05"},
      {"%d.%m.%y", date, "05.03.69", "1969-03-05"},
      {"%d-%b-%Y", date, "05-MAR-2024", "2024-03-05"},
      {"%B %e, %Y", date, "September  5, 2024", "2024-09-05"},
      {"%d %b %Y", date, "5 Foo 2024", "value.not_a_time"},
      {"%Y%j", date, "2024366", "2024-12-31"},
      {"%Y%j", date, "2023366", "value.no_such_time"},
      {"%Y-%m-%d %H:%M:%S", date, "2024-03-05 00:00:00", "2024-03-05"},
      {"%Y-%m-%d %H:%M:%S", date, "2024-03-05 00:00:01", "value.too_precise"},
      {"%H%M", time, "0930", "09:30:00"},
      {"%I:%M %p", time, "12:05 am", "00:05:00"},
      {"%I:%M %p", time, "12:05 PM", "12:05:00"},
      {"%I:%M %p", time, "13:05 PM", "value.no_such_time"},
      {"%T", time, "09:30:15", "09:30:15"},
      {"%FT%T.%f", stamp, "2024-03-05T09:30:15.25", "2024-03-05T09:30:15.250000"},
      {"%FT%T.%f", stamp, "2024-03-05T09:30:15.1234567", "value.too_precise"},
      {"%Y%m%d%H%M%S", stamp, "20240305093015", "2024-03-05T09:30:15"},
      {"%Y-%m-%d", stamp, "2024-03-05", "2024-03-05T00:00:00"},
      {"%s", stamp, "-1", "1969-12-31T23:59:59"},
      {"%s", stamp, "9999999999999", "value.not_a_time"},
      {"%Y%m%d%H%M%S%z", zoned, "20240305093015+0100", "2024-03-05T08:30:15Z"},
      {"%FT%T", zoned, "2024-03-05T09:30:15", "value.zone_missing"},
      {"100%% %F", date, "100% 2024-03-05", "2024-03-05"},
      // Formats that cannot be.
      {"%Y-%m", date, "", "value.bad_format"},
      {"%q", date, "", "value.bad_format"},
      {"%Y-%m-%d%", date, "", "value.bad_format"},
      {"%Y-%m-%d %d", date, "", "value.bad_format"},
      {"%Y %y %m %d", date, "", "value.bad_format"},
      {"%I:%M", time, "", "value.bad_format"},
      {"%M", time, "", "value.bad_format"},
      {"%F %T", time, "", "value.bad_format"},
      {"%FT%T%z", stamp, "", "value.bad_format"},
      {"", date, "", "value.bad_format"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(parse(c.format, c.kind, c.text), c.expected) << c.format << " " << c.text;
}

// Big-endian TZif version 2 of a zone that had one change in 2000 and follows `footer` since.
std::string make_tzif(const std::string& footer) {
  const auto number = [](std::int64_t value, std::size_t size) {
    std::string out;
    for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i)));
    return out;
  };
  const auto header = [&](std::int64_t times, std::int64_t types) {
    std::string out = "TZif2" + std::string(15, '\0');
    for (const std::int64_t count :
         {std::int64_t{0}, std::int64_t{0}, std::int64_t{0}, times, types, std::int64_t{4}})
      out += number(count, 4);
    return out;
  };
  const std::string type0 = number(0, 4) + std::string(2, '\0');
  const std::string type1 = number(3600, 4) + std::string(2, '\0');
  const std::string names("ABC\0", 4);
  return header(0, 1) + type0 + names + header(1, 2) + number(946684800, 8) + '\1' + type0 + type1 + names +
         "\n" + footer + "\n";
}

TEST(TimeZone, KnowsDaylightSaving) {
  const TimeZone berlin =
      TimeZone::from_tzif("Europe/Berlin", make_tzif("CET-1CEST,M3.5.0,M10.5.0/3")).value();
  const TimeFormat iso = TimeFormat::iso(TimeKind::kTimestampTz);
  EXPECT_EQ(parse(iso, "1999-06-01T12:00:00", &berlin), "1999-06-01T12:00:00Z");
  EXPECT_EQ(parse(iso, "2024-01-15T12:00:00", &berlin), "2024-01-15T11:00:00Z");
  EXPECT_EQ(parse(iso, "2024-07-15T12:00:00", &berlin), "2024-07-15T10:00:00Z");
  EXPECT_EQ(parse(iso, "2024-07-15T12:00:00Z", &berlin), "2024-07-15T12:00:00Z");
  EXPECT_EQ(parse(iso, "2024-03-31T01:59:59", &berlin), "2024-03-31T00:59:59Z");
  EXPECT_EQ(parse(iso, "2024-03-31T02:30:00", &berlin), "value.no_such_time");
  EXPECT_EQ(parse(iso, "2024-03-31T03:00:00", &berlin), "2024-03-31T01:00:00Z");
  EXPECT_EQ(parse(iso, "2024-10-27T02:30:00", &berlin), "2024-10-27T00:30:00Z");
  EXPECT_EQ(parse(iso, "2024-10-27T03:00:00", &berlin), "2024-10-27T02:00:00Z");
  const TimeZone sydney =
      TimeZone::from_tzif("Australia/Sydney", make_tzif("AEST-10AEDT,M10.1.0,M4.1.0/3")).value();
  EXPECT_EQ(parse(iso, "2024-01-15T12:00:00", &sydney), "2024-01-15T01:00:00Z");
  EXPECT_EQ(parse(iso, "2024-07-15T12:00:00", &sydney), "2024-07-15T02:00:00Z");
  const TimeZone dublin =
      TimeZone::from_tzif("Europe/Dublin", make_tzif("IST-1GMT0,M10.5.0,M3.5.0/1")).value();
  EXPECT_EQ(parse(iso, "2024-07-15T12:00:00", &dublin), "2024-07-15T11:00:00Z");
  EXPECT_EQ(parse(iso, "2024-01-15T12:00:00", &dublin), "2024-01-15T12:00:00Z");
  const TimeZone kathmandu = TimeZone::from_tzif("Asia/Kathmandu", make_tzif("<+0545>-5:45")).value();
  EXPECT_EQ(parse(iso, "2024-01-15T12:00:00", &kathmandu), "2024-01-15T06:15:00Z");
  EXPECT_EQ(kathmandu.offset_at(0), 0);
}

TEST(TimeZone, FixedOffsets) {
  const TimeFormat iso = TimeFormat::iso(TimeKind::kTimestampTz);
  const std::pair<const char*, const char*> cases[] = {{"UTC", "2024-01-15T12:00:00Z"},
                                                       {"+01:00", "2024-01-15T11:00:00Z"},
                                                       {"-0530", "2024-01-15T17:30:00Z"},
                                                       {"+1", "2024-01-15T11:00:00Z"}};
  for (const auto& [name, expected] : cases) {
    const auto zone = TimeZone::parse_fixed(name);
    ASSERT_TRUE(zone.has_value()) << name;
    EXPECT_EQ(parse(iso, "2024-01-15T12:00:00", &*zone), expected) << name;
  }
  for (const char* bad : {"", "+", "Europe/Berlin", "+25:00", "+1:00", "+01:60", "01:00", "+01:000"})
    EXPECT_FALSE(TimeZone::parse_fixed(bad).has_value()) << bad;
}

TEST(TimeZone, DamagedDataIsRefused) {
  const std::string whole = make_tzif("CET-1CEST,M3.5.0,M10.5.0/3");
  for (std::size_t size = 0; size + 30 < whole.size(); ++size)
    EXPECT_FALSE(TimeZone::from_tzif("x", whole.substr(0, size)).ok()) << size;
  EXPECT_EQ(TimeZone::from_tzif("x", "not a zone").error().name(), "value.bad_zone");
  EXPECT_EQ(TimeZone::from_tzif("x", make_tzif("nonsense!")).error().name(), "value.bad_zone");
  EXPECT_EQ(TimeZone::from_tzif("x", make_tzif("CET-1CEST,M13.5.0,M10.5.0/3")).error().name(),
            "value.bad_zone");
}

}  // namespace
}  // namespace tarn::format
