#include "base/size.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

namespace tarn {
namespace {

struct NumberAndUnit {
  double number;
  std::string unit;  // lower case
};

std::optional<NumberAndUnit> split_unit(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || number < 0 || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::string unit(text);
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return NumberAndUnit{number, std::move(unit)};
}

template <std::size_t N>
std::optional<double> scaled(std::string_view text,
                             const std::array<std::pair<std::string_view, double>, N>& units) {
  const auto parts = split_unit(text);
  if (!parts) return std::nullopt;
  for (const auto& [unit, factor] : units) {
    if (parts->unit == unit) return parts->number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_size_bytes(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 14> kUnits = {{{"", 1},
                                                                                  {"b", 1},
                                                                                  {"k", 1024},
                                                                                  {"kb", 1e3},
                                                                                  {"kib", 1024},
                                                                                  {"m", 1048576},
                                                                                  {"mb", 1e6},
                                                                                  {"mib", 1048576},
                                                                                  {"g", 1073741824},
                                                                                  {"gb", 1e9},
                                                                                  {"gib", 1073741824},
                                                                                  {"t", 1099511627776},
                                                                                  {"tb", 1e12},
                                                                                  {"tib", 1099511627776}}};
  const auto bytes = scaled(text, kUnits);
  if (!bytes || *bytes > 9e18) return std::nullopt;
  return static_cast<std::uint64_t>(*bytes);
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 6> kUnits = {
      {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}}};
  const auto ms = scaled(text, kUnits);
  if (!ms || *ms > 9e18) return std::nullopt;
  return static_cast<std::int64_t>(*ms);
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 || value >= 99.95 ? fmt::format("{:.0f} {}", value, kUnits[unit])
                                     : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_count(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string format_duration(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} m {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} m", whole / 3600, whole / 60 % 60);
}

}  // namespace tarn
