#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/errors.h"
#include "query/postgres/dialect.h"
#include "query/session_impl.h"

/// What a session makes of a statement before the engine gets it, and of the engine's errors.
namespace tarn::query {
namespace {

constexpr std::string_view kShowTables =
    "SELECT table_schema AS \"schema\", table_name AS \"table\", columns, records, data_files, updated_at "
    "FROM "
    "ops.tables{} ORDER BY ALL";

using engine::quote_identifier;
using engine::quote_literal;

}  // namespace

/// What a statement stands for that the engine does not have; empty for other statements.
Result<std::string> Session::Impl::expand(std::string_view sql) {
  const std::vector<Token> tokens = tokenize(sql);
  if (tokens.size() < 2) return std::string();
  if (is_word(tokens[0], sql, "SHOW")) return expand_show(sql, tokens);
  if (is_word(tokens[0], sql, "USE")) return expand_use(sql, tokens);
  return std::string();
}

/// USE changes where the engine looks for names.
Result<std::string> Session::Impl::expand_use(std::string_view sql, const std::vector<Token>& tokens) {
  std::string schema;
  for (std::size_t i = 1; i < tokens.size(); ++i)
    schema += is_name(tokens[i]) ? name_of(tokens[i], sql) : tokens[i].in(sql);
  TARN_RETURN_IF_ERROR(prepare_schemas());
  if (schema != kNoSchema) {
    std::vector<std::string_view> schemas{"ops"};
    for (const TableName& table : known.tables) schemas.push_back(table.schema);
    for (const TableName& view : known.views) schemas.push_back(view.schema);
    if (std::ranges::find(schemas, schema) == schemas.end()) {
      const std::string_view nearest = nearest_name(schema, schemas);
      return Error(engine::kCatalog, fmt::format("there is no schema `{}`", schema))
          .with_hint(nearest.empty() ? "SHOW TABLES lists the schemas"
                                     : fmt::format("did you mean `{}`?", nearest));
    }
  }
  known.default_schema = schema == kNoSchema ? "" : schema;
  return path_statement();
}

std::string Session::Impl::path_statement() const {
  std::string path;
  if (!known.default_schema.empty()) path = database + "." + quote_identifier(known.default_schema) + ",";
  path += database + ".main";
  if (has_system) path += "," + database + ".tarn_pg";
  return "SET search_path = " + quote_literal(path);
}

Result<std::string> Session::Impl::translate(std::string_view sql, bool& names_system) {
  const auto relation_oid = [&](std::string_view written) -> std::int64_t {
    std::string name(written);
    std::erase(name, '"');
    if (name.starts_with("pg_catalog.")) name.erase(0, 11);
    if (const std::int64_t oid = postgres::system_relation_oid(name); oid != 0) return oid;
    for (const auto* names : {&known.tables, &known.views}) {
      for (const TableName& table : *names) {
        if (table.to_string() == name || table.name == name) return postgres::relation_oid(table);
      }
    }
    return 0;
  };
  postgres::Translation translation = postgres::translate(sql, relation_oid, *identity, known.default_schema);
  if (!translation.missing_relation.empty())
    return Error(kUnknownTable, fmt::format("relation \"{}\" does not exist", translation.missing_relation));
  names_system = translation.names_system;
  if (!names_system) return std::move(translation.sql);
  TARN_ASSIGN_OR_RETURN(const std::vector<VisibleTable> tables, visible_tables(lake, known, principal.get()));
  TARN_RETURN_IF_ERROR(system.refresh(tables, *identity, known.default_schema));
  if (!has_system) {
    has_system = true;
    TARN_RETURN_IF_ERROR(connection->run(path_statement()));
  }
  return std::move(translation.sql);
}

/// SHOW TABLES lists the lake, not the engine's views.
std::string Session::Impl::expand_show(std::string_view sql, const std::vector<Token>& tokens) const {
  const bool all = tokens.size() == 3 && is_word(tokens[1], sql, "ALL") && is_word(tokens[2], sql, "TABLES");
  if (all || (tokens.size() == 2 && is_word(tokens[1], sql, "TABLES"))) return fmt::format(kShowTables, "");
  if (tokens.size() < 4 || !is_word(tokens[1], sql, "TABLES") || !is_word(tokens[2], sql, "FROM")) return "";
  std::string schema;
  for (std::size_t i = 3; i < tokens.size(); ++i) schema += name_of(tokens[i], sql);
  return fmt::format(kShowTables, " WHERE lower(table_schema) = lower(" + quote_literal(schema) + ")");
}

Status Session::Impl::check_current() const {
  if (!is_current || is_current()) return ok_status();
  return Error(kAccessChanged, "terminating connection: the rights of users have changed")
      .with_hint("connect again");
}

Status Session::Impl::look_around() {
  TARN_RETURN_IF_ERROR(check_current());
  if (std::exchange(has_answer, false))
    TARN_RETURN_IF_ERROR(connection->run(fmt::format("DROP TABLE IF EXISTS {}.tarn_stage.answer", database)));
  if (lake.renew_access) TARN_RETURN_IF_ERROR(lake.renew_access());
  TARN_ASSIGN_OR_RETURN(known.tables, list_tables());
  TARN_ASSIGN_OR_RETURN(known.views, list_views());
  return views.forget_others(known.tables, known.views);
}

Result<std::vector<TableUse>> Session::Impl::uses_of(const StatementNeeds& needs, std::string_view sql,
                                                     const RunOptions& options) {
  std::vector<TableUse> uses;
  for (const PlacedUse& placed : needs.tables) {
    if (placed.is_view) continue;
    TableUse use{placed.table, std::nullopt};
    if (placed.chain.has_at) {
      Result<table::SnapshotSelector> selector = resolve(placed.chain.at, options);
      if (!selector.ok()) {
        return std::move(selector).error().with_span(engine::span_at(
            sql, placed.chain.at_begin, placed.chain.at_end - placed.chain.at_begin, options.source));
      }
      use.at = *selector;
    }
    uses.push_back(std::move(use));
  }
  return uses;
}

std::vector<std::string> put_names(const StatementNeeds& needs, std::span<const UsedView> used,
                                   bool keeps_bare, Rewrite& rewrite) {
  std::vector<std::string> schemas;
  std::size_t next = 0;
  for (const PlacedUse& placed : needs.tables) {
    schemas.push_back(placed.is_view ? placed.table.schema : used[next++].schema);
    if (keeps_bare && placed.parts == 1 && !placed.chain.has_at) continue;
    rewrite.replace(placed.chain.begin, placed.chain.part_ends[placed.parts - 1],
                    quote_identifier(schemas.back()) + "." + quote_identifier(placed.table.name));
    if (placed.chain.has_at) rewrite.replace(placed.chain.at_begin, placed.chain.at_end, "");
  }
  return schemas;
}

/// Fills ops tables and views, and puts the views' names into the statement.
Status Session::Impl::provide(const StatementNeeds& needs, const RunOptions& options, ReadyStatement& ready,
                              Bare bare) {
  const std::string& sql = ready.sql;
  Rewrite& rewrite = ready.rewrite;
  for (const std::string& name : needs.ops) {
    TARN_RETURN_IF_ERROR(ops.load(name));
  }
  std::vector<OpenedView> opened;
  std::vector<TableName> within;
  TARN_RETURN_IF_ERROR(open_views(needs, opened, within));
  TARN_ASSIGN_OR_RETURN(std::vector<TableUse> uses, uses_of(needs, sql, options));
  const std::size_t own = uses.size();
  std::vector<std::size_t> begins;
  for (const OpenedView& view : opened) {
    Result<std::vector<TableUse>> of_view = uses_of(view.needs, view.query->sql, {});
    if (!of_view.ok()) return unreadable_view(view.name, of_view.error());
    begins.push_back(uses.size());
    std::ranges::move(*of_view, std::back_inserter(uses));
  }
  begins.push_back(uses.size());
  if (needs.whole_catalog) {
    for (const TableName& table : known.tables) uses.push_back({table, std::nullopt});
  }
  for (const TableUse& use : uses) TARN_RETURN_IF_ERROR(flush(use.table));
  Result<std::vector<UsedView>> made = views.ensure(uses);
  if (!made.ok()) {
    Error error = std::move(made).error();
    if (needs.tables.empty()) return error;
    const NameChain& chain = needs.tables.front().chain;
    return std::move(error).with_span(
        engine::span_at(sql, chain.begin, chain.end - chain.begin, options.source));
  }
  const std::span<const UsedView> used(*made);
  for (std::size_t i = 0; i < opened.size(); ++i) {
    const auto of_view = used.subspan(begins[i], begins[i + 1] - begins[i]);
    if (const Status done = make_view(opened[i], of_view, ready); !done.ok())
      return unreadable_view(opened[i].name, done.error());
  }
  if (!options.copy_to_parquet.empty()) rewrite.replace(0, 0, "COPY (");
  const std::vector<std::string> schemas = put_names(needs, used.first(own), bare == Bare::kInPath, rewrite);
  if (!options.copy_to_parquet.empty()) {
    rewrite.replace(
        sql.size(), sql.size(),
        fmt::format("\n) TO {} (FORMAT parquet, COMPRESSION zstd)", quote_literal(options.copy_to_parquet)));
  }
  rewrite.finish();
  for (const UsedView& view : used.first(own)) ready.reads.views.push_back(view.facts);
  ready.reads.tables = needs.tables;
  ready.reads.ops = needs.ops;
  ready.reads.looks_up = ready.reads.looks_up || needs.whole_catalog;
  if (bare == Bare::kReplaced) return check_rows(ready, 0, allowed_names(needs, schemas));
  return principal == nullptr ? ok_status() : check_tree_of(ready, needs, schemas);
}

Result<std::string> Session::Impl::evaluate(const std::string& expression, const RunOptions& options) {
  TARN_RETURN_IF_ERROR(check_expression(expression));
  TARN_ASSIGN_OR_RETURN(engine::Statement statement,
                        connection->prepare(fmt::format("SELECT {}", expression), options.source));
  TARN_RETURN_IF_ERROR(bind(statement, options));
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, statement.execute());
  TARN_ASSIGN_OR_RETURN(const auto texts, engine::read_texts(rows));
  if (texts.size() != 1 || texts[0].size() != 1 || !texts[0][0]) {
    return Error(kBadTimeTravel, "the value of the AT clause is not one value");
  }
  return *texts[0][0];
}

