#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "engine/appender.h"
#include "engine/result_set.h"
#include "engine/row_filter.h"

struct ArrowSchema;

namespace tarn::engine {

/// What a statement does, as far as callers need to tell.
enum class StatementKind : std::uint8_t {
  kSelect,  ///< Also DESCRIBE, SHOW, SUMMARIZE, VALUES, FROM-first, most PRAGMAs.
  kExplain,
  kPrepare,
  kExecute,
  kSet,
  kTransactionControl,
  kCall,
  kPragma,
  kCopy,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kCreate,
  kAlter,
  kDrop,
  kAttach,
  kLoad,
  kOther,
};

struct BinaryValue {
  std::string bytes;
};
/// A parameter's value: NULL, or of a type of its own. Text is as an SQL string literal: it takes the type of
/// its surroundings.
using ParameterValue = std::variant<std::monostate, bool, std::int64_t, double, std::string, BinaryValue>;

/// A prepared statement. Used by one thread at a time; must not outlive its connection.
class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  StatementKind kind() const;
  /// Names without the `$`, in order of position; positional ones are "1", "2" …
  const std::vector<std::string>& parameters() const;
  /// Gives a parameter a value as an SQL string literal would: it takes the type of its surroundings.
  /// Errors: sql.parameter when there is none of that name.
  Status bind(std::string_view name, std::string_view value);
  Status bind_null(std::string_view name);
  Status bind_value(std::string_view name, const ParameterValue& value);
  /// What the statement takes for its n-th parameter, as far as that is known yet.
  ColumnType parameter_type(std::size_t index) const;
  /// The columns of its answer, before it is run; of those that depend on parameters of unknown type the type
  /// is unknown, too, and where nothing is known there is one of that kind.
  std::vector<Column> columns() const;
  /// The same as Arrow's C data interface has it. `out` is the caller's to release; false, and nothing in
  /// `out`, when a type depends on parameters.
  Result<bool> describe_arrow(::ArrowSchema& out) const;

  /// Runs the statement; rows come as they are computed. The connection can do nothing else until the result
  /// is destroyed or read to its end.
  Result<ResultSet> execute();

 private:
  friend class Connection;
  struct Impl;
  explicit Statement(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A session with the engine. Used by one thread at a time, but for interrupt() and progress().
/// Errors carry their place in the text that was given: line, column and the caret's length.
class Connection {
 public:
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// From now on errors of prepared statements tell nothing of files, memory and the engine's inside.
  void hide_machine();

  /// Runs one or more statements and drops their results.
  Status run(std::string_view sql);
  /// Prepares exactly one statement. `source` names the text in errors ("report.sql").
  Result<Statement> prepare(std::string_view sql, std::string_view source = "sql");
  /// prepare() and execute().
  Result<ResultSet> query(std::string_view sql, std::string_view source = "sql");
  /// The tables that one statement names and that are not here yet, as they are written
  /// ("curated.encounter", with its alias), sorted; common table expressions are not tables, views are seen
  /// through. The engine guesses at the columns of tables it does not have, and gives up where it cannot
  /// (`USING (id)`): sql.binder. Other errors: sql.syntax.
  Result<std::vector<std::string>> table_names(std::string_view sql);
  /// How the engine parses statements, as the JSON of its function json_serialize_sql: `{"error": false,
  /// "statements": […]}`, or `{"error": true, "error_type": …}` for what is not SQL or holds a statement
  /// without rows. Nothing is bound or run.
  Result<std::string> parse_tree(std::string_view sql);
  /// Adds rows to an existing table of this database.
  Result<Appender> append_to(const TableName& table);

  /// Gives the filter a number by which statements of any connection of the database name it.
  RowFilterUse use_filter(std::shared_ptr<RowFilter> filter);

  /// Tells it apart from the other connections of its database.
  std::uint64_t id() const;
  /// Cancels the running statement, which answers sql.interrupted. From any thread.
  void interrupt();
  /// How much of the running statement is done, 0 … 100; negative when that is not known. From any thread.
  double progress() const;

 private:
  friend class ArrowImport;
  friend class Database;
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::engine
