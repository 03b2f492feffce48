#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "state/audit/audit_record.h"
#include "state/database.h"

/// The audit: a chain of records, each of which holds the hash of the one before it, so that none can be
/// changed, removed or moved without a trace. Whoever keeps a head elsewhere can tell a chain that was cut or
/// made anew. Records are only ever appended.
namespace tarn::state {

/// Adds records in their order; they are durable when the transaction is. Their sequence numbers and hashes
/// are set. audit.broken for a chain without end.
Status append_audit(Transaction& transaction, std::span<AuditRecord> records);

Result<AuditHead> audit_head(Database& database);

struct AuditVerification {
  std::int64_t from = 1;                         ///< Records before it are taken as they are …
  std::optional<AuditHead> kept = std::nullopt;  ///< … but for those behind this head of before.
};
/// Reads the chain to its end, in pages; others may append meanwhile. Gives the head that it leads to.
/// audit.broken with the first record that does not fit; audit.bad_head for a start that is not there.
Result<AuditHead> verify_audit(Database& database, const AuditVerification& wanted);

/// Records in their order from behind `after`, at most `limit`.
Result<std::vector<AuditRecord>> read_audit(Database& database, std::int64_t after, std::size_t limit);

/// A record that is not an end, and how it ended.
struct AuditEntry {
  AuditRecord record;
  /// kAuditEnded of a kAuditBegun; nothing while it runs, or after a crash.
  std::optional<AuditRecord> end = std::nullopt;

  /// Of both; `open` for what has begun and not ended.
  std::string outcome() const;
};
inline constexpr std::string_view kAuditOpen = "open";

/// What is empty or not set matches everything.
struct AuditFilter {
  std::string user = {};
  std::string door = {};
  std::string table = {};    ///< `curated.visit`: a name, whatever the snapshot.
  std::string outcome = {};  ///< As AuditEntry::outcome().
  std::optional<std::int64_t> since_us = std::nullopt;
  std::optional<std::int64_t> until_us = std::nullopt;
  std::size_t limit = 50;
};
/// Newest first.
Result<std::vector<AuditEntry>> search_audit(Database& database, const AuditFilter& filter);

}  // namespace tarn::state
