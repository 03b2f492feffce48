#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <limits>
#include <vector>

#include "base/ascii.h"
#include "base/civil_time.h"
#include "engine/source_place.h"
#include "pgwire/errors.h"
#include "pgwire/values/values.h"
#include "query/postgres/array_text.h"

namespace tarn::pgwire {
namespace {

using engine::ParameterValue;
using namespace query::postgres;

constexpr std::int64_t kEpochDays = 10'957;
constexpr std::int64_t kEpochMicros = kEpochDays * kMicrosPerDay;
/// Years of five digits are as far as calendars are kept.
constexpr std::int64_t kMostDays = 11'000'000;

Error wrong(std::string_view what, std::string_view type) {
  return {kBadParameter, fmt::format("a parameter's value is no {}: {}", type, what)};
}

template <typename Number>
Result<Number> read_number(std::string_view text, std::string_view type) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc() && end == text.data() + text.size()) return value;
  return wrong("it is not written as one", type);
}

Result<ParameterValue> read_truth(std::string_view text) {
  const std::string lowered = to_lower_ascii(text);
  for (const std::string_view yes : {"t", "true", "y", "yes", "on", "1"}) {
    if (lowered == yes) return ParameterValue(true);
  }
  for (const std::string_view no : {"f", "false", "n", "no", "off", "0"}) {
    if (lowered == no) return ParameterValue(false);
  }
  return wrong("it is not written as one", "boolean");
}

Result<ParameterValue> read_bytea(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return wrong("it is not written as \\x…", "bytea");
  engine::BinaryValue value;
  for (std::size_t i = 2; i < text.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, failed] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (failed != std::errc() || end != text.data() + i + 2) return wrong("it has other digits", "bytea");
    value.bytes += static_cast<char>(byte);
  }
  return ParameterValue(std::move(value));
}

/// A list as the engine reads it from a text.
std::string list_text(const std::vector<std::optional<std::string>>& elements) {
  std::string list = "[";
  for (const auto& element : elements) {
    if (list.size() > 1) list += ", ";
    if (!element) {
      list += "NULL";
      continue;
    }
    list += '"';
    for (const char c : *element) {
      if (c == '"' || c == '\\') list += '\\';
      list += c;
    }
    list += '"';
  }
  return list + "]";
}

Result<ParameterValue> read_array_text(std::string_view text) {
  const auto elements = parse_array(text);
  if (elements) return ParameterValue(list_text(*elements));
  return Error(kBadParameter, "a parameter's value is no array of one dimension, as {1,2,NULL}");
}

Result<ParameterValue> read_text(std::string_view text, std::uint32_t oid) {
  switch (oid) {
    case kBoolOid:
      return read_truth(text);
    case kInt2Oid:
    case kInt4Oid:
    case kOidOid:
    case kInt8Oid: {
      TARN_ASSIGN_OR_RETURN(const auto value, read_number<std::int64_t>(text, "integer"));
      return ParameterValue(value);
    }
    case kFloat4Oid:
    case kFloat8Oid: {
      TARN_ASSIGN_OR_RETURN(const auto value, read_number<double>(text, "number"));
      return ParameterValue(value);
    }
    case kByteaOid:
      return read_bytea(text);
    default:
      if (array_element(oid) != nullptr) return read_array_text(text);
      return ParameterValue(std::string(text));
  }
}

Result<ParameterValue> read_date(std::int32_t since) {
  if (since == std::numeric_limits<std::int32_t>::max()) return ParameterValue(std::string("infinity"));
  if (since == std::numeric_limits<std::int32_t>::min()) return ParameterValue(std::string("-infinity"));
  const std::int64_t days = since + kEpochDays;
  if (days > kMostDays || days < -kMostDays) return wrong("it is out of range", "date");
  return ParameterValue(format_date(static_cast<std::int32_t>(days)));
}

Result<ParameterValue> read_timestamp(std::int64_t since, bool has_zone) {
  if (since == std::numeric_limits<std::int64_t>::max()) return ParameterValue(std::string("infinity"));
  if (since == std::numeric_limits<std::int64_t>::min()) return ParameterValue(std::string("-infinity"));
  std::int64_t micros = 0;
  const bool is_out = __builtin_add_overflow(since, kEpochMicros, &micros) ||
                      micros / kMicrosPerDay > kMostDays || micros / kMicrosPerDay < -kMostDays;
  if (is_out) return wrong("it is out of range", "timestamp");
  return ParameterValue(has_zone ? format_timestamp_utc(micros) : format_timestamp(micros));
}

Result<ParameterValue> read_array(std::string_view bytes);

