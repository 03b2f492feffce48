#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "state/database.h"

/// Final replies to requests that carried an idempotency key, so that a repeated request gets the same reply
/// and does nothing. Those of the last hour or so are kept.
namespace tarn::state {

struct Reply {
  std::string key = {};
  std::string fingerprint = {};  ///< Of the request: the same key with another request is a client's mistake.
  int status = 0;
  std::string body = {};
  std::string replay = {};  ///< Not empty: the target whose present answer is the body.
  std::int64_t created_at_us = 0;
};

/// Keeps a reply, and forgets those created before `forget_before_us`. state.conflict when the key has one.
Status record_reply(Transaction& transaction, const Reply& reply, std::int64_t forget_before_us);
/// Nothing when there is none.
Result<std::optional<Reply>> find_reply(Database& database, const std::string& key);

}  // namespace tarn::state
