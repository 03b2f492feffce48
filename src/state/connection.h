#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/result.h"

/// One connection to the database of the state, for this library only. Two adapters know what SQLite
/// (sqlite/) and PostgreSQL (postgres/) have of their own; statements are written once, for both:
///
/// - parameters are `?` or `?1` …; RETURNING tells new ids; a sum is cast to BIGINT; sub-selects have names;
/// - text is any bytes, compared by bytes; `x GLOB ?` is understood by both;
/// - a parameter's type must show from where it is used first: `folder = ?1 OR ?1 = ''`, not the other way.
///
/// One thread at a time.
namespace tarn::state {

/// Bytes, where a string_view would be bound as text.
struct Blob {
  std::string_view bytes;
};

/// A parameter; std::monostate is NULL.
using Parameter = std::variant<std::monostate, std::int64_t, std::string_view, Blob>;

/// A statement of an adapter, as prepared by Connection::prepare().
class PreparedStatement {
 public:
  PreparedStatement() = default;
  virtual ~PreparedStatement() = default;
  PreparedStatement(const PreparedStatement&) = delete;
  PreparedStatement& operator=(const PreparedStatement&) = delete;

  /// Starts anew. What is bound is copied; an error surfaces at the next step().
  virtual void bind(std::span<const Parameter> parameters) = 0;
  virtual Result<bool> step() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  /// The bytes of a text or a blob; empty for NULL.
  virtual std::string bytes(int column) const = 0;
};

/// A prepared statement on loan from its connection.
///
///   TARN_ASSIGN_OR_RETURN(Statement find, connection.prepare("SELECT id FROM runs WHERE command = ?"));
///   find.bind("tarn serve");
///   TARN_ASSIGN_OR_RETURN(const bool found, find.step());
class Statement {
 public:
  explicit Statement(std::unique_ptr<PreparedStatement> prepared) : prepared_(std::move(prepared)) {}

  /// Starts anew with these parameters, in order; an error surfaces at the next step(). Bytes are copied.
  template <typename... Values>
  void bind(const Values&... values) {
    const std::array<Parameter, sizeof...(Values)> parameters = {parameter(values)...};
    prepared_->bind(parameters);
  }
  /// True when there is a row.
  Result<bool> step() { return prepared_->step(); }
  /// Steps once, for statements that give no rows.
  Status run() {
    TARN_ASSIGN_OR_RETURN(const bool row, step());
    TARN_CHECK(!row);
    return ok_status();
  }

  // Columns of the present row, from 0.
  bool is_null(int column) const { return prepared_->is_null(column); }
  std::int64_t integer(int column) const { return prepared_->integer(column); }
  std::string text(int column) const { return prepared_->bytes(column); }
  std::string blob(int column) const { return prepared_->bytes(column); }
  std::optional<std::int64_t> optional_integer(int column) const {
    return is_null(column) ? std::optional<std::int64_t>() : integer(column);
  }

 private:
  template <std::integral T>
  static Parameter parameter(T value) {
    return static_cast<std::int64_t>(value);
  }
  static Parameter parameter(std::string_view text) { return text; }
  static Parameter parameter(const Blob& blob) { return blob; }
  template <typename T>
  static Parameter parameter(const std::optional<T>& value) {
    return value ? parameter(*value) : Parameter();
  }

  std::unique_ptr<PreparedStatement> prepared_;
};

/// What a database says of its schema.
struct SchemaVersion {
  std::int64_t objects = 0;  ///< Tables and indices, whosever they are.
  std::int64_t application_id = 0;
  std::int64_t number = 0;
  bool empty() const { return objects == 0 && application_id == 0 && number == 0; }
};

class Connection {
 public:
  Connection() = default;
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virtual Result<Statement> prepare(std::string_view sql) = 0;
  /// Statements without parameters and rows, separated by semicolons, in the database's own words.
  virtual Status execute(const std::string& script) = 0;
  /// Rows that the last statement changed.
  virtual std::int64_t changes() const = 0;

  /// Begins a transaction when no other process is in one; waits for that up to 10 s. Gives the epoch of the
  /// process lock: the number of those who held it so far, where the database counts them, else 0.
  virtual Result<std::int64_t> begin() = 0;
  /// Ends the transaction. An error other than state.commit_unknown means that nothing happened.
  virtual Status commit() = 0;
  /// Nothing happened, whatever this meets.
  virtual void rollback() = 0;
  virtual bool in_transaction() const = 0;
  /// What is read from now on is no older than what any connection read before.
  virtual void renew() {}

  /// Begins a transaction to change the schema, alone even where there is no schema yet.
  virtual Status begin_migration() = 0;
  virtual Result<SchemaVersion> schema_version() = 0;
  virtual Status set_schema_version(std::int64_t application_id, std::int64_t number) = 0;
  /// Definitions of tables (see migrations.cpp) in the database's own words.
  virtual std::string definition(std::string_view ddl) const = 0;
  /// The database's own check of what it holds. state.corrupt.
  virtual Status check() = 0;

  /// One statement without rows; the number of rows it changed.
  template <typename... Values>
  Result<std::int64_t> run(std::string_view sql, const Values&... values) {
    TARN_ASSIGN_OR_RETURN(Statement statement, prepare(sql));
    statement.bind(values...);
    TARN_RETURN_IF_ERROR(statement.run());
    return changes();
  }
  /// The first column of the first row; nothing without a row or when it is null.
  template <typename... Values>
  Result<std::optional<std::int64_t>> integer(std::string_view sql, const Values&... values) {
    TARN_ASSIGN_OR_RETURN(Statement statement, prepare(sql));
    statement.bind(values...);
    TARN_ASSIGN_OR_RETURN(const bool found, statement.step());
    return found ? statement.optional_integer(0) : std::optional<std::int64_t>();
  }
  /// The id that an INSERT … RETURNING gives.
  template <typename... Values>
  Result<std::int64_t> inserted_id(std::string_view sql, const Values&... values) {
    TARN_ASSIGN_OR_RETURN(const std::optional<std::int64_t> id, integer(sql, values...));
    TARN_CHECK(id.has_value());
    return *id;
  }
};

}  // namespace tarn::state
