#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/database.h"
#include "query/access/access_editor.h"
#include "query/access/principal.h"
#include "query/audit/session_audit.h"
#include "query/lake.h"
#include "query/lexer.h"
#include "query/postgres/identity.h"
#include "query/statement_rules.h"
#include "query/visible_tables.h"
#include "query/writes/copy_in.h"
#include "query/writes/load_in.h"

namespace tarn::query {

using Parameters = std::map<std::string, std::string, std::less<>>;

class Session;
/// A session of another user, of the owner for an empty name. Errors: access.unknown_user and those of
/// Session::open().
using OpenAs = std::function<Result<std::unique_ptr<Session>>(const std::string& user)>;

/// Who a session is for.
struct SessionClient {
  std::shared_ptr<const Principal> principal = nullptr;  ///< Null: the owner, who sees everything.
  /// Where what the session does is put on record, and for whom; its roles are the principal's. Must outlive
  /// the session. Null for what Tarn asks itself: every door that serves somebody has one.
  state::AuditTrail* audit = nullptr;
  state::AuditActor actor = {};
  /// Whether the principal's rights are still what they were; empty: they are. Any thread.
  std::function<bool()> is_current = {};
  /// Where CREATE USER, GRANT and the like go, if the owner or a principal who administers says them; null:
  /// nowhere. Must outlive the session.
  AccessEditor* editor = nullptr;
  /// For materialized views that others made: they are computed with their makers' rights. Empty: they cannot
  /// be refreshed.
  OpenAs open_as = {};
};

/// What becomes of a statement that cannot be prepared: it is put on record, or it was only a try.
enum class Refusal : std::uint8_t { kRecorded, kIgnored };

/// How one statement is run.
struct RunOptions {
  Parameters parameters = {};  ///< Values of `$name`; those that the statement does not name are left out.
  std::string source = "sql";  ///< What errors call the text ("report.sql").
  std::string copy_to_parquet =
      "";  ///< A path: the rows are written there, and only their count is answered.
};

/// A statement that may be run many times. Belongs to its session's thread, and must not outlive the session.
class PreparedStatement {
 public:
  engine::StatementKind kind() const { return writes_ ? *writes_ : statement_.kind(); }
  /// Of `$1`, `$name`: without the `$`, in order of position.
  const std::vector<std::string>& parameters() const { return statement_.parameters(); }
  /// As far as it is known before there are values.
  engine::ColumnType parameter_type(std::size_t index) const { return statement_.parameter_type(index); }
  std::vector<engine::Column> columns() const { return (returned_ ? *returned_ : statement_).columns(); }
  /// It changes the lake, and answers with a count …
  bool writes() const { return writes_.has_value(); }
  /// … unless it has RETURNING.
  bool returns_rows() const { return returned_.has_value(); }
  /// See engine::Statement::describe_arrow().
  Result<bool> describe_arrow(::ArrowSchema& out) const {
    return (returned_ ? *returned_ : statement_).describe_arrow(out);
  }

 private:
  friend class Session;
  PreparedStatement(std::string sql, std::string source, engine::Statement statement)
      : sql_(std::move(sql)), source_(std::move(source)), statement_(std::move(statement)) {}

  std::string sql_;
  std::string source_;
  std::string text_ = {};         ///< What the engine was given, …
  std::uint64_t generation_ = 0;  ///< … and which views it saw.
  engine::Statement statement_;
  std::optional<engine::StatementKind> writes_ = {};  ///< Of a statement that changes the lake.
  std::optional<engine::Statement> returned_ = {};    ///< What its RETURNING gives.
};

/// The rows of a statement that are read while others of its session run. Belongs to its session's thread,
/// but for interrupt(); must not outlive the session.
class Cursor {
 public:
  /// Runs the statement. Call once, before rows(). Errors: those of the engine.
  Status start();
  engine::ResultSet& rows() { return *rows_; }
  /// Cancels start() and rows().next(). From any thread.
  void interrupt() { connection_->interrupt(); }

 private:
  friend class Session;
  Cursor(std::unique_ptr<engine::Connection> connection, engine::Statement statement,
         std::shared_ptr<AuditedStatement> audited)
      : connection_(std::move(connection)), statement_(std::move(statement)), audited_(std::move(audited)) {}

