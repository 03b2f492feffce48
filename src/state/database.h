#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace tarn::state {

class Connection;
class Database;

enum class OpenMode : std::uint8_t { kReadWrite, kReadOnly };

/// One atomic change of the state: BEGIN IMMEDIATE … COMMIT, rolled back when it is destroyed uncommitted.
/// Functions that must be atomic with others take a `Transaction&`. It holds the database's one writing
/// connection, so keep it short and do no other I/O inside. Use it in the thread that began it.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// Makes all of it durable (fsync) and ends the transaction, whatever the outcome. An error other than
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

/// The state of one project (catalog pointers, file ledger, batches, quarantine, runs) in an SQLite file.
///
/// Threads: all members may be called by many threads at once. There is one writing connection, held by the
/// Transaction, and one reading connection, held by each read function for its own duration; reads see what
/// was committed before them and never wait for a writer. Other processes may read (`kReadOnly`) while one
/// writes: the file is in WAL mode. Only one process should write at a time (see ProcessLock); a second one
/// waits up to 10 s and then gets `state.busy`.
///
///   TARN_ASSIGN_OR_RETURN(const auto database, Database::open("state/tarn.db", OpenMode::kReadWrite));
///   TARN_ASSIGN_OR_RETURN(Transaction transaction, database->begin());
///   TARN_ASSIGN_OR_RETURN(const auto landed, record_landed(transaction, arrivals));
///   TARN_RETURN_IF_ERROR(transaction.commit());
class Database {
 public:
  /// Opens the file; kReadWrite makes it and its folder where missing and brings an older schema up to date.
  /// state.newer_schema, state.needs_migration, state.not_state, state.corrupt, state.not_found (kReadOnly),
  /// state.denied, state.busy.
  static Result<std::unique_ptr<Database>> open(const std::string& path, OpenMode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Waits for this process's other transactions without limit, for other processes' up to 10 s.
  Result<Transaction> begin();

  /// SQLite's own check of the file, and that the ledger's totals equal the sum of its rows. Reads all of it:
  /// minutes for a big file. state.corrupt, state.unbalanced.
  Status check_integrity();

  /// A copy of what was committed, as one consistent file; others may go on writing. Its folder must exist,
  /// the file must not. Not synced. state.disk_full, state.denied, state.failed.
  Status copy_to(const std::string& path);

  /// Writes and commits a mark, after which a failed commit of before can no longer surface (its bytes in the
  /// write-ahead log are overwritten): what is read then is final. For those who met `state.commit_unknown`.
  Status fence();

  const std::string& path() const;
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
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::state
