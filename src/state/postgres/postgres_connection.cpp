#include "state/postgres/postgres_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <cstdlib>
#include <thread>
#include <utility>

#include "state/errors.h"
#include "state/postgres/postgres_errors.h"
#include "state/postgres/postgres_statement.h"

namespace tarn::state {
namespace {

constexpr int kOldestServer = 140'000;  // idle_session_timeout
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kBetweenAttempts{200};

// Parameters of libpq that a location may override. A peer that is gone is noticed within a minute, by both
// sides.
constexpr std::array<std::pair<const char*, const char*>, 6> kDefaults = {{{"connect_timeout", "10"},
                                                                           {"keepalives_idle", "30"},
                                                                           {"keepalives_interval", "10"},
                                                                           {"keepalives_count", "3"},
                                                                           {"tcp_user_timeout", "60000"},
                                                                           {"application_name", "tarn"}}};

// What somebody reads must be what somebody committed: on the primary, flushed to disk. A transaction whose
// client is gone or stands still ends by itself, so that it does not hold up all others.
constexpr const char* kSessionSettings =
    "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET idle_session_timeout = "
    "0; "
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; "
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')";

}  // namespace

void PostgresConnection::Finish::operator()(pg_conn* session) const {
  PQfinish(session);
}
void PostgresConnection::Finish::operator()(pg_result* answer) const {
  PQclear(answer);
}

PostgresConnection::PostgresConnection(PostgresLocation location, Access access)
    : location_(std::move(location)), access_(access) {}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresLocation& location,
                                                                     Access access) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(location, access));
  bool is_starting = false;
  Status connected = connection->connect_once(is_starting);
  if (!connected.ok() && is_starting)
    connected = connection->connect(std::chrono::steady_clock::now() + kPatience);
  if (!connected.ok()) return std::move(connected).error();
  return connection;
}

Status PostgresConnection::connect_once(bool& is_starting) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : location_.parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  const auto add = [&](const char* keyword, const char* value) {
    if (!location_.parameter(keyword).empty()) return;
    keywords.push_back(keyword);
    values.push_back(value);
  };
  for (const auto& [keyword, value] : kDefaults) add(keyword, value);
  // A standby lags behind: what it shows is not what was committed.
  add("target_session_attrs", "read-write");
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  session_.reset(PQconnectdbParams(keywords.data(), values.data(), 0));
  if (session_ == nullptr) std::abort();  // Out of memory.
  if (PQstatus(session_.get()) == CONNECTION_OK) {
    ++session_number_;
    Status ready = set_up();
    if (!ready.ok()) session_.reset();
    return ready;
  }
  std::string reason = one_line(PQerrorMessage(session_.get()));
  session_.reset();
  const PGPing ping = PQpingParams(keywords.data(), values.data(), 0);
  is_starting = ping == PQPING_REJECT;
  if (ping == PQPING_OK)
    return Error(kDenied, fmt::format("{}: {}", location_.name, reason))
        .with_hint("look at the user, password, database and pg_hba.conf of the server named in `state`");
  return Error(kUnreachable, fmt::format("{}: {}", location_.name, reason));
}

Status PostgresConnection::connect(std::chrono::steady_clock::time_point deadline) {
  while (true) {
    bool is_starting = false;
    Status connected = connect_once(is_starting);
    if (connected.ok() || std::chrono::steady_clock::now() >= deadline) return connected;
    std::this_thread::sleep_for(kBetweenAttempts);
  }
}

Status PostgresConnection::reconnect() {
  bool is_starting = false;
  return connect_once(is_starting);
}

