#include "state/audit/audit_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "state/audit/audit_rows.h"
#include "state/connection.h"
#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr std::size_t kPage = 1000;
/// Below every record, wherever an intruder may have put one.
constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();

Error broken(std::int64_t sequence, std::string_view why) {
  return Error(kAuditBroken, fmt::format("record {} {}", sequence, why));
}

Result<AuditRecord> find_record(Database& database, std::int64_t sequence) {
  TARN_ASSIGN_OR_RETURN(const std::vector<AuditRecord> found, read_audit(database, sequence - 1, 1));
  if (found.empty() || found[0].sequence != sequence) return broken(sequence, "is missing");
  return found[0];
}

/// The record before the first one that is checked.
Result<AuditHead> start_of(Database& database, const AuditVerification& wanted) {
  // What lies before a head that somebody kept is proved by it; what lies behind must be checked.
  std::int64_t from = wanted.from;
  if (wanted.kept) from = std::min(from, wanted.kept->sequence + 1);
  if (from <= 1) return AuditHead();
  TARN_ASSIGN_OR_RETURN(const AuditHead end, audit_head(database));
  if (wanted.kept && end.sequence < wanted.kept->sequence) return AuditHead();
  if (from > end.sequence + 1)
    return Error(kAuditBadHead, fmt::format("there is no record {} to begin with", from));
  TARN_ASSIGN_OR_RETURN(const AuditRecord before, find_record(database, from - 1));
  return AuditHead{.sequence = before.sequence, .hash = before.hash, .at_us = before.at_us};
}

Status check_kept(const AuditHead& at, const std::optional<AuditHead>& kept) {
  if (!kept || at.sequence != kept->sequence || at.hash == kept->hash) return ok_status();
  return broken(at.sequence, "is not the one whose head was kept: the chain was made anew");
}

}  // namespace

Status append_audit(Transaction& transaction, std::span<AuditRecord> records) {
  if (records.empty()) return ok_status();
  Connection& connection = transaction.connection();
  // Transactions come one after another, those of other processes too: nobody else has read this head.
  TARN_ASSIGN_OR_RETURN(AuditHead head, read_head(connection));
  for (AuditRecord& record : records) {
    record.sequence = head.sequence + 1;
    record.hash = chained(head.hash, record);
    TARN_RETURN_IF_ERROR(insert_record(connection, record));
    head = {.sequence = record.sequence, .hash = record.hash, .at_us = record.at_us};
  }
  return write_head(connection, head);
}

Result<AuditHead> audit_head(Database& database) {
  Database::Reading reading(database);
  return read_head(*reading.operator->());
}

Result<AuditHead> verify_audit(Database& database, const AuditVerification& wanted) {
  TARN_ASSIGN_OR_RETURN(AuditHead at, start_of(database, wanted));
  TARN_RETURN_IF_ERROR(check_kept(at, wanted.kept));
  std::int64_t after = at.sequence == 0 ? kBeforeAll : at.sequence;
  std::optional<AuditHead> end;  // Read after the records, so that it is the end of all of them, or of more.
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::vector<AuditRecord> page, read_audit(database, after, kPage));
    for (const AuditRecord& record : page) {
      if (record.sequence <= at.sequence) return broken(record.sequence, "was inserted");
      if (record.sequence != at.sequence + 1) return broken(at.sequence + 1, "is missing");
      if (record.hash != chained(at.hash, record)) return broken(record.sequence, "is not what was written");
      at = {.sequence = record.sequence, .hash = record.hash, .at_us = record.at_us};
      TARN_RETURN_IF_ERROR(check_kept(at, wanted.kept));
      after = at.sequence;
    }
    if (page.empty() && end) {
      if (end->sequence > at.sequence) return broken(at.sequence + 1, "is missing, and all behind it");
      if (end->sequence == at.sequence && end->hash != at.hash)
        return broken(at.sequence, "is not the chain's end");
      if (end->sequence == at.sequence) break;
    }
    TARN_ASSIGN_OR_RETURN(end, audit_head(database));
    if (end->sequence < at.sequence) return broken(end->sequence + 1, "was inserted behind the chain's end");
  }
  if (wanted.kept && wanted.kept->sequence > at.sequence) {
    return broken(
        at.sequence + 1,
        fmt::format("is missing, and all behind it: the head of record {} was kept", wanted.kept->sequence));
  }
  return *end;
}

Result<std::vector<AuditRecord>> read_audit(Database& database, std::int64_t after, std::size_t limit) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare(fmt::format(
          "SELECT {} FROM audit_records WHERE sequence > ? ORDER BY sequence LIMIT ?", audit_columns(""))));
  rows.bind(after, limit);
  std::vector<AuditRecord> records;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return records;
    records.push_back(read_record(rows));
  }
}

}  // namespace tarn::state
