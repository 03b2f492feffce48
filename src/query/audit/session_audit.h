#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "engine/result_set.h"
#include "state/audit/audit_trail.h"

namespace tarn::query {

struct ReadyStatement;

/// A statement on record that has yet to end; destroyed before, it ends as `unfinished`. Any thread, one at a
/// time; the trail must outlive it.
class AuditedStatement {
 public:
  AuditedStatement(state::AuditTrail& trail, state::AuditRecord begun);
  ~AuditedStatement();
  AuditedStatement(const AuditedStatement&) = delete;
  AuditedStatement& operator=(const AuditedStatement&) = delete;

  void end(std::string_view outcome);
  /// What the statement wrote, for the record of its end: `curated.visit@123`, and how many rows.
  void wrote(std::string tables, std::int64_t rows) {
    written_ = std::move(tables);
    rows_ = rows;
  }
  /// Counts the rows of a result as they are read, and ends with it. The result keeps the statement.
  static void follow(std::shared_ptr<AuditedStatement> statement, engine::ResultSet& rows);

 private:
  void count(const engine::ResultSet::Step& step);

  state::AuditTrail& trail_;
  state::AuditRecord begun_;
  std::int64_t started_us_;
  std::int64_t rows_ = 0;
  std::string written_ = {};
  bool has_ended_ = false;
};

/// What one session does, put on record. One thread at a time.
class SessionAudit {
 public:
  SessionAudit(state::AuditTrail& trail, state::AuditActor actor) : trail_(trail), actor_(std::move(actor)) {}

  void set_application(std::string name) { actor_.application = std::move(name); }
  void set_peer(std::string peer) { actor_.peer = std::move(peer); }

  /// Durable when it returns; null for a statement that reads nothing of the lake: one without FROM, and one
  /// that looks things up in the system catalog only. Errors: audit.unavailable.
  Result<std::shared_ptr<AuditedStatement>> begin(std::string_view sql, const ReadyStatement& ready);
  /// A statement that does not get that far.
  void refuse(std::string_view sql, const Error& error);

 private:
  state::AuditTrail& trail_;
  state::AuditActor actor_;
};

}  // namespace tarn::query
