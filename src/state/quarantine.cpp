#include "state/quarantine.h"

#include <fmt/format.h>

#include <array>

#include "state/connection.h"
#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr std::array<std::string_view, 3> kLevelNames = {"record", "member", "file"};
constexpr std::array<std::string_view, 3> kStatusNames = {"open", "replayed", "discarded"};

constexpr std::string_view kColumns =
    "id, arrival_id, feed, table_name, source_file, member, record, line, column_number, field, level, code, "
    "rule, "
    "reason, contract_version, batch_id, created_at_us, status, status_changed_at_us, note";

QuarantineEntry read_entry(const Statement& row, bool with_raw) {
  QuarantineEntry entry;
  entry.id = QuarantineId(row.integer(0));
  entry.arrival = ArrivalId(row.integer(1));
  entry.feed = row.text(2);
  entry.table = row.text(3);
  entry.source_file = row.text(4);
  entry.member = row.text(5);
  entry.record = row.optional_integer(6);
  entry.line = row.optional_integer(7);
  entry.column = row.optional_integer(8);
  entry.field = row.text(9);
  entry.level = static_cast<QuarantineLevel>(row.integer(10));
  entry.code = row.text(11);
  entry.rule = row.text(12);
  entry.reason = row.text(13);
  entry.contract_version = static_cast<std::int32_t>(row.integer(14));
  entry.batch = BatchId(row.text(15));
  entry.created_at_us = row.integer(16);
  entry.status = static_cast<QuarantineStatus>(row.integer(17));
  entry.status_changed_at_us = row.optional_integer(18);
  entry.note = row.text(19);
  if (with_raw) entry.raw = row.blob(20);
  return entry;
}

// The filter as a condition whose parameters are ?1 … ?4; bind_filter() gives them.
std::string condition(const QuarantineFilter& filter) {
  std::string where = "TRUE";
  if (filter.status) where += fmt::format(" AND status = {}", static_cast<int>(*filter.status));
  if (filter.feed) where += " AND feed = ?1";
  if (filter.code) where += " AND code = ?2";
  if (filter.file_glob) where += " AND source_file GLOB ?3";
  if (filter.arrival) where += " AND arrival_id = ?4";
  return where;
}

void bind_filter(Statement& statement, const QuarantineFilter& filter) {
  const auto arrival = filter.arrival ? std::optional(filter.arrival->value()) : std::nullopt;
  const auto most = static_cast<std::size_t>(INT64_MAX);
  statement.bind(filter.feed, filter.code, filter.file_glob, arrival, std::min(filter.limit, most),
                 std::min(filter.offset, most));
}

// Keeps ?1 … ?6 known to statements whose conditions use only some of them: the last two are never negative.
constexpr std::string_view kAllParameters = "CAST(?5 AS BIGINT) >= 0 AND CAST(?6 AS BIGINT) >= 0";

}  // namespace

std::string_view to_string(QuarantineLevel level) {
  return kLevelNames.at(static_cast<std::size_t>(level));
}

std::string_view to_string(QuarantineStatus status) {
  return kStatusNames.at(static_cast<std::size_t>(status));
}

std::optional<QuarantineStatus> parse_quarantine_status(std::string_view text) {
  for (std::size_t index = 0; index < kStatusNames.size(); ++index)
    if (kStatusNames.at(index) == text) return static_cast<QuarantineStatus>(index);
  return std::nullopt;
}

Result<QuarantineId> quarantine(Transaction& transaction, std::span<const NewQuarantineEntry> entries) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(const auto last, connection.integer("SELECT max(id) FROM quarantine"));
  const std::int64_t first = last.value_or(0) + 1;
  TARN_ASSIGN_OR_RETURN(
      Statement insert,
      connection.prepare(
          "INSERT INTO quarantine (id, arrival_id, feed, table_name, source_file, member, record, line, "
          "column_number, field, level, code, rule, reason, contract_version, batch_id, created_at_us, raw) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  std::int64_t id = first;
  for (const NewQuarantineEntry& entry : entries) {
    insert.bind(id++, entry.arrival.value(), entry.feed, entry.table, entry.source_file, entry.member,
                entry.record, entry.line, entry.column, entry.field, static_cast<int>(entry.level),
                entry.code, entry.rule, entry.reason, entry.contract_version, entry.batch.value(),
                entry.created_at_us, Blob{entry.raw});
    TARN_RETURN_IF_ERROR(insert.run());
  }
  return QuarantineId(first);
}

Result<std::vector<QuarantineEntry>> list_quarantine(Database& database, const QuarantineFilter& filter) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare(fmt::format("SELECT {}{} FROM quarantine WHERE {} ORDER BY id LIMIT ?5 OFFSET ?6",
                                   kColumns, filter.with_raw ? ", raw" : "", condition(filter))));
  bind_filter(rows, filter);
  std::vector<QuarantineEntry> entries;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return entries;
    entries.push_back(read_entry(rows, filter.with_raw));
  }
}

Result<std::int64_t> count_quarantine(Database& database, const QuarantineFilter& filter) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement row,
                        reading->prepare(fmt::format("SELECT count(*) FROM quarantine WHERE {} AND {}",
                                                     condition(filter), kAllParameters)));
  bind_filter(row, filter);
  TARN_RETURN_IF_ERROR(row.step());
  return row.integer(0);
}

Result<std::vector<QuarantineGroup>> group_quarantine(Database& database, const QuarantineFilter& filter) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows, reading->prepare(fmt::format(
                                            "SELECT feed, code, count(*) FROM quarantine WHERE {} AND {} "
                                            "GROUP BY feed, code ORDER BY 3 DESC, feed, code",
                                            condition(filter), kAllParameters)));
  bind_filter(rows, filter);
  std::vector<QuarantineGroup> groups;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return groups;
    groups.push_back({.feed = rows.text(0), .code = rows.text(1), .entries = rows.integer(2)});
  }
}

Result<QuarantineEntry> get_quarantine(Database& database, QuarantineId id) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement row, reading->prepare(fmt::format("SELECT {}, raw FROM quarantine WHERE id = ?", kColumns)));
  row.bind(id.value());
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  if (!found) return Error(kNotFound, fmt::format("there is no quarantine entry {}", id.value()));
  return read_entry(row, true);
}

Status set_quarantine_status(Transaction& transaction, std::span<const QuarantineId> ids,
                             const StatusChange& change) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(
      Statement update,
      connection.prepare("UPDATE quarantine SET status = ?, status_changed_at_us = ?, note = ? "
                         "WHERE id = ? AND status = 0"));
  for (const QuarantineId id : ids) {
    update.bind(static_cast<int>(change.status), change.changed_at_us, change.note, id.value());
    TARN_RETURN_IF_ERROR(update.run());
    if (connection.changes() == 1) continue;
    TARN_ASSIGN_OR_RETURN(const auto status,
                          connection.integer("SELECT status FROM quarantine WHERE id = ?", id.value()));
    if (!status) return Error(kNotFound, fmt::format("there is no quarantine entry {}", id.value()));
    return Error(kConflict, fmt::format("quarantine entry {} is {} already", id.value(),
                                        to_string(static_cast<QuarantineStatus>(*status))));
  }
  return ok_status();
}

}  // namespace tarn::state
