#include "query/views/materialized_view.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/size.h"
#include "catalog/if_present.h"
#include "query/errors.h"

namespace tarn::query {
namespace {

using Json = nlohmann::json;

constexpr const char* kQuery = "tarn.materialized-view.query";
constexpr const char* kSchema = "tarn.materialized-view.default-schema";
constexpr const char* kDatabase = "tarn.materialized-view.database";
constexpr const char* kColumns = "tarn.materialized-view.columns";
constexpr const char* kMaker = "tarn.materialized-view.maker";
constexpr const char* kRefresh = "tarn.materialized-view.refresh";
constexpr const char* kState = "tarn.materialized-view.state";

std::string property(const iceberg::TableMetadata& metadata, const char* key) {
  const auto found = metadata.properties.find(key);
  return found == metadata.properties.end() ? "" : found->second;
}

Json snapshot_json(const std::optional<std::int64_t>& snapshot) {
  return snapshot ? Json(*snapshot) : Json(nullptr);
}

std::optional<std::int64_t> snapshot_of(const Json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<std::int64_t>());
}

Json state_json(const MaterializedView& view) {
  Json tables = Json::array();
  for (const auto& [name, table] : view.sources->tables)
    tables.push_back({{"schema", name.schema},
                      {"name", name.name},
                      {"uuid", table.uuid},
                      {"schema-id", table.schema},
                      {"snapshot", snapshot_json(table.snapshot)}});
  Json views = Json::array();
  for (const auto& [name, version] : view.sources->views)
    views.push_back({{"schema", name.schema}, {"name", name.name}, {"version", version}});
  return {{"tables", std::move(tables)},
          {"views", std::move(views)},
          {"rights", view.sources->rights},
          {"snapshot", snapshot_json(view.snapshot)},
          {"refreshed-ms", view.refreshed_ms}};
}

/// Throws what the JSON library throws.
void take_state(const Json& state, MaterializedView& view) {
  ViewSources sources;
  for (const Json& one : state.at("tables"))
    sources.tables[{one.at("schema"), one.at("name")}] = {one.at("uuid"), one.at("schema-id"),
                                                          snapshot_of(one.at("snapshot"))};
  for (const Json& one : state.at("views"))
    sources.views[{one.at("schema"), one.at("name")}] = one.at("version");
  sources.rights = state.at("rights");
  view.snapshot = snapshot_of(state.at("snapshot"));
  view.refreshed_ms = state.at("refreshed-ms");
  view.sources = std::move(sources);
}

std::string version_text(const iceberg::ViewMetadata& metadata) {
  return fmt::format("{}:{}", metadata.view_uuid, metadata.current_version_id);
}

std::optional<std::int64_t> head_of(const iceberg::TableMetadata& metadata) {
  const iceberg::Snapshot* const head = metadata.current_snapshot();
  return head == nullptr ? std::nullopt : std::optional(head->snapshot_id);
}

}  // namespace

Result<RefreshRule> parse_refresh_rule(std::string_view text) {
  const std::string word = to_lower_ascii(text);
  if (word == "auto") return RefreshRule{};
  if (word == "manual") return RefreshRule{.kind = RefreshRule::Kind::kManual};
  const std::optional<std::int64_t> every = parse_duration_ms(word);
  if (every && *every > 0) return RefreshRule{.kind = RefreshRule::Kind::kEvery, .every_ms = *every};
  return Error(kUnsupportedWrite, fmt::format("`{}` does not say when a view is refreshed", text))
      .with_hint("write 'auto', 'manual', or at most how often, such as '5m'");
}

std::string to_string(const RefreshRule& rule) {
  if (rule.kind == RefreshRule::Kind::kEvery) return fmt::format("{}ms", rule.every_ms);
  return rule.kind == RefreshRule::Kind::kAuto ? "auto" : "manual";
}

std::optional<MaterializedView> materialized_view(const iceberg::TableMetadata& metadata) {
  if (!metadata.properties.contains(kQuery)) return std::nullopt;
  MaterializedView view{
      .text = {property(metadata, kQuery), property(metadata, kSchema), property(metadata, kDatabase)},
      .maker = property(metadata, kMaker)};
  // What another engine wrote there is as if nothing stood there: the view is computed as a whole, when
  // somebody asks for it.
  const Result<RefreshRule> rule = parse_refresh_rule(property(metadata, kRefresh));
  view.refresh = rule.ok() ? *rule : RefreshRule{.kind = RefreshRule::Kind::kManual};
  try {
    view.columns = Json::parse(property(metadata, kColumns)).get<std::vector<std::string>>();
    take_state(Json::parse(property(metadata, kState)), view);
  } catch (const Json::exception&) {
    view.sources.reset();
  }
  return view;
}

