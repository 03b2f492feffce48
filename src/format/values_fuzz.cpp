#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "format/time_format.h"
#include "format/values.h"

namespace {

using namespace tarn::format;

void parse_times(std::string_view format, std::string_view text) {
  std::int32_t days = 0;
  std::int64_t micros = 0;
  const TimeZone utc = TimeZone::utc();
  for (const TimeKind kind :
       {TimeKind::kDate, TimeKind::kTime, TimeKind::kTimestamp, TimeKind::kTimestampTz}) {
    auto compiled = TimeFormat::compile(format, kind);
    for (const TimeFormat& f : {TimeFormat::iso(kind), compiled.ok() ? *compiled : TimeFormat::iso(kind)}) {
      (void)f.parse_date(text, days);
      (void)f.parse_time(text, micros);
      (void)f.parse_timestamp(text, micros);
      (void)f.parse_timestamptz(text, &utc, micros);
    }
  }
  const auto zone = TimeZone::from_tzif("fuzz", text);
  if (zone.ok()) {
    for (std::int64_t at = -4'000'000'000; at < 6'000'000'000; at += 987'654'321)
      (void)zone->to_utc(at, micros);
  }
  (void)TimeZone::parse_fixed(text);
}

}  // namespace

// Text up to the first NUL is a format and marks, the rest is the value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t split = bytes.find('\0');
  const std::string_view format = bytes.substr(0, split);
  const std::string_view text = split == std::string_view::npos ? bytes : bytes.substr(split + 1);
  std::int32_t narrow = 0;
  std::int64_t wide = 0;
  const bool is_narrow = parse_int32(text, narrow) == nullptr;
  const bool is_wide = parse_int64(text, wide) == nullptr;
  if (is_narrow) TARN_CHECK(is_wide && wide == narrow);
  NumberMarks marks;
  if (format.size() > 1) marks = {format[0] == ',' ? ',' : '.', format[0] == ',' ? '.' : '\0'};
  Int128 decimal = 0;
  const DecimalType type{static_cast<std::int32_t>(1 + format.size() % 38),
                         static_cast<std::int32_t>(format.size() % 3)};
  Int128 bound = 1;
  for (std::int32_t i = 0; i < type.precision; ++i) bound *= 10;
  if (type.scale <= type.precision && parse_decimal(text, type, marks, decimal) == nullptr)
    TARN_CHECK(decimal < bound && decimal > -bound);
  double real = 0;
  (void)parse_double(text, {marks, format.size() % 2 == 0}, real);
  bool truth = false;
  (void)BooleanWords().parse(text, truth);
  UuidBytes uuid{};
  (void)parse_uuid(text, uuid);
  static std::string out;
  (void)parse_base64(text, out);
  (void)parse_hex(text, out);
  parse_times(format, text);
  return 0;
}
