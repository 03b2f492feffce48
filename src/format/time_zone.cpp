#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/civil_time.h"
#include "format/errors.h"
#include "format/time_format.h"

// Section numbers are those of RFC 8536 (TZif); the rule after the last transition is a POSIX TZ string.
namespace tarn::format {

namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int32_t kMaxOffset = 26 * 3600;

// The day of a year on which the clocks change: Mm.w.d, Jn or n.
struct YearlyRule {
  char form = 'M';
  std::int32_t month = 0;
  std::int32_t week = 0;
  std::int32_t day = 0;
  std::int32_t seconds = 7200;  ///< Local time of the change; may lie outside the day.

  // Seconds since the epoch of the change in local time.
  std::int64_t at(std::int32_t year) const {
    const std::int32_t new_year = days_from_civil({year, 1, 1}).value_or(0);
    if (form == 'J') {
      const bool leap = days_from_civil({year, 2, 29}).has_value();
      return std::int64_t{new_year + day - 1 + (leap && day >= 60 ? 1 : 0)} * kDaySeconds + seconds;
    }
    if (form == 'n') return std::int64_t{new_year + day} * kDaySeconds + seconds;
    const auto m = static_cast<std::uint32_t>(month);
    const std::int32_t first = days_from_civil({year, m, 1}).value_or(0);
    const std::int32_t next = month == 12 ? days_from_civil({year + 1, 1, 1}).value_or(0)
                                          : days_from_civil({year, m + 1, 1}).value_or(0);
    const std::int32_t weekday = ((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
    std::int32_t found = first + (day - weekday + 7) % 7 + (week - 1) * 7;
    if (found >= next) found -= 7;
    return std::int64_t{found} * kDaySeconds + seconds;
  }
};

struct PosixRules {
  std::int32_t standard = 0;
  std::int32_t daylight = 0;
  bool has_daylight = false;
  YearlyRule start;
  YearlyRule end;

  std::int32_t offset_at(std::int64_t utc) const {
    if (!has_daylight) return standard;
    const std::int64_t local_day = (utc + standard) / kDaySeconds - ((utc + standard) % kDaySeconds < 0);
    const std::int32_t year =
        civil_from_days(static_cast<std::int32_t>(std::clamp<std::int64_t>(local_day, -700'000, 11'000'000)))
            .year;
    const std::int64_t from = start.at(year) - standard;
    const std::int64_t to = end.at(year) - daylight;
    const bool summer = from < to ? utc >= from && utc < to : utc >= from || utc < to;
    return summer ? daylight : standard;
  }
};

class PosixParser {
 public:
  explicit PosixParser(std::string_view text) : rest_(text) {}

  bool parse(PosixRules& rules) {
    std::int32_t west = 0;
    if (!take_name() || !take_time(west)) return false;
    rules.standard = -west;
    if (rest_.empty()) return true;
    if (!take_name()) return false;
    rules.has_daylight = true;
    rules.daylight = rules.standard + 3600;
    if (!rest_.empty() && rest_[0] != ',') {
      if (!take_time(west)) return false;
      rules.daylight = -west;
    }
    return take_rule(rules.start) && take_rule(rules.end) && rest_.empty();
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_name() {
    if (take('<')) {
      const std::size_t close = rest_.find('>');
      if (close == std::string_view::npos) return false;
      rest_.remove_prefix(close + 1);
      return true;
    }
    std::size_t size = 0;
    while (size < rest_.size() && ((rest_[size] | 0x20) >= 'a' && (rest_[size] | 0x20) <= 'z')) ++size;
    rest_.remove_prefix(size);
    return size >= 3;
  }
  bool take_number(std::int32_t& out, std::int32_t most) {
    out = 0;
    std::size_t size = 0;
    for (; size < rest_.size() && size < 4 && rest_[size] >= '0' && rest_[size] <= '9'; ++size)
      out = out * 10 + (rest_[size] - '0');
    rest_.remove_prefix(size);
    return size > 0 && out <= most;
  }
  // [+-]hh[:mm[:ss]], up to 167 hours (section 3.3.1).
  bool take_time(std::int32_t& seconds) {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int32_t part = 0;
    if (!take_number(part, 167)) return false;
    seconds = part * 3600;
    for (const std::int32_t unit : {60, 1}) {
      if (!take(':')) break;
      if (!take_number(part, 59)) return false;
      seconds += part * unit;
    }
    if (negative) seconds = -seconds;
    return true;
  }
  bool take_rule(YearlyRule& rule) {
    if (!take(',')) return false;
    if (take('M')) {
      if (!take_number(rule.month, 12) || !take('.') || !take_number(rule.week, 5) || !take('.') ||
          !take_number(rule.day, 6) || rule.month < 1 || rule.week < 1)
        return false;
    } else {
      rule.form = take('J') ? 'J' : 'n';
      if (!take_number(rule.day, 365)) return false;
    }
    return !take('/') || take_time(rule.seconds);
  }

  std::string_view rest_;
};

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// The six counts of a header (section 3.1) and the size of the data that follows it.
struct Counts {
  std::uint64_t utc = 0;
  std::uint64_t standard = 0;
  std::uint64_t leap = 0;
  std::uint64_t time = 0;
  std::uint64_t type = 0;
  std::uint64_t character = 0;
  char version = '\0';

  static constexpr std::size_t kSize = 44;
  static std::optional<Counts> read(std::string_view bytes) {
    if (bytes.size() < kSize || !bytes.starts_with("TZif")) return std::nullopt;
    const auto count = [&](std::size_t i) { return big_endian(bytes, 20 + 4 * i, 4); };
    return Counts{count(0), count(1), count(2), count(3), count(4), count(5), bytes[4]};
  }
  std::uint64_t data_size(std::uint64_t time_size) const {
    return time * (time_size + 1) + type * 6 + character + leap * (time_size + 4) + standard + utc;
  }
};

}  // namespace

struct TimeZone::Rules {
  std::vector<std::int64_t> transitions;  ///< Seconds since the epoch in UTC, ascending.
  std::vector<std::int32_t> offsets;      ///< In force from the transition of the same index on.
  std::int32_t first_offset = 0;
  std::optional<PosixRules> after;

  std::int32_t offset_at(std::int64_t utc) const {
    const auto next = std::upper_bound(transitions.begin(), transitions.end(), utc);
    if (next == transitions.end() && after) return after->offset_at(utc);
    return next == transitions.begin() ? first_offset
                                       : offsets[static_cast<std::size_t>(next - transitions.begin()) - 1];
  }
};

std::optional<TimeZone> TimeZone::parse_fixed(std::string_view text) {
  if (text == "UTC" || text == "Z" || text == "GMT") return utc();
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const std::int32_t sign = text[0] == '-' ? -1 : 1;
  std::string digits;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ':' && digits.size() == 2 && text.size() == 6) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    digits.push_back(text[i]);
  }
  if (digits.size() == 1) digits.insert(0, 1, '0');
  if (digits.size() == 2) digits += "00";
  if (digits.size() != 4) return std::nullopt;
  const std::int32_t hours = (digits[0] - '0') * 10 + (digits[1] - '0');
  const std::int32_t minutes = (digits[2] - '0') * 10 + (digits[3] - '0');
  if (hours > 18 || minutes > 59) return std::nullopt;
  return TimeZone(sign * (hours * 3600 + minutes * 60));
}

Result<TimeZone> TimeZone::from_tzif(std::string_view name, std::string_view bytes) {
  const Error damaged(kValueBadZone, fmt::format("the data of time zone `{}` is damaged", name));
  std::optional<Counts> counts = Counts::read(bytes);
  if (!counts) return damaged;
  std::string_view data = bytes.substr(Counts::kSize);
  std::size_t time_size = 4;
  if (counts->version >= '2') {
    // The first block repeats what fits 32 bits; the second is whole (section 3).
    if (counts->data_size(4) > data.size()) return damaged;
    data.remove_prefix(counts->data_size(4));
    counts = Counts::read(data);
    if (!counts) return damaged;
    data.remove_prefix(Counts::kSize);
    time_size = 8;
  }
  if (counts->data_size(time_size) > data.size() || counts->type == 0) return damaged;

  auto rules = std::make_shared<Rules>();
  const std::size_t types = counts->time * time_size + counts->time;
  const auto offset_of = [&](std::uint64_t type) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(big_endian(data, types + type * 6, 4)));
  };
  for (std::uint64_t i = 0; i < counts->type; ++i)
    if (offset_of(i) > kMaxOffset || offset_of(i) < -kMaxOffset) return damaged;
  rules->first_offset = offset_of(0);
  for (std::uint64_t i = 0; i < counts->time; ++i) {
    const std::uint64_t raw = big_endian(data, i * time_size, time_size);
    const auto at = time_size == 4 ? std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(raw))}
                                   : static_cast<std::int64_t>(raw);
    const std::uint64_t type = big_endian(data, counts->time * time_size + i, 1);
    if (type >= counts->type || (!rules->transitions.empty() && at <= rules->transitions.back()))
      return damaged;
    rules->transitions.push_back(at);
    rules->offsets.push_back(offset_of(type));
  }
  data.remove_prefix(counts->data_size(time_size));
  if (time_size == 8 && data.size() >= 2 && data[0] == '\n') {
    const std::size_t end = data.find('\n', 1);
    if (end == std::string_view::npos) return damaged;
    const std::string_view footer = data.substr(1, end - 1);
    PosixRules after;
    if (!footer.empty()) {
      if (!PosixParser(footer).parse(after)) return damaged;
      rules->after = after;
    }
  }
  TimeZone zone(0);
  zone.rules_ = std::move(rules);
  return zone;
}

std::int32_t TimeZone::offset_at(std::int64_t utc_seconds) const {
  return rules_ == nullptr ? offset_ : rules_->offset_at(utc_seconds);
}

ValueProblem TimeZone::to_utc(std::int64_t local_seconds, std::int64_t& utc_seconds) const {
  if (rules_ == nullptr) {
    utc_seconds = local_seconds - offset_;
    return nullptr;
  }
  // Offsets a day to either side are those before and after a change that may lie near.
  const std::int64_t before = local_seconds - offset_at(local_seconds - kDaySeconds);
  const std::int64_t after = local_seconds - offset_at(local_seconds + kDaySeconds);
  for (const std::int64_t candidate : {std::min(before, after), std::max(before, after)}) {
    if (candidate + offset_at(candidate) != local_seconds) continue;
    utc_seconds = candidate;
    return nullptr;
  }
  return &kValueNoSuchTime;
}

}  // namespace tarn::format
