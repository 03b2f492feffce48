#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "pgwire/protocol/message_stream.h"
#include "pgwire/shared_parts.h"

namespace tarn::pgwire {

/// Who connected, and what the client asked for.
struct Login {
  std::string user;
  std::string database;  ///< The one that the client names, else the user's name; all are the same lake.
  std::map<std::string, std::string> parameters;  ///< Of the start-up message.
};

/// Who tries to log in, as far as that is known yet.
struct LoginAttempt {
  std::string user;
  std::string application;
};

/// From the first byte to a client that is who it says (PostgreSQL 15, "Start-up"). Nothing: there is nobody
/// to serve (a cancel request, which was passed on). Errors: pgwire.bad_message, pgwire.bad_version,
/// pgwire.needs_tls, pgwire.not_authenticated, and those of the stream.
Result<std::optional<Login>> shake_hands(MessageStream& messages, SharedParts& shared, LoginAttempt& attempt);

}  // namespace tarn::pgwire
