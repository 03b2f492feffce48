#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/ascii.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/changes.h"
#include "query/errors.h"
#include "query/lexer.h"
#include "query/views/type_sql.h"
#include "query/views/view_sql.h"
#include "query/writes/statement_writer.h"

/// CREATE, ALTER and REFRESH of materialized views.
namespace tarn::query {

using engine::quote_identifier;

namespace {

std::string inner_name(std::size_t column) {
  return fmt::format("_tarn_{}", column);
}

/// The columns of the view out of `_tarn_0`, …, each in its type.
std::string view_columns(const iceberg::Schema& schema, const RefreshPlan& plan) {
  std::string columns;
  for (std::size_t i = 0; i < schema.fields().size(); ++i) {
    const iceberg::NestedField& field = schema.fields()[i];
    const bool merges = plan.kind == RefreshPlan::Kind::kMerge && !plan.functions[i].empty();
    const std::string value =
        merges ? fmt::format("{}({})", plan.functions[i], inner_name(i)) : inner_name(i);
    columns +=
        fmt::format("{}{} AS {}", columns.empty() ? "" : ", ",
                    streamed_sql(fmt::format("CAST({} AS {})", value, type_sql(field.type)), field.type),
                    quote_identifier(field.name));
  }
  return columns;
}

std::string inner_names(std::size_t count) {
  std::string names;
  for (std::size_t i = 0; i < count; ++i) names += (i == 0 ? "" : ", ") + inner_name(i);
  return names;
}

std::string keys_of(const RefreshPlan& plan) {
  std::string keys;
  for (std::size_t i = 0; i < plan.functions.size(); ++i)
    if (plan.functions[i].empty()) keys += (keys.empty() ? " GROUP BY " : ", ") + inner_name(i);
  return keys;
}

std::string_view to_string(RefreshPlan::Kind kind) {
  if (kind == RefreshPlan::Kind::kFull) return "full";
  return kind == RefreshPlan::Kind::kAppend ? "append" : "merge";
}

}  // namespace

struct StatementWriter::Kept {
  std::unique_ptr<ReadyStatement> ready;
  ViewSources sources;
};

std::string StatementWriter::own_user() const {
  return session_.principal == nullptr ? "" : session_.principal->user();
}

Result<StatementWriter::Kept> StatementWriter::kept_query(const TableName& name,
                                                          const MaterializedView& view) {
  TARN_ASSIGN_OR_RETURN(OpenedView opened, session_.opened_view(name, view.text));
  Kept kept{std::move(opened.query), {}};
  TARN_RETURN_IF_ERROR(session_.provide(opened.needs, {}, *kept.ready, Session::Impl::Bare::kReplaced));
  const StatementReads& reads = kept.ready->reads;
  std::vector<const ViewFacts*> facts;
  bool travels = false;
  const auto note = [&](const auto& tables, const auto& views) {
    for (const PlacedUse& table : tables) travels = travels || table.chain.has_at;
    for (const auto& one : views) facts.push_back(one.get());
  };
  note(reads.tables, reads.views);
  for (const QueryReads& inner : reads.through) note(inner.tables, inner.views);
  if (!reads.ops.empty())
    return Error(kUnsupportedWrite, "a materialized view reads tables of the lake, and none of `ops`")
        .with_hint("make it a view");
  if (travels)
    return Error(kUnsupportedWrite, "a materialized view reads the present state of its tables")
        .with_hint("leave AT (…) out, or keep the result by CREATE TABLE … AS");
  if (std::ranges::any_of(facts, [&](const ViewFacts* one) { return one->table == name; }))
    return Error(kUnsupportedWrite, fmt::format("the materialized view `{}` reads itself", name.to_string()));
  TARN_ASSIGN_OR_RETURN(kept.sources, sources_of(facts, session_.lake, session_.principal.get()));
  return kept;
}

Result<std::int64_t> StatementWriter::create_materialized() {
  TARN_ASSIGN_OR_RETURN(const TableName name, fresh(write_.targets.front()));
  if (write_.if_there && find_table(session_.known, name) != nullptr) return 0;
  TARN_RETURN_IF_ERROR(check_vacant(name));
  MaterializedView view{.text = {std::string(write_.source.in(sql_)), session_.known.default_schema,
                                 session_.identity ? session_.identity->database : ""},
                        .maker = own_user()};
  if (!write_.refresh.empty()) {
    TARN_ASSIGN_OR_RETURN(view.refresh, parse_refresh_rule(write_.refresh));
  }
  only_prepares_ = true;
  Result<Query> typed = source_query();
  Result<engine::Statement> described =
      typed.ok() ? prepare(*typed, {}) : Result<engine::Statement>(typed.error());
  only_prepares_ = false;
  TARN_ASSIGN_OR_RETURN(const engine::Statement types, std::move(described));
  if (!types.parameters().empty())
    return at(Error(engine::kParameter, "a materialized view has no parameters"), write_.source);
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema, schema_of(types));
  TARN_ASSIGN_OR_RETURN(Kept kept, kept_query(name, view));
  TARN_ASSIGN_OR_RETURN(const engine::Statement plain,
                        session_.connection->prepare(kept.ready->rewrite.text()));
  for (const engine::Column& column : plain.columns()) view.columns.push_back(column.name);
  TARN_RETURN_IF_ERROR(record(*kept.ready, {name}));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, session_.transaction.create_table(name, schema));
  if (write_.with_rows) return fill(table, std::move(view), std::move(kept), {});
  TARN_RETURN_IF_ERROR(session_.transaction.set_properties(name, properties_of(view)));
  return 0;
}