  std::unique_ptr<engine::Connection> connection_;
  engine::Statement statement_;
  std::shared_ptr<AuditedStatement> audited_;
  std::optional<engine::ResultSet> rows_;
};

/// A user's SQL over the lake's tables by name. Each statement sees one consistent state of every table that
/// it names, and the next statement sees what was committed since.
///
///   TARN_ASSIGN_OR_RETURN(auto session, Session::open(engine, {catalog, state, manifests}, {}));
///   for (const StatementText& statement : split_statements(script)) {
///     TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, session->run(statement, {.source = "report.sql"}));
///   }
///
/// Tables: `curated.encounter`, `a.b.table` or `"a.b".table`; `FROM t AT (VERSION => id)`, `AT (TIMESTAMP =>
/// time)`, `AT (TAG => 'name')`, `AT (BRANCH => 'name')`; `ops.files`, `ops.quarantine`, `ops.runs`,
/// `ops.batches`, `ops.snapshots`, `ops.tables`, `ops.columns`, `ops.audit`. One thread at a time, but for
/// interrupt() and progress().
///
/// Statements of a client with an audit are put on record before they run; see docs/audit.md. Where that
/// fails they are refused: audit.unavailable.
///
/// With a principal the session is a user's: it sees what her roles allow and nothing else, whatever she
/// says, and may do no more than `rights` and access/served_statement.h allow. Without one it is the owner's.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open(engine::Database& engine, const Lake& lake,
                                               const StatementRights& rights, SessionClient client = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Runs one statement. Read the result to its end, or drop it, before the next call. Errors: those of
  /// query/errors.h, engine/errors.h, the catalog and the tables; spans are places in the statement's script.
  Result<engine::ResultSet> run(const StatementText& statement, const RunOptions& options);

  /// Prepares one statement; its parameters get their values in execute(). Errors: as of run().
  Result<PreparedStatement> prepare(const StatementText& statement, const std::string& source = "sql",
                                    Refusal refusal = Refusal::kRecorded);
  /// Runs it on the present state of the tables. `values[0]` is that of `$1`.
  Result<engine::ResultSet> execute(PreparedStatement& prepared,
                                    std::span<const engine::ParameterValue> values);

  /// The same, with rows that stay readable whatever the session does next. Temporary tables are not seen.
  Result<Cursor> open_cursor(const PreparedStatement& prepared,
                             std::span<const engine::ParameterValue> values);

  /// From begin() to commit() what statements write is seen by this session alone. Statements outside are
  /// committed one by one. Errors of commit(): catalog.commit_conflict (the tables changed since: repeat the
  /// transaction) and those of the catalog; nothing was written then. Without writes all three do nothing.
  Status begin();
  Status commit();
  void roll_back();
  /// Points of the transaction to go back to; the last one of a name counts. Errors: sql.transaction.
  Status save(const std::string& name);
  Status restore(const std::string& name);
  Status release(const std::string& name);

  /// Takes rows for a table, as COPY … FROM STDIN does. `table` and `columns` as SQL writes them; `sql` is
  /// for the audit. Errors: as of an INSERT.
  Result<std::unique_ptr<CopyIn>> begin_copy(std::string_view sql, const CopyTarget& target);

  /// Takes Arrow's batches for a table. `columns` have `names` and stay the caller's to release. Errors: as
  /// of an INSERT, sql.not_implemented for types that the engine lacks.
  Result<std::unique_ptr<LoadIn>> begin_load(const LoadTarget& target, ::ArrowSchema& columns,
                                             const std::vector<std::string>& names);

  /// What the roles of its user leave to each statement; the owner has no limits.
  const SessionLimits& limits() const;
  /// False: its user's rights have changed, and it runs nothing any more. Any thread.
  bool is_current() const;

  /// Cancels the running statement. From any thread.
  void interrupt();
  /// 0 … 100, negative when it is not known. From any thread.
  double progress() const;

  /// From now on statements may be in PostgreSQL's dialect, and its system catalog and information_schema are
  /// there, of what the user may see. Call it again when something in `identity` changed.
  void speak_postgres(postgres::Identity identity);

  /// Who calls, where sessions of a user serve one call after another. For the audit.
  void serve_call(std::string peer, std::string application);

  /// Names without a schema are looked for in the first of `schemas` that there is; in none when there is
  /// none.
  Status use_first(const std::vector<std::string>& schemas);

  /// Every table's full name as SQL writes it, the `ops` ones included; sorted.
  Result<std::vector<std::string>> table_names();
  /// The same with their columns, keys and descriptions, not sorted.
  Result<std::vector<VisibleTable>> tables();
  /// The columns of one of table_names(), in order.
  Result<std::vector<std::string>> column_names(const std::string& table);

 private:
  friend class CopyIn;
  friend class LoadIn;
  friend class StatementWriter;
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A name as SQL writes it: quoted only where it must be.
std::string sql_name(std::string_view name);

}  // namespace tarn::query
