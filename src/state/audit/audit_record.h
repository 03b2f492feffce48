#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"

/// What the audit keeps of statements, requests and logins; see docs/audit.md.
namespace tarn::state {

// What a record tells.
inline constexpr std::string_view kAuditBegun = "begun";        ///< Something is about to be answered.
inline constexpr std::string_view kAuditEnded = "ended";        ///< How that ended.
inline constexpr std::string_view kAuditAnswered = "answered";  ///< Both at once.
inline constexpr std::string_view kAuditRefused = "refused";    ///< It was not even begun.
inline constexpr std::string_view kAuditLogin = "login";

// Outcomes besides the codes of errors.
inline constexpr std::string_view kAuditDone = "done";
inline constexpr std::string_view kAuditUnfinished = "unfinished";  ///< The client did not want all rows.

// Doors.
inline constexpr std::string_view kAuditDoorCli = "cli";
inline constexpr std::string_view kAuditDoorPostgres = "postgres";
inline constexpr std::string_view kAuditDoorFlight = "flight";
inline constexpr std::string_view kAuditDoorRest = "rest";

/// Who, and from where.
struct AuditActor {
  std::string user = {};
  std::string roles = {};  ///< Joined with commas; empty: the owner, who sees everything.
  std::string door = {};
  std::string peer = {};         ///< The client's address; at the command line the system's user.
  std::string application = {};  ///< As the client calls itself.
  std::string session = {};      ///< The same for what one client did in one connection.

  bool operator==(const AuditActor&) const = default;
};

/// One link of the chain. No field holds a value of a table: literals are taken out of statements, and of
/// errors there is the code only.
struct AuditRecord {
  std::int64_t sequence = 0;  ///< From 1, without gaps. Given by append_audit().
  std::int64_t at_us = 0;
  std::string event = {};
  std::optional<std::int64_t> begun = std::nullopt;  ///< Of kAuditEnded: the record that it is the end of.
  AuditActor actor = {};
  std::string statement = {};
  std::string tables = {};   ///< `curated.visit@123, ops.files`: with the snapshots that were read.
  std::string columns = {};  ///< JSON: the columns by table.
  std::string policy = {};   ///< JSON: row filters and masks by table.
  std::string outcome = {};  ///< kAuditDone, kAuditUnfinished, or the code of an error; empty: not known yet.
  std::optional<std::int64_t> rows = std::nullopt;
  std::optional<std::int64_t> duration_ms = std::nullopt;
  Sha256Digest hash = {};  ///< Of the record before and of all above. Given by append_audit().

  bool operator==(const AuditRecord&) const = default;
};

/// Where a chain ends.
struct AuditHead {
  std::int64_t sequence = 0;  ///< 0: no record yet.
  Sha256Digest hash = {};
  std::int64_t at_us = 0;

  bool operator==(const AuditHead&) const = default;
};

}  // namespace tarn::state
