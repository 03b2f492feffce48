#pragma once

#include <atomic>

#include "flight/logins.h"
#include "flight/server.h"
#include "flight/session_pool.h"
#include "flight/statements/statements.h"
#include "query/serving/running_statements.h"

namespace tarn::flight {

/// What the calls of a server share.
struct SharedParts {
  SharedParts(const ServerOptions& the_options, ServerParts the_parts)
      : options(the_options),
        parts(std::move(the_parts)),
        running(options.max_running),
        statements(parts.random, parts.clock),
        logins(parts.find_verifier, parts.random, parts.clock),
        sessions(parts.open_session, parts.catalog, parts.clock) {}

  const ServerOptions options;
  const ServerParts parts;
  query::RunningStatements running;
  Statements statements;
  Logins logins;
  SessionPool sessions;
  std::atomic<std::size_t> calls = 0;
};

}  // namespace tarn::flight
