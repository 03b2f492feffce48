#include "state/audit/audit_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr std::array<std::string_view, kAuditColumns> kColumns = {
    "sequence", "at_us",  "event",       "begun",      "user_name",   "roles",
    "door",     "peer",   "application", "session_id", "statement",   "tables",
    "columns",  "policy", "outcome",     "row_count",  "duration_ms", "hash"};

std::string_view bytes_of(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

/// All zeros for what is no digest: no chain leads there.
Sha256Digest digest_of(std::string_view bytes) {
  Sha256Digest digest;
  if (bytes.size() == digest.bytes.size()) std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
}

void add(Sha256& hash, const std::string& text) {
  hash.update(fmt::format(" {}:", text.size()));
  hash.update(text);
}

void add(Sha256& hash, std::optional<std::int64_t> number) {
  hash.update(number ? fmt::format(" {}", *number) : " -");
}

}  // namespace

std::string audit_columns(std::string_view prefix) {
  std::string list;
  for (const std::string_view column : kColumns)
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", prefix, column);
  return list;
}

AuditRecord read_record(const Statement& row, int first) {
  return {.sequence = row.integer(first),
          .at_us = row.integer(first + 1),
          .event = row.text(first + 2),
          .begun = row.optional_integer(first + 3),
          .actor = {.user = row.text(first + 4),
                    .roles = row.text(first + 5),
                    .door = row.text(first + 6),
                    .peer = row.text(first + 7),
                    .application = row.text(first + 8),
                    .session = row.text(first + 9)},
          .statement = row.text(first + 10),
          .tables = row.text(first + 11),
          .columns = row.text(first + 12),
          .policy = row.text(first + 13),
          .outcome = row.text(first + 14),
          .rows = row.optional_integer(first + 15),
          .duration_ms = row.optional_integer(first + 16),
          .hash = digest_of(row.blob(first + 17))};
}

Status insert_record(Connection& connection, const AuditRecord& record) {
  static const std::string kInsert = fmt::format(
      "INSERT INTO audit_records ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      audit_columns(""));
  const AuditActor& actor = record.actor;
  TARN_RETURN_IF_ERROR(connection.run(
      kInsert, record.sequence, record.at_us, record.event, record.begun, actor.user, actor.roles, actor.door,
      actor.peer, actor.application, actor.session, record.statement, record.tables, record.columns,
      record.policy, record.outcome, record.rows, record.duration_ms, Blob{bytes_of(record.hash)}));
  return ok_status();
}

Result<AuditHead> read_head(Connection& connection) {
  TARN_ASSIGN_OR_RETURN(Statement row,
                        connection.prepare("SELECT sequence, hash, at_us FROM audit_head WHERE id = 1"));
  row.bind();
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  if (found)
    return AuditHead{.sequence = row.integer(0), .hash = digest_of(row.blob(1)), .at_us = row.integer(2)};
  TARN_ASSIGN_OR_RETURN(const auto last, connection.integer("SELECT max(sequence) FROM audit_records"));
  if (last) return Error(kAuditBroken, "the chain has lost its end");
  return AuditHead();
}

Status write_head(Connection& connection, const AuditHead& head) {
  TARN_RETURN_IF_ERROR(connection.run(
      "INSERT INTO audit_head (id, sequence, hash, at_us) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
      "sequence = excluded.sequence, hash = excluded.hash, at_us = excluded.at_us",
      head.sequence, Blob{bytes_of(head.hash)}, head.at_us));
  return ok_status();
}

Sha256Digest chained(const Sha256Digest& before, const AuditRecord& record) {
  Sha256 hash;
  hash.update(bytes_of(before));
  hash.update("tarn-audit-1");
  add(hash, record.sequence);
  add(hash, record.at_us);
  add(hash, record.event);
  add(hash, record.begun);
  for (const std::string* text :
       {&record.actor.user, &record.actor.roles, &record.actor.door, &record.actor.peer,
        &record.actor.application, &record.actor.session, &record.statement, &record.tables, &record.columns,
        &record.policy, &record.outcome})
    add(hash, *text);
  add(hash, record.rows);
  add(hash, record.duration_ms);
  return hash.finish();
}

}  // namespace tarn::state
