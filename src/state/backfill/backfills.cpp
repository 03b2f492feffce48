#include "state/backfill/backfills.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "state/connection.h"
#include "state/errors.h"
#include "state/ledger_rows.h"
#include "state/quarantine.h"

namespace tarn::state {
namespace {

constexpr std::string_view kColumns =
    "feed, beside, contract, from_us, to_us, switched, through_id, waiting, files, records_committed, "
    "records_quarantined, started_at_us, changed_at_us";

std::string join_ids(const std::vector<ArrivalId>& ids) {
  std::string text;
  for (const ArrivalId id : ids) text += (text.empty() ? "" : ",") + std::to_string(id.value());
  return text;
}

std::vector<ArrivalId> split_ids(std::string_view text) {
  std::vector<ArrivalId> ids;
  while (!text.empty()) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc()) break;
    ids.emplace_back(id);
    text.remove_prefix(std::min(static_cast<std::size_t>(end - text.data()) + 1, text.size()));
  }
  return ids;
}

Backfill read_backfill(const Statement& row) {
  Backfill backfill;
  backfill.feed = row.text(0);
  backfill.beside = row.text(1);
  backfill.contract = row.text(2);
  backfill.from_us = row.optional_integer(3);
  backfill.to_us = row.optional_integer(4);
  backfill.switched = row.integer(5) != 0;
  backfill.through = ArrivalId(row.integer(6));
  backfill.waiting = split_ids(row.text(7));
  backfill.files = row.integer(8);
  backfill.records_committed = row.integer(9);
  backfill.records_quarantined = row.integer(10);
  backfill.started_at_us = row.integer(11);
  backfill.changed_at_us = row.integer(12);
  return backfill;
}

Result<Backfill> require(Connection& connection, const std::string& feed) {
  TARN_ASSIGN_OR_RETURN(Statement row,
                        connection.prepare(fmt::format("SELECT {} FROM backfills WHERE feed = ?", kColumns)));
  row.bind(feed);
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  if (!found) return Error(kNotFound, fmt::format("the feed `{}` has no backfill", feed));
  return read_backfill(row);
}

Error moved_on(const std::string& feed) {
  return Error(kConflict, fmt::format("another process works on the backfill of `{}`", feed));
}

}  // namespace

Result<std::optional<Backfill>> find_backfill(Database& database, const std::string& feed) {
  TARN_ASSIGN_OR_RETURN(const auto all, list_backfills(database));
  const auto found = std::ranges::find(all, feed, &Backfill::feed);
  return found == all.end() ? std::optional<Backfill>() : std::optional(*found);
}

Result<std::vector<Backfill>> list_backfills(Database& database) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows,
                        reading->prepare(fmt::format("SELECT {} FROM backfills ORDER BY feed", kColumns)));
  std::vector<Backfill> backfills;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return backfills;
    backfills.push_back(read_backfill(rows));
  }
}

Status insert_backfill(Transaction& transaction, const Backfill& backfill) {
  TARN_ASSIGN_OR_RETURN(
      const std::int64_t inserted,
      transaction.connection().run(
          fmt::format("INSERT INTO backfills ({}) VALUES (?, ?, ?, ?, ?, 0, ?, '', 0, 0, 0, ?, ?) "
                      "ON CONFLICT (feed) DO NOTHING",
                      kColumns),
          backfill.feed, backfill.beside, backfill.contract, backfill.from_us, backfill.to_us,
          backfill.through.value(), backfill.started_at_us, backfill.changed_at_us));
  if (inserted == 0) return moved_on(backfill.feed);
  return ok_status();
}

Status remove_backfill(Transaction& transaction, const std::string& feed, std::int64_t now_us) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(const Backfill backfill, require(connection, feed));
  TARN_RETURN_IF_ERROR(connection.run(
      "UPDATE quarantine SET status = ?, status_changed_at_us = ?, note = ? WHERE status = 0 AND feed = ?",
      static_cast<int>(QuarantineStatus::kDiscarded), now_us, "the backfill was discarded", backfill.beside));
  TARN_RETURN_IF_ERROR(connection.run("DELETE FROM backfills WHERE feed = ?", feed));
  return ok_status();
}