std::map<std::string, std::string> properties_of(const MaterializedView& view) {
  std::map<std::string, std::string> properties = {{kQuery, view.text.sql},
                                                   {kSchema, view.text.default_schema},
                                                   {kDatabase, view.text.database},
                                                   {kColumns, Json(view.columns).dump()},
                                                   {kMaker, view.maker},
                                                   {kRefresh, to_string(view.refresh)}};
  if (view.sources) properties.emplace(kState, state_json(view).dump());
  return properties;
}

Result<ViewSources> sources_of(const std::vector<const ViewFacts*>& facts, const Lake& lake,
                               const Principal* principal) {
  ViewSources sources;
  std::map<TableName, std::string> shown;
  const auto note = [&](const TableName& name, const auto& columns) {
    if (principal == nullptr) return;
    const TablePolicy policy = principal->policy(name, columns);
    std::string& text = shown[name];
    text = fmt::format("{}\x1c{}\x1c", name.to_string(), policy.filter);
    for (const VisibleColumn& column : policy.columns)
      text += fmt::format("{}\x1f{}\x1f", column.name, column.sql);
  };
  for (const ViewFacts* const one : facts) {
    TARN_ASSIGN_OR_RETURN(const auto table, catalog::if_present(lake.load_table(one->table)));
    if (table) {
      sources.tables[one->table] = {table->metadata->table_uuid, table->metadata->current_schema_id,
                                    one->snapshot};
      note(one->table, *table->metadata);
      continue;
    }
    TARN_ASSIGN_OR_RETURN(const catalog::View view, lake.catalog.load_view(one->table));
    sources.views[one->table] = version_text(*view.metadata);
    note(one->table, view_schema(*view.metadata));
  }
  std::string all;
  for (const auto& [name, text] : shown) all += text;
  if (!all.empty()) sources.rights = sha256(all).hex();
  return sources;
}

std::optional<TableName> grown_table(const ViewSources& before, const ViewSources& after) {
  if (!before.views.empty() || !after.views.empty() || before.rights != after.rights ||
      before.tables.size() != after.tables.size())
    return std::nullopt;
  std::optional<TableName> grown;
  for (const auto& [name, now] : after.tables) {
    const auto then = before.tables.find(name);
    if (then == before.tables.end() || then->second.uuid != now.uuid || then->second.schema != now.schema)
      return std::nullopt;
    if (then->second == now) continue;
    if (grown || !then->second.snapshot || !now.snapshot) return std::nullopt;
    grown = name;
  }
  return grown;
}

bool is_untouched(const MaterializedView& view, const iceberg::TableMetadata& metadata) {
  const iceberg::Snapshot* at = metadata.current_snapshot();
  for (std::size_t steps = 0; steps <= metadata.snapshots.size(); ++steps) {
    if (at == nullptr || view.snapshot == at->snapshot_id) return at != nullptr || !view.snapshot;
    if (at->operation != iceberg::kOperationReplace || !at->parent_snapshot_id) return false;
    at = metadata.snapshot_by_id(*at->parent_snapshot_id);
  }
  return false;
}

Result<bool> is_current(const MaterializedView& view, const iceberg::TableMetadata& metadata,
                        const Lake& lake) {
  if (!view.sources || !is_untouched(view, metadata)) return false;
  for (const auto& [name, then] : view.sources->tables) {
    TARN_ASSIGN_OR_RETURN(const auto table, catalog::if_present(lake.load_table(name)));
    if (!table) return false;
    const iceberg::TableMetadata& now = *table->metadata;
    if (ViewSources::Table{now.table_uuid, now.current_schema_id, head_of(now)} != then) return false;
  }
  for (const auto& [name, version] : view.sources->views) {
    TARN_ASSIGN_OR_RETURN(const auto present, catalog::if_present(lake.catalog.load_view(name)));
    if (!present || version_text(*present->metadata) != version) return false;
  }
  return true;
}

}  // namespace tarn::query
