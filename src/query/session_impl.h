#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/access/principal.h"
#include "query/access/statement_tree.h"
#include "query/audit/session_audit.h"
#include "query/ops_tables.h"
#include "query/postgres/system_catalog.h"
#include "query/rewrite.h"
#include "query/session.h"
#include "query/statement_plan.h"
#include "query/views/lake_views.h"
#include "query/views/view_text.h"
#include "query/writes/lake_transaction.h"
#include "query/writes/write_statement.h"
#include "table/rows/row_stream.h"

/// For this library only.
namespace tarn::query {

/// `USE main` goes back to none.
inline constexpr std::string_view kNoSchema = "main";

/// What a query names and reads, for the audit.
struct QueryReads {
  std::string sql = {};
  std::vector<PlacedUse> tables = {};                        ///< Where `sql` names them.
  std::vector<std::shared_ptr<const ViewFacts>> views = {};  ///< Of them, in their order.
};

/// What a statement reads, for the audit.
struct StatementReads {
  std::vector<PlacedUse> tables = {};
  std::vector<std::shared_ptr<const ViewFacts>> views = {};  ///< Of `tables`, in their order.
  std::vector<QueryReads> through = {};                      ///< The lake's views that it goes through.
  std::vector<std::string> ops = {};
  std::vector<std::string> written = {};  ///< Tables that the statement changes.
  bool looks_up = false;                  ///< The system catalog.
  bool changes_access = false;            ///< GRANT and the like.
};

inline Lake with_staged(Lake lake, const StagedTables& staged) {
  if (lake.writing != nullptr) lake.staged = &staged;
  return lake;
}

/// A statement whose tables are views of the engine now.
struct ReadyStatement {
  explicit ReadyStatement(std::string text) : sql(std::move(text)) {}
  ReadyStatement(const ReadyStatement&) = delete;
  ReadyStatement& operator=(const ReadyStatement&) = delete;

