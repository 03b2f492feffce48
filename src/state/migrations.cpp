#include "state/migrations.h"

#include <fmt/format.h>

#include <array>

#include "state/errors.h"

namespace tarn::state {
namespace {

// Sizes to keep in mind: 28 million arrivals a year. Each index of `arrivals` is therefore either partial and
// small, or appends; only the content index is hit at random.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE marks (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL);
INSERT INTO marks VALUES (1, 0);

CREATE TABLE namespaces (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE namespace_properties (
  namespace TEXT NOT NULL REFERENCES namespaces (name) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (namespace, key)) WITHOUT ROWID;
CREATE TABLE tables (
  namespace TEXT NOT NULL REFERENCES namespaces (name),
  name TEXT NOT NULL,
  metadata_location TEXT NOT NULL,
  previous_metadata_location TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (namespace, name)) WITHOUT ROWID;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  command TEXT NOT NULL,
  started_at_us INTEGER NOT NULL,
  finished_at_us INTEGER,
  outcome TEXT NOT NULL DEFAULT '',
  files_arrived INTEGER NOT NULL DEFAULT 0,
  files_committed INTEGER NOT NULL DEFAULT 0,
  files_quarantined INTEGER NOT NULL DEFAULT 0,
  files_duplicate INTEGER NOT NULL DEFAULT 0,
  records_arrived INTEGER NOT NULL DEFAULT 0,
  records_committed INTEGER NOT NULL DEFAULT 0,
  records_quarantined INTEGER NOT NULL DEFAULT 0,
  records_duplicate INTEGER NOT NULL DEFAULT 0,
  bytes_raw INTEGER NOT NULL DEFAULT 0,
  batches INTEGER NOT NULL DEFAULT 0);

-- state: 0 writing, 1 committed, 2 abandoned
CREATE TABLE batches (
  seq INTEGER PRIMARY KEY,
  batch_id TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  started_at_us INTEGER NOT NULL,
  finished_at_us INTEGER,
  run_id INTEGER REFERENCES runs (id));
CREATE INDEX batches_unfinished ON batches (seq) WHERE state = 0;
CREATE TABLE batch_tables (
  batch_seq INTEGER NOT NULL REFERENCES batches (seq),
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  rows_added INTEGER NOT NULL,
  rows_deleted INTEGER NOT NULL,
  snapshot_id INTEGER NOT NULL,
  PRIMARY KEY (batch_seq, namespace, name)) WITHOUT ROWID;

CREATE TABLE sources (id INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE);

-- state: 0 landed, 1 committed, 2 quarantined, 3 duplicate, 4 unmatched
-- duplicate_of has no foreign key: removing an unmatched arrival would search the whole table for children.
-- duplicates counts the arrivals that name this one as their original.
CREATE TABLE arrivals (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_id INTEGER NOT NULL REFERENCES sources (id),
  path TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  sha256 BLOB,
  state INTEGER NOT NULL,
  duplicate_of INTEGER,
  duplicates INTEGER NOT NULL DEFAULT 0,
  landed_at_us INTEGER NOT NULL,
  settled_at_us INTEGER,
  batch_seq INTEGER REFERENCES batches (seq),
  feeds TEXT NOT NULL DEFAULT '',
  members INTEGER NOT NULL DEFAULT 0,
  records_arrived INTEGER NOT NULL DEFAULT 0,
  records_committed INTEGER NOT NULL DEFAULT 0,
  records_quarantined INTEGER NOT NULL DEFAULT 0,
  records_superseded INTEGER NOT NULL DEFAULT 0,
  bytes_raw INTEGER NOT NULL DEFAULT 0,
  error_code TEXT NOT NULL DEFAULT '',
  error_message TEXT NOT NULL DEFAULT '');
CREATE INDEX arrivals_content ON arrivals (source_id, sha256)
  WHERE duplicate_of IS NULL AND sha256 IS NOT NULL;
CREATE INDEX arrivals_not_committed ON arrivals (state) WHERE state <> 1;
CREATE INDEX arrivals_landed_at ON arrivals (landed_at_us);

CREATE TABLE known_files (
  source_id INTEGER NOT NULL REFERENCES sources (id),
  path TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  arrival_id INTEGER NOT NULL,
  matched INTEGER NOT NULL,
  PRIMARY KEY (source_id, path)) WITHOUT ROWID;

-- Running sums of `arrivals`, kept in the same transactions.
CREATE TABLE ledger_totals (
  source_id INTEGER NOT NULL REFERENCES sources (id),
  state INTEGER NOT NULL,
  files INTEGER NOT NULL DEFAULT 0,
  size_bytes INTEGER NOT NULL DEFAULT 0,
  bytes_raw INTEGER NOT NULL DEFAULT 0,
  members INTEGER NOT NULL DEFAULT 0,
  records_arrived INTEGER NOT NULL DEFAULT 0,
  records_committed INTEGER NOT NULL DEFAULT 0,
  records_quarantined INTEGER NOT NULL DEFAULT 0,
  records_superseded INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (source_id, state)) WITHOUT ROWID;

-- level: 0 record, 1 member, 2 file; status: 0 open, 1 replayed, 2 discarded
-- raw comes last, so that lists without it never read its overflow pages.
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY,
  arrival_id INTEGER NOT NULL REFERENCES arrivals (id),
  feed TEXT NOT NULL,
  table_name TEXT NOT NULL,
  source_file TEXT NOT NULL,
  member TEXT NOT NULL,
  record INTEGER,
  line INTEGER,
  column_number INTEGER,
  field TEXT NOT NULL,
  level INTEGER NOT NULL,
  code TEXT NOT NULL,
  rule TEXT NOT NULL,
  reason TEXT NOT NULL,
  contract_version INTEGER NOT NULL,
  batch_id TEXT NOT NULL,
  created_at_us INTEGER NOT NULL,
  status INTEGER NOT NULL DEFAULT 0,
  status_changed_at_us INTEGER,
  note TEXT NOT NULL DEFAULT '',
  raw BLOB NOT NULL);
CREATE INDEX quarantine_arrival ON quarantine (arrival_id);
CREATE INDEX quarantine_groups ON quarantine (status, feed, code);
)sql";