Result<ParameterValue> read_binary(std::string_view bytes, std::uint32_t oid) {
  WireReader in(bytes);
  ParameterValue value;
  switch (oid) {
    case kBoolOid:
      value = in.byte() != 0;
      break;
    case kInt2Oid:
      value = std::int64_t{in.int16()};
      break;
    case kInt4Oid:
      value = std::int64_t{in.int32()};
      break;
    case kOidOid:
      value = std::int64_t{static_cast<std::uint32_t>(in.int32())};
      break;
    case kInt8Oid:
      value = in.int64();
      break;
    case kFloat4Oid:
      value = double{std::bit_cast<float>(in.int32())};
      break;
    case kFloat8Oid:
      value = std::bit_cast<double>(in.int64());
      break;
    case kByteaOid:
      return ParameterValue(engine::BinaryValue{std::string(bytes)});
    case kNumericOid: {
      TARN_ASSIGN_OR_RETURN(std::string digits, read_numeric(bytes));
      return ParameterValue(std::move(digits));
    }
    case kDateOid: {
      TARN_ASSIGN_OR_RETURN(value, read_date(in.int32()));
      break;
    }
    case kTimeOid: {
      const std::int64_t micros = in.int64();
      if (micros < 0 || micros > kMicrosPerDay) return wrong("it is out of range", "time");
      value = format_time(micros);
      break;
    }
    case kTimestampOid:
    case kTimestampTzOid: {
      TARN_ASSIGN_OR_RETURN(value, read_timestamp(in.int64(), oid == kTimestampTzOid));
      break;
    }
    case kIntervalOid: {
      const std::int64_t micros = in.int64();
      const std::int32_t days = in.int32();
      value = fmt::format("{} months {} days {} microseconds", in.int32(), days, micros);
      break;
    }
    case kUuidOid: {
      if (bytes.size() != 16) return wrong("it has another length", "uuid");
      std::string text;
      for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
      for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
      return ParameterValue(std::move(text));
    }
    default:
      if (array_element(oid) != nullptr) return read_array(bytes);
      if (oid == 3802 && bytes.starts_with('\x01')) bytes.remove_prefix(1);  // The version of jsonb.
      return ParameterValue(std::string(bytes));
  }
  if (!in.done()) return wrong("it has another length", find_type(oid)->name);
  return value;
}

/// A value as the text of a list's element.
std::string element_text(const ParameterValue& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  if (const auto* bytes = std::get_if<engine::BinaryValue>(&value)) return bytes->bytes;
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? "" : *text;
}

/// array_recv.
Result<ParameterValue> read_array(std::string_view bytes) {
  WireReader in(bytes);
  const std::int32_t dimensions = in.int32();
  in.int32();  // Whether there are NULLs, as can be seen.
  const auto element_oid = static_cast<std::uint32_t>(in.int32());
  std::vector<std::optional<std::string>> elements;
  if (dimensions > 1) return Error(kUnsupported, "arrays of more than one dimension cannot be parameters");
  if (dimensions == 1) {
    const std::int32_t count = in.int32();
    in.int32();  // The index of the first.
    for (std::int32_t i = 0; i < count && in.ok(); ++i) {
      const std::int32_t size = in.int32();
      if (size < 0) {
        elements.emplace_back();
        continue;
      }
      const std::string_view one = in.bytes(static_cast<std::size_t>(size));
      if (!in.ok()) break;
      TARN_ASSIGN_OR_RETURN(const ParameterValue value, read_binary(one, element_oid));
      elements.emplace_back(element_text(value));
    }
  }
  if (!in.done()) return wrong("it has another length", "array");
  return ParameterValue(list_text(elements));
}

}  // namespace

Result<std::string> read_numeric(std::string_view bytes) {
  WireReader in(bytes);
  const std::int16_t count = in.int16();
  const std::int16_t weight = in.int16();
  const auto sign = static_cast<std::uint16_t>(in.int16());
  const std::int16_t scale = in.int16();
  if (sign == 0xC000) return std::string("NaN");
  if (sign == 0xD000) return std::string("Infinity");
  if (sign == 0xF000) return std::string("-Infinity");
  constexpr std::int16_t kMostGroups = 4'000;
  const bool is_sane = count >= 0 && scale >= 0 && weight < kMostGroups && scale < 4 * kMostGroups &&
                       weight > -kMostGroups && (sign == 0 || sign == 0x4000);
  if (!in.ok() || !is_sane) return wrong("its header is malformed", "numeric");
  std::vector<std::int16_t> groups;
  for (std::int16_t i = 0; i < count; ++i) groups.push_back(in.int16());
  if (!in.done()) return wrong("it has another length", "numeric");
  const auto group = [&](int place) -> int {  // Of 10000 to the power of `place`.
    const int index = weight - place;
    return index >= 0 && index < count ? groups[static_cast<std::size_t>(index)] : 0;
  };
  for (const std::int16_t one : groups) {
    if (one < 0 || one > 9999) return wrong("a digit is malformed", "numeric");
  }
  std::string text = sign == 0x4000 ? "-" : "";
  const std::size_t start = text.size();
  for (int place = weight; place >= 0; --place)
    text += text.size() == start ? fmt::format("{}", group(place)) : fmt::format("{:04}", group(place));
  if (text.size() == start) text += '0';
  if (scale == 0) return text;
  text += '.';
  const std::size_t end = text.size() + static_cast<std::size_t>(scale);
  for (int place = -1; text.size() < end; --place) text += fmt::format("{:04}", group(place));
  text.resize(end);
  return text;
}

Result<ParameterValue> read_parameter(std::string_view bytes, Format format, std::uint32_t oid) {
  return format == Format::kText ? read_text(bytes, oid) : read_binary(bytes, oid);
}

std::string declared_sql_type(std::uint32_t oid) {
  if (const Type* type = find_type(oid); type != nullptr) return std::string(type->sql);
  const Type* const element = array_element(oid);
  if (element == nullptr) return "";
  const bool is_text = element->oid == kTextOid || element->oid == 1043 || element->oid == 1042;
  return element->sql.empty() && !is_text ? "" : fmt::format("{}[]", is_text ? "VARCHAR" : element->sql);
}

}  // namespace tarn::pgwire
