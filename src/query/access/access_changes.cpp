#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/scram.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/access/access_editor.h"
#include "query/access/check_policy.h"
#include "query/access/row_filter.h"
#include "query/errors.h"
#include "query/session_impl.h"
#include "query/views/type_sql.h"
#include "query/writes/statement_writer.h"

/// CREATE USER, GRANT and the like in a session.
namespace tarn::query {
namespace {

/// PostgreSQL's own default since version 10.
constexpr int kIterations = 4096;

/// One after the other, in one document.
AccessEditor::Edit edit_of(const std::vector<AccessStatement>& statements) {
  return [&statements](std::string document, const project::AccessSpec& files) -> Result<std::string> {
    for (const AccessStatement& statement : statements) {
      TARN_ASSIGN_OR_RETURN(document, edited_rules(statement, document, files));
    }
    return document;
  };
}

/// What is named, as the lake writes it.
class NamedTables {
 public:
  NamedTables(engine::Connection& connection, const Lake& lake, const KnownNames& known,
              std::vector<std::string_view> ops, AccessStatement& statement)
      : connection_(connection), lake_(lake), known_(known), ops_(std::move(ops)), statement_(statement) {}

  Status resolve() {
    for (WrittenName& name : statement_.tables) {
      TARN_RETURN_IF_ERROR(statement_.whole_schemas ? resolve_schema(name) : resolve_table(name));
      TARN_RETURN_IF_ERROR(check_plain(name));
    }
    return ok_status();
  }

 private:
  /// Rules name tables by patterns: a name that looks like one would mean others, too.
  static Status check_plain(const WrittenName& name) {
    const std::string written = fmt::format("{}", fmt::join(name.parts, "."));
    if (written.find_first_of("*?[]{},") == std::string::npos) return ok_status();
    return Error(kBadRule, fmt::format("`{}` cannot be granted: its name looks like a pattern", written))
        .with_hint("rename it, or grant it in access/*.yaml");
  }

  std::vector<TableName> all() const {
    std::vector<TableName> names = known_.tables;
    names.insert(names.end(), known_.views.begin(), known_.views.end());
    for (const std::string_view ops : ops_) names.emplace_back("ops", std::string(ops));
    return names;
  }

  Status resolve_schema(WrittenName& name) const {
    const std::string written = fmt::format("{}", fmt::join(name.parts, "."));
    for (const TableName& one : all()) {
      if (to_lower_ascii(one.schema) != to_lower_ascii(written)) continue;
      name.parts = {one.schema};
      return check_filter_of_all(one.schema);
    }
    // What is gone may still be granted.
    if (statement_.verb == AccessStatement::Verb::kRevokeTables) return ok_status();
    return Error(engine::kCatalog, fmt::format("there is no schema `{}` with a table in it", written))
        .with_hint("SHOW TABLES lists the schemas");
  }

  Status resolve_table(WrittenName& name) {
    if (name.parts.size() == 1) {
      if (known_.default_schema.empty())
        return Error(kNoSchemaSelected, fmt::format("`{}` has no schema", name.parts.front()));
      name.parts.insert(name.parts.begin(), known_.default_schema);
    }
    const std::string written = fmt::format("{}", fmt::join(name.parts, "."));
    for (const TableName& one : all()) {
      if (to_lower_ascii(one.to_string()) != to_lower_ascii(written)) continue;
      name.parts = {one.schema, one.name};
      TARN_RETURN_IF_ERROR(resolve_columns(one));
      return check_filter_of(one);
    }
    if (statement_.verb == AccessStatement::Verb::kRevokeTables) return ok_status();
    return Error(kUnknownTable, fmt::format("there is no table `{}`", written))
        .with_hint("SHOW TABLES lists them");
  }

  Status check_filter_of_all(const std::string& schema) const {
    for (const TableName& table : known_.tables) {
      if (table.schema == schema) TARN_RETURN_IF_ERROR(check_filter_of(table));
    }
    return ok_status();
  }

  /// A filter that does not fit its table would leave nothing to be seen of it.
  Status check_filter_of(const TableName& table) const {
    const bool is_table = std::ranges::find(known_.tables, table) != known_.tables.end();
    if (statement_.where.empty() || !is_table) return ok_status();
    TARN_ASSIGN_OR_RETURN(const catalog::Table loaded, lake_.load_table(table));
    std::string columns;
    for (const iceberg::NestedField& field : loaded.metadata->current_schema().fields())
      columns += fmt::format("{}NULL::{} AS {}", columns.empty() ? "" : ", ", type_sql(field.type),
                             engine::quote_identifier(field.name));
    Rewrite filter(statement_.where);
    for (const Token& token : tokenize(statement_.where)) {
      if (token.kind == TokenKind::kParameter) filter.replace(token.begin, token.end, "(NULL)");
    }
    const std::string condition = filter.finish();
    TARN_RETURN_IF_ERROR(check_filter(connection_, condition));
    const auto bound =
        connection_.prepare(fmt::format("SELECT 1 FROM (SELECT {}) WHERE ({}\n)", columns, condition));
    if (bound.ok()) return ok_status();
    return Error(kBadFilter,
                 fmt::format("the filter does not fit `{}`: {}", table.to_string(), bound.error().message()));
  }

