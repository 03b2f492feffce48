#include "pgwire/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/ascii.h"
#include "pgwire/errors.h"

namespace tarn::pgwire {
namespace {

enum class Kind { kText, kBoolean, kInteger, kDuration, kUtf8, kIsoDates, kFixed };

struct Known {
  std::string_view name;
  std::string_view initial;
  Kind kind;
  std::string_view description;
};

constexpr std::array kKnown = {
    Known{"application_name", "", Kind::kText, "What the client calls itself."},
    Known{"backslash_quote", "safe_encoding", Kind::kText, "Kept for clients that set it."},
    Known{"bytea_output", "hex", Kind::kFixed, "How binary values are printed."},
    Known{"client_encoding", "UTF8", Kind::kUtf8, "The encoding of texts."},
    Known{"client_min_messages", "notice", Kind::kText, "Kept for clients that set it."},
    Known{"DateStyle", "ISO, MDY", Kind::kIsoDates, "How dates are printed."},
    Known{"default_transaction_isolation", "read committed", Kind::kText, "Kept for clients that set it."},
    Known{"default_transaction_read_only", "on", Kind::kBoolean, "Tables are read-only in SQL."},
    Known{"extra_float_digits", "1", Kind::kInteger, "Kept for clients that set it; all digits are sent."},
    Known{"geqo", "on", Kind::kBoolean, "Kept for clients that set it."},
    Known{"idle_in_transaction_session_timeout", "0", Kind::kDuration, "Kept for clients that set it."},
    Known{"in_hot_standby", "off", Kind::kFixed, "There is no standby."},
    Known{"integer_datetimes", "on", Kind::kFixed, "Times are counted in microseconds."},
    Known{"IntervalStyle", "postgres", Kind::kFixed, "How spans of time are printed."},
    Known{"is_superuser", "off", Kind::kFixed, "Nobody is, over the wire."},
    Known{"jit", "off", Kind::kBoolean, "Kept for clients that set it."},
    Known{"lc_collate", "C.UTF-8", Kind::kFixed, "The order of texts: by their bytes."},
    Known{"lc_ctype", "C.UTF-8", Kind::kFixed, "The encoding of characters."},
    Known{"lc_messages", "C.UTF-8", Kind::kText, "Kept for clients that set it."},
    Known{"lock_timeout", "0", Kind::kDuration, "Kept for clients that set it."},
    Known{"max_identifier_length", "63", Kind::kFixed, "As PostgreSQL's; longer names work."},
    Known{"max_index_keys", "32", Kind::kFixed, "As PostgreSQL's."},
    Known{"row_security", "on", Kind::kBoolean, "Kept for clients that set it; policy always holds."},
    Known{"search_path", "\"$user\", public", Kind::kText, "Where names without a schema are looked for."},
    Known{"server_encoding", "UTF8", Kind::kFixed, "The encoding of texts."},
    Known{"server_version", "15.0", Kind::kFixed, "The PostgreSQL that the server behaves like."},
    Known{"server_version_num", "150000", Kind::kFixed, "The same as a number."},
    Known{"session_authorization", "", Kind::kFixed, "The user."},
    Known{"ssl", "off", Kind::kFixed, "Whether the listener has a certificate."},
    Known{"standard_conforming_strings", "on", Kind::kFixed, "Backslashes in '…' are characters."},
    Known{"statement_timeout", "0", Kind::kDuration, "How long a statement may run; 0: without end."},
    Known{"synchronize_seqscans", "on", Kind::kBoolean, "Kept for clients that set it."},
    Known{"synchronous_commit", "on", Kind::kText, "Kept for clients that set it."},
    Known{"TimeZone", "UTC", Kind::kText, "Kept for clients that set it; times are sent in UTC."},
    Known{"transaction_isolation", "read committed", Kind::kText,
          "Each statement sees one state of the lake."},
    Known{"transaction_read_only", "on", Kind::kBoolean, "Tables are read-only in SQL."},
    Known{"work_mem", "4MB", Kind::kText, "Kept for clients that set it."},
    Known{"xmloption", "content", Kind::kText, "Kept for clients that set it."},
};

constexpr std::array<std::string_view, 14> kReported = {"application_name",
                                                        "client_encoding",
                                                        "DateStyle",
                                                        "default_transaction_read_only",
                                                        "in_hot_standby",
                                                        "integer_datetimes",
                                                        "IntervalStyle",
                                                        "is_superuser",
                                                        "server_encoding",
                                                        "server_version",
                                                        "session_authorization",
                                                        "standard_conforming_strings",
                                                        "TimeZone",
                                                        "search_path"};

const Known* find(std::string_view name) {
  const std::string wanted = to_lower_ascii(name);
  for (const Known& known : kKnown) {
    if (to_lower_ascii(known.name) == wanted) return &known;
  }
  return nullptr;
}

Error unknown(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Known& known : kKnown) names.push_back(known.name);
  const std::string_view nearest = nearest_name(name, names);
  Error error(kUnknownSetting, fmt::format("there is no setting `{}`", name));
  return nearest.empty() ? error : std::move(error).with_hint(fmt::format("did you mean `{}`?", nearest));
}

Status bad(const Known& known, std::string_view value, std::string_view why) {
  return Error(kBadSetting, fmt::format("`{}` cannot be `{}`: {}", known.name, value, why));
}

/// Brings a value into the form that is kept and shown.
Status check(const Known& known, std::string& value) {
  const std::string given = to_lower_ascii(value);
  switch (known.kind) {
    case Kind::kText:
      return ok_status();
    case Kind::kBoolean: {
      const bool yes = given == "on" || given == "true" || given == "yes" || given == "1";
      const bool no = given == "off" || given == "false" || given == "no" || given == "0";
      if (!yes && !no) return bad(known, value, "it is on or off");
      value = yes ? "on" : "off";
      return ok_status();
    }
    case Kind::kInteger: {
      std::int64_t number = 0;
      const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (failed != std::errc() || end != value.data() + value.size())
        return bad(known, value, "it is a number");
      return ok_status();
    }
    case Kind::kDuration: {
      const auto millis = parse_milliseconds(value);
      if (!millis) return bad(known, value, "write milliseconds, or a number with ms, s, min, h or d");
      value = *millis == 0 ? "0" : fmt::format("{}ms", *millis);
      return ok_status();
    }
    case Kind::kUtf8: {
      std::string lowered = to_lower_ascii(value);
      std::erase(lowered, '\'');  // As asyncpg quotes it.
      if (lowered != "utf8" && lowered != "utf-8" && lowered != "unicode" && lowered != "sql_ascii")
        return bad(known, value, "texts are sent in UTF8");
      value = "UTF8";
      return ok_status();
    }
    case Kind::kIsoDates:
      if (given.find("sql") != std::string::npos || given.find("german") != std::string::npos)
        return bad(known, value, "dates are sent in the style ISO");
      value = std::string(known.initial);
      return ok_status();
    case Kind::kFixed:
      if (given != to_lower_ascii(known.initial))
        return bad(known, value, fmt::format("it is always `{}`", known.initial));
      return ok_status();
  }
  return ok_status();
}

}  // namespace

