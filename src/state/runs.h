#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "state/database.h"

/// Runs: each execution of a command that writes, with its outcome and totals; what maintenance last did.
namespace tarn::state {

using RunId = StrongId<struct RunIdTag, std::int64_t>;

/// Sums of one run.
struct RunTotals {
  std::int64_t files_arrived = 0;
  std::int64_t files_committed = 0;
  std::int64_t files_quarantined = 0;
  std::int64_t files_duplicate = 0;
  std::int64_t records_arrived = 0;
  std::int64_t records_committed = 0;
  std::int64_t records_quarantined = 0;
  std::int64_t records_duplicate = 0;
  std::int64_t bytes_raw = 0;
  std::int64_t batches = 0;
  bool operator==(const RunTotals&) const = default;
};

struct Run {
  RunId id = {};
  std::string command = "";
  std::int64_t started_at_us = 0;
  std::optional<std::int64_t> finished_at_us = std::nullopt;  ///< Nothing: it runs, or it crashed.
  std::string outcome = "";  ///< "done", or the code of the error that ended it; else empty.
  RunTotals totals;
};

Result<RunId> start_run(Transaction& transaction, const std::string& command, std::int64_t started_at_us);

struct RunEnd {
  RunId id = {};
  std::int64_t finished_at_us = 0;
  std::string outcome = "";
  RunTotals totals;
};
/// state.not_found for an unknown run, state.conflict when it has ended already.
Status finish_run(Transaction& transaction, const RunEnd& end);

/// Newest first.
Result<std::vector<Run>> list_runs(Database& database, std::size_t limit);
/// What a run was called as; empty for an unknown one.
Result<std::string> command_of(Database& database, RunId run);

/// What maintenance last did to a table.
struct TableMaintenance {
  TableName table = {};
  std::int64_t checked_at_us = 0;
  /// Of the last visit that found something to do. Not set: note_maintenance() keeps the former one.
  std::optional<std::int64_t> changed_at_us = std::nullopt;
  std::string actions = "";  ///< For people: what was done then.
  std::string outcome = "";  ///< Of the last visit: "done", or the code of the error that ended it.
  bool operator==(const TableMaintenance&) const = default;
};

Status note_maintenance(Transaction& transaction, const TableMaintenance& visit);
/// Sorted by name; tables that were dropped since are among them.
Result<std::vector<TableMaintenance>> list_maintenance(Database& database);

}  // namespace tarn::state
