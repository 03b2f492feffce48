#include "state/ledger.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "state/connection.h"
#include "state/errors.h"
#include "state/ledger_rows.h"

namespace tarn::state {
namespace {

constexpr std::array<std::string_view, 5> kStateNames = {"landed", "committed", "quarantined", "duplicate",
                                                         "unmatched"};

// Sources and batches are looked up for the rows that come out only, not joined.
constexpr std::string_view kColumns =
    "id, (SELECT folder FROM sources s WHERE s.id = a.source_id), path, size_bytes, mtime_ns, inode, sha256, "
    "state, duplicate_of, landed_at_us, settled_at_us, "
    "(SELECT batch_id FROM batches b WHERE b.seq = a.batch_seq), feeds, members, records_arrived, "
    "records_committed, records_quarantined, records_superseded, records_late, bytes_raw, error_code, "
    "error_message";

Arrival read_arrival(const Statement& row) {
  Arrival arrival;
  arrival.id = ArrivalId(row.integer(0));
  arrival.source = row.text(1);
  arrival.path = row.text(2);
  arrival.size_bytes = static_cast<std::uint64_t>(row.integer(3));
  arrival.mtime_ns = row.integer(4);
  arrival.inode = static_cast<std::uint64_t>(row.integer(5));
  if (const std::string digest = row.blob(6); digest.size() == sizeof(Sha256Digest::bytes))
    std::memcpy(arrival.sha256.emplace().bytes.data(), digest.data(), digest.size());
  arrival.state = static_cast<ArrivalState>(row.integer(7));
  if (!row.is_null(8)) arrival.duplicate_of = ArrivalId(row.integer(8));
  arrival.landed_at_us = row.integer(9);
  arrival.settled_at_us = row.optional_integer(10);
  arrival.batch = BatchId(row.text(11));
  arrival.feeds = split_feeds(row.text(12));
  arrival.members = row.integer(13);
  arrival.records = {.arrived = row.integer(14),
                     .committed = row.integer(15),
                     .quarantined = row.integer(16),
                     .superseded = row.integer(17),
                     .late = row.integer(18)};
  arrival.bytes_raw = static_cast<std::uint64_t>(row.integer(19));
  arrival.error_code = row.text(20);
  arrival.error_message = row.text(21);
  return arrival;
}

Result<std::vector<Arrival>> read_arrivals(Statement& rows) {
  std::vector<Arrival> arrivals;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return arrivals;
    arrivals.push_back(read_arrival(rows));
  }
}

StateTotals& totals_of(LedgerSummary& summary, ArrivalState state) {
  switch (state) {
    case ArrivalState::kLanded:
      return summary.landed;
    case ArrivalState::kCommitted:
      return summary.committed;
    case ArrivalState::kQuarantined:
      return summary.quarantined;
    case ArrivalState::kDuplicate:
      return summary.duplicate;
    case ArrivalState::kUnmatched:
      break;
  }
  return summary.unmatched;
}

// Rows of: state, files, size_bytes, bytes_raw, members and the five counts of records.
Result<LedgerSummary> read_summary(Statement& rows) {
  LedgerSummary summary;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return summary;
    totals_of(summary, static_cast<ArrivalState>(rows.integer(0))) = {
        .files = rows.integer(1),
        .size_bytes = rows.integer(2),
        .bytes_raw = rows.integer(3),
        .members = rows.integer(4),
        .records = {.arrived = rows.integer(5),
                    .committed = rows.integer(6),
                    .quarantined = rows.integer(7),
                    .superseded = rows.integer(8),
                    .late = rows.integer(9)}};
  }
}

// Both take a condition. States without anything are left out.
constexpr std::string_view kSumOfTotals =
    "SELECT state, CAST(sum(files) AS BIGINT), CAST(sum(size_bytes) AS BIGINT), "
    "CAST(sum(bytes_raw) AS BIGINT), CAST(sum(members) AS BIGINT), CAST(sum(records_arrived) AS BIGINT), "
    "CAST(sum(records_committed) AS BIGINT), CAST(sum(records_quarantined) AS BIGINT), "
    "CAST(sum(records_superseded) AS BIGINT), CAST(sum(records_late) AS BIGINT) FROM ledger_totals "
    "WHERE {} GROUP BY state HAVING sum(files) <> 0 OR sum(size_bytes) <> 0 OR sum(records_arrived) <> 0";

// A duplicate's records are its original's.
constexpr std::string_view kSumOfRows =
    "SELECT a.state, count(*), CAST(sum(a.size_bytes) AS BIGINT), CAST(sum(a.bytes_raw) AS BIGINT), "
    "CAST(sum(a.members) AS BIGINT), "
    "CAST(sum(coalesce(o.records_arrived, a.records_arrived)) AS BIGINT), "
    "CAST(sum(a.records_committed) AS BIGINT), CAST(sum(a.records_quarantined) AS BIGINT), "
    "CAST(sum(a.records_superseded) AS BIGINT), CAST(sum(a.records_late) AS BIGINT) "
    "FROM arrivals a LEFT JOIN arrivals o ON o.id = a.duplicate_of WHERE {} GROUP BY a.state";

}  // namespace

std::string_view to_string(ArrivalState state) {
  return kStateNames.at(static_cast<std::size_t>(state));
}

std::optional<ArrivalState> parse_arrival_state(std::string_view text) {
  for (std::size_t index = 0; index < kStateNames.size(); ++index)
    if (kStateNames.at(index) == text) return static_cast<ArrivalState>(index);
  return std::nullopt;
}