Status advance_backfill(Transaction& transaction, const BackfillStep& step) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(const Backfill now, require(connection, step.feed));
  if (now.through != step.after) return moved_on(step.feed);
  std::vector<ArrivalId> waiting = now.waiting;
  for (const ArrivalId id : step.pending)
    if (id > step.after && id <= step.through) waiting.push_back(id);
  for (const ArrivalId id : step.done) {
    if (id <= step.after && std::ranges::find(now.waiting, id) == now.waiting.end())
      return moved_on(step.feed);
    std::erase(waiting, id);
  }
  TARN_RETURN_IF_ERROR(connection.run(
      "UPDATE backfills SET through_id = ?, waiting = ?, files = files + ?, "
      "records_committed = records_committed + ?, records_quarantined = records_quarantined + ?, "
      "changed_at_us = ? WHERE feed = ?",
      step.through.value(), join_ids(waiting), step.files, step.records_committed, step.records_quarantined,
      step.now_us, step.feed));
  return ok_status();
}

namespace {

struct Refused {
  std::int64_t before = 0;
  std::int64_t beside = 0;
};

/// Entries that are open on either side, by arrival.
Result<std::map<std::int64_t, Refused>> refused_of(Connection& connection, const Backfill& backfill) {
  TARN_ASSIGN_OR_RETURN(Statement rows,
                        connection.prepare("SELECT arrival_id, feed, count(*) FROM quarantine "
                                           "WHERE status = 0 AND feed IN (?, ?) GROUP BY arrival_id, feed"));
  rows.bind(backfill.feed, backfill.beside);
  std::map<std::int64_t, Refused> refused;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return refused;
    Refused& of = refused[rows.integer(0)];
    (rows.text(1) == backfill.feed ? of.before : of.beside) = rows.integer(2);
  }
}

}  // namespace

Status switch_backfill(Transaction& transaction, const BackfillSwitch& change) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(const Backfill backfill, require(connection, change.feed));
  if (backfill.through != change.through) return moved_on(change.feed);
  TARN_ASSIGN_OR_RETURN(const auto refused, refused_of(connection, backfill));
  for (const auto& [id, entries] : refused) {
    const std::int64_t more = entries.beside - entries.before;
    if (more == 0) continue;
    TARN_ASSIGN_OR_RETURN(const ArrivalRow row, read_arrival_row(connection, ArrivalId(id)));
    // A record is in one of the two counts. A member or a file is one entry and many records: then the sum
    // gives.
    const std::int64_t moved = std::min(more, row.own.records.committed);
    Adjustment adjustment{.id = ArrivalId(id), .state = std::nullopt};
    adjustment.records = {more - moved, -moved, more, 0, 0};
    const bool has_rows = row.own.records.committed - moved > 0;
    adjustment.state = has_rows || row.own.records.quarantined + more == 0 ? ArrivalState::kCommitted
                                                                           : ArrivalState::kQuarantined;
    TARN_RETURN_IF_ERROR(adjust(transaction, adjustment));
  }
  // By a name in between, which no feed can have.
  const std::string between = backfill.feed + " between";
  const auto rename = [&](const std::string& from, const std::string& to, const TableName& table) -> Status {
    TARN_RETURN_IF_ERROR(
        connection.run("UPDATE quarantine SET feed = ?, table_name = ? WHERE status = 0 AND feed = ?", to,
                       table.to_string(), from));
    return ok_status();
  };
  TARN_RETURN_IF_ERROR(rename(backfill.feed, between, change.beside));
  TARN_RETURN_IF_ERROR(rename(backfill.beside, backfill.feed, change.table));
  TARN_RETURN_IF_ERROR(rename(between, backfill.beside, change.beside));
  TARN_RETURN_IF_ERROR(connection.run(
      "UPDATE backfills SET switched = 1 - switched, contract = '', changed_at_us = ? WHERE feed = ?",
      change.now_us, change.feed));
  return ok_status();
}

}  // namespace tarn::state
