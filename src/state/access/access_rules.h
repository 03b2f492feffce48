#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "state/database.h"

/// Who may see what, as far as SQL said so (CREATE USER, GRANT …): one document for all of it, and every one
/// that there ever was.
namespace tarn::state {

struct AccessRules {
  std::int64_t revision = 0;  ///< 0: nobody said anything yet.
  std::string document = "";  ///< As access/*.yaml, in JSON; empty at revision 0.
  std::int64_t changed_at_us = 0;
  std::string changed_by = "";
};

/// The newest.
Result<AccessRules> access_rules(Database& database);
/// Makes `next` the newest. state.conflict: there is one of its revision, or the one before it is not there.
Status write_access_rules(Transaction& transaction, const AccessRules& next);

}  // namespace tarn::state
