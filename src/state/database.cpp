#include "state/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <utility>

#include "io/file_descriptor.h"
#include "io/posix_error.h"
#include "state/errors.h"
#include "state/ledger.h"
#include "state/migrations.h"
#include "state/postgres/postgres_connection.h"
#include "state/postgres/writer_lock.h"
#include "state/sqlite/sqlite_connection.h"

namespace tarn::state {
namespace {

// Times that a fence waits as long as begin() does: for a server to come back, or to see that a client is
// gone.
constexpr int kFenceAttempts = 6;
constexpr int kCacheKib = 16 * 1024;  // A connection's; there are two.
constexpr int kWalAttempts = 200;
constexpr std::chrono::milliseconds kWalPause{50};
constexpr int kWalLimitBytes = 64 * 1024 * 1024;
constexpr int kFileMode = 0640;  // It holds raw records; the -wal and -shm files take the mode over.

Status make_file(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, failed);
  if (failed)
    return Error(kDenied, fmt::format("cannot make the folder {}: {}", parent.string(), failed.message()));
  const io::FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (!file.valid()) return Error(kDenied, io::posix_error(errno, "opening", path).message());
  return ok_status();
}

Status bring_up_to_date(Connection& connection, OpenMode mode) {
  return mode == OpenMode::kReadOnly ? check_schema(connection, migrations())
                                     : migrate(connection, migrations());
}

/// SQLite does not wait, as it does elsewhere, for another process that switches the same new file.
Status switch_to_wal(Connection& connection) {
  const std::string script =
      fmt::format("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = {};", kWalLimitBytes);
  for (int attempt = 1;; ++attempt) {
    Status switched = connection.execute(script);
    const bool waits = !switched.ok() && switched.error().name() == kBusy.name && attempt < kWalAttempts;
    if (!waits) return switched;
    std::this_thread::sleep_for(kWalPause);
  }
}

Result<std::unique_ptr<Connection>> open_file(const std::string& path, OpenMode mode) {
  const auto access =
      mode == OpenMode::kReadOnly ? SqliteConnection::Access::kRead : SqliteConnection::Access::kWrite;
  TARN_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, SqliteConnection::open(path, access));
  TARN_RETURN_IF_ERROR(connection->execute(
      fmt::format("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                  "PRAGMA cache_size = -{};",
                  kCacheKib)));
  TARN_RETURN_IF_ERROR(bring_up_to_date(*connection, mode));
  if (mode == OpenMode::kReadWrite) TARN_RETURN_IF_ERROR(switch_to_wal(*connection));
  return std::unique_ptr<Connection>(std::move(connection));
}

Result<std::unique_ptr<Connection>> open_session(const PostgresLocation& server, OpenMode mode) {
  const auto access =
      mode == OpenMode::kReadOnly ? PostgresConnection::Access::kRead : PostgresConnection::Access::kWrite;
  TARN_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, PostgresConnection::open(server, access));
  TARN_RETURN_IF_ERROR(bring_up_to_date(*connection, mode));
  return connection;
}

}  // namespace

bool is_server_location(std::string_view location) {
  return location.starts_with("postgresql://") || location.starts_with("postgres://");
}

struct Database::Impl {
  std::string name;                        // Of the file, or of the server's database without a password.
  std::optional<PostgresLocation> server;  // Nothing: a file.
  OpenMode mode = OpenMode::kReadOnly;

  std::mutex write_mutex;
  std::atomic<std::thread::id> write_owner;
  std::unique_ptr<Connection> writer;       // Null when read-only.
  std::unique_ptr<WriterLock> writer_lock;  // While this process holds the ProcessLock on a server.

  std::mutex read_mutex;
  std::unique_ptr<Connection> reader;

  std::function<CommitFault()> commit_fault;
};

struct Transaction::Impl {
  Database::Impl* database;
  std::unique_lock<std::mutex> lock;

  Connection& connection() const { return *database->writer; }
  void end() {
    database->write_owner = std::thread::id();
    lock.unlock();
  }
};

Transaction::Transaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transaction::Transaction(Transaction&&) noexcept = default;

Transaction::~Transaction() {
  rollback();
}

Connection& Transaction::connection() const {
  TARN_CHECK(impl_ != nullptr);
  return impl_->connection();
}

void Transaction::rollback() {
  if (impl_ == nullptr) return;
  impl_->connection().rollback();
  impl_->end();
  impl_.reset();
}