// Late records are some of the committed ones.
constexpr std::string_view kVersion2 = R"sql(
ALTER TABLE arrivals ADD COLUMN records_late INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger_totals ADD COLUMN records_late INTEGER NOT NULL DEFAULT 0;
CREATE TABLE feed_watermarks (
  feed TEXT PRIMARY KEY,
  event_time_us INTEGER NOT NULL,
  records_late INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// kind: 0 table, 1 view. replay: the target whose answer is the reply's body, where `body` is too long to
// keep.
constexpr std::string_view kVersion3 = R"sql(
ALTER TABLE tables ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
CREATE TABLE replies (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  replay TEXT NOT NULL,
  created_at_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX replies_created_at ON replies (created_at_us);
)sql";

// What maintenance last did to each table.
constexpr std::string_view kVersion4 = R"sql(
CREATE TABLE table_maintenance (
  schema_name TEXT NOT NULL,
  table_name TEXT NOT NULL,
  checked_at_us INTEGER NOT NULL,
  changed_at_us INTEGER,
  actions TEXT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (schema_name, table_name)) WITHOUT ROWID;
)sql";

// through_id: the last arrival that is in; waiting: earlier ones that are not, joined with commas.
constexpr std::string_view kVersion5 = R"sql(
CREATE TABLE backfills (
  feed TEXT PRIMARY KEY,
  beside TEXT NOT NULL,
  contract TEXT NOT NULL,
  from_us INTEGER,
  to_us INTEGER,
  switched INTEGER NOT NULL,
  through_id INTEGER NOT NULL,
  waiting TEXT NOT NULL,
  files INTEGER NOT NULL,
  records_committed INTEGER NOT NULL,
  records_quarantined INTEGER NOT NULL,
  started_at_us INTEGER NOT NULL,
  changed_at_us INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// The chain of the audit (audit/audit_chain.h), which grows by two records a statement. Nothing here is ever
// changed but the one row of the head.
constexpr std::string_view kVersion6 = R"sql(
CREATE TABLE audit_records (
  sequence INTEGER PRIMARY KEY,
  at_us INTEGER NOT NULL,
  event TEXT NOT NULL,
  begun INTEGER,
  user_name TEXT NOT NULL,
  roles TEXT NOT NULL,
  door TEXT NOT NULL,
  peer TEXT NOT NULL,
  application TEXT NOT NULL,
  session_id TEXT NOT NULL,
  statement TEXT NOT NULL,
  tables TEXT NOT NULL,
  columns TEXT NOT NULL,
  policy TEXT NOT NULL,
  outcome TEXT NOT NULL,
  row_count INTEGER,
  duration_ms INTEGER,
  hash BLOB NOT NULL);
CREATE INDEX audit_records_begun ON audit_records (begun) WHERE begun IS NOT NULL;
CREATE TABLE audit_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL,
  at_us INTEGER NOT NULL);
)sql";