  Status resolve_columns(const TableName& table) {
    const bool names_any =
        !statement_.columns.empty() || !statement_.except.empty() || !statement_.masks.empty();
    const bool is_table = std::ranges::find(known_.tables, table) != known_.tables.end();
    // Columns of views are those of their queries, which a session finds out when it reads them.
    if (!names_any || !is_table) return ok_status();
    TARN_ASSIGN_OR_RETURN(const catalog::Table loaded, lake_.load_table(table));
    const iceberg::Schema& schema = loaded.metadata->current_schema();
    const auto actual = [&](const std::string& column) -> Result<std::string> {
      const iceberg::NestedField* const field = find_column(schema, column);
      if (field != nullptr) return field->name;
      return Error(engine::kBinder,
                   fmt::format("column \"{}\" of relation \"{}\" does not exist", column, table.to_string()));
    };
    for (auto* const columns : {&statement_.columns, &statement_.except}) {
      for (std::string& column : *columns) {
        TARN_ASSIGN_OR_RETURN(column, actual(column));
      }
    }
    std::map<std::string, std::string> masks;
    for (const auto& [column, mask] : statement_.masks) {
      TARN_ASSIGN_OR_RETURN(const std::string name, actual(column));
      masks[name] = mask;
    }
    statement_.masks = std::move(masks);
    return ok_status();
  }

  engine::Connection& connection_;
  const Lake& lake_;
  const KnownNames& known_;
  const std::vector<std::string_view> ops_;
  AccessStatement& statement_;
};

}  // namespace

bool Session::Impl::may_administer() const {
  return editor != nullptr && (principal == nullptr || principal->administers());
}

Result<std::optional<AccessStatement>> Session::Impl::read_access(std::string_view sql) const {
  TARN_ASSIGN_OR_RETURN(std::optional<AccessStatement> statement, read_access_statement(sql));
  if (!statement || may_administer()) return statement;
  return Error(kNotAdministrator, "permission denied to change users, roles and rights");
}

Status Session::Impl::change_access(std::string_view sql, AccessStatement statement) {
  std::shared_ptr<AuditedStatement> audited;
  const auto change = [&]() -> Status {
    TARN_RETURN_IF_ERROR(look_around());
    // Whoever administers gives what she herself may not see.
    KnownNames all;
    all.default_schema = known.default_schema;
    TARN_ASSIGN_OR_RETURN(all.tables, lake.list_tables());
    TARN_ASSIGN_OR_RETURN(all.views, lake.catalog.list_views());
    TARN_RETURN_IF_ERROR(NamedTables(*connection, lake, all, OpsTables::names(), statement).resolve());
    if (audit) {
      ReadyStatement ready{std::string(sql)};
      ready.rewrite.finish();
      ready.reads.changes_access = true;
      for (const WrittenName& name : statement.tables)
        ready.reads.written.push_back(fmt::format("{}", fmt::join(name.parts, ".")));
      TARN_ASSIGN_OR_RETURN(audited, audit->begin(sql, ready));
    }
    if (statement.password && !statement.password->empty() && !parse_scram_verifier(*statement.password))
      statement.password = to_string(make_scram_verifier(*statement.password, editor->salt(), kIterations));
    access_changes.push_back(std::move(statement));
    if (!in_transaction) return keep_access_changes();
    const Status good = editor->change(
        "", edit_of(access_changes), [this](auto next) { return check_next(std::move(next)); },
        AccessEditor::Keep::kNo);
    if (!good.ok()) access_changes.pop_back();
    return good;
  };
  const Status done = change();
  if (audited)
    audited->end(done.ok() ? state::kAuditDone : done.error().name());
  else if (!done.ok())
    refuse(sql, done.error());
  return done;
}

Status Session::Impl::keep_access_changes() {
  if (access_changes.empty()) return ok_status();
  const std::vector<AccessStatement> changes = std::exchange(access_changes, {});
  const std::string who = principal == nullptr ? "the owner" : principal->user();
  return editor->change(
      who, edit_of(changes), [this](auto next) { return check_next(std::move(next)); },
      AccessEditor::Keep::kYes);
}

Status Session::Impl::check_next(std::shared_ptr<const AccessPolicy> next) const {
  const std::vector<Error> errors = check_policy(std::move(next), *connection);
  if (errors.empty()) return ok_status();
  return Error(errors.front().code(), errors.front().message()).with_hint(errors.front().hint());
}

}  // namespace tarn::query
