#include <fmt/format.h>
#include <libpq-fe.h>

#include "state/errors.h"
#include "state/postgres/postgres_connection.h"

// What PostgresConnection knows of its schema. The table `tarn_state` is what PRAGMA application_id and
// user_version are to SQLite; its one row is also the lock of all transactions, and holds the epoch and the
// name of who holds the process lock.
namespace tarn::state {

Status PostgresConnection::begin_migration() {
  TARN_RETURN_IF_ERROR(run_script(
      fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({})",
                  kLockClass),
      "beginning a migration"));
  TARN_ASSIGN_OR_RETURN(const auto present, integer("SELECT 1 WHERE to_regclass('tarn_state') IS NOT NULL"));
  if (!present) return ok_status();
  TARN_RETURN_IF_ERROR(run_script("SELECT epoch FROM tarn_state FOR UPDATE", "beginning a migration"));
  return ok_status();
}

Result<SchemaVersion> PostgresConnection::schema_version() {
  SchemaVersion version;
  // What extensions brought is nobody's.
  TARN_ASSIGN_OR_RETURN(
      Statement row,
      prepare("SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
              "WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS "
              "(SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND "
              "d.deptype = 'e')), to_regclass('tarn_state') IS NOT NULL"));
  TARN_RETURN_IF_ERROR(row.step());
  version.objects = row.integer(0);
  if (row.integer(1) == 0) {
    if (version.empty() && access_ != Access::kWrite)
      return Error(kNotFound, "there is no state at " + location_.name);
    return version;
  }
  TARN_ASSIGN_OR_RETURN(Statement marker, prepare("SELECT application_id, version FROM tarn_state"));
  TARN_ASSIGN_OR_RETURN(const bool found, marker.step());
  if (!found) return Error(kCorrupt, location_.name + ": `tarn_state` has no row");
  version.application_id = marker.integer(0);
  version.number = marker.integer(1);
  return version;
}

Status PostgresConnection::set_schema_version(std::int64_t application_id, std::int64_t number) {
  return execute(fmt::format(
      "CREATE TABLE IF NOT EXISTS tarn_state (application_id BIGINT NOT NULL, version BIGINT NOT NULL, "
      "epoch BIGINT NOT NULL, writer BYTEA NOT NULL); "
      "INSERT INTO tarn_state SELECT 0, 0, 0, '' WHERE NOT EXISTS (SELECT 1 FROM tarn_state); "
      "UPDATE tarn_state SET application_id = {}, version = {}",
      application_id, number));
}

Status PostgresConnection::check() {
  TARN_ASSIGN_OR_RETURN(
      Statement broken,
      prepare(
          "SELECT CAST(c.relname AS text) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN "
          "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND NOT i.indisvalid "
          "UNION ALL SELECT CAST(t.conname AS text) FROM pg_constraint t JOIN pg_namespace n ON n.oid = "
          "t.connamespace WHERE n.nspname = current_schema() AND NOT t.convalidated"));
  TARN_ASSIGN_OR_RETURN(const bool found, broken.step());
  if (found) return Error(kCorrupt, fmt::format("{}: `{}` is not valid", location_.name, broken.text(0)));
  // Reads every value of every row, so that the server meets what its disk lost.
  TARN_ASSIGN_OR_RETURN(
      Statement tables,
      prepare("SELECT CAST(quote_ident(tablename) AS text) FROM pg_tables WHERE schemaname = "
              "current_schema()"));
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool more, tables.step());
    if (!more) return ok_status();
    TARN_RETURN_IF_ERROR(run_script(fmt::format("SELECT count(CAST(t AS text)) FROM {} t", tables.text(0)),
                                    "reading every row"));
  }
}

}  // namespace tarn::state
