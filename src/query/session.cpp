#include "query/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <utility>

#include "catalog/errors.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/session_impl.h"

namespace tarn::query {
namespace {

using engine::quote_identifier;

/// How often a statement looks up its tables before it says that one is gone.
constexpr int kLooks = 10;

}  // namespace

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(engine::Database& engine, const Lake& lake,
                                               const StatementRights& rights, SessionClient client) {
  TARN_ASSIGN_OR_RETURN(std::unique_ptr<engine::Connection> connection, engine.connect());
  auto impl = std::make_unique<Impl>(engine, std::move(connection), lake, rights);
  // The names of the tables mean something else in each session: what its tables were when it last looked.
  TARN_RETURN_IF_ERROR(
      impl->connection->run(fmt::format("ATTACH ':memory:' AS {0}; USE {0}.main", impl->database)));
  if (client.audit != nullptr) {
    if (client.principal != nullptr)
      client.actor.roles = fmt::format("{}", fmt::join(client.principal->roles(), ", "));
    impl->audit.emplace(*client.audit, std::move(client.actor));
  }
  impl->is_current = std::move(client.is_current);
  impl->editor = client.editor;
  impl->open_as = std::move(client.open_as);
  if (client.principal != nullptr) TARN_RETURN_IF_ERROR(impl->become(std::move(client.principal)));
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

const SessionLimits& Session::limits() const {
  static const SessionLimits kNone;
  return impl_->principal == nullptr ? kNone : impl_->principal->limits();
}

bool Session::is_current() const {
  return impl_->check_current().ok();
}

void Session::interrupt() {
  impl_->connection->interrupt();
  const std::lock_guard lock(impl_->inner_mutex);
  if (impl_->inner != nullptr) impl_->inner->interrupt();
}

double Session::progress() const {
  return impl_->connection->progress();
}

namespace {

Status bind_all(engine::Statement& statement, std::span<const engine::ParameterValue> values) {
  for (const std::string& name : statement.parameters()) {
    std::size_t number = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_numbered = failed == std::errc() && end == name.data() + name.size();
    if (!is_numbered || number < 1 || number > values.size())
      return Error(engine::kParameter, fmt::format("the parameter `${}` has no value", name));
    TARN_RETURN_IF_ERROR(statement.bind_value(name, values[number - 1]));
  }
  return ok_status();
}

/// Places in the statement become places in its script.
Error in_script(Error error, const StatementText& statement, const std::string& source) {
  if (!error.span()) return error;
  const SourceSpan span = *error.span();
  const std::size_t offset = engine::offset_of(statement.text(), span);
  const bool is_quote = offset < statement.text().size() && statement.text()[offset] == '\'';
  SourceSpan placed = engine::span_at(statement.script, statement.begin + offset, is_quote ? 1 : 0, source);
  placed.length = std::max(placed.length, std::min(span.length, placed.length));
  return std::move(error).with_span(std::move(placed));
}

}  // namespace

Result<engine::ResultSet> Session::run(const StatementText& statement, const RunOptions& options) {
  Result<std::optional<engine::ResultSet>> changed = impl_->run_change(statement.text(), options);
  if (!changed.ok()) return in_script(std::move(changed).error(), statement, options.source);
  if (*changed) return std::move(**changed);
  std::unique_ptr<ReadyStatement> ready;
  const auto prepare = [&]() -> Result<engine::Statement> {
    TARN_ASSIGN_OR_RETURN(ready, impl_->make_ready(statement.text(), options));
    TARN_ASSIGN_OR_RETURN(engine::Statement prepared, impl_->prepare(*ready, options));
    TARN_RETURN_IF_ERROR(impl_->bind(prepared, options));
    return prepared;
  };
  Result<engine::Statement> prepared = prepare();
  if (!prepared.ok()) {
    impl_->refuse(statement.text(), prepared.error());
    return in_script(std::move(prepared).error(), statement, options.source);
  }
  Result<engine::ResultSet> rows = impl_->answer(statement.text(), *ready, *prepared, options);
  if (rows.ok()) return rows;
  return in_script(std::move(rows).error(), statement, options.source);
}

Result<PreparedStatement> Session::prepare(const StatementText& statement, const std::string& source,
                                           Refusal refusal) {
  const RunOptions options{.source = source};
  const auto prepare = [&]() -> Result<PreparedStatement> {
    TARN_ASSIGN_OR_RETURN(auto change, impl_->prepare_change(statement.text(), options));
    if (change) {
      PreparedStatement made(std::string(statement.text()), source, std::move(change->statement));
      made.writes_ = change->kind;
      made.returned_ = std::move(change->returned);
      return made;
    }
    TARN_ASSIGN_OR_RETURN(const auto ready, impl_->make_ready(statement.text(), options));
    TARN_ASSIGN_OR_RETURN(engine::Statement prepared, impl_->prepare(*ready, options));
    PreparedStatement made(std::string(statement.text()), source, std::move(prepared));
    made.text_ = ready->rewrite.text();
    made.generation_ = impl_->views.generation();
    return made;
  };
  Result<PreparedStatement> prepared = prepare();
  if (prepared.ok()) return prepared;
  if (refusal == Refusal::kRecorded) impl_->refuse(statement.text(), prepared.error());
  return in_script(std::move(prepared).error(), statement, source);
}

Result<engine::ResultSet> Session::execute(PreparedStatement& prepared,
                                           std::span<const engine::ParameterValue> values) {
  const RunOptions options{.source = prepared.source_};
  if (prepared.writes_) {
    TARN_ASSIGN_OR_RETURN(auto changed,
                          impl_->run_change(prepared.sql_, options, [&](engine::Statement& statement) {
                            return bind_all(statement, values);
                          }));
    // It changed the lake when it was prepared, and its text is the same.
    if (changed) return std::move(*changed);
  }
  std::unique_ptr<ReadyStatement> ready;
  const auto prepare = [&]() -> Status {
    TARN_ASSIGN_OR_RETURN(ready, impl_->make_ready(prepared.sql_, options));
    // The engine's plan keeps the views of then, and tables of `ops` are made anew each time.
    const std::uint64_t generation = impl_->views.generation();
    if (ready->rewrite.text() != prepared.text_ || generation != prepared.generation_ || ready->names_ops) {
      TARN_ASSIGN_OR_RETURN(prepared.statement_, impl_->prepare(*ready, options));
      prepared.text_ = ready->rewrite.text();
      prepared.generation_ = generation;
    }
    return bind_all(prepared.statement_, values);
  };
  if (Status done = prepare(); !done.ok()) {
    impl_->refuse(prepared.sql_, done.error());
    return std::move(done).error();
  }
  return impl_->answer(prepared.sql_, *ready, prepared.statement_, options);
}

Result<Cursor> Session::open_cursor(const PreparedStatement& prepared,
                                    std::span<const engine::ParameterValue> values) {
  const RunOptions options{.source = prepared.source_};
  std::unique_ptr<ReadyStatement> ready;
  std::unique_ptr<engine::Connection> connection;
  const auto prepare = [&]() -> Result<engine::Statement> {
    TARN_ASSIGN_OR_RETURN(ready, impl_->make_ready(prepared.sql_, options));
    TARN_ASSIGN_OR_RETURN(connection, impl_->engine.connect());
    if (impl_->principal != nullptr) connection->hide_machine();
    TARN_RETURN_IF_ERROR(connection->run(fmt::format("USE {}.main", impl_->database)));
    TARN_RETURN_IF_ERROR(connection->run(impl_->path_statement()));
    Result<engine::Statement> statement = connection->prepare(ready->rewrite.text(), options.source);
    if (!statement.ok()) return impl_->explain(std::move(statement).error(), *ready, options);
    TARN_RETURN_IF_ERROR(bind_all(*statement, values));
    return statement;
  };
  Result<engine::Statement> statement = prepare();
  if (!statement.ok()) {
    impl_->refuse(prepared.sql_, statement.error());
    return std::move(statement).error();
  }
  std::shared_ptr<AuditedStatement> audited;
  if (impl_->audit) {
    TARN_ASSIGN_OR_RETURN(audited, impl_->audit->begin(prepared.sql_, *ready));
  }
  return Cursor(std::move(connection), std::move(*statement), std::move(audited));
}

Status Cursor::start() {
  Result<engine::ResultSet> rows = statement_.execute();
  if (!rows.ok() && audited_ != nullptr) audited_->end(rows.error().name());
  TARN_ASSIGN_OR_RETURN(rows_, std::move(rows));
  if (audited_ != nullptr) AuditedStatement::follow(audited_, *rows_);
  return ok_status();
}

Result<engine::ResultSet> Session::Impl::answer(std::string_view sql, const ReadyStatement& ready,
                                                engine::Statement& statement, const RunOptions& options) {
  if (!audit) return execute(ready, statement, options);
  TARN_ASSIGN_OR_RETURN(std::shared_ptr<AuditedStatement> audited, audit->begin(sql, ready));
  Result<engine::ResultSet> rows = execute(ready, statement, options);
  if (audited == nullptr) return rows;
  if (rows.ok())
    AuditedStatement::follow(std::move(audited), *rows);
  else
    audited->end(rows.error().name());
  return rows;
}

void Session::Impl::refuse(std::string_view sql, const Error& error) {
  if (audit) audit->refuse(sql, error);
}

Result<engine::ResultSet> Session::Impl::run(std::string_view sql, const RunOptions& options) {
  TARN_ASSIGN_OR_RETURN(const auto ready, make_ready(sql, options));
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, prepare(*ready, options));
  TARN_RETURN_IF_ERROR(bind(statement, options));
  return execute(*ready, statement, options);
}

/// Everything that the statement names is there when it returns.
Result<std::unique_ptr<ReadyStatement>> Session::Impl::make_ready(std::string_view sql,
                                                                  const RunOptions& options) {
  TARN_RETURN_IF_ERROR(check_kind(sql));
  for (int attempt = 1;; ++attempt) {
    auto ready = look_up(sql, options);
    // What was there when it looked around was dropped or renamed before it was read: then look again.
    const bool is_gone = !ready.ok() && ready.error().name() == catalog::kTableNotFound.name;
    if (!is_gone || attempt == kLooks) return ready;
  }
}

Result<std::unique_ptr<ReadyStatement>> Session::Impl::look_up(std::string_view sql,
                                                               const RunOptions& options) {
  TARN_RETURN_IF_ERROR(look_around());
  std::string translated;
  bool names_system = false;
  if (identity) {
    TARN_ASSIGN_OR_RETURN(translated, translate(sql, names_system));
    sql = translated;
  }
  TARN_ASSIGN_OR_RETURN(std::string expanded, expand(sql));
  auto ready = std::make_unique<ReadyStatement>(expanded.empty() ? std::string(sql) : std::move(expanded));
  ready->reads.looks_up = names_system;
  TARN_RETURN_IF_ERROR(prepare_again(*ready, options));
  TARN_ASSIGN_OR_RETURN(StatementNeeds needs, find_needs(ready->sql, known));
  if (principal != nullptr)
    std::erase_if(needs.ops, [&](const std::string& name) { return !principal->sees({"ops", name}); });
  ready->names_ops = !needs.ops.empty();
  TARN_RETURN_IF_ERROR(provide(needs, options, *ready));
  return ready;
}

Result<engine::Statement> Session::Impl::prepare(const ReadyStatement& ready, const RunOptions& options) {
  Result<engine::Statement> statement = connection->prepare(ready.rewrite.text(), options.source);
  if (statement.ok()) return statement;
  return explain(std::move(statement).error(), ready, options);
}

Result<engine::ResultSet> Session::Impl::execute(const ReadyStatement& ready, engine::Statement& statement,
                                                 const RunOptions& options) {
  Result<engine::ResultSet> rows = statement.execute();
  if (!rows.ok()) return explain(std::move(rows).error(), ready, options);
  remember(ready.sql);
  return rows;
}

Status Session::begin() {
  return impl_->begin();
}
Status Session::commit() {
  return impl_->commit();
}
void Session::roll_back() {
  impl_->roll_back();
}
Status Session::save(const std::string& name) {
  return impl_->save(name);
}
Status Session::restore(const std::string& name) {
  return impl_->restore(name);
}
Status Session::release(const std::string& name) {
  return impl_->release(name);
}

void Session::speak_postgres(postgres::Identity identity) {
  const auto name = std::ranges::find(identity.settings, "application_name", &postgres::SettingValue::name);
  if (impl_->audit && name != identity.settings.end()) impl_->audit->set_application(name->value);
  impl_->identity = std::move(identity);
}

void Session::serve_call(std::string peer, std::string application) {
  if (!impl_->audit) return;
  impl_->audit->set_peer(std::move(peer));
  impl_->audit->set_application(std::move(application));
}

Status Session::use_first(const std::vector<std::string>& schemas) {
  TARN_RETURN_IF_ERROR(impl_->look_around());
  const auto is_there = [&](const std::string& schema) {
    const KnownNames& known = impl_->known;
    return schema == "ops" ||
           std::ranges::find(known.tables, schema, &TableName::schema) != known.tables.end() ||
           std::ranges::find(known.views, schema, &TableName::schema) != known.views.end();
  };
  const auto found = std::ranges::find_if(schemas, is_there);
  const std::string sql =
      "USE " + (found == schemas.end() ? std::string(kNoSchema) : quote_identifier(*found));
  TARN_ASSIGN_OR_RETURN(const engine::ResultSet done, impl_->run(sql, {}));
  return ok_status();
}

Result<std::vector<std::string>> Session::table_names() {
  TARN_ASSIGN_OR_RETURN(std::vector<TableName> tables, impl_->list_tables());
  TARN_ASSIGN_OR_RETURN(const std::vector<TableName> views, impl_->list_views());
  tables.insert(tables.end(), views.begin(), views.end());
  std::vector<std::string> names;
  for (const TableName& table : tables) names.push_back(sql_name(table.schema) + "." + sql_name(table.name));
  for (const std::string_view name : impl_->ops_names()) names.push_back("ops." + std::string(name));
  std::ranges::sort(names);
  return names;
}

Result<std::vector<VisibleTable>> Session::tables() {
  TARN_RETURN_IF_ERROR(impl_->look_around());
  return visible_tables(impl_->lake, impl_->known, impl_->principal.get());
}

Result<std::vector<std::string>> Session::column_names(const std::string& table) {
  const std::string sql = fmt::format("SELECT * FROM {} LIMIT 0", table);
  TARN_ASSIGN_OR_RETURN(const engine::ResultSet rows, impl_->run(sql, {}));
  std::vector<std::string> names;
  for (const engine::Column& column : rows.columns()) names.push_back(column.name);
  return names;
}

std::string sql_name(std::string_view name) {
  const bool plain = !name.empty() && (name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z')) &&
                     std::ranges::all_of(name, [](char c) {
                       return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                     });
  return plain ? std::string(name) : quote_identifier(name);
}

}  // namespace tarn::query
