#include "engine/duckdb/scalar_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tarn::engine::internal {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

template <typename T>
  requires std::is_floating_point_v<T>
void append_float(T value, std::string& out) {
  if (std::isnan(value)) {
    out += "nan";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-inf" : "inf";
    return;
  }
  const std::size_t start = out.size();
  fmt::format_to(Out(out), "{}", value);
  if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
}

void append_unsigned(Uint128 value, std::string& out) {
  fmt::format_to(Out(out), "{}", value);
}

void append_decimal(Int128 value, std::uint8_t scale, std::string& out) {
  if (value < 0) out += '-';
  const Uint128 magnitude = value < 0 ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
  std::string digits;
  append_unsigned(magnitude, digits);
  if (scale == 0) {
    out += digits;
    return;
  }
  if (digits.size() <= scale) digits.insert(0, scale + 1U - digits.size(), '0');
  out.append(digits, 0, digits.size() - scale);
  out += '.';
  out.append(digits, digits.size() - scale, scale);
}

void append_date(std::int32_t days, std::string& out) {
  if (!duckdb_is_finite_date({days})) {
    out += days < 0 ? "-infinity" : "infinity";
    return;
  }
  const duckdb_date_struct date = duckdb_from_date({days});
  const bool before_christ = date.year <= 0;
  fmt::format_to(Out(out), "{:04}-{:02}-{:02}{}", before_christ ? 1 - date.year : date.year, date.month,
                 date.day, before_christ ? " (BC)" : "");
}

/// `fraction` of a second, in nanoseconds, with 3, 6 or 9 digits as SQL prints the type's precision.
void append_clock(std::int64_t seconds, std::int64_t nanos, std::string& out) {
  fmt::format_to(Out(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (nanos == 0) return;
  std::string fraction = fmt::format(".{:09}", nanos);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  out += fraction;
}

struct Instant {
  std::int64_t units;
  std::int64_t per_second;
  bool finite;
};

void append_instant(const Instant& instant, char separator, bool utc, std::string& out) {
  if (!instant.finite) {
    out += instant.units < 0 ? "-infinity" : "infinity";
    return;
  }
  std::int64_t seconds = instant.units / instant.per_second;
  std::int64_t rest = instant.units % instant.per_second;
  if (rest < 0) {
    rest += instant.per_second;
    --seconds;
  }
  std::int64_t days = seconds / kSecondsPerDay;
  std::int64_t of_day = seconds % kSecondsPerDay;
  if (of_day < 0) {
    of_day += kSecondsPerDay;
    --days;
  }
  append_date(static_cast<std::int32_t>(days), out);
  out += separator;
  append_clock(of_day, rest * (kNanosPerSecond / instant.per_second), out);
  if (utc) out += separator == 'T' ? "Z" : "+00";
}

void append_interval(const duckdb_interval& interval, std::string& out) {
  const std::size_t start = out.size();
  const auto part = [&](std::int32_t count, std::string_view unit) {
    if (count == 0) return;
    fmt::format_to(Out(out), "{}{} {}{}", out.size() == start ? "" : " ", count, unit,
                   count == 1 || count == -1 ? "" : "s");
  };
  part(interval.months / 12, "year");
  part(interval.months % 12, "month");
  part(interval.days, "day");
  if (interval.micros == 0 && out.size() != start) return;
  if (out.size() != start) out += ' ';
  if (interval.micros < 0) out += '-';
  const std::uint64_t micros = interval.micros < 0 ? -static_cast<std::uint64_t>(interval.micros)
                                                   : static_cast<std::uint64_t>(interval.micros);
  append_clock(static_cast<std::int64_t>(micros / 1'000'000),
               static_cast<std::int64_t>(micros % 1'000'000) * 1000, out);
}

void append_time_tz(duckdb_time_tz packed, std::string& out) {
  const duckdb_time_tz_struct time = duckdb_from_time_tz(packed);
  append_clock(time.time.hour * 3600 + time.time.min * 60 + time.time.sec, time.time.micros * 1000LL, out);
  const std::int32_t offset = std::abs(time.offset);
  fmt::format_to(Out(out), "{}{:02}", time.offset < 0 ? '-' : '+', offset / 3600);
  if (offset % 3600 != 0) fmt::format_to(Out(out), ":{:02}", offset / 60 % 60);
  if (offset % 60 != 0) fmt::format_to(Out(out), ":{:02}", offset % 60);
}

void append_uuid(const duckdb_hugeint& value, std::string& out) {
  // The engine flips the highest bit, so that UUIDs order as signed integers.
  const std::uint64_t high = static_cast<std::uint64_t>(value.upper) ^ (1ULL << 63);
  fmt::format_to(Out(out), "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFFU,
                 high & 0xFFFFU, value.lower >> 48, value.lower & 0xFFFF'FFFF'FFFFULL);
}

/// Bits are stored highest first behind a byte that says how many of the first ones are padding.
void append_bits(std::string_view bytes, std::string& out) {
  if (bytes.empty()) return;
  const auto padding = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]));
  for (std::size_t bit = padding; bit < (bytes.size() - 1) * 8; ++bit) {
    out += ((static_cast<unsigned char>(bytes[1 + bit / 8]) >> (7 - bit % 8)) & 1U) != 0 ? '1' : '0';
  }
}