Result<table::SnapshotSelector> Session::Impl::resolve(const TimeTravel& at, const RunOptions& options) {
  if (at.kind == TimeTravel::Kind::kTag || at.kind == TimeTravel::Kind::kBranch) {
    TARN_ASSIGN_OR_RETURN(std::string name, evaluate(fmt::format("({})::VARCHAR", at.expression), options));
    return table::SnapshotSelector(table::SnapshotByRef{std::move(name)});
  }
  const bool version = at.kind == TimeTravel::Kind::kVersion;
  const std::string expression = version ? fmt::format("({})::BIGINT", at.expression)
                                         : fmt::format("epoch_ms(({})::TIMESTAMPTZ)", at.expression);
  Result<std::string> text = evaluate(expression, options);
  if (!text.ok()) {
    if (text.error().error_class() != ErrorClass::kUser) return std::move(text).error();
    return Error(kBadTimeTravel, fmt::format("`{}` is not a {}: {}", at.expression,
                                             version ? "snapshot's number" : "time", text.error().message()));
  }
  std::int64_t value = 0;
  const auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (bad != std::errc() || end != text->data() + text->size()) {
    return Error(kBadTimeTravel, fmt::format("`{}` is out of range", at.expression));
  }
  if (version) return table::SnapshotSelector(table::SnapshotById{value});
  return table::SnapshotSelector(table::SnapshotAsOf{value});
}