Status PostgresConnection::set_up() {
  // Nobody asked for what a session says between statements, but for its last words.
  is_ending_ = false;
  const auto listen = [](void* is_ending, const PGresult* notice) {
    const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != nullptr && std::string_view(severity) == "FATAL") *static_cast<bool*>(is_ending) = true;
  };
  PQsetNoticeReceiver(session_.get(), listen, &is_ending_);
  if (PQserverVersion(session_.get()) < kOldestServer)
    return Error(kDenied,
                 fmt::format("{} is PostgreSQL {}", location_.name, PQserverVersion(session_.get()) / 10'000))
        .with_hint("tarn keeps its state in PostgreSQL 14 or later");
  TARN_RETURN_IF_ERROR(run_script(kSessionSettings, "setting up a session"));
  TARN_RETURN_IF_ERROR(enter_schema());
  if (access_ == Access::kWrite) return ok_status();
  return execute("SET default_transaction_read_only = on");
}

// From now on names mean one schema only.
Status PostgresConnection::enter_schema() {
  const auto quoted = [&](char* text) {
    std::string copy = text == nullptr ? std::string() : std::string(text);
    PQfreemem(text);
    return copy;
  };
  const std::string& schema = location_.schema;
  if (!schema.empty()) {
    const std::string literal = quoted(PQescapeLiteral(session_.get(), schema.data(), schema.size()));
    const std::string name = quoted(PQescapeIdentifier(session_.get(), schema.data(), schema.size()));
    TARN_ASSIGN_OR_RETURN(
        const Answer known,
        run_script("SELECT 1 FROM pg_namespace WHERE nspname = " + literal, "looking for the schema"));
    if (PQntuples(known.get()) == 0) {
      if (access_ != Access::kWrite) return Error(kNotFound, "there is no state at " + location_.name);
      // Two that make it at once would fail in spite of IF NOT EXISTS.
      TARN_RETURN_IF_ERROR(execute(
          fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({}); "
                      "CREATE SCHEMA IF NOT EXISTS {}; COMMIT",
                      kLockClass, name)));
    }
    return execute("SET search_path = " + name);
  }
  TARN_ASSIGN_OR_RETURN(const Answer path,
                        run_script("SELECT set_config('search_path', quote_ident(current_schema()), false) "
                                   "WHERE current_schema() IS NOT NULL",
                                   "looking for the schema"));
  if (PQntuples(path.get()) == 1) return ok_status();
  return Error(kDenied,
               location_.name + ": no schema of the session's search_path exists, or none is allowed")
      .with_hint("name one in `state`: …/database?schema=tarn");
}

Error PostgresConnection::lost(std::string_view doing) {
  std::string reason =
      session_ == nullptr ? "the session was lost before" : one_line(PQerrorMessage(session_.get()));
  session_.reset();
  return Error(kUnreachable, fmt::format("{}: {} while {}", location_.name, reason, doing));
}

Result<PostgresConnection::Answer> PostgresConnection::checked(pg_result* taken, std::string_view doing) {
  Answer answer(taken);
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return answer;
  const char* state = answer == nullptr ? nullptr : PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  const std::string sqlstate = state == nullptr ? "" : state;
  if (PQstatus(session_.get()) == CONNECTION_BAD || ends_session(sqlstate)) return lost(doing);
  const char* reason = PQresultErrorField(answer.get(), PG_DIAG_MESSAGE_PRIMARY);
  return Error(code_of_sqlstate(sqlstate),
               fmt::format("{}: {} (SQLSTATE {}) while {}", location_.name,
                           one_line(reason == nullptr ? "no reason given" : reason), sqlstate, doing));
}

Result<PostgresConnection::Answer> PostgresConnection::run_script(const std::string& script,
                                                                  std::string_view doing) {
  if (session_ == nullptr) return lost(doing);
  return checked(PQexec(session_.get(), script.c_str()), doing);
}

Status PostgresConnection::execute(const std::string& script) {
  TARN_RETURN_IF_ERROR(run_script(script, "running a script"));
  return ok_status();
}

Result<Statement> PostgresConnection::prepare(std::string_view sql) {
  auto [found, is_new] = prepared_.try_emplace(std::string(sql));
  Prepared& prepared = found->second;
  if (is_new) {
    prepared.text = to_server_text(sql);
    prepared.name = fmt::format("tarn{}", prepared_.size());
  }
  // A read's lost session shows, and is opened anew, when it runs.
  if (session_ != nullptr && prepared.session != session_number_) {
    Status ready = prepare_now(prepared);
    const bool retried = !ready.ok() && access_ == Access::kRead && ready.error().name() == kUnreachable.name;
    if (!ready.ok() && !retried) return std::move(ready).error();
  }
  return Statement(std::make_unique<PostgresStatement>(*this, prepared));
}

Status PostgresConnection::prepare_now(Prepared& prepared) {
  constexpr std::string_view kDoing = "preparing a statement";
  if (session_ == nullptr) return lost(kDoing);
  TARN_RETURN_IF_ERROR(checked(
      PQprepare(session_.get(), prepared.name.c_str(), prepared.text.sql.c_str(), 0, nullptr), kDoing));
  prepared.session = session_number_;
  return ok_status();
}

