#include "query/views/lake_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/errors.h"
#include "engine/source_place.h"
#include "query/access/row_filter.h"
#include "query/errors.h"
#include "query/views/view_sql.h"

namespace tarn::query {
namespace {

using engine::quote_identifier;

/// More commits than this while a statement's tables are being read: take what there is to try again later.
constexpr int kMaxTries = 100;

bool same_state(const std::vector<catalog::Table>& a, const std::vector<catalog::Table>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].metadata_location != b[i].metadata_location) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<catalog::Table>> LakeViews::load_consistently(const std::vector<TableUse>& uses) {
  const auto load = [&]() -> Result<std::vector<catalog::Table>> {
    std::vector<catalog::Table> tables;
    for (const TableUse& use : uses) {
      TARN_ASSIGN_OR_RETURN(catalog::Table table, lake_.load_table(use.table));
      tables.push_back(std::move(table));
    }
    return tables;
  };
  TARN_ASSIGN_OR_RETURN(std::vector<catalog::Table> tables, load());
  if (uses.size() < 2) return tables;
  // Pointers that two rounds of reading find the same all stood together between the rounds.
  for (int i = 0; i < kMaxTries; ++i) {
    TARN_ASSIGN_OR_RETURN(std::vector<catalog::Table> again, load());
    const bool same = same_state(tables, again);
    tables = std::move(again);
    if (same) return tables;
  }
  return Error(catalog::kCommitConflict, "the tables change too fast to be read together");
}

Result<std::string> LakeViews::view_schema(const catalog::Table& table, const TableUse& use) const {
  if (!use.at) return table.name.schema;
  TARN_ASSIGN_OR_RETURN(const iceberg::Snapshot* snapshot, table::select_snapshot(*table.metadata, *use.at));
  const bool branch = std::holds_alternative<table::SnapshotByRef>(*use.at);
  // A branch is read with the present schema, a snapshot with its own: they are different views.
  return fmt::format("{}@{}{}", table.name.schema, snapshot == nullptr ? 0 : snapshot->snapshot_id,
                     branch ? "/" + std::get<table::SnapshotByRef>(*use.at).name : "");
}

Result<std::shared_ptr<const ViewFacts>> LakeViews::ensure_view(const catalog::Table& table,
                                                                const TableUse& use,
                                                                const std::string& schema) {
  View& view = views_[{schema, table.name.name}];
  // A snapshot never changes; a branch's schema may, with the table's.
  const bool fixed = use.at && !std::holds_alternative<table::SnapshotByRef>(*use.at);
  const std::string made_from = fixed ? schema : table.metadata_location;
  const bool stands_in = stand_in_ && !use.at && stand_in_->table == table.name;
  if (view.made_from == made_from && !stands_in) return view.facts;
  ScanFilters filters(connection_, lake_.store, lake_.deleted_rows);
  table::Scan scan;
  std::string select;
  if (stands_in) {
    scan.schema = table.metadata->current_schema();
    scan.snapshot_id = stand_in_->snapshot;
    select = stand_in_->rows;
  } else {
    TARN_ASSIGN_OR_RETURN(
        scan, table::plan_scan(lake_.manifests, *table.metadata, use.at.value_or(table::CurrentSnapshot{})));
    TARN_ASSIGN_OR_RETURN(select, scan_sql(scan, *table.metadata, filters));
  }
  auto facts = std::make_shared<ViewFacts>(ViewFacts{.table = table.name, .snapshot = scan.snapshot_id});
  if (principal_ != nullptr) {
    const iceberg::Schema& present = table.metadata->current_schema();
    TablePolicy policy = principal_->policy(table.name, *table.metadata);
    select = policy_sql(select, scan.schema, policy, present);
    facts->columns = std::move(policy.columns);
    facts->filters = std::move(policy.written_filters);
  } else {
    for (const iceberg::NestedField& field : scan.schema.fields()) facts->columns.push_back({field.name, ""});
  }
  const Status made =
      connection_.run(fmt::format("CREATE SCHEMA IF NOT EXISTS {0}; CREATE OR REPLACE VIEW {0}.{1} AS {2}",
                                  quote_identifier(schema), quote_identifier(table.name.name), select));
  if (!made.ok() && principal_ != nullptr) {
    // The reason may tell of columns and filters that the user does not know of.
    return Error(kUnreadableTable,
                 fmt::format("`{}` cannot be read with the present policy", table.name.to_string()))
        .with_hint(
            "ask who keeps access/*.yaml: a row filter may name a column that the table does not have");
  }
  if (!made.ok()) {
    return Error(kUnreadableTable,
                 fmt::format("`{}` cannot be read: {}", table.name.to_string(), made.error().message()))
        .with_hint(made.error().hint());
  }
  view = {table.name, made_from, std::move(facts), std::move(filters.uses)};
  ++generation_;
  ++tables_generation_;
  return view.facts;
}

void LakeViews::show_present() {
  if (!stand_in_) return;
  if (const auto view = views_.find(stand_in_->table); view != views_.end()) view->second.made_from.clear();
  stand_in_.reset();
}

Result<table::Scan> LakeViews::place_rows(const catalog::Table& table) {
  TARN_ASSIGN_OR_RETURN(table::Scan scan, table::plan_scan(lake_.manifests, *table.metadata));
  ScanFilters filters(connection_, lake_.store, lake_.deleted_rows);
  TARN_ASSIGN_OR_RETURN(const std::string select, scan_sql(scan, *table.metadata, filters, Places::kWith));
  TARN_RETURN_IF_ERROR(
      connection_.run(fmt::format("CREATE SCHEMA IF NOT EXISTS {0}; CREATE OR REPLACE VIEW {0}.{1} AS {2}",
                                  kWriteSchema, quote_identifier(table.name.name), select)));
  placed_ = std::move(filters.uses);
  return scan;
}

Status LakeViews::ensure_query(const TableName& name, const std::string& select) {
  Query& query = queries_[name];
  if (query.select == select && query.tables_generation == tables_generation_) return ok_status();
  // Queries over this one were made of what it was.
  if (query.select != select) ++tables_generation_;
  ++generation_;
  const Status made =
      connection_.run(fmt::format("CREATE SCHEMA IF NOT EXISTS {0}; CREATE OR REPLACE VIEW {0}.{1} AS {2}",
                                  quote_identifier(name.schema), quote_identifier(name.name), select));
  if (made.ok()) {
    query = {select, tables_generation_};
    return made;
  }
  queries_.erase(name);
  return Error(kUnreadableTable, made.error().message()).with_hint(made.error().hint());
}

Status LakeViews::forget_others(const std::vector<TableName>& tables, const std::vector<TableName>& queries) {
  for (auto query = queries_.begin(); query != queries_.end();) {
    if (std::ranges::binary_search(queries, query->first)) {
      ++query;
      continue;
    }
    TARN_RETURN_IF_ERROR(
        connection_.run(fmt::format("DROP VIEW IF EXISTS {}.{}", quote_identifier(query->first.schema),
                                    quote_identifier(query->first.name))));
    query = queries_.erase(query);
    ++generation_;
    ++tables_generation_;
  }
  for (auto view = views_.begin(); view != views_.end();) {
    if (view->second.made_from.empty() || std::ranges::binary_search(tables, view->second.table)) {
      ++view;
      continue;
    }
    TARN_RETURN_IF_ERROR(
        connection_.run(fmt::format("DROP VIEW IF EXISTS {}.{}", quote_identifier(view->first.schema),
                                    quote_identifier(view->first.name))));
    view = views_.erase(view);
    ++generation_;
    ++tables_generation_;
  }
  return ok_status();
}

Result<std::vector<UsedView>> LakeViews::ensure(const std::vector<TableUse>& uses) {
  TARN_ASSIGN_OR_RETURN(const std::vector<catalog::Table> tables, load_consistently(uses));
  std::vector<UsedView> used;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    TARN_ASSIGN_OR_RETURN(std::string schema, view_schema(tables[i], uses[i]));
    auto facts = ensure_view(tables[i], uses[i], schema);
    if (!facts.ok())
      return std::move(facts).error().with_context("reading the table " + uses[i].table.to_string());
    used.push_back({std::move(schema), *std::move(facts)});
  }
  return used;
}

}  // namespace tarn::query