// Tables without a name whose files wait for their removal.
constexpr std::string_view kVersion7 = R"sql(
CREATE TABLE dropped_tables (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  metadata_location TEXT NOT NULL,
  location TEXT NOT NULL,
  dropped_at_us INTEGER NOT NULL);
)sql";

// What SQL said of users and roles, one document after another.
constexpr std::string_view kVersion8 = R"sql(
CREATE TABLE access_rules (
  revision INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  changed_at_us INTEGER NOT NULL,
  changed_by TEXT NOT NULL);
)sql";

Status check_known(const SchemaVersion& version, std::size_t newest) {
  if (version.empty()) return ok_status();
  if (version.application_id != kApplicationId)
    return Error(kNotState, "the database holds tables, but not tarn's state");
  if (version.number > static_cast<std::int64_t>(newest))
    return Error(kNewerSchema, fmt::format("the state database has schema version {}; this tarn knows {}",
                                           version.number, newest));
  return ok_status();
}

Status apply(Connection& connection, std::span<const std::string_view> steps) {
  // Read again under the lock: another process may have been faster.
  TARN_ASSIGN_OR_RETURN(const SchemaVersion version, connection.schema_version());
  TARN_RETURN_IF_ERROR(check_known(version, steps.size()));
  for (std::size_t step = static_cast<std::size_t>(version.number); step < steps.size(); ++step)
    TARN_RETURN_IF_ERROR(connection.execute(connection.definition(steps[step])));
  TARN_RETURN_IF_ERROR(
      connection.set_schema_version(kApplicationId, static_cast<std::int64_t>(steps.size())));
  return connection.commit();
}

}  // namespace

std::span<const std::string_view> migrations() {
  static constexpr std::array kSteps = {kVersion1, kVersion2, kVersion3, kVersion4,
                                        kVersion5, kVersion6, kVersion7, kVersion8};
  return kSteps;
}

Status migrate(Connection& connection, std::span<const std::string_view> steps) {
  TARN_ASSIGN_OR_RETURN(const SchemaVersion version, connection.schema_version());
  TARN_RETURN_IF_ERROR(check_known(version, steps.size()));
  if (version.number == static_cast<std::int64_t>(steps.size())) return ok_status();
  TARN_RETURN_IF_ERROR(connection.begin_migration());
  Status applied = apply(connection, steps);
  if (!applied.ok()) connection.rollback();
  return applied;
}

Status check_schema(Connection& connection, std::span<const std::string_view> steps) {
  TARN_ASSIGN_OR_RETURN(const SchemaVersion version, connection.schema_version());
  TARN_RETURN_IF_ERROR(check_known(version, steps.size()));
  if (version.number < static_cast<std::int64_t>(steps.size()))
    return Error(kNeedsMigration, fmt::format("the state database has schema version {}; this tarn needs {}",
                                              version.number, steps.size()));
  return ok_status();
}

}  // namespace tarn::state