Result<PostgresConnection::Answer> PostgresConnection::run_once(Prepared& prepared,
                                                                std::span<const Value> values) {
  if (session_ == nullptr && access_ == Access::kRead)
    TARN_RETURN_IF_ERROR(connect(std::chrono::steady_clock::now() + kPatience));
  if (prepared.session != session_number_ || session_ == nullptr) TARN_RETURN_IF_ERROR(prepare_now(prepared));
  std::vector<const char*> texts;
  std::vector<int> lengths;
  std::vector<int> formats;
  for (const Value& value : values) {
    texts.push_back(value.is_null ? nullptr : value.bytes.c_str());
    lengths.push_back(static_cast<int>(value.bytes.size()));
    formats.push_back(value.is_binary ? 1 : 0);
  }
  constexpr int kBinaryAnswer = 1;
  TARN_ASSIGN_OR_RETURN(Answer answer, checked(PQexecPrepared(session_.get(), prepared.name.c_str(),
                                                              static_cast<int>(values.size()), texts.data(),
                                                              lengths.data(), formats.data(), kBinaryAnswer),
                                               "running a statement"));
  changes_ = std::strtoll(PQcmdTuples(answer.get()), nullptr, 10);
  return answer;
}

Result<PostgresConnection::Answer> PostgresConnection::run_prepared(Prepared& prepared,
                                                                    std::span<const Value> values) {
  const bool may_be_stale = access_ == Access::kRead && session_ != nullptr;
  Result<Answer> answer = run_once(prepared, values);
  const bool again = may_be_stale && !answer.ok() && answer.error().name() == kUnreachable.name;
  return again ? run_once(prepared, values) : std::move(answer);
}

// The lock is the row of `tarn_state` itself: it belongs to this state only, its holder's end is the
// transaction's end, and one round trip brings the epoch along. The isolation level is set because the
// server's default may be another: each statement must see what was committed before the lock was had.
Result<std::int64_t> PostgresConnection::begin() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    if (session_ == nullptr) TARN_RETURN_IF_ERROR(connect(deadline));
    auto answer =
        run_script("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT epoch FROM tarn_state FOR UPDATE",
                   "beginning a transaction");
    if (answer.ok() && PQntuples(answer->get()) == 1)
      return std::int64_t{std::strtoll(PQgetvalue(answer->get(), 0, 0), nullptr, 10)};
    rollback();
    if (answer.ok()) return Error(kCorrupt, location_.name + ": `tarn_state` has not one row");
    // Nothing was done yet: a session that was lost meanwhile is opened anew.
    if (answer.error().name() == kUnreachable.name && std::chrono::steady_clock::now() < deadline) continue;
    return std::move(answer).error();
  }
}

Status PostgresConnection::commit() {
  constexpr std::string_view kDoing = "committing";
  // Lost before: the server has rolled back, or will.
  if (!in_transaction()) return lost(kDoing);
  auto answer = run_script("COMMIT", kDoing);
  if (answer.ok()) {
    // The server answers ROLLBACK when a statement of the transaction had failed.
    if (std::string_view(PQcmdStatus(answer->get())) == "COMMIT") return ok_status();
    return Error(kFailed,
                 location_.name + ": a statement of the transaction had failed, so it was rolled back");
  }
  rollback();
  if (answer.error().name() != kUnreachable.name) return std::move(answer).error();
  return Error(kCommitUnknown, answer.error().message());
}

void PostgresConnection::rollback() {
  // A session that cannot even roll back is closed: the server then rolls back by itself.
  if (in_transaction() && !run_script("ROLLBACK", "rolling back").ok()) session_.reset();
}

bool PostgresConnection::in_transaction() const {
  if (session_ == nullptr) return false;
  const PGTransactionStatusType status = PQtransactionStatus(session_.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool PostgresConnection::is_alive() {
  if (session_ == nullptr || PQconsumeInput(session_.get()) == 0) return false;
  // Reads what has come; no statement here listens to any channel.
  PQfreemem(PQnotifies(session_.get()));
  return !is_ending_ && PQstatus(session_.get()) == CONNECTION_OK;
}

}  // namespace tarn::state
