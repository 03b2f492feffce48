#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::state {

class Connection;
class Database;

enum class OpenMode : std::uint8_t { kReadWrite, kReadOnly };

/// Whether the state lies in a database server (`postgresql://…`, `postgres://…`), not in a file.
bool is_server_location(std::string_view location);

/// One atomic change of the state: BEGIN … COMMIT, rolled back when it is destroyed uncommitted.
/// Functions that must be atomic with others take a `Transaction&`. It holds the database's one writing
/// connection, so keep it short and do no other I/O inside. Use it in the thread that began it.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// Makes all of it durable and ends the transaction, whatever the outcome. An error other than
  /// `state.commit_unknown` means that nothing happened. After `state.commit_unknown` call fence() and
  /// read back what you wrote.
  Status commit();
  void rollback();

  /// For this library only.
  Connection& connection() const;

 private:
  friend class Database;
  struct Impl;
  explicit Transaction(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What a simulated commit does; for tests of those who must survive it.
enum class CommitFault : std::uint8_t {
  kNone,
  kFail,       ///< Rolled back and reported as failed.
  kLostReply,  ///< Committed, but reported as `state.commit_unknown`.
  kLost,       ///< Rolled back, but reported as `state.commit_unknown`.
};

/// The state of one project (catalog pointers, file ledger, batches, quarantine, runs) in an SQLite file or
/// in a schema of a PostgreSQL database.
///
/// Threads: all members may be called by many threads at once. There is one writing connection, held by the
/// Transaction, and one reading connection, held by each read function for its own duration; reads see what
/// was committed before them and never wait for a writer. Other processes may read and write: transactions
/// come one after another, a process waits for those of others up to 10 s and then gets `state.busy`. A file
/// is for the processes of one machine, a server for those of many. A lost connection to a server is made
/// anew by the next begin() or read, which waits up to 10 s for the server to come back.
///
///   TARN_ASSIGN_OR_RETURN(const auto database, Database::open("state/tarn.db", OpenMode::kReadWrite));
///   TARN_ASSIGN_OR_RETURN(Transaction transaction, database->begin());
///   TARN_ASSIGN_OR_RETURN(const auto landed, record_landed(transaction, arrivals));
///   TARN_RETURN_IF_ERROR(transaction.commit());
class Database {
 public:
  /// Opens a file, or `postgresql://user@host:port/database?schema=name` with all that libpq reads from such
  /// a location, from the environment and from ~/.pgpass. kReadWrite makes the file and its folder, or the
  /// schema, where missing, and brings an older one up to date. state.newer_schema, state.needs_migration,
  /// state.not_state, state.corrupt, state.not_found (kReadOnly), state.denied, state.busy,
  /// state.bad_location, state.unreachable.
  static Result<std::unique_ptr<Database>> open(const std::string& location, OpenMode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Waits for this process's other transactions without limit, for other processes' up to 10 s.
  /// state.lock_lost when this process holds the ProcessLock, and another one has it by now: see there.
  Result<Transaction> begin();

  /// The database's own check of what it holds, and that the ledger's totals equal the sum of its rows. Reads
  /// all of it: minutes for a big one. state.corrupt, state.unbalanced.
  Status check_integrity();

  /// A copy of what was committed, as one consistent file; others may go on writing. Its folder must exist,
  /// the file must not. Not synced. state.disk_full, state.denied, state.failed, state.in_server (not a
  /// file).
  Status copy_to(const std::string& path);

  /// Waits until a commit of before whose outcome is not known has ended, and cannot surface later: what is
  /// read then is final. For those who met `state.commit_unknown`. Waits up to a minute for a server.
  /// (SQLite: a mark is committed, so that the lost commit's bytes in the write-ahead log are overwritten.
  /// PostgreSQL: the mark waits for the lock of the transaction whose reply was lost.)
  Status fence();

  /// For people: the file, or the server's database without a password.
  const std::string& name() const;
  bool is_server() const;
  OpenMode mode() const;

  /// Simulation: asked at each commit from now on. Set before the database is shared.
  void set_commit_fault(std::function<CommitFault()> fault);

  /// For this library only: the reading connection, locked for as long as the object lives.
  class Reading {
   public:
    explicit Reading(Database& database);
    Connection* operator->() const { return &connection_; }

   private:
    std::unique_lock<std::mutex> lock_;
    Connection& connection_;
  };

 private:
  friend class Transaction;
  friend class ProcessLock;
  struct Impl;
  Status mark();
  // Of ProcessLock, for servers: `writer` is the text that names the holder.
  Status lock_writer(const std::string& writer);
  void unlock_writer();
  Result<std::optional<std::string>> locked_by();
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::state
