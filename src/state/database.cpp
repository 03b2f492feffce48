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
#include "state/connection.h"
#include "state/errors.h"
#include "state/ledger.h"
#include "state/migrations.h"

namespace tarn::state {
namespace {

constexpr int kCacheKib = 16 * 1024;  // A connection's; there are two.
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

Status configure(Connection& connection, OpenMode mode) {
  TARN_RETURN_IF_ERROR(connection.execute(
      fmt::format("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                  "PRAGMA cache_size = -{};",
                  kCacheKib)));
  if (mode == OpenMode::kReadOnly) return check_schema(connection, migrations());
  TARN_RETURN_IF_ERROR(migrate(connection, migrations()));
  return connection.execute(
      fmt::format("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = {};", kWalLimitBytes));
}

}  // namespace

struct Database::Impl {
  std::string path;
  OpenMode mode = OpenMode::kReadOnly;

  std::mutex write_mutex;
  std::atomic<std::thread::id> write_owner;
  std::unique_ptr<Connection> writer;  // Null when read-only.

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
  // SQLite has rolled back already after some errors; a failing ROLLBACK leaves nothing to undo either.
  if (impl_->connection().in_transaction()) static_cast<void>(impl_->connection().execute("ROLLBACK").ok());
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
  Status committed = connection.execute("COMMIT");
  const bool undone = connection.in_transaction();
  rollback();
  if (committed.ok()) {
    if (fault == CommitFault::kLostReply)
      return Error(kCommitUnknown, "the commit's reply was lost (simulated)");
    return ok_status();
  }
  // Still in a transaction: COMMIT never began. Disk full: its last page, which alone makes it valid, was not
  // written. Anything else, such as a failing fsync, may have come after that page.
  if (undone || committed.error().name() == kDiskFull.name) return committed;
  return Error(kCommitUnknown, committed.error().message());
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& path, OpenMode mode) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->mode = mode;
  if (mode == OpenMode::kReadWrite) {
    TARN_RETURN_IF_ERROR(make_file(path));
    TARN_ASSIGN_OR_RETURN(impl->writer, Connection::open(path, Connection::Access::kWrite));
    if (Status configured = configure(*impl->writer, mode); !configured.ok())
      return std::move(configured).error().with_context("opening " + path);
  } else if (::access(path.c_str(), F_OK) != 0) {
    return Error(kNotFound, "there is no state database at " + path);
  }
  TARN_ASSIGN_OR_RETURN(impl->reader, Connection::open(path, Connection::Access::kRead));
  if (Status configured = configure(*impl->reader, OpenMode::kReadOnly); !configured.ok())
    return std::move(configured).error().with_context("opening " + path);
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Result<Transaction> Database::begin() {
  if (impl_->mode == OpenMode::kReadOnly)
    return Error(kNotWritable, "a transaction was begun on " + impl_->path + ", which is open for reading");
  if (impl_->write_owner == std::this_thread::get_id())
    return Error(kNestedTransaction, "this thread holds a transaction of " + impl_->path + " already");
  std::unique_lock<std::mutex> lock(impl_->write_mutex);
  TARN_RETURN_IF_ERROR(impl_->writer->execute("BEGIN IMMEDIATE"));
  impl_->write_owner = std::this_thread::get_id();
  auto transaction = std::make_unique<Transaction::Impl>();
  transaction->database = impl_.get();
  transaction->lock = std::move(lock);
  return Transaction(std::move(transaction));
}

Status Database::fence() {
  TARN_ASSIGN_OR_RETURN(Transaction transaction, begin());
  TARN_RETURN_IF_ERROR(transaction.connection().execute("UPDATE marks SET value = value + 1"));
  return transaction.commit();
}

Status Database::check_integrity() {
  {
    Reading reading(*this);
    TARN_ASSIGN_OR_RETURN(Statement check, reading->prepare("PRAGMA integrity_check(1)"));
    TARN_ASSIGN_OR_RETURN(const bool row, check.step());
    if (!row || check.text(0) != "ok")
      return Error(kCorrupt, impl_->path + ": " + (row ? check.text(0) : std::string("no answer")));
    TARN_ASSIGN_OR_RETURN(Statement orphan, reading->prepare("PRAGMA foreign_key_check"));
    TARN_ASSIGN_OR_RETURN(const bool found, orphan.step());
    if (found) return Error(kCorrupt, impl_->path + ": a row of " + orphan.text(0) + " refers to none");
  }
  return check_totals(*this);
}

Status Database::copy_to(const std::string& path) {
  Reading reading(*this);
  TARN_RETURN_IF_ERROR(reading->run("VACUUM INTO ?", path));
  return ok_status();
}

const std::string& Database::path() const {
  return impl_->path;
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
