#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result_set.h"
#include "pgwire/handshake.h"
#include "pgwire/own_statements.h"
#include "pgwire/protocol/message_stream.h"
#include "pgwire/protocol/replies.h"
#include "pgwire/settings.h"
#include "pgwire/shared_parts.h"
#include "pgwire/values/copy_out.h"
#include "pgwire/values/row_encoder.h"
#include "query/session.h"

namespace tarn::pgwire {

/// A statement by a name of the client's; "" is the unnamed one.
struct Prepared {
  std::string sql;                   ///< As the engine is given it.
  std::vector<std::uint32_t> types;  ///< Of `$1`, `$2` …
  std::optional<OwnStatement> own = {};
  std::optional<CopyStatement> copy = {};
  std::optional<query::PreparedStatement> statement = {};  ///< Nothing: own ones, and the empty statement.
  std::vector<WireColumn> columns = {};                    ///< None: it answers without rows.
};

/// Rows on their way to the client.
struct OpenRows {
  explicit OpenRows(engine::ResultSet result) : own_rows(std::move(result)) {}
  explicit OpenRows(query::Cursor opened) : cursor(std::move(opened)) {}
  engine::ResultSet& rows() { return cursor ? cursor->rows() : *own_rows; }

  std::optional<engine::ResultSet> own_rows = {};
  std::optional<query::Cursor> cursor = {};  ///< On a connection of its own.
  std::optional<engine::Chunk> chunk = {};
  std::size_t next_row = 0;
  bool ended = false;
};

/// A statement with its values; of DECLARE as well.
struct Portal {
  std::shared_ptr<Prepared> prepared;
  std::vector<engine::ParameterValue> values = {};
  std::vector<Format> formats = {};
  bool holds = false;  ///< It outlives its transaction.
  std::unique_ptr<OpenRows> open = {};
};

/// One client's connection after its login: reads messages and answers them until the client leaves
/// (PostgreSQL 15, "Frontend/Backend Protocol"). One thread.
class Backend {
 public:
  Backend(MessageStream& messages, SharedParts& shared, Login login);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// Returns when the connection is over. Errors: why it had to be.
  Status serve();

 private:
  Status greet();
  Status handle(const Message& message);
  Status handle_extended(const Message& message);
  Result<query::Session*> session();
  void fail(const Error& error, std::string_view sql);
  void end_transaction();
  char transaction_letter() const;
  Status check_transaction(const std::optional<OwnStatement>& own) const;

  // simple.cpp
  Status simple_query(std::string_view sql);
  /// `among_others`: of the same message.
  Status run_simple(const query::StatementText& statement, bool among_others);

  // extended.cpp
  Status parse(const Parse& message);
  Result<std::shared_ptr<Prepared>> prepare(std::string_view sql, std::vector<std::uint32_t> types);
  /// The columns of a statement whose parameters are all NULL.
  Result<std::vector<WireColumn>> columns_with_nulls(const Prepared& prepared);
  Status prepare_with_types(Prepared& prepared, const query::StatementText& statement);
  Status bind(const Bind& message);
  Status describe(const Describe& message);
  void describe_columns(const Prepared& prepared, const std::vector<Format>& formats);
  Status execute(const Execute& message);
  Status close(const Close& message);
  Result<Prepared*> find_prepared(std::string_view name);
  Result<Portal*> find_portal(std::string_view name);

  // execution.cpp
  /// Waits for a turn, and runs `action` such that cancel requests and timeouts reach it through `interrupt`.
  Status run_in_turn(const std::function<void()>& interrupt, const std::function<Status()>& action);
  /// What the client was told of the columns still holds. Errors: pgwire.changed_result.
  Status check_promise(Portal& portal) const;
  /// Sends at most `max_rows` (0: all) of the open rows. True: there may be more.
  Result<bool> send_rows(Portal& portal, std::int64_t max_rows, std::int64_t& sent);
  /// Runs the portal's statement, unless that was done. `in_parts`: other statements may come between its
  /// rows.
  Status open_rows(Portal& portal, bool in_parts);
  Status send_copy(const CopyStatement& copy, engine::ResultSet rows);

  // copying.cpp
  Status receive_copy(std::string_view sql, const CopyStatement& copy);
  Status commit();
  /// Statements that a client sends at once are one transaction, where they do not say another.
  Status begin_implicit();
  Status end_implicit();

  // execution.cpp
  Status next_chunk(OpenRows& open);
  void complete(std::string_view sql, bool has_rows, std::int64_t count);

  // own.cpp
  Status run_own(const OwnStatement& statement, const query::StatementText& text,
                 const std::vector<Format>& formats, bool describes);
  Status run(const BeginStatement& statement);
  Status run(const CommitStatement& statement);
  Status run(const RollbackStatement& statement);
  Status run(const SavepointStatement& statement);
  Status run(const SetStatement& statement);
  Status run(const ResetStatement& statement);
  Status run(const DiscardStatement& statement);
  Status run(const DeallocateStatement& statement);
  Status run(const CloseStatement& statement);
  Status show(const ShowStatement& statement, bool describes);
  Status declare(const DeclareStatement& statement, const query::StatementText& text);
  Status fetch(const FetchStatement& statement, const std::vector<Format>& formats, bool describes);
  Status move(Portal& portal, std::int64_t count, std::int64_t& passed);
  Status change_setting(std::string_view name, std::string value);
  std::vector<WireColumn> own_columns(const OwnStatement& statement);

  MessageStream& messages_;
  WireWriter& out_;
  SharedParts& shared_;
  Login login_;
  Settings settings_;
  std::unique_ptr<query::Session> session_;
  query::RunningStatement running_;
  std::int32_t process_ = 0;
  std::int32_t secret_ = 0;

  enum class Transaction : std::uint8_t { kNone, kOpen, kFailed };
  Transaction transaction_ = Transaction::kNone;
  bool is_implicit_ = false;  ///< The session is in a transaction that the client knows nothing of.
  bool skips_to_sync_ = false;
  bool is_over_ = false;
  bool tells_settings_ = false;  ///< The session has yet to be told of changed settings.
  std::string last_sql_;         ///< What errors of the extended protocol are about.
  std::map<std::string, std::shared_ptr<Prepared>, std::less<>> prepared_;
  std::map<std::string, Portal, std::less<>> portals_;
};

}  // namespace tarn::pgwire
