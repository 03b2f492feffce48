#include "state/sqlite/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <climits>

#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

const ErrorCode& code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return kBusy;
    case SQLITE_FULL:
      return kDiskFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return kCorrupt;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return kDenied;
    default:
      return kFailed;
  }
}

/// `in_use` belongs to the connection's statement; null when the object owns the statement.
class SqliteStatement final : public PreparedStatement {
 public:
  SqliteStatement(const SqliteConnection& connection, sqlite3_stmt* statement, bool* in_use)
      : connection_(connection), statement_(statement), in_use_(in_use) {}

  ~SqliteStatement() override {
    if (in_use_ == nullptr) {
      sqlite3_finalize(statement_);
      return;
    }
    restart();
    sqlite3_clear_bindings(statement_);  // Frees copies of big values.
    *in_use_ = false;
  }

  void bind(std::span<const Parameter> parameters) override {
    restart();
    int index = 0;
    for (const Parameter& parameter : parameters) {
      const int code = bind_one(++index, parameter);
      if (bind_code_ == SQLITE_OK) bind_code_ = code;
    }
  }

  Result<bool> step() override {
    const int code = bind_code_ != SQLITE_OK ? bind_code_ : sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return connection_.error(code, "running a statement");
  }

  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string bytes(int column) const override {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  void restart() {
    // The answer repeats the error of the last step(), which was returned there.
    static_cast<void>(sqlite3_reset(statement_));
    bind_code_ = SQLITE_OK;
  }

  int bind_one(int index, const Parameter& parameter) {
    if (const auto* number = std::get_if<std::int64_t>(&parameter))
      return sqlite3_bind_int64(statement_, index, *number);
    if (const auto* text = std::get_if<std::string_view>(&parameter)) {
      const char* data = text->data() == nullptr ? "" : text->data();
      return sqlite3_bind_text64(statement_, index, data, text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    if (const auto* blob = std::get_if<Blob>(&parameter)) {
      const char* data = blob->bytes.data() == nullptr ? "" : blob->bytes.data();
      return sqlite3_bind_blob64(statement_, index, data, blob->bytes.size(), SQLITE_TRANSIENT);
    }
    return sqlite3_bind_null(statement_, index);
  }

  const SqliteConnection& connection_;
  sqlite3_stmt* statement_;
  bool* in_use_;
  int bind_code_ = SQLITE_OK;
};

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Access access) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path));
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (access == Access::kCreate) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &connection->handle_, flags, nullptr);
  if (code != SQLITE_OK) return connection->error(code, "opening");
  sqlite3_busy_timeout(connection->handle_, kBusyTimeoutMs);
  // The -wal and -shm files stay when the last writer ends, so that users who may only read can always open
  // it.
  int persist = 1;
  sqlite3_file_control(connection->handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (auto& [sql, prepared] : prepared_) sqlite3_finalize(prepared.statement);
  sqlite3_close_v2(handle_);
}

Result<Statement> SqliteConnection::prepare(std::string_view sql) {
  Prepared& prepared = prepared_[std::string(sql)];
  const bool keep = !prepared.in_use;
  sqlite3_stmt* statement = keep ? prepared.statement : nullptr;
  if (statement == nullptr) {
    TARN_CHECK(sql.size() < INT_MAX);
    const unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
    const int code =
        sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), flags, &statement, nullptr);
    if (code != SQLITE_OK) return error(code, "preparing a statement");
  }
  if (keep) prepared = {.statement = statement, .in_use = true};
  return Statement(std::make_unique<SqliteStatement>(*this, statement, keep ? &prepared.in_use : nullptr));
}

Status SqliteConnection::execute(const std::string& script) {
  const int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code, "running a script");
  return ok_status();
}

std::int64_t SqliteConnection::changes() const {
  return sqlite3_changes64(handle_);
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

Result<std::int64_t> SqliteConnection::begin() {
  TARN_RETURN_IF_ERROR(execute("BEGIN IMMEDIATE"));
  return std::int64_t{0};
}

Status SqliteConnection::commit() {
  Status committed = execute("COMMIT");
  if (committed.ok()) return committed;
  const bool undone = in_transaction();
  rollback();
  // Still in a transaction: COMMIT never began. Disk full: its last page, which alone makes it valid, was not
  // written. Anything else, such as a failing fsync, may have come after that page.
  if (undone || committed.error().name() == kDiskFull.name) return committed;
  return Error(kCommitUnknown, committed.error().message());
}

void SqliteConnection::rollback() {
  // SQLite has rolled back already after some errors; a failing ROLLBACK leaves nothing to undo either.
  if (in_transaction()) static_cast<void>(execute("ROLLBACK").ok());
}

Status SqliteConnection::begin_migration() {
  return execute("BEGIN IMMEDIATE");
}

Result<SchemaVersion> SqliteConnection::schema_version() {
  // One statement, so that it is one view even while another process makes the schema.
  TARN_ASSIGN_OR_RETURN(Statement row,
                        prepare("SELECT (SELECT count(*) FROM sqlite_schema), application_id, "
                                "user_version FROM pragma_application_id, pragma_user_version"));
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  if (!found) return Error(kCorrupt, "the state database does not tell its version");
  return SchemaVersion{.objects = row.integer(0), .application_id = row.integer(1), .number = row.integer(2)};
}

Status SqliteConnection::set_schema_version(std::int64_t application_id, std::int64_t number) {
  return execute(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", application_id, number));
}

Status SqliteConnection::check() {
  TARN_ASSIGN_OR_RETURN(Statement check, prepare("PRAGMA integrity_check(1)"));
  TARN_ASSIGN_OR_RETURN(const bool row, check.step());
  if (!row || check.text(0) != "ok")
    return Error(kCorrupt, path_ + ": " + (row ? check.text(0) : std::string("no answer")));
  TARN_ASSIGN_OR_RETURN(Statement orphan, prepare("PRAGMA foreign_key_check"));
  TARN_ASSIGN_OR_RETURN(const bool found, orphan.step());
  if (found) return Error(kCorrupt, path_ + ": a row of " + orphan.text(0) + " refers to none");
  return ok_status();
}

Error SqliteConnection::error(int code, std::string_view doing) const {
  const char* reason = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  const char* kind = sqlite3_errstr(code);
  return Error(code_of(code),
               fmt::format("{}: {} ({}, SQLite code {}) while {}", path_, reason, kind, code, doing));
}

}  // namespace tarn::state
