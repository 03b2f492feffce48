#pragma once

#include <string>

#include "base/result.h"
#include "state/audit/audit_record.h"

/// The head of the audit as a file that is kept somewhere else: one line of JSON.
namespace tarn::cli {

/// `{"sequence": 42, "hash": "…", "recorded_at": "2026-01-01T00:00:00Z"}` and a newline.
std::string write_head(const state::AuditHead& head);
/// Errors: audit.bad_head.
Result<state::AuditHead> read_head(const std::string& text);

}  // namespace tarn::cli
