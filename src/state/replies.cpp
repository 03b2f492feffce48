#include "state/replies.h"

#include <fmt/format.h>

#include "state/connection.h"
#include "state/errors.h"

namespace tarn::state {

Status record_reply(Transaction& transaction, const Reply& reply, std::int64_t forget_before_us) {
  Connection& connection = transaction.connection();
  TARN_RETURN_IF_ERROR(connection.run("DELETE FROM replies WHERE created_at_us < ?", forget_before_us));
  TARN_ASSIGN_OR_RETURN(
      const std::int64_t inserted,
      connection.run("INSERT INTO replies (key, fingerprint, status, body, replay, created_at_us) "
                     "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                     reply.key, reply.fingerprint, reply.status, reply.body, reply.replay,
                     reply.created_at_us));
  if (inserted == 0) return Error(kConflict, fmt::format("the request {} was answered already", reply.key));
  return ok_status();
}

Result<std::optional<Reply>> find_reply(Database& database, const std::string& key) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement row, reading->prepare("SELECT fingerprint, status, body, replay, created_at_us FROM replies "
                                      "WHERE key = ?"));
  row.bind(key);
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  if (!found) return std::optional<Reply>();
  return std::optional(Reply{.key = key,
                             .fingerprint = row.text(0),
                             .status = static_cast<int>(row.integer(1)),
                             .body = row.text(2),
                             .replay = row.text(3),
                             .created_at_us = row.integer(4)});
}

}  // namespace tarn::state
