#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

/// The adapter of SQLite, for this library only: one connection, prepared statements kept by their text.
/// One thread at a time.
namespace tarn::state {

/// Bytes, where a string_view would be bound as text.
struct Blob {
  std::string_view bytes;
};

class Connection;

/// A prepared statement on loan from its connection.
///
///   TARN_ASSIGN_OR_RETURN(Statement find, connection.prepare("SELECT id FROM runs WHERE command = ?"));
///   find.bind("tarn serve");
///   TARN_ASSIGN_OR_RETURN(const bool found, find.step());
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Starts anew with these parameters, in order; an error surfaces at the next step(). Bytes are copied.
  template <typename... Values>
  void bind(const Values&... values) {
    restart();
    int index = 0;
    (bind_one(++index, values), ...);
  }
  /// True when there is a row.
  Result<bool> step();
  /// Steps once, for statements that give no rows.
  Status run();

  // Columns of the present row, from 0.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  std::string blob(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;

 private:
  friend class Connection;
  Statement(Connection& connection, sqlite3_stmt* statement, bool* in_use)
      : connection_(connection), statement_(statement), in_use_(in_use) {}
  void restart();
  void note(int code);
  template <std::integral T>
  void bind_one(int index, T value) {
    bind_integer(index, static_cast<std::int64_t>(value));
  }
  void bind_one(int index, std::string_view text);
  void bind_one(int index, const Blob& blob);
  void bind_one(int index, std::nullopt_t none);
  template <typename T>
  void bind_one(int index, const std::optional<T>& value) {
    value ? bind_one(index, *value) : bind_one(index, std::nullopt);
  }
  void bind_integer(int index, std::int64_t value);

  Connection& connection_;
  sqlite3_stmt* statement_;
  bool* in_use_;  ///< Of the connection's statement; null when this object owns the statement.
  int bind_code_ = 0;
};

class Connection {
 public:
  enum class Access : std::uint8_t { kCreate, kWrite, kRead };
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Access access);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<Statement> prepare(std::string_view sql);
  /// Statements without parameters and rows, separated by semicolons.
  Status execute(const std::string& script);
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

  std::int64_t last_insert_id() const;
  std::int64_t changes() const;
  bool in_transaction() const;
  /// The error of SQLite's last answer on this connection.
  Error error(int code, std::string_view doing) const;

 private:
  struct Prepared {
    sqlite3_stmt* statement = nullptr;
    bool in_use = false;
  };
  explicit Connection(std::string path) : path_(std::move(path)) {}
  std::string path_;
  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string, Prepared> prepared_;
};

}  // namespace tarn::state
