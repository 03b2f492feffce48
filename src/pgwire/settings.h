#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tarn::pgwire {

/// A session's settings (PostgreSQL 15, "Server Configuration"), as far as clients set and ask them. Most
/// only keep what they are given; names ignore case. Settings of an application's own have a dot in their
/// name.
class Settings {
 public:
  Settings();

  /// The present value. Errors: pgwire.unknown_setting.
  Result<std::string> get(std::string_view name) const;
  /// Errors: pgwire.unknown_setting, pgwire.bad_setting.
  Status set(std::string_view name, std::string value);
  /// Makes the present value the one that reset() goes back to, as values of the start-up message are.
  void keep(std::string_view name);
  /// Errors: pgwire.unknown_setting.
  Status reset(std::string_view name);
  void reset_all();

  /// The name as PostgreSQL writes it, its value and what it is for, in the order of names.
  struct Entry {
    std::string name;
    std::string value;
    std::string_view description;
  };
  std::vector<Entry> all() const;

  /// Those that clients are told of at the start and at each change, by their names as PostgreSQL writes
  /// them.
  static bool is_reported(std::string_view name);
  static std::vector<std::string_view> reported();

 private:
  struct Value {
    std::string value;
    std::string initial;
  };
  std::map<std::string, Value, std::less<>> values_;  ///< By names in lower case.
};

/// Milliseconds of "0", "250", "5s", "1min", "2h", "1d". Nothing for other texts.
std::optional<std::int64_t> parse_milliseconds(std::string_view text);

}  // namespace tarn::pgwire
