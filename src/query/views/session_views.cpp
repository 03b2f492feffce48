#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "query/access/row_filter.h"
#include "query/errors.h"
#include "query/postgres/dialect.h"
#include "query/session_impl.h"
#include "query/views/view_text.h"

/// What a session does with the lake's views: queries with a name. Whoever reads one reads its tables as her
/// own rights show them.
namespace tarn::query {
namespace {

// Views over views over views; deeper ones are most likely a mistake.
constexpr std::size_t kDeepest = 32;
constexpr std::size_t kMostRelations = 2'000;

}  // namespace

Error Session::Impl::unreadable_view(const TableName& name, const Error& error) const {
  if (error.error_class() == ErrorClass::kTransient) return error;
  // What is said of a view's inside may tell of what its reader does not know of.
  const std::string why =
      principal == nullptr ? error.message() : "it reads what is gone, or what you may not see";
  return Error(kUnreadableTable, fmt::format("the view `{}` cannot be read: {}", name.to_string(), why))
      .with_hint("replace it by CREATE OR REPLACE VIEW, or ask who keeps it");
}

Status Session::Impl::open_views(const StatementNeeds& needs, std::vector<OpenedView>& opened,
                                 std::vector<TableName>& within) {
  for (const PlacedUse& placed : needs.tables) {
    if (!placed.is_view || std::ranges::find(opened, placed.table, &OpenedView::name) != opened.end())
      continue;
    const bool is_circle = std::ranges::find(within, placed.table) != within.end();
    if (is_circle || within.size() == kDeepest)
      return Error(kUnreadableTable, fmt::format("the view `{}` {}", placed.table.to_string(),
                                                 is_circle ? "reads itself" : "stands on too many others"));
    Result<OpenedView> view = open_view(placed.table);
    if (!view.ok()) return unreadable_view(placed.table, view.error());
    within.push_back(placed.table);
    TARN_RETURN_IF_ERROR(open_views(view->needs, opened, within));
    within.pop_back();
    for (const PlacedUse& use : view->needs.tables) {
      const auto under = std::ranges::find(opened, use.table, &OpenedView::name);
      view->relations += use.is_view && under != opened.end() ? under->relations : 1;
    }
    // The engine writes views out where they are named.
    if (view->relations > kMostRelations)
      return Error(kTooComplex, fmt::format("the view `{}` reads too many tables, with those of its views",
                                            placed.table.to_string()));
    opened.push_back(*std::move(view));
  }
  return ok_status();
}

Result<OpenedView> Session::Impl::open_view(const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const catalog::View view, lake.catalog.load_view(name));
  TARN_ASSIGN_OR_RETURN(const ViewText text, view_text(*view.metadata));
  TARN_ASSIGN_OR_RETURN(OpenedView opened, opened_view(name, text));
  opened.metadata = view.metadata;
  return opened;
}

Result<OpenedView> Session::Impl::opened_view(const TableName& name, const ViewText& text) const {
  const KnownNames names{known.tables, known.views, text.default_schema};
  TARN_ASSIGN_OR_RETURN(std::string sql, translate_view(text));
  OpenedView opened{.name = name,
                    .metadata = nullptr,
                    .query = std::make_unique<ReadyStatement>(std::move(sql)),
                    .needs = {}};
  TARN_ASSIGN_OR_RETURN(opened.needs, find_needs(opened.query->sql, names));
  if (opened.needs.whole_catalog)
    return Error(kUnsupportedWrite, "a view reads tables and not their catalog");
  if (principal != nullptr)
    std::erase_if(opened.needs.ops, [&](const std::string& one) { return !principal->sees({"ops", one}); });
  return opened;
}

Result<std::string> Session::Impl::translate_view(const ViewText& text) const {
  postgres::Identity reader;
  if (identity) reader = *identity;
  if (!identity && principal != nullptr) reader.user = principal->user();
  reader.database = text.database;
  const auto no_oid = [](std::string_view) -> std::int64_t { return 0; };
  postgres::Translation translation = postgres::translate(text.sql, no_oid, reader, text.default_schema);
  if (translation.names_system)
    return Error(kUnsupportedWrite, "a view reads tables and not their catalog")
        .with_hint("leave the functions and relations of pg_catalog and information_schema out");
  return std::move(translation.sql);
}

Status Session::Impl::make_view(OpenedView& view, std::span<const UsedView> used, ReadyStatement& ready) {
  for (const std::string& name : view.needs.ops) {
    TARN_RETURN_IF_ERROR(ops.load(name));
    ready.names_ops = true;
  }
  const std::vector<std::string> schemas = put_names(view.needs, used, false, view.query->rewrite);
  std::string select = view.query->rewrite.finish();
  // Whoever wrote it: through a view nothing is done that a user could not do.
  TARN_RETURN_IF_ERROR(check_rows(*view.query, 0, allowed_names(view.needs, schemas)));
  auto facts = std::make_shared<ViewFacts>(ViewFacts{.table = view.name});
  const iceberg::Schema& schema = view_schema(*view.metadata);
  if (principal != nullptr) {
    TablePolicy policy = principal->policy(view.name, schema);
    if (!principal->sees_whole(view.name, schema)) select = policy_sql(select, schema, policy, schema);
    facts->columns = std::move(policy.columns);
    facts->filters = std::move(policy.written_filters);
  } else {
    for (const iceberg::NestedField& field : schema.fields()) facts->columns.push_back({field.name, ""});
  }
  TARN_RETURN_IF_ERROR(views.ensure_query(view.name, select));
  ready.reads.views.push_back(std::move(facts));
  QueryReads& reads = ready.reads.through.emplace_back();
  reads.sql = view.query->sql;
  reads.tables = view.needs.tables;
  for (const UsedView& one : used) reads.views.push_back(one.facts);
  for (const std::string& name : view.needs.ops) ready.reads.ops.push_back(name);
  return ok_status();
}

}  // namespace tarn::query