Result<std::int64_t> StatementWriter::refresh_named() {
  const WrittenName& written = write_.targets.front();
  keeps_view_ = true;
  TARN_ASSIGN_OR_RETURN(const TableName name, existing(written));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, session_.transaction.pin(name));
  if (const Status allowed = check_rights(name, table.metadata.get()); !allowed.ok())
    return at(allowed.error(), written.place);
  const std::optional<MaterializedView> view = materialized_view(*table.metadata);
  if (!view)
    return at(Error(kMaterializedView, fmt::format("\"{}\" is not a materialized view", name.to_string())),
              written.place);
  if (view->maker == own_user()) {
    TARN_RETURN_IF_ERROR(refresh(name));
    return 0;
  }
  TARN_RETURN_IF_ERROR(record_definition({name}));
  TARN_RETURN_IF_ERROR(refresh_as_maker(name, view->maker));
  return 0;
}

/// In a session of its own, whose changes are there at once.
Status StatementWriter::refresh_as_maker(const TableName& name, const std::string& maker) {
  if (!session_.open_as)
    return Error(kMaterializedView, fmt::format("`{}` is refreshed by its maker only", name.to_string()));
  Result<std::unique_ptr<Session>> opened = session_.open_as(maker);
  if (!opened.ok())
    return std::move(opened).error().with_context(
        fmt::format("computing `{}` with the rights of its maker", name.to_string()));
  const auto run_in = [&](Session* session) {
    const std::lock_guard lock(session_.inner_mutex);
    session_.inner = session;
  };
  run_in(opened->get());
  const std::string script = fmt::format("REFRESH MATERIALIZED VIEW {}.{}", quote_identifier(name.schema),
                                         quote_identifier(name.name));
  const auto done = (*opened)->run(split_statements(script).front(), {});
  run_in(nullptr);
  if (!done.ok()) return Error(done.error().code(), done.error().message()).with_hint(done.error().hint());
  return ok_status();
}

