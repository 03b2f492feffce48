#include "state/connection.h"

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

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      in_use_(other.in_use_),
      bind_code_(other.bind_code_) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  if (in_use_ == nullptr) {
    sqlite3_finalize(statement_);
    return;
  }
  restart();
  sqlite3_clear_bindings(statement_);  // Frees copies of big values.
  *in_use_ = false;
}

void Statement::restart() {
  // The answer repeats the error of the last step(), which was returned there.
  static_cast<void>(sqlite3_reset(statement_));
  bind_code_ = SQLITE_OK;
}

void Statement::note(int code) {
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Statement::bind_integer(int index, std::int64_t value) {
  note(sqlite3_bind_int64(statement_, index, value));
}

void Statement::bind_one(int index, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  note(sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind_one(int index, const Blob& blob) {
  const char* data = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  note(sqlite3_bind_blob64(statement_, index, data, blob.bytes.size(), SQLITE_TRANSIENT));
}

void Statement::bind_one(int index, std::nullopt_t) {
  note(sqlite3_bind_null(statement_, index));
}

Result<bool> Statement::step() {
  const int code = bind_code_ != SQLITE_OK ? bind_code_ : sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_.error(code, "running a statement");
}

Status Statement::run() {
  TARN_ASSIGN_OR_RETURN(const bool row, step());
  TARN_CHECK(!row);
  return ok_status();
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  return is_null(column) ? std::optional<std::int64_t>() : integer(column);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Access access) {
  std::unique_ptr<Connection> connection(new Connection(path));
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

Connection::~Connection() {
  for (auto& [sql, prepared] : prepared_) sqlite3_finalize(prepared.statement);
  sqlite3_close_v2(handle_);
}

Result<Statement> Connection::prepare(std::string_view sql) {
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
  if (!keep) return Statement(*this, statement, nullptr);
  prepared = {.statement = statement, .in_use = true};
  return Statement(*this, statement, &prepared.in_use);
}

Status Connection::execute(const std::string& script) {
  const int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code, "running a script");
  return ok_status();
}

std::int64_t Connection::last_insert_id() const {
  return sqlite3_last_insert_rowid(handle_);
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(handle_);
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

Error Connection::error(int code, std::string_view doing) const {
  const char* reason = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  const char* kind = sqlite3_errstr(code);
  return Error(code_of(code),
               fmt::format("{}: {} ({}, SQLite code {}) while {}", path_, reason, kind, code, doing));
}

}  // namespace tarn::state