Status Session::Impl::bind(engine::Statement& statement, const RunOptions& options) const {
  for (const std::string& name : statement.parameters()) {
    const auto found = options.parameters.find(name);
    if (found != options.parameters.end()) {
      TARN_RETURN_IF_ERROR(statement.bind(name, found->second));
      continue;
    }
    std::vector<std::string_view> given;
    for (const auto& [key, value] : options.parameters) given.push_back(key);
    const std::string_view nearest = nearest_name(name, given);
    return Error(engine::kParameter, fmt::format("the parameter `${}` has no value", name))
        .with_hint(nearest.empty() ? fmt::format("give it with `-p {}=value`", name)
                                   : fmt::format("did you mean `${}`?", nearest));
  }
  return ok_status();
}

/// USE looks for a schema, which the engine has only once a view was made in it.
Status Session::Impl::prepare_schemas() {
  std::string sql = "CREATE SCHEMA IF NOT EXISTS ops";
  for (const auto* names : {&known.tables, &known.views}) {
    for (const TableName& table : *names)
      sql += "; CREATE SCHEMA IF NOT EXISTS " + quote_identifier(table.schema);
  }
  return connection->run(sql);
}

/// The engine keeps the plan of PREPARE, with the files of then: before EXECUTE it is made anew.
Status Session::Impl::prepare_again(ReadyStatement& ready, const RunOptions& options) {
  const std::vector<Token> tokens = tokenize(ready.sql);
  if (tokens.size() < 2 || !is_word(tokens[0], ready.sql, "EXECUTE")) return ok_status();
  const auto found = prepared.find(name_of(tokens[1], ready.sql));
  if (found == prepared.end()) return ok_status();
  const RunOptions again{.source = options.source};
  TARN_ASSIGN_OR_RETURN(const auto prepare, make_ready(std::string(found->second), again));
  TARN_ASSIGN_OR_RETURN(engine::Statement statement, this->prepare(*prepare, again));
  TARN_RETURN_IF_ERROR(execute(*prepare, statement, again));
  ready.executed = prepare->reads;
  return ok_status();
}

