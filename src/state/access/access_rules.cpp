#include "state/access/access_rules.h"

#include <fmt/format.h>

#include <utility>

#include "state/connection.h"
#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr std::string_view kNewest =
    "SELECT revision, document, changed_at_us, changed_by FROM access_rules ORDER BY revision DESC LIMIT 1";

/// `prepared`: kNewest.
Result<AccessRules> read_newest(Result<Statement> prepared) {
  TARN_ASSIGN_OR_RETURN(Statement rows, std::move(prepared));
  TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
  if (!found) return AccessRules();
  return AccessRules{.revision = rows.integer(0),
                     .document = rows.text(1),
                     .changed_at_us = rows.integer(2),
                     .changed_by = rows.text(3)};
}

}  // namespace

Result<AccessRules> access_rules(Database& database) {
  Database::Reading reading(database);
  return read_newest(reading->prepare(kNewest));
}

Status write_access_rules(Transaction& transaction, const AccessRules& next) {
  TARN_ASSIGN_OR_RETURN(const AccessRules newest, read_newest(transaction.connection().prepare(kNewest)));
  if (next.revision != newest.revision + 1)
    return Error(kConflict, fmt::format("the access rules have revision {} by now", newest.revision));
  TARN_RETURN_IF_ERROR(transaction.connection().run(
      "INSERT INTO access_rules (revision, document, changed_at_us, changed_by) VALUES (?, ?, ?, ?)",
      next.revision, next.document, next.changed_at_us, next.changed_by));
  return ok_status();
}

}  // namespace tarn::state
