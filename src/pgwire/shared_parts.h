#pragma once

#include <string>

#include "pgwire/running_statements.h"
#include "pgwire/server.h"

namespace tarn::pgwire {

/// What the connections of a server share.
struct SharedParts {
  ServerOptions options;
  ServerParts parts;
  RunningStatements running;
  std::string secret;  ///< Of this process, for salts of users that do not exist.
};

}  // namespace tarn::pgwire
