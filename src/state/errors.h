#pragma once

#include <span>

#include "base/error.h"

namespace tarn::state {

inline constexpr ErrorCode kBusy{
    "state.busy", ErrorClass::kTransient, "Another process is writing the state database and did not finish.",
    "Wait until the other tarn command ends, or look for one that hangs; then run the command again."};
inline constexpr ErrorCode kLocked{"state.locked", ErrorClass::kTransient,
                                   "Another tarn process works on this project.",
                                   "Let the process that is named finish, or stop it; then run it again."};
inline constexpr ErrorCode kNotFound{
    "state.not_found", ErrorClass::kUser, "The state database, or an entry of it, does not exist.",
    "Check the name or number; run `tarn ingest` once to make the database."};
inline constexpr ErrorCode kNewerSchema{"state.newer_schema", ErrorClass::kUser,
                                        "The state database was written by a newer tarn.",
                                        "Use the version of tarn that wrote it, or a later one."};
inline constexpr ErrorCode kNeedsMigration{
    "state.needs_migration", ErrorClass::kUser,
    "The state database has an older schema and was opened for reading only.",
    "Run `tarn ingest` or `tarn serve` once: a command that writes brings the schema up to date."};
inline constexpr ErrorCode kNotState{"state.not_state", ErrorClass::kUser,
                                     "The database is that of some other program.",
                                     "Point `state` of tarn.yaml to another file, database or `?schema=`."};
inline constexpr ErrorCode kCorrupt{
    "state.corrupt", ErrorClass::kPermanent, "The state database is damaged or is not a database.",
    "Restore the state from a backup: of a file together with its -wal, of the same moment."};
inline constexpr ErrorCode kDiskFull{"state.disk_full", ErrorClass::kPermanent,
                                     "The disk of the state database is full.",
                                     "Free space, then run the command again: nothing is lost."};
inline constexpr ErrorCode kDenied{
    "state.denied", ErrorClass::kPermanent, "The state database cannot be opened or written.",
    "Give tarn the right to write: to the file and its folder, or to the database and its schema."};
inline constexpr ErrorCode kFailed{"state.failed", ErrorClass::kPermanent,
                                   "Reading or writing the state database failed.",
                                   "Look at the reason given and at the system's log; then run it again."};
inline constexpr ErrorCode kCommitUnknown{
    "state.commit_unknown", ErrorClass::kUnknownOutcome,
    "The state database failed while committing; whether it did is not known.",
    "Run the command again: tarn reads back what happened before it goes on."};
inline constexpr ErrorCode kUnreachable{
    "state.unreachable", ErrorClass::kTransient,
    "The database server of the state cannot be reached, or the connection to it was lost.",
    "Look whether the server runs and `state` of tarn.yaml names it; then run the command again: nothing is "
    "lost."};
inline constexpr ErrorCode kBadLocation{
    "state.bad_location", ErrorClass::kUser, "`state` of tarn.yaml is not a location of PostgreSQL.",
    "Write postgresql://user@host:5432/database, special characters of a password as %40 and the like."};
inline constexpr ErrorCode kInServer{
    "state.in_server", ErrorClass::kUser,
    "The state is in a database server, which `tarn backup` does not copy.",
    "Back up the database as its server offers (pg_dump), between two copies of the warehouse; see "
    "docs/postgresql.md."};
inline constexpr ErrorCode kLockLost{
    "state.lock_lost", ErrorClass::kPermanent,
    "Another tarn process took over the project while this one had lost its connection to the server.",
    "Let the other one go on, or stop it and start this one again: what was not committed is ingested then."};
inline constexpr ErrorCode kNotWritable{"state.read_only", ErrorClass::kBug,
                                        "Something tried to write a state database opened for reading.",
                                        "Report this as a bug of tarn, with the command."};
inline constexpr ErrorCode kNestedTransaction{"state.nested_transaction", ErrorClass::kBug,
                                              "A thread began a transaction while it holds another.",
                                              "Report this as a bug of tarn, with the command."};
inline constexpr ErrorCode kConflict{
    "state.conflict", ErrorClass::kTransient,
    "An entry is not in the state that the change expects: somebody else changed it first.",
    "Look at the entry again, then decide."};
inline constexpr ErrorCode kUnbalanced{"state.unbalanced", ErrorClass::kBug,
                                       "Counts of files or records do not add up.",
                                       "Report this as a bug of tarn, with the state database."};

inline constexpr ErrorCode kAuditUnavailable{
    "audit.unavailable", ErrorClass::kTransient,
    "The audit cannot be written, and what it cannot tell of is not done.",
    "See the reason: most often the state's disk is full, its file cannot be written, or its server is "
    "away."};
inline constexpr ErrorCode kAuditBroken{
    "audit.broken", ErrorClass::kPermanent,
    "The audit is not what was written: somebody changed, removed or inserted records, or cut it off.",
    "Keep the state as it is for whoever looks into it; compare it with a backup from the record that is "
    "named."};
inline constexpr ErrorCode kAuditBadHead{
    "audit.bad_head", ErrorClass::kUser, "The place where the audit should be checked from is not one of it.",
    "Give the file that `tarn audit head --write` made for this project."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::state
