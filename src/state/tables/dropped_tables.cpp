#include "state/tables/dropped_tables.h"

#include <fmt/format.h>

#include <utility>

#include "state/connection.h"
#include "state/errors.h"

namespace tarn::state {

Status note_dropped(Transaction& transaction, const DroppedTable& table) {
  TARN_RETURN_IF_ERROR(transaction.connection().run(
      "INSERT INTO dropped_tables (namespace, name, metadata_location, location, dropped_at_us) VALUES (?, "
      "?, ?, ?, ?)",
      table.name.schema, table.name.name, table.metadata_location, table.location, table.dropped_at_us));
  return ok_status();
}

Result<std::vector<DroppedTable>> dropped_tables(Database& database) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows,
                        reading->prepare("SELECT id, namespace, name, metadata_location, location, "
                                         "dropped_at_us FROM dropped_tables ORDER BY id"));
  std::vector<DroppedTable> tables;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return tables;
    tables.push_back({.id = rows.integer(0),
                      .name = {rows.text(1), rows.text(2)},
                      .metadata_location = rows.text(3),
                      .location = rows.text(4),
                      .dropped_at_us = rows.integer(5)});
  }
}

Status forget_dropped(Transaction& transaction, std::int64_t id) {
  TARN_ASSIGN_OR_RETURN(const std::int64_t removed,
                        transaction.connection().run("DELETE FROM dropped_tables WHERE id = ?", id));
  if (removed == 0) return Error(kNotFound, fmt::format("the dropped table {} is gone already", id));
  return ok_status();
}

}  // namespace tarn::state
