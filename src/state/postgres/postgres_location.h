#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tarn::state {

/// A `postgresql://` location, taken apart.
struct PostgresLocation {
  /// The parameters of libpq that the location gives. A password may be among them: for libpq only.
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string schema;  ///< `?schema=…`; empty: the first of the session's search_path.
  std::string name;    ///< For people: `postgresql://user@host:5432/db`, without a password.

  /// As the location gives it; empty when it does not.
  std::string_view parameter(std::string_view keyword) const;
};

/// state.bad_location, whose message does not repeat the location: it may hold a password.
Result<PostgresLocation> parse_postgres_location(std::string_view location);

}  // namespace tarn::state