  std::string sql;
  Rewrite rewrite{sql};    ///< What the engine is given.
  bool names_ops = false;  ///< Tables of `ops`.
  StatementReads reads = {};
  std::optional<StatementReads> executed = {};  ///< Those of what EXECUTE names.
};

/// A view of the lake while a statement over it is made ready.
struct OpenedView {
  TableName name;
  std::shared_ptr<const iceberg::ViewMetadata> metadata;
  std::unique_ptr<ReadyStatement> query;
  StatementNeeds needs;
  std::size_t relations = 0;  ///< That it stands for, its views written out.
};

/// Puts the engine's names of what `needs` names into a text, and returns their schemas. `used` are those of
/// the tables, in their order. `keeps_bare`: names without a schema stay, which the engine finds in its path.
std::vector<std::string> put_names(const StatementNeeds& needs, std::span<const UsedView> used,
                                   bool keeps_bare, Rewrite& rewrite);

struct Session::Impl {
  Impl(engine::Database& the_engine, std::unique_ptr<engine::Connection> connected, const Lake& the_lake,
       const StatementRights& the_rights)
      : engine(the_engine),
        connection(std::move(connected)),
        database(fmt::format("session_{}", connection->id())),
        transaction(the_lake),
        lake(with_staged(the_lake, transaction)),
        rights(the_rights),
        views(*connection, lake),
        ops(*connection, lake.state, lake.catalog),
        system(*connection) {}
  ~Impl() {
    // A connection that is closing leaves nothing behind but its database; nobody can be told of an error.
    (void)connection->run("USE memory.main; DETACH " + database);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  engine::Database& engine;
  std::unique_ptr<engine::Connection> connection;
  std::string database;         ///< Of the engine, with the views of this session alone.
  LakeTransaction transaction;  ///< Of one statement, or from BEGIN to COMMIT.
  Lake lake;
  StatementRights rights;
  LakeViews views;
  OpsTables ops;
  KnownNames known;
  std::set<std::string> temporary;
  std::optional<postgres::Identity> identity;  ///< Of clients that speak PostgreSQL's dialect.
  postgres::SystemCatalog system;
  bool has_system = false;                      ///< It was made.
  AllowedNames system_names;                    ///< What it consists of, once a user's statement needed it.
  std::shared_ptr<const Principal> principal;   ///< Null: the owner, who sees everything.
  std::map<std::string, std::string> prepared;  ///< PREPARE statements by the name that they give.
  std::function<bool()> is_current;             ///< SessionClient::is_current.
  std::optional<SessionAudit> audit;            ///< Where what the session does is recorded.
  bool in_transaction = false;                  ///< BEGIN … COMMIT.
  AccessEditor* editor = nullptr;               ///< SessionClient::editor.
  OpenAs open_as;                               ///< SessionClient::open_as.
  std::mutex inner_mutex;                       ///< Of `inner`.
  Session* inner = nullptr;                     ///< Of another user, that a statement of this one runs in.
  std::vector<AccessStatement> access_changes;  ///< Of the transaction, for its commit.
  bool has_answer = false;                      ///< What RETURNING gave is still there.
  /// Rows that INSERT and COPY brought and that are in no file yet, by table: they wait in the engine.
  std::map<TableName, std::int64_t> pending;
  struct Savepoint {
    std::string name;
    std::shared_ptr<const LakeTransaction::State> state;
    std::size_t access_changes = 0;
  };
  std::vector<Savepoint> savepoints;
  Result<std::vector<Savepoint>::iterator> find_savepoint(const std::string& name);
  std::string write_target;  ///< The view of kWriteSchema that the statement may name; empty: none.

  Result<engine::ResultSet> run(std::string_view sql, const RunOptions& options);
  Result<std::unique_ptr<ReadyStatement>> make_ready(std::string_view sql, const RunOptions& options);
  Result<std::unique_ptr<ReadyStatement>> look_up(std::string_view sql, const RunOptions& options);
  Result<engine::Statement> prepare(const ReadyStatement& ready, const RunOptions& options);
  Result<engine::ResultSet> execute(const ReadyStatement& ready, engine::Statement& statement,
                                    const RunOptions& options);
  /// Puts a client's statement on record before it runs, and how it ended behind it.
  Result<engine::ResultSet> answer(std::string_view sql, const ReadyStatement& ready,
                                   engine::Statement& statement, const RunOptions& options);
  void refuse(std::string_view sql, const Error& error);
  Result<std::string> expand(std::string_view sql);
  std::string expand_show(std::string_view sql, const std::vector<Token>& tokens) const;
  Result<std::string> expand_use(std::string_view sql, const std::vector<Token>& tokens);
  /// The statement in the engine's dialect; the system catalog is there when it needs that.
  Result<std::string> translate(std::string_view sql, bool& names_system);
  /// Where the engine looks for names, as a statement that says so.
  std::string path_statement() const;
  /// What becomes of names without a schema.
  enum class Bare : std::uint8_t { kInPath, kReplaced };
  Status provide(const StatementNeeds& needs, const RunOptions& options, ReadyStatement& ready,
                 Bare bare = Bare::kInPath);
  /// Which states of which tables are named; what is no table is left out.
  Result<std::vector<TableUse>> uses_of(const StatementNeeds& needs, std::string_view sql,
                                        const RunOptions& options);
  /// Errors: access.changed.
  Status check_current() const;
  /// Brings the names that there are up to date.
  Status look_around();
  // In views/session_views.cpp:
  /// Adds the views that `needs` names to `opened`, each behind those that it names itself.
  Status open_views(const StatementNeeds& needs, std::vector<OpenedView>& opened,
                    std::vector<TableName>& within);
  Result<OpenedView> open_view(const TableName& name);
  Result<OpenedView> opened_view(const TableName& name, const ViewText& text) const;
  Result<std::string> translate_view(const ViewText& text) const;
  /// Lets the engine know a view. `used` are the views of its tables, in their order.
  Status make_view(OpenedView& view, std::span<const UsedView> used, ReadyStatement& ready);
  Error unreadable_view(const TableName& name, const Error& error) const;
  Result<table::SnapshotSelector> resolve(const TimeTravel& at, const RunOptions& options);
  Result<std::string> evaluate(const std::string& expression, const RunOptions& options);
  Status bind(engine::Statement& statement, const RunOptions& options) const;
  Status prepare_schemas();
  Status prepare_again(ReadyStatement& ready, const RunOptions& options);
  void remember(std::string_view sql);
  Error unknown_table(std::string_view sql, Error error) const;
  // In writes/session_writes.cpp:
  bool can_write() const;
  /// Nothing: the statement changes nothing of the lake.
  Result<std::optional<WriteStatement>> read_write(std::string_view sql) const;
  using Bind = std::function<Status(engine::Statement& statement)>;
  /// Runs a statement that changes the lake, and what begins and ends transactions; its answer has the count
  /// of rows. Nothing: it is another statement. Without `bind` the parameters of `options` are bound.
  Result<std::optional<engine::ResultSet>> run_change(std::string_view sql, const RunOptions& options,
                                                      const Bind& bind = {});
  struct PreparedChange {
    engine::Statement statement;  ///< For its parameters only.
    engine::StatementKind kind;
    std::optional<engine::Statement> returned;  ///< For its columns.
  };
  Result<std::optional<PreparedChange>> prepare_change(std::string_view sql, const RunOptions& options);
  /// The count of a statement that has no rows.
  Result<engine::ResultSet> count_as_rows(std::int64_t count);
  /// BEGIN, COMMIT and ROLLBACK as SQL. Nothing: it is none of them.
  Result<std::optional<engine::ResultSet>> run_transaction(std::string_view sql);
  Status begin();
  Status commit();
  void roll_back();
  Status save(const std::string& name);
  Status restore(const std::string& name);
  Status release(const std::string& name);
  /// Where the rows that wait for a table are; made when it is not there.
  Result<std::string> ensure_stage(const catalog::Table& table);
  /// Writes rows into files for a table; they are the transaction's.
  Result<std::unique_ptr<table::RowStream>> stream(engine::ResultSet& rows, const catalog::Table& table,
                                                   table::StreamColumns columns);
  void drop_stage(TableName table);
  /// Writes rows that wait into files; of all tables, or of one.
  Status flush_all();
  Status flush(const TableName& table);
  // In access/access_changes.cpp: CREATE USER, GRANT and the like.
  bool may_administer() const;
  /// Nothing: it is another statement. Errors: access.not_administrator.
  Result<std::optional<AccessStatement>> read_access(std::string_view sql) const;
  /// In a transaction it is kept with the commit.
  Status change_access(std::string_view sql, AccessStatement statement);
  Status keep_access_changes();
  Status check_next(std::shared_ptr<const AccessPolicy> next) const;
  // In access/session_access.cpp:
  Status become(std::shared_ptr<const Principal> who);
  Status check_kind(std::string_view sql) const;
  Result<std::vector<TableName>> list_tables() const;
  Result<std::vector<TableName>> list_views() const;
  std::vector<std::string_view> ops_names() const;
  /// A user's statement as the engine will get it. `schemas` are those of the views of `needs.tables`.
  Status check_tree_of(const ReadyStatement& ready, const StatementNeeds& needs,
                       const std::vector<std::string>& schemas);
  /// A query that may name these and nothing else.
  Status check_rows(const ReadyStatement& ready, std::size_t rows_begin, const AllowedNames& allowed) const;
  AllowedNames allowed_names(const StatementNeeds& needs, const std::vector<std::string>& schemas) const;
  Status allow_system(AllowedNames& allowed);
  /// An expression of a user that is evaluated by itself.
  Status check_expression(const std::string& expression);
  Error explain(Error error, const ReadyStatement& ready, const RunOptions& options) const;
};

}  // namespace tarn::query