/// Notes what a statement that worked means for the next ones.
void Session::Impl::remember(std::string_view sql) {
  if (std::string name = created_temporary(sql); !name.empty()) temporary.insert(std::move(name));
  const std::vector<Token> tokens = tokenize(sql);
  if (tokens.size() > 1 && is_word(tokens[0], sql, "PREPARE")) {
    prepared.insert_or_assign(name_of(tokens[1], sql), std::string(sql));
  }
}

/// The engine knows only the views that were made: what it says of missing tables is said of the lake's.
Error Session::Impl::explain(Error error, const ReadyStatement& ready, const RunOptions& options) const {
  const std::string& sql = ready.sql;
  if (error.span()) {
    const std::size_t place =
        ready.rewrite.to_original(engine::offset_of(ready.rewrite.text(), *error.span()));
    error = std::move(error).with_span(engine::span_at(sql, place, 0, options.source));
  }
  const bool missing = &error.code() == &engine::kCatalog && error.message().starts_with("Table with name ");
  return missing ? unknown_table(sql, std::move(error)) : error;
}

/// Of the table at the error's place, with what it may have meant.
Error Session::Impl::unknown_table(std::string_view sql, Error error) const {
  std::string name;
  if (error.span()) {
    const std::size_t offset = engine::offset_of(sql, *error.span());
    const Result<std::vector<NameChain>> chains = find_names(sql.substr(offset));
    if (chains.ok() && !chains->empty()) name = sql.substr(offset, chains->front().end);
  }
  if (name.empty()) return error;
  Error better(kUnknownTable, fmt::format("there is no table `{}`", name));
  if (error.span()) better = std::move(better).with_span(*error.span());
  const std::string nearest = nearest_table(name, known);
  std::string hint = nearest.empty() ? "" : fmt::format("did you mean `{}`?", nearest);
  if (hint.empty()) {
    for (std::size_t i = 0; i < known.tables.size() && i < 12; ++i) {
      hint += fmt::format("{}{}", i == 0 ? "the tables are " : ", ", known.tables[i].to_string());
    }
    if (known.tables.size() > 12)
      hint += fmt::format(" and {} more: SHOW TABLES lists them", known.tables.size() - 12);
    if (known.tables.empty()) hint = "the lake has no tables yet: `tarn ingest` makes them";
  }
  return std::move(better).with_hint(std::move(hint));
}

}  // namespace tarn::query
