#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "state/connection.h"
#include "state/postgres/postgres_location.h"
#include "state/postgres/sql_text.h"

struct pg_conn;
struct pg_result;

/// The adapter of PostgreSQL 14 and later, over libpq. Statements are prepared once a session; a lost session
/// is opened anew where nothing can have been half done: at begin(), and for reads.
namespace tarn::state {

/// A row every transaction locks; the number of it stands in pg_locks while somebody holds the process lock.
inline constexpr std::int64_t kLockClass = 0x5441524e;

class PostgresConnection final : public Connection {
 public:
  enum class Access : std::uint8_t {
    kWrite,  ///< Transactions.
    kRead,   ///< Single reads, asked again on a new session when theirs was lost.
    kLock,   ///< A session that matters by itself: never opened anew but by reconnect().
  };
  /// state.unreachable, state.denied, state.not_found (kRead: there is no such schema).
  static Result<std::unique_ptr<PostgresConnection>> open(const PostgresLocation& location, Access access);

  Result<Statement> prepare(std::string_view sql) override;
  Status execute(const std::string& script) override;
  std::int64_t changes() const override { return changes_; }
  Result<std::int64_t> begin() override;
  Status commit() override;
  void rollback() override;
  bool in_transaction() const override;
  void renew() override { session_.reset(); }
  Status begin_migration() override;
  Result<SchemaVersion> schema_version() override;
  Status set_schema_version(std::int64_t application_id, std::int64_t number) override;
  std::string definition(std::string_view ddl) const override { return to_server_definition(ddl); }
  Status check() override;

  /// Looks, without waiting, whether the server closed the session.
  bool is_alive();
  /// Opens a new session, once.
  Status reconnect();

  struct Finish {
    void operator()(pg_conn* session) const;
    void operator()(pg_result* answer) const;
  };
  using Answer = std::unique_ptr<pg_result, Finish>;

  /// A statement by its text.
  struct Prepared {
    ServerText text;
    std::string name;
    std::uint64_t session = 0;  ///< That it was prepared in.
  };
  /// For PostgresStatement. `values` are those of the text's parameters.
  struct Value {
    std::string bytes;
    bool is_null = true;
    bool is_binary = false;
  };
  Result<Answer> run_prepared(Prepared& prepared, std::span<const Value> values);

 private:
  PostgresConnection(PostgresLocation location, Access access);
  Status connect_once(bool& is_starting);
  Status connect(std::chrono::steady_clock::time_point deadline);
  Status set_up();
  Status enter_schema();
  Status prepare_now(Prepared& prepared);
  Result<Answer> run_once(Prepared& prepared, std::span<const Value> values);
  Result<Answer> run_script(const std::string& script, std::string_view doing);
  /// The answer, or the error that it is. A lost session is dropped.
  Result<Answer> checked(pg_result* answer, std::string_view doing);
  Error lost(std::string_view doing);

  PostgresLocation location_;
  Access access_;
  std::unique_ptr<pg_conn, Finish> session_;  ///< Null when it was lost.
  std::uint64_t session_number_ = 0;
  bool is_ending_ = false;  ///< The server has said so.
  std::int64_t changes_ = 0;
  std::unordered_map<std::string, Prepared> prepared_;
};

}  // namespace tarn::state
