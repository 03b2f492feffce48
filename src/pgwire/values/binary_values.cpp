#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/check.h"
#include "pgwire/values/values.h"

namespace tarn::pgwire {
namespace {

using engine::Cell;
using engine::ColumnType;
using engine::TypeId;
using namespace query::postgres;

/// PostgreSQL counts from 2000-01-01.
constexpr std::int64_t kEpochDays = 10'957;
constexpr std::int64_t kEpochMicros = kEpochDays * 86'400'000'000;
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();

void append_date(std::int64_t days, WireWriter& out) {
  if (days == kGreatest || days == kLeast) {
    out.int32(days < 0 ? std::numeric_limits<std::int32_t>::min() : std::numeric_limits<std::int32_t>::max());
    return;
  }
  out.int32(static_cast<std::int32_t>(days - kEpochDays));
}

void append_timestamp(std::int64_t micros, WireWriter& out) {
  const bool is_finite = micros != kGreatest && micros != kLeast;
  // Earlier than what PostgreSQL can count is as early as it can.
  std::int64_t since = micros;
  if (is_finite && __builtin_sub_overflow(micros, kEpochMicros, &since)) since = kLeast;
  out.int64(since);
}

void append_uuid(const Cell& cell, WireWriter& out) {
  unsigned nibble = 0;
  bool is_high = true;
  for (const char c : cell.text()) {
    if (c == '-') continue;
    const auto digit = static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (!is_high) out.byte(static_cast<char>(nibble << 4 | digit));
    nibble = digit;
    is_high = !is_high;
  }
}

void append_array(const Cell& cell, const ColumnType& type, const WireType& wire, WireWriter& out) {
  const std::size_t count = cell.element_count();
  const ColumnType element{.id = type.element};
  const bool is_vector = wire.oid == kInt2VectorOid;
  const WireType element_wire = is_vector ? WireType{.oid = kInt2Oid, .size = 2} : wire_type(element);
  bool has_nulls = false;
  for (std::size_t i = 0; i < count; ++i) has_nulls = has_nulls || cell.element(i).is_null();
  out.int32(count == 0 ? 0 : 1).int32(has_nulls ? 1 : 0).int32(static_cast<std::int32_t>(wire.element));
  if (count == 0) return;
  out.int32(static_cast<std::int32_t>(count)).int32(is_vector ? 0 : 1);
  for (std::size_t i = 0; i < count; ++i) {
    const Cell one = cell.element(i);
    if (one.is_null()) {
      out.int32(-1);
      continue;
    }
    const std::size_t place = out.open_length();
    append_binary(one, element, element_wire, out);
    out.close_length(place);
  }
}

}  // namespace

void append_numeric(std::string_view digits, WireWriter& out) {
  constexpr std::uint16_t kPositive = 0x0000;
  constexpr std::uint16_t kNegative = 0x4000;
  const bool is_negative = digits.starts_with('-');
  if (is_negative) digits.remove_prefix(1);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  std::string whole(digits.substr(0, point));
  std::string fraction(point < digits.size() ? digits.substr(point + 1) : std::string_view());
  const auto scale = static_cast<std::int16_t>(fraction.size());
  whole.insert(0, (4 - whole.size() % 4) % 4, '0');
  fraction.append((4 - fraction.size() % 4) % 4, '0');
  const std::string all = whole + fraction;
  std::vector<std::int16_t> groups;  // Of four digits, highest first.
  for (std::size_t i = 0; i < all.size(); i += 4) {
    groups.push_back(static_cast<std::int16_t>((all[i] - '0') * 1000 + (all[i + 1] - '0') * 100 +
                                               (all[i + 2] - '0') * 10 + (all[i + 3] - '0')));
  }
  auto weight = static_cast<std::int16_t>(whole.size() / 4) - 1;
  std::size_t first = 0;
  while (first < groups.size() && groups[first] == 0) {
    ++first;
    --weight;
  }
  std::size_t last = groups.size();
  while (last > first && groups[last - 1] == 0) --last;
  if (first == last) weight = 0;
  out.int16(static_cast<std::int16_t>(last - first)).int16(static_cast<std::int16_t>(weight));
  out.int16(static_cast<std::int16_t>(is_negative && first != last ? kNegative : kPositive)).int16(scale);
  for (std::size_t i = first; i < last; ++i) out.int16(groups[i]);
}

void append_binary(const Cell& cell, const ColumnType& type, const WireType& wire, WireWriter& out) {
  switch (wire.oid) {
    case kBoolOid:
      out.byte(cell.as_int64().value_or(0) != 0 ? 1 : 0);
      return;
    case kInt2Oid:
      out.int16(static_cast<std::int16_t>(cell.as_int64().value_or(0)));
      return;
    case kInt4Oid:
      out.int32(static_cast<std::int32_t>(cell.as_int64().value_or(0)));
      return;
    case kOidOid:
      out.int32(static_cast<std::int32_t>(static_cast<std::uint32_t>(cell.as_int64().value_or(0))));
      return;
    case kInt8Oid:
      out.int64(cell.as_int64().value_or(0));
      return;
    case kFloat4Oid:
      out.int32(std::bit_cast<std::int32_t>(static_cast<float>(cell.as_double().value_or(0))));
      return;
    case kFloat8Oid:
      out.int64(std::bit_cast<std::int64_t>(cell.as_double().value_or(0)));
      return;
    case kNumericOid:
      return append_numeric(cell.text(), out);
    case kDateOid:
      return append_date(cell.as_ticks().value_or(0), out);
    case kTimeOid:
      out.int64(cell.as_ticks().value_or(0));
      return;
    case kTimestampOid:
    case kTimestampTzOid:
      return append_timestamp(cell.as_ticks().value_or(0), out);
    case kIntervalOid: {
      const engine::Interval interval = cell.as_interval().value_or(engine::Interval{});
      out.int64(interval.micros).int32(interval.days).int32(interval.months);
      return;
    }
    case kUuidOid:
      return append_uuid(cell, out);
    case kByteaOid:
      out.bytes(cell.as_bytes().value_or(""));
      return;
    default:
      if (wire.element != 0) return append_array(cell, type, wire, out);
      // Text and JSON are the same in both formats.
      return append_text(cell, type, wire, out.buffer());
  }
}

}  // namespace tarn::pgwire
