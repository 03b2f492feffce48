#include "state/runs.h"

#include <fmt/format.h>

#include "state/connection.h"
#include "state/errors.h"

namespace tarn::state {

Result<RunId> start_run(Transaction& transaction, const std::string& command, std::int64_t started_at_us) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(
      const std::int64_t id,
      connection.inserted_id("INSERT INTO runs (command, started_at_us) VALUES (?, ?) RETURNING id", command,
                             started_at_us));
  return RunId(id);
}

Status finish_run(Transaction& transaction, const RunEnd& end) {
  Connection& connection = transaction.connection();
  const std::int64_t id = end.id.value();
  const RunTotals& totals = end.totals;
  TARN_ASSIGN_OR_RETURN(
      const std::int64_t changed,
      connection.run(
          "UPDATE runs SET finished_at_us = ?, outcome = ?, files_arrived = ?, files_committed = ?, "
          "files_quarantined = ?, files_duplicate = ?, records_arrived = ?, records_committed = ?, "
          "records_quarantined = ?, records_duplicate = ?, bytes_raw = ?, batches = ? "
          "WHERE id = ? AND finished_at_us IS NULL",
          end.finished_at_us, end.outcome, totals.files_arrived, totals.files_committed,
          totals.files_quarantined, totals.files_duplicate, totals.records_arrived, totals.records_committed,
          totals.records_quarantined, totals.records_duplicate, totals.bytes_raw, totals.batches, id));
  if (changed == 1) return ok_status();
  TARN_ASSIGN_OR_RETURN(const auto known, connection.integer("SELECT id FROM runs WHERE id = ?", id));
  if (known) return Error(kConflict, fmt::format("run {} has ended already", id));
  return Error(kNotFound, fmt::format("there is no run {}", id));
}

Result<std::string> command_of(Database& database, RunId run) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement row, reading->prepare("SELECT command FROM runs WHERE id = ?"));
  row.bind(run.value());
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  return found ? row.text(0) : std::string();
}

Result<std::vector<Run>> list_runs(Database& database, std::size_t limit) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare("SELECT id, command, started_at_us, finished_at_us, outcome, files_arrived, "
                       "files_committed, files_quarantined, files_duplicate, records_arrived, "
                       "records_committed, records_quarantined, records_duplicate, bytes_raw, batches "
                       "FROM runs ORDER BY id DESC LIMIT ?"));
  rows.bind(limit);
  std::vector<Run> runs;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return runs;
    Run run;
    run.id = RunId(rows.integer(0));
    run.command = rows.text(1);
    run.started_at_us = rows.integer(2);
    run.finished_at_us = rows.optional_integer(3);
    run.outcome = rows.text(4);
    run.totals = {.files_arrived = rows.integer(5),
                  .files_committed = rows.integer(6),
                  .files_quarantined = rows.integer(7),
                  .files_duplicate = rows.integer(8),
                  .records_arrived = rows.integer(9),
                  .records_committed = rows.integer(10),
                  .records_quarantined = rows.integer(11),
                  .records_duplicate = rows.integer(12),
                  .bytes_raw = rows.integer(13),
                  .batches = rows.integer(14)};
    runs.push_back(std::move(run));
  }
}

Status note_maintenance(Transaction& transaction, const TableMaintenance& visit) {
  TARN_RETURN_IF_ERROR(transaction.connection().run(
      "INSERT INTO table_maintenance (schema_name, table_name, checked_at_us, changed_at_us, actions, "
      "outcome) "
      "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (schema_name, table_name) DO UPDATE SET "
      "checked_at_us = excluded.checked_at_us, outcome = excluded.outcome, "
      "actions = CASE WHEN excluded.changed_at_us IS NULL THEN table_maintenance.actions ELSE "
      "excluded.actions END, "
      "changed_at_us = coalesce(excluded.changed_at_us, table_maintenance.changed_at_us)",
      visit.table.schema, visit.table.name, visit.checked_at_us, visit.changed_at_us, visit.actions,
      visit.outcome));
  return ok_status();
}

Result<std::vector<TableMaintenance>> list_maintenance(Database& database) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare("SELECT schema_name, table_name, checked_at_us, changed_at_us, actions, outcome "
                       "FROM table_maintenance ORDER BY schema_name, table_name"));
  std::vector<TableMaintenance> all;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return all;
    all.push_back({.table = {rows.text(0), rows.text(1)},
                   .checked_at_us = rows.integer(2),
                   .changed_at_us = rows.optional_integer(3),
                   .actions = rows.text(4),
                   .outcome = rows.text(5)});
  }
}

}  // namespace tarn::state