/// A BIGNUM is three bytes of header, whose first bit is the sign, and its magnitude, highest byte first; all
/// bits of a negative one are inverted.
void append_bignum(std::string_view bytes, std::string& out) {
  if (bytes.size() < 4) return;
  const bool negative = (static_cast<unsigned char>(bytes[0]) & 0x80U) == 0;
  std::string digits(1, '\0');  // Decimal digits, lowest first.
  for (const char stored : bytes.substr(3)) {
    auto carry = static_cast<unsigned>(static_cast<unsigned char>(negative ? ~stored : stored));
    for (char& digit : digits) {
      carry += static_cast<unsigned>(digit) * 256;
      digit = static_cast<char>(carry % 10);
      carry /= 10;
    }
    for (; carry != 0; carry /= 10) digits += static_cast<char>(carry % 10);
  }
  if (negative) out += '-';
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) out += static_cast<char>('0' + *digit);
}

bool append_temporal(const VectorView& vector, std::size_t row, char separator, std::string& out) {
  switch (vector.type->id) {
    case DUCKDB_TYPE_DATE:
      append_date(vector.value<std::int32_t>(row), out);
      return true;
    case DUCKDB_TYPE_TIME: {
      const auto micros = vector.value<std::int64_t>(row);
      append_clock(micros / 1'000'000, micros % 1'000'000 * 1000, out);
      return true;
    }
    case DUCKDB_TYPE_TIME_NS: {
      const auto nanos = vector.value<std::int64_t>(row);
      append_clock(nanos / kNanosPerSecond, nanos % kNanosPerSecond, out);
      return true;
    }
    case DUCKDB_TYPE_TIME_TZ:
      append_time_tz({vector.value<std::uint64_t>(row)}, out);
      return true;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS: {
      const auto units = vector.value<std::int64_t>(row);
      const duckdb_type id = vector.type->id;
      const std::int64_t per_second = id == DUCKDB_TYPE_TIMESTAMP_S    ? 1
                                      : id == DUCKDB_TYPE_TIMESTAMP_MS ? 1000
                                      : id == DUCKDB_TYPE_TIMESTAMP_NS ? kNanosPerSecond
                                                                       : 1'000'000;
      append_instant({units, per_second, duckdb_is_finite_timestamp({units})}, separator,
                     id == DUCKDB_TYPE_TIMESTAMP_TZ, out);
      return true;
    }
    case DUCKDB_TYPE_INTERVAL:
      append_interval(vector.value<duckdb_interval>(row), out);
      return true;
    default:
      return false;
  }
}

}  // namespace

void append_escaped_binary(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '\\' && c != '\'' && c != '"') {
      out += c;
    } else {
      fmt::format_to(Out(out), "\\x{:02X}", static_cast<unsigned char>(c));
    }
  }
}

void append_scalar(const VectorView& vector, std::size_t row, char separator, std::string& out) {
  if (append_temporal(vector, row, separator, out)) return;
  switch (vector.type->id) {
    case DUCKDB_TYPE_SQLNULL:
      out += "NULL";
      return;
    case DUCKDB_TYPE_BOOLEAN:
      out += vector.value<std::uint8_t>(row) != 0 ? "true" : "false";
      return;
    case DUCKDB_TYPE_FLOAT:
      return append_float(vector.value<float>(row), out);
    case DUCKDB_TYPE_DOUBLE:
      return append_float(vector.value<double>(row), out);
    case DUCKDB_TYPE_DECIMAL:
      return append_decimal(vector.integer(row), vector.type->scale, out);
    case DUCKDB_TYPE_UHUGEINT: {
      const auto wide = vector.value<duckdb_uhugeint>(row);
      return append_unsigned((static_cast<Uint128>(wide.upper) << 64) | wide.lower, out);
    }
    case DUCKDB_TYPE_VARCHAR:
      out += vector.bytes(row);
      return;
    case DUCKDB_TYPE_ENUM: {
      const auto index = static_cast<std::size_t>(vector.integer(row));
      if (index < vector.type->names.size()) out += vector.type->names[index];
      return;
    }
    case DUCKDB_TYPE_UUID:
      return append_uuid(vector.value<duckdb_hugeint>(row), out);
    case DUCKDB_TYPE_BLOB:
    case DUCKDB_TYPE_GEOMETRY:
      return append_escaped_binary(vector.bytes(row), out);
    case DUCKDB_TYPE_BIT:
      return append_bits(vector.bytes(row), out);
    case DUCKDB_TYPE_BIGNUM:
      return append_bignum(vector.bytes(row), out);
    default:
      return append_decimal(vector.integer(row), 0, out);
  }
}

}  // namespace tarn::engine::internal
