#include "state/ledger_rows.h"

#include <fmt/format.h>

#include "state/errors.h"

namespace tarn::state {

Status TotalsChange::write(Connection& connection) const {
  TARN_ASSIGN_OR_RETURN(
      Statement upsert,
      connection.prepare(
          "INSERT INTO ledger_totals (source_id, state, files, size_bytes, bytes_raw, members, "
          "records_arrived, "
          "records_committed, records_quarantined, records_superseded, records_late) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (source_id, state) DO UPDATE SET files = ledger_totals.files + excluded.files, "
          "size_bytes = ledger_totals.size_bytes + excluded.size_bytes, bytes_raw = ledger_totals.bytes_raw "
          "+ excluded.bytes_raw, "
          "members = ledger_totals.members + excluded.members, "
          "records_arrived = ledger_totals.records_arrived + excluded.records_arrived, "
          "records_committed = ledger_totals.records_committed + excluded.records_committed, "
          "records_quarantined = ledger_totals.records_quarantined + excluded.records_quarantined, "
          "records_superseded = ledger_totals.records_superseded + excluded.records_superseded, "
          "records_late = ledger_totals.records_late + excluded.records_late"));
  for (const auto& [key, change] : changes_) {
    if (change == StateTotals()) continue;
    const RecordCounts& records = change.records;
    upsert.bind(key.first, static_cast<int>(key.second), change.files, change.size_bytes, change.bytes_raw,
                change.members, records.arrived, records.committed, records.quarantined, records.superseded,
                records.late);
    TARN_RETURN_IF_ERROR(upsert.run());
  }
  return ok_status();
}

void add(StateTotals& totals, const StateTotals& more) {
  totals.files += more.files;
  totals.size_bytes += more.size_bytes;
  totals.bytes_raw += more.bytes_raw;
  totals.members += more.members;
  totals.records.arrived += more.records.arrived;
  totals.records.committed += more.records.committed;
  totals.records.quarantined += more.records.quarantined;
  totals.records.superseded += more.records.superseded;
  totals.records.late += more.records.late;
}

Result<std::optional<std::int64_t>> find_source(Connection& connection, const std::string& folder) {
  return connection.integer("SELECT id FROM sources WHERE folder = ?", folder);
}

std::string join_feeds(const std::vector<std::string>& feeds) {
  return fmt::format("{}", fmt::join(feeds, ","));
}

std::vector<std::string> split_feeds(std::string_view joined) {
  std::vector<std::string> feeds;
  while (!joined.empty()) {
    const std::size_t comma = joined.find(',');
    feeds.emplace_back(joined.substr(0, comma));
    joined = comma == std::string_view::npos ? std::string_view() : joined.substr(comma + 1);
  }
  return feeds;
}

Result<ArrivalRow> read_arrival_row(Connection& connection, ArrivalId id) {
  TARN_ASSIGN_OR_RETURN(
      Statement find,
      connection.prepare(
          "SELECT source_id, state, duplicates, size_bytes, bytes_raw, members, records_arrived, "
          "records_committed, records_quarantined, records_superseded, records_late FROM arrivals WHERE id = "
          "?"));
  find.bind(id.value());
  TARN_ASSIGN_OR_RETURN(const bool found, find.step());
  if (!found) return Error(kNotFound, fmt::format("there is no arrival {}", id.value()));
  ArrivalRow row;
  row.source_id = find.integer(0);
  row.state = static_cast<ArrivalState>(find.integer(1));
  row.duplicates = find.integer(2);
  row.own = {.files = 1,
             .size_bytes = find.integer(3),
             .bytes_raw = find.integer(4),
             .members = find.integer(5),
             .records = {.arrived = find.integer(6),
                         .committed = find.integer(7),
                         .quarantined = find.integer(8),
                         .superseded = find.integer(9),
                         .late = find.integer(10)}};
  return row;
}

Status check_balance(ArrivalId id, const RecordCounts& records) {
  const bool negative = records.arrived < 0 || records.committed < 0 || records.quarantined < 0 ||
                        records.superseded < 0 || records.late < 0;
  if (negative || records.arrived != records.committed + records.quarantined ||
      records.superseded > records.committed || records.late > records.committed)
    return Error(
        kUnbalanced,
        fmt::format("arrival {}: {} records arrived, {} committed ({} of them superseded, {} late), {} "
                    "quarantined",
                    id.value(), records.arrived, records.committed, records.superseded, records.late,
                    records.quarantined));
  return ok_status();
}

}  // namespace tarn::state
