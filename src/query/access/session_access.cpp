#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/access/row_filter.h"
#include "query/access/served_statement.h"
#include "query/errors.h"
#include "query/session_impl.h"

/// What a session does besides when it is a user's.
namespace tarn::query {

Status Session::Impl::become(std::shared_ptr<const Principal> who) {
  for (const std::string& filter : who->filters()) TARN_RETURN_IF_ERROR(check_filter(*connection, filter));
  connection->hide_machine();
  principal = std::move(who);
  views.serve(*principal);
  ops.serve(*principal);
  return ok_status();
}

Status Session::Impl::check_kind(std::string_view sql) const {
  if (principal == nullptr) return check_statement(sql, rights, temporary);
  TARN_ASSIGN_OR_RETURN(const ServedStatement statement, served_statement(sql, temporary));
  const bool object =
      statement.kind == ServedKind::kCreateTemporary || statement.kind == ServedKind::kDropTemporary;
  return object ? check_statement(sql, rights, temporary) : ok_status();
}

Result<std::vector<TableName>> Session::Impl::list_tables() const {
  TARN_ASSIGN_OR_RETURN(std::vector<TableName> tables, lake.list_tables());
  if (principal != nullptr)
    std::erase_if(tables, [&](const TableName& table) { return !principal->sees(table); });
  return tables;
}

Result<std::vector<TableName>> Session::Impl::list_views() const {
  TARN_ASSIGN_OR_RETURN(std::vector<TableName> names, lake.catalog.list_views());
  if (principal != nullptr)
    std::erase_if(names, [&](const TableName& view) { return !principal->sees(view); });
  return names;
}

std::vector<std::string_view> Session::Impl::ops_names() const {
  std::vector<std::string_view> names = OpsTables::names();
  if (principal != nullptr)
    std::erase_if(names, [&](std::string_view name) { return !principal->sees({"ops", std::string(name)}); });
  return names;
}

AllowedNames Session::Impl::allowed_names(const StatementNeeds& needs,
                                          const std::vector<std::string>& schemas) const {
  AllowedNames allowed;
  for (std::size_t i = 0; i < needs.tables.size(); ++i) {
    const std::string name = to_lower_ascii(needs.tables[i].table.name);
    allowed.relations.emplace(to_lower_ascii(schemas[i]), name);
    if (needs.tables[i].parts == 1) allowed.relations.emplace("", name);
  }
  for (const std::string& name : needs.ops) allowed.relations.emplace("ops", name);
  return allowed;
}

Status Session::Impl::check_tree_of(const ReadyStatement& ready, const StatementNeeds& needs,
                                    const std::vector<std::string>& schemas) {
  // USE became a statement of our own; users cannot say SET.
  const std::string& text = ready.rewrite.text();
  const std::vector<Token> tokens = tokenize(text);
  if (!tokens.empty() && is_word(tokens[0], text, "SET")) return ok_status();
  AllowedNames allowed = allowed_names(needs, schemas);
  for (const std::string& name : temporary) allowed.relations.emplace("", name);
  if (!write_target.empty())
    allowed.relations.emplace(std::string(kWriteSchema), to_lower_ascii(write_target));
  if (has_system) TARN_RETURN_IF_ERROR(allow_system(allowed));
  TARN_ASSIGN_OR_RETURN(const ServedStatement statement, served_statement(text, temporary));
  if (statement.kind != ServedKind::kRows && statement.kind != ServedKind::kCreateTemporary)
    return ok_status();
  return check_rows(ready, statement.rows_begin, allowed);
}

Status Session::Impl::check_rows(const ReadyStatement& ready, std::size_t rows_begin,
                                 const AllowedNames& allowed) const {
  const std::string_view rows = std::string_view(ready.rewrite.text()).substr(rows_begin);
  const Status checked = check_tree(*connection, rows, allowed);
  if (checked.ok() || !checked.error().span()) return checked;
  Error error = checked.error();
  const std::size_t place = rows_begin + engine::offset_of(rows, *error.span());
  const std::size_t original = ready.rewrite.to_original(place);
  SourceSpan span = engine::span_at(ready.sql, original, 0, "sql");
  if (&error.code() != &kUnknownTable) return std::move(error).with_span(std::move(span));
  return unknown_table(ready.sql, std::move(error).with_span(std::move(span)));
}

/// The system catalog stands in schemas of this session's own database, with nothing but what the user may
/// see.
Status Session::Impl::allow_system(AllowedNames& allowed) {
  if (system_names.relations.empty()) {
    TARN_ASSIGN_OR_RETURN(
        engine::ResultSet rows,
        connection->query(fmt::format(
            "SELECT schema_name, table_name, false FROM duckdb_tables() WHERE database_name = {0} AND "
            "schema_name "
            "LIKE 'tarn\\_%' ESCAPE '\\' UNION ALL SELECT schema_name, view_name, false FROM duckdb_views() "
            "WHERE "
            "database_name = {0} AND schema_name LIKE 'tarn\\_%' ESCAPE '\\' UNION ALL SELECT schema_name, "
            "function_name, true FROM duckdb_functions() WHERE database_name = {0} AND schema_name = "
            "'tarn_pg'",
            engine::quote_literal(database))));
    TARN_ASSIGN_OR_RETURN(const auto texts, engine::read_texts(rows));
    for (const auto& row : texts) {
      if (row[2] == "true") {
        system_names.functions.insert(to_lower_ascii(*row[1]));
        continue;
      }
      system_names.relations.emplace(to_lower_ascii(*row[0]), to_lower_ascii(*row[1]));
      if (row[0] == "tarn_pg") system_names.relations.emplace("", to_lower_ascii(*row[1]));
    }
  }
  allowed.relations.insert(system_names.relations.begin(), system_names.relations.end());
  allowed.functions = system_names.functions;
  return ok_status();
}

Status Session::Impl::check_expression(const std::string& expression) {
  if (principal == nullptr) return ok_status();
  return check_tree(*connection, "SELECT " + expression, {});
}

}  // namespace tarn::query