Result<KnownFiles> known_files(Database& database, const std::string& source) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows,
                        reading->prepare("SELECT path, size_bytes, mtime_ns, inode, arrival_id, "
                                         "matched FROM known_files WHERE source_id = "
                                         "(SELECT id FROM sources WHERE folder = ?)"));
  rows.bind(source);
  KnownFiles files;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return files;
    files.emplace(rows.text(0), KnownFile{.size_bytes = static_cast<std::uint64_t>(rows.integer(1)),
                                          .mtime_ns = rows.integer(2),
                                          .inode = static_cast<std::uint64_t>(rows.integer(3)),
                                          .arrival = ArrivalId(rows.integer(4)),
                                          .matched = rows.integer(5) != 0});
  }
}

Result<std::vector<Arrival>> pending(Database& database, const std::string& source, std::size_t limit) {
  Database::Reading reading(database);
  // `state <> 1` repeats the condition of the partial index, which SQLite would not use otherwise.
  TARN_ASSIGN_OR_RETURN(Statement rows,
                        reading->prepare(fmt::format(
                            "SELECT {} FROM arrivals a WHERE state = 0 AND state <> 1 AND (source_id = "
                            "(SELECT id FROM sources WHERE folder = ?1) OR ?1 = '') ORDER BY id LIMIT ?2",
                            kColumns)));
  rows.bind(source, limit);
  return read_arrivals(rows);
}

Result<std::vector<Arrival>> settled(Database& database, const SettledFilter& filter) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows,
                        reading->prepare(fmt::format(
                            "SELECT {} FROM arrivals a WHERE id > ?1 AND id <= ?2 AND state IN ({}, {}) "
                            "AND source_id = (SELECT id FROM sources WHERE folder = ?3) "
                            "ORDER BY id LIMIT ?4",
                            kColumns, static_cast<int>(ArrivalState::kCommitted),
                            static_cast<int>(ArrivalState::kQuarantined))));
  rows.bind(filter.after.value(), filter.up_to.value(), filter.source, filter.limit);
  return read_arrivals(rows);
}

Result<std::vector<Arrival>> list_arrivals(Database& database, const ArrivalFilter& filter) {
  Database::Reading reading(database);
  std::string where = "id < ?1";
  if (filter.state) {
    where += fmt::format(" AND state = {}", static_cast<int>(*filter.state));
    if (*filter.state != ArrivalState::kCommitted) where += " AND state <> 1";  // Allows the partial index.
  }
  if (filter.source) where += " AND source_id = (SELECT id FROM sources WHERE folder = ?2)";
  if (filter.path_glob) where += " AND path GLOB ?3";
  if (filter.since_us) where += " AND landed_at_us >= ?4";
  TARN_ASSIGN_OR_RETURN(
      Statement rows, reading->prepare(fmt::format(
                          "SELECT {} FROM arrivals a WHERE {} ORDER BY id DESC LIMIT ?5", kColumns, where)));
  const std::int64_t before = filter.before ? filter.before->value() : INT64_MAX;
  rows.bind(before, filter.source, filter.path_glob, filter.since_us,
            std::min<std::size_t>(filter.limit, INT64_MAX));
  return read_arrivals(rows);
}

Result<Arrival> get_arrival(Database& database, ArrivalId id) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement row,
                        reading->prepare(fmt::format("SELECT {} FROM arrivals a WHERE id = ?", kColumns)));
  row.bind(id.value());
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  if (!found) return Error(kNotFound, fmt::format("there is no arrival {}", id.value()));
  return read_arrival(row);
}

Result<LedgerSummary> summary(Database& database, const std::optional<std::string>& source) {
  Database::Reading reading(database);
  std::optional<std::int64_t> source_id;
  if (source) {
    TARN_ASSIGN_OR_RETURN(source_id, find_source(*reading.operator->(), *source));
    if (!source_id) return LedgerSummary();
  }
  TARN_ASSIGN_OR_RETURN(Statement rows,
                        reading->prepare(fmt::format(kSumOfTotals, "source_id = ?1 OR ?1 IS NULL")));
  rows.bind(source_id);
  return read_summary(rows);
}

Result<LedgerSummary> summary_after(Database& database, ArrivalId after) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows, reading->prepare(fmt::format(kSumOfRows, "a.id > ?1")));
  rows.bind(after.value());
  return read_summary(rows);
}

Status check_totals(Database& database) {
  Database::Reading reading(database);
  // Both sides in one statement, that is, in one view of the database.
  const std::string kept = fmt::format(kSumOfTotals, "TRUE");
  const std::string summed = fmt::format(kSumOfRows, "TRUE");
  const std::string differences = fmt::format(
      "WITH kept AS ({}), summed AS ({}) SELECT count(*) FROM (SELECT * FROM (SELECT * FROM kept EXCEPT "
      "SELECT * FROM summed) missing UNION ALL SELECT * FROM (SELECT * FROM summed EXCEPT SELECT * FROM "
      "kept) "
      "more) differences",
      kept, summed);
  TARN_ASSIGN_OR_RETURN(const auto found, reading->integer(differences));
  if (found != 0)
    return Error(kUnbalanced, database.name() + ": the ledger's totals differ from the sums of its rows");
  return ok_status();
}

Result<ArrivalId> last_arrival(Database& database) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(const auto last, reading->integer("SELECT max(id) FROM arrivals"));
  return ArrivalId(last.value_or(0));
}

}  // namespace tarn::state