Settings::Settings() {
  for (const Known& known : kKnown) {
    const std::string initial(known.initial);
    values_.emplace(to_lower_ascii(known.name), Value{initial, initial});
  }
}

Result<std::string> Settings::get(std::string_view name) const {
  const auto found = values_.find(to_lower_ascii(name));
  if (found == values_.end()) return unknown(name);
  return found->second.value;
}

Status Settings::set(std::string_view name, std::string value) {
  const Known* const known = find(name);
  if (known != nullptr) {
    TARN_RETURN_IF_ERROR(check(*known, value));
  } else if (name.find('.') == std::string_view::npos) {
    return unknown(name);
  }
  values_[to_lower_ascii(name)].value = std::move(value);
  return ok_status();
}

void Settings::keep(std::string_view name) {
  const auto found = values_.find(to_lower_ascii(name));
  if (found != values_.end()) found->second.initial = found->second.value;
}

Status Settings::reset(std::string_view name) {
  const auto found = values_.find(to_lower_ascii(name));
  if (found == values_.end()) return unknown(name);
  found->second.value = found->second.initial;
  return ok_status();
}

void Settings::reset_all() {
  for (auto& [name, value] : values_) value.value = value.initial;
}

std::vector<Settings::Entry> Settings::all() const {
  std::vector<Entry> entries;
  for (const auto& [name, value] : values_) {
    const Known* const known = find(name);
    entries.push_back({known == nullptr ? name : std::string(known->name), value.value,
                       known == nullptr ? "A setting of the application's own." : known->description});
  }
  return entries;
}

bool Settings::is_reported(std::string_view name) {
  return std::ranges::any_of(
      kReported, [&](std::string_view one) { return to_lower_ascii(one) == to_lower_ascii(name); });
}

std::vector<std::string_view> Settings::reported() {
  return {kReported.begin(), kReported.end()};
}

std::optional<std::int64_t> parse_milliseconds(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  constexpr std::int64_t kMost = 1'000'000'000'000;
  if (failed != std::errc() || count < 0 || count > kMost) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kUnits = {
      {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  for (const auto& [name, millis] : kUnits) {
    if (unit == name) return count * millis;
  }
  return std::nullopt;
}

}  // namespace tarn::pgwire
