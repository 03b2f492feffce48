#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "state/audit/audit_record.h"
#include "state/connection.h"

/// Audit records as rows of the state. For this library only.
namespace tarn::state {

/// The columns that read_record() expects, each with `prefix` ("r.").
std::string audit_columns(std::string_view prefix);
inline constexpr int kAuditColumns = 18;

/// The record in the present row from column `first` on.
AuditRecord read_record(const Statement& row, int first = 0);
Status insert_record(Connection& connection, const AuditRecord& record);

/// The end of the chain as the state has it. audit.broken where there is none, but records are.
Result<AuditHead> read_head(Connection& connection);
Status write_head(Connection& connection, const AuditHead& head);

/// The hash of a record behind one with the hash `before`: SHA-256 of those 32 bytes and of the record's
/// canonical form. That is `tarn-audit-1`, then every field in the order of AuditRecord: texts as
/// ` <bytes>:<text>`, numbers as ` <digits>`, those not set as ` -`. No two records have the same form.
Sha256Digest chained(const Sha256Digest& before, const AuditRecord& record);

}  // namespace tarn::state