Result<std::int64_t> StatementWriter::refresh(const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, session_.transaction.pin(name));
  MaterializedView view = *materialized_view(*table.metadata);
  TARN_ASSIGN_OR_RETURN(Kept kept, kept_query(name, view));
  TARN_RETURN_IF_ERROR(record(*kept.ready, {name}));
  const bool untouched = is_untouched(view, *table.metadata);
  if (untouched && view.sources == kept.sources) return 0;
  if (!untouched || !view.sources) return fill(table, std::move(view), std::move(kept), {});
  const auto grown = grown_table(*view.sources, kept.sources);
  if (!grown) return fill(table, std::move(view), std::move(kept), {});
  TARN_ASSIGN_OR_RETURN(const RefreshPlan plan, plan_of(table, view, kept));
  if (plan.kind == RefreshPlan::Kind::kFull) return fill(table, std::move(view), std::move(kept), plan);
  const auto added = [&]() -> Result<std::optional<std::int64_t>> {
    TARN_ASSIGN_OR_RETURN(const bool only_added, collect_added(*grown, view, kept.sources));
    if (!only_added) return std::optional<std::int64_t>();
    TARN_ASSIGN_OR_RETURN(Kept of_added, kept_query(name, view));
    // Another table may have changed since.
    if (of_added.sources != kept.sources) return std::optional<std::int64_t>();
    TARN_ASSIGN_OR_RETURN(const std::int64_t rows, fill(table, view, std::move(of_added), plan));
    return std::optional(rows);
  };
  const Result<std::optional<std::int64_t>> rows = added();
  session_.views.show_present();
  TARN_RETURN_IF_ERROR(session_.connection->run("DROP TABLE IF EXISTS temp._tarn_changes"));
  if (!rows.ok()) return rows.error();
  if (*rows) return **rows;
  TARN_ASSIGN_OR_RETURN(kept, kept_query(name, view));
  return fill(table, std::move(view), std::move(kept), {});
}

Result<RefreshPlan> StatementWriter::plan_of(const catalog::Table& table, const MaterializedView& view,
                                             const Kept& kept) {
  GrownTable grown{*grown_table(*view.sources, kept.sources), view.text.default_schema, {}};
  for (const auto& facts : kept.ready->reads.views)
    for (const VisibleColumn& column : facts->columns)
      grown.columns_known.insert(to_lower_ascii(column.name));
  return plan_refresh(*session_.connection, kept.ready->rewrite.text(), grown,
                      table.metadata->current_schema());
}

/// Lets the table's name stand for the rows that it got since. False: it lost some as well.
Result<bool> StatementWriter::collect_added(const TableName& grown, const MaterializedView& view,
                                            const ViewSources& now) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table source, session_.lake.load_table(grown));
  const iceberg::TableMetadata& metadata = *source.metadata;
  const std::int64_t head = *now.tables.at(grown).snapshot;
  const iceberg::Snapshot* const to = metadata.snapshot_by_id(head);
  const iceberg::Snapshot* const from = metadata.snapshot_by_id(*view.sources->tables.at(grown).snapshot);
  if (from == nullptr || to == nullptr) return false;
  const auto snapshots = snapshots_after(metadata, *from, *to);
  if (!snapshots.ok()) return false;
  for (const iceberg::Snapshot* const one : *snapshots) {
    if (one->operation != iceberg::kOperationAppend && one->operation != iceberg::kOperationReplace)
      return false;
  }
  TARN_RETURN_IF_ERROR(collect_changes(*session_.connection, session_.lake.store, session_.lake.manifests,
                                       metadata, *snapshots));
  TARN_ASSIGN_OR_RETURN(
      engine::ResultSet others,
      session_.connection->query("SELECT count(*) FROM temp._tarn_changes WHERE _change_type <> 'INSERT'"));
  TARN_ASSIGN_OR_RETURN(const std::int64_t other_changes, count_of(others));
  if (other_changes != 0) return false;
  session_.views.show_only(
      grown, head,
      fmt::format("SELECT {} FROM temp._tarn_changes", listed_columns(metadata.current_schema())));
  return true;
}