Status Transaction::commit() {
  TARN_CHECK(impl_ != nullptr);
  Connection& connection = impl_->connection();
  const CommitFault fault =
      impl_->database->commit_fault ? impl_->database->commit_fault() : CommitFault::kNone;
  if (fault == CommitFault::kFail || fault == CommitFault::kLost) {
    rollback();
    return fault == CommitFault::kFail ? Error(kFailed, "the commit failed (simulated)")
                                       : Error(kCommitUnknown, "the commit's reply was lost (simulated)");
  }
  Status committed = connection.commit();
  rollback();
  if (committed.ok() && fault == CommitFault::kLostReply)
    return Error(kCommitUnknown, "the commit's reply was lost (simulated)");
  return committed;
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& location, OpenMode mode) {
  auto impl = std::make_unique<Impl>();
  impl->name = location;
  impl->mode = mode;
  if (is_server_location(location)) {
    TARN_ASSIGN_OR_RETURN(impl->server, parse_postgres_location(location));
    impl->name = impl->server->name;
  } else if (mode == OpenMode::kReadWrite) {
    TARN_RETURN_IF_ERROR(make_file(location));
  } else if (::access(location.c_str(), F_OK) != 0) {
    return Error(kNotFound, "there is no state database at " + location);
  }
  const auto connect = [&](OpenMode wanted) {
    return impl->server ? open_session(*impl->server, wanted) : open_file(location, wanted);
  };
  if (mode == OpenMode::kReadWrite) {
    auto writer = connect(OpenMode::kReadWrite);
    if (!writer.ok()) return std::move(writer).error().with_context("opening " + impl->name);
    impl->writer = std::move(writer).value();
  }
  auto reader = connect(OpenMode::kReadOnly);
  if (!reader.ok()) return std::move(reader).error().with_context("opening " + impl->name);
  impl->reader = std::move(reader).value();
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Result<Transaction> Database::begin() {
  if (impl_->mode == OpenMode::kReadOnly)
    return Error(kNotWritable, "a transaction was begun on " + impl_->name + ", which is open for reading");
  if (impl_->write_owner == std::this_thread::get_id())
    return Error(kNestedTransaction, "this thread holds a transaction of " + impl_->name + " already");
  std::unique_lock<std::mutex> lock(impl_->write_mutex);
  WriterLock* const held = impl_->writer_lock.get();
  if (held != nullptr) held->keep();
  TARN_ASSIGN_OR_RETURN(const std::int64_t epoch, impl_->writer->begin());
  if (held != nullptr && held->epoch() != epoch) {
    impl_->writer->rollback();
    return Error(kLockLost, "another process has taken over the project in " + impl_->name);
  }
  impl_->write_owner = std::this_thread::get_id();
  auto transaction = std::make_unique<Transaction::Impl>();
  transaction->database = impl_.get();
  transaction->lock = std::move(lock);
  return Transaction(std::move(transaction));
}

Status Database::fence() {
  for (int attempt = 1;; ++attempt) {
    Status marked = mark();
    const bool wait = !marked.ok() && marked.error().error_class() == ErrorClass::kTransient;
    if (wait && attempt < kFenceAttempts) continue;
    TARN_RETURN_IF_ERROR(marked);
    const std::lock_guard lock(impl_->read_mutex);
    impl_->reader->renew();
    return ok_status();
  }
}

Status Database::mark() {
  TARN_ASSIGN_OR_RETURN(Transaction transaction, begin());
  TARN_RETURN_IF_ERROR(transaction.connection().run("UPDATE marks SET value = value + 1"));
  return transaction.commit();
}

Status Database::check_integrity() {
  {
    Reading reading(*this);
    TARN_RETURN_IF_ERROR(reading->check());
  }
  return check_totals(*this);
}

Status Database::copy_to(const std::string& path) {
  if (is_server()) return Error(kInServer, "the state is in " + name());
  Reading reading(*this);
  TARN_RETURN_IF_ERROR(reading->run("VACUUM INTO ?", path));
  return ok_status();
}

bool Database::is_server() const {
  return impl_->server.has_value();
}

Status Database::lock_writer(const std::string& writer) {
  TARN_ASSIGN_OR_RETURN(std::unique_ptr<WriterLock> lock, WriterLock::take(*impl_->server));
  TARN_ASSIGN_OR_RETURN(Transaction transaction, begin());
  TARN_ASSIGN_OR_RETURN(const std::int64_t epoch,
                        transaction.connection().inserted_id(
                            "UPDATE tarn_state SET epoch = epoch + 1, writer = ? RETURNING epoch", writer));
  TARN_RETURN_IF_ERROR(transaction.commit());
  lock->set_epoch(epoch);
  const std::lock_guard guard(impl_->write_mutex);
  impl_->writer_lock = std::move(lock);
  return ok_status();
}

void Database::unlock_writer() {
  const std::lock_guard guard(impl_->write_mutex);
  impl_->writer_lock.reset();
}

Result<std::optional<std::string>> Database::locked_by() {
  Reading reading(*this);
  return WriterLock::holder(*reading.operator->());
}

const std::string& Database::name() const {
  return impl_->name;
}

OpenMode Database::mode() const {
  return impl_->mode;
}

void Database::set_commit_fault(std::function<CommitFault()> fault) {
  impl_->commit_fault = std::move(fault);
}

Database::Reading::Reading(Database& database)
    : lock_(database.impl_->read_mutex), connection_(*database.impl_->reader) {}

}  // namespace tarn::state
