#pragma once

#include <string>

#include "pgwire/server.h"
#include "query/serving/running_statements.h"

namespace tarn::pgwire {

/// What the connections of a server share.
struct SharedParts {
  ServerOptions options;
  ServerParts parts;
  query::RunningStatements running;
  std::string secret;  ///< Of this process, for salts of users that do not exist.
};

}  // namespace tarn::pgwire