Result<std::int64_t> StatementWriter::fill(const catalog::Table& table, MaterializedView view, Kept kept,
                                           const RefreshPlan& plan) {
  const iceberg::Schema& schema = table.metadata->current_schema();
  const std::size_t count = schema.fields().size();
  {
    TARN_ASSIGN_OR_RETURN(const engine::Statement plain,
                          session_.connection->prepare(kept.ready->rewrite.text()));
    std::vector<std::string> names;
    for (const engine::Column& column : plain.columns()) names.push_back(column.name);
    if (names.size() > count) names.resize(count);
    if (names != view.columns)
      return Error(kUnreadableTable, fmt::format("the query of `{}` has other columns than when it was made",
                                                 table.name.to_string()))
          .with_hint("DROP MATERIALIZED VIEW, and CREATE it again");
  }
  Query query{std::move(kept.ready), fmt::format("SELECT {} FROM (", view_columns(schema, plan)),
              fmt::format("\n) AS source({})", inner_names(count))};
  if (plan.kind == RefreshPlan::Kind::kMerge) {
    TARN_RETURN_IF_ERROR(session_.views.place_rows(table));
    query.before += fmt::format("SELECT {} FROM {}.{} UNION ALL SELECT {} FROM (", listed_columns(schema),
                                kWriteSchema, quote_identifier(table.name.name), inner_names(count));
    query.behind = fmt::format("\n) AS added({0})) AS source({0}){1}", inner_names(count), keys_of(plan));
  }
  TARN_ASSIGN_OR_RETURN(engine::Statement statement,
                        prepare(query, [](engine::Statement&) { return ok_status(); }));
  TARN_ASSIGN_OR_RETURN(const auto rows, stream(statement, table, table::StreamColumns::kRows));
  table::SnapshotChange change;
  if (plan.kind != RefreshPlan::Kind::kAppend) {
    TARN_ASSIGN_OR_RETURN(change, emptied(table));
  }
  if (rows->rows() > 0) change.data_files = rows->files();
  change.summary = {{"tarn.refresh", std::string(to_string(plan.kind))}};
  if (!change.data_files.empty() || !change.removed_files.empty())
    TARN_RETURN_IF_ERROR(session_.transaction.change_rows(table.name, std::move(change)));
  TARN_ASSIGN_OR_RETURN(const catalog::Table now, session_.transaction.pin(table.name));
  const iceberg::Snapshot* const head = now.metadata->current_snapshot();
  view.sources = std::move(kept.sources);
  view.snapshot = head == nullptr ? std::nullopt : std::optional(head->snapshot_id);
  view.refreshed_ms = session_.lake.writing->clock.now_us() / 1000;
  TARN_RETURN_IF_ERROR(session_.transaction.set_properties(table.name, properties_of(view)));
  return rows->rows();
}

/// Of its rule alone; its name is that of a table.
Status StatementWriter::alter_materialized() {
  const WrittenName& written = write_.targets.front();
  keeps_view_ = true;
  TARN_ASSIGN_OR_RETURN(const auto name, existing_if_there(written));
  if (!name) return ok_status();
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, target());
  std::optional<MaterializedView> view = materialized_view(*table.metadata);
  if (!view)
    return at(Error(kMaterializedView, fmt::format("\"{}\" is not a materialized view", name->to_string())),
              written.place);
  TARN_RETURN_IF_ERROR(record_definition({*name}));
  TableName now = *name;
  for (const Alteration& one : write_.alterations) {
    switch (one.kind) {
      case Alteration::Kind::kSetRefresh: {
        TARN_ASSIGN_OR_RETURN(view->refresh, parse_refresh_rule(one.new_name));
        TARN_RETURN_IF_ERROR(session_.transaction.set_properties(now, properties_of(*view)));
        break;
      }
      case Alteration::Kind::kRenameTable:
      case Alteration::Kind::kSetSchema: {
        const TableName to = one.kind == Alteration::Kind::kRenameTable ? TableName{now.schema, one.new_name}
                                                                        : TableName{one.new_name, now.name};
        TARN_RETURN_IF_ERROR(move_table(now, to));
        now = to;
        break;
      }
      default:
        return at(Error(kMaterializedView, "a materialized view's columns are those of its query")
                      .with_hint("DROP MATERIALIZED VIEW, and CREATE it again"),
                  written.place);
    }
  }
  return ok_status();
}

}  // namespace tarn::query
