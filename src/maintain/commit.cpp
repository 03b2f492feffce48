// How maintenance commits beside others.
#include <utility>

#include "catalog/errors.h"
#include "maintain/maintainer.h"
#include "state/runs.h"
#include "table/maintenance/row_moves.h"

namespace tarn::maintain {
namespace {

// Somebody else may win the race for a table a few times in a row, not for ever. After the first time the
// commit is prepared in its turn.
constexpr int kCommitAttempts = 10;
constexpr int kPreparedBefore = 1;
// From then on whatever it takes: who always loses would never maintain a busy table.
constexpr int kPatience = 5;
// Delete files of a slice are numbered from here, behind its data files.
constexpr std::uint32_t kFirstDelete = 100'000;

bool is_conflict(const Status& status) {
  return !status.ok() && status.error().name() == catalog::kCommitConflict.name;
}

std::string files_of(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " file" : " files");
}

}  // namespace

Status Maintainer::commit_in_turn(TableReport& report, const Prepare& prepare) {
  std::int64_t took_us = 0;
  for (int attempt = 1;; ++attempt) {
    Prepared prepared;
    const auto make = [&]() -> Status {
      const std::int64_t start_us = services_.clock.monotonic_us();
      TARN_ASSIGN_OR_RETURN(prepared, prepare());
      took_us = services_.clock.monotonic_us() - start_us;
      return ok_status();
    };
    const bool is_short = took_us <= settings_.longest_turn_us;
    const bool in_turn = attempt > kPreparedBefore && (is_short || attempt > kPatience);
    if (!in_turn) {
      TARN_RETURN_IF_ERROR(make());
      if (!prepared.commit) return ok_status();
    }
    Status outcome = door_([&]() -> Status {
      if (in_turn) TARN_RETURN_IF_ERROR(make());
      if (!prepared.commit) return ok_status();
      const std::vector<catalog::TableCommit> commits = {*prepared.commit};
      TARN_RETURN_IF_ERROR(services_.catalog.commit(commits));
      return ok_status();
    });
    if (outcome.ok()) return outcome;
    if (outcome.error().error_class() != ErrorClass::kUnknownOutcome) discard(report, prepared.written);
    if (!is_conflict(outcome) || attempt == kCommitAttempts) return outcome;
  }
}

Status Maintainer::commit_slice(TableReport& report, const Slice& slice) {
  table::ResolveRequest request{.groups = slice.groups,
                                .folds = slice.folds,
                                .sequence_number = slice.sequence_number,
                                .batch_id = slice.id,
                                .first_number = 0};
  table::ResolvedCompaction resolved;
  TARN_RETURN_IF_ERROR(commit_in_turn(report, [&]() -> Result<Prepared> {
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(report.name));
    request.first_number += kFirstDelete;  // attempts never share a name
    TARN_ASSIGN_OR_RETURN(resolved, table::resolve_compaction(services_.store, services_.manifests,
                                                              slice.deletes, *table.metadata, request));
    if (resolved.changes_nothing()) return Prepared{};
    resolved.change.summary = {{"tarn.maintenance", "compaction"}};
    if (!slice.moves.empty()) resolved.change.summary.emplace(table::kMovesProperty, slice.id);
    auto prepared = prepare_snapshot(report, table, resolved.change);
    if (!prepared.ok()) {
      discard(report, resolved.written_locations);
      return prepared;
    }
    prepared->written.insert(prepared->written.end(), resolved.written_locations.begin(),
                             resolved.written_locations.end());
    return prepared;
  }));
  for (const std::size_t refused : resolved.refused) discard(report, slice.groups[refused].files);
  if (!resolved.changes_nothing()) {
    report.actions.push_back(
        "replaced " + files_of(std::ssize(resolved.change.removed_files)) + " by " +
        std::to_string(resolved.change.data_files.size() + resolved.change.delete_files.size()) +
        (resolved.carried_deletes > 0
             ? ", with " + std::to_string(resolved.carried_deletes) + " rows deleted meanwhile"
             : std::string()));
  }
  if (!slice.groups.empty() && resolved.refused.size() == slice.groups.size())
    return Error(catalog::kCommitConflict,
                 "somebody else rewrote the same files of " + report.name.to_string());
  return ok_status();
}

Result<Maintainer::Prepared> Maintainer::prepare_snapshot(TableReport& report, const catalog::Table& table,
                                                          const table::SnapshotChange& change) {
  table::SnapshotChange stamped = change;
  stamped.timestamp_ms = services_.clock.now_us() / 1000;
  TARN_ASSIGN_OR_RETURN(table::BuiltSnapshot built,
                        table::build_snapshot(services_.store, services_.manifests, services_.random,
                                              *table.metadata, stamped));
  if (Status synced = services_.store.sync(); !synced.ok()) {
    discard(report, built.written_locations);
    return std::move(synced).error();
  }
  return Prepared{
      .commit = catalog::TableCommit{table.name, std::move(built.requirements), std::move(built.updates)},
      .written = std::move(built.written_locations)};
}

void Maintainer::discard(TableReport& report, std::span<const table::NewFile> files) {
  std::vector<std::string> locations;
  for (const table::NewFile& file : files) locations.push_back(file.file.file_path);
  discard(report, locations);
}

void Maintainer::discard(TableReport& report, std::span<const std::string> locations) {
  // What stays is an orphan.
  for (const std::string& location : locations)
    report.files_left += services_.store.remove(location).ok() ? 0 : 1;
}

Status note_visit(const Maintainer::Services& services, const TableName& name,
                  const Result<TableReport>& report) {
  state::TableMaintenance visit{.table = name, .checked_at_us = services.clock.now_us()};
  visit.outcome = report.ok() ? "done" : std::string(report.error().name());
  if (report.ok() && report->changed()) {
    visit.changed_at_us = visit.checked_at_us;
    for (const std::string& action : report->actions)
      visit.actions += (visit.actions.empty() ? "" : "; ") + action;
  }
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, services.database.begin());
  TARN_RETURN_IF_ERROR(state::note_maintenance(transaction, visit));
  return transaction.commit();
}

}  // namespace tarn::maintain
