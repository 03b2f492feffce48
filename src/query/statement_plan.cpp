#include "query/statement_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "engine/source_place.h"
#include "query/errors.h"
#include "query/ops_tables.h"
#include "query/session.h"

namespace tarn::query {

const TableName* find_name(const std::vector<TableName>& names, const TableName& wanted) {
  const auto exact = std::ranges::lower_bound(names, wanted);
  if (exact != names.end() && *exact == wanted) return &*exact;
  const TableName folded{to_lower_ascii(wanted.schema), to_lower_ascii(wanted.name)};
  for (const TableName& name : names) {
    if (to_lower_ascii(name.name) == folded.name && to_lower_ascii(name.schema) == folded.schema)
      return &name;
  }
  return nullptr;
}

const TableName* find_table(const KnownNames& known, const TableName& wanted) {
  return find_name(known.tables, wanted);
}

namespace {

std::optional<PlacedUse> use_of(const NameChain& chain, std::size_t parts, const TableName& wanted,
                                const KnownNames& known) {
  if (const TableName* const table = find_table(known, wanted); table != nullptr)
    return PlacedUse{chain, parts, *table};
  if (const TableName* const view = find_name(known.views, wanted); view != nullptr)
    return PlacedUse{chain, parts, *view, true};
  return std::nullopt;
}

std::optional<PlacedUse> place(const NameChain& chain, const KnownNames& known) {
  std::string schema;
  for (std::size_t i = 0; i + 1 < chain.parts.size(); ++i) {
    schema += (i == 0 ? "" : ".") + chain.parts[i];
    if (auto use = use_of(chain, i + 2, {schema, chain.parts[i + 1]}, known); use) return use;
  }
  if (known.default_schema.empty()) return std::nullopt;
  return use_of(chain, 1, {known.default_schema, chain.parts[0]}, known);
}

bool is_engine_catalog(const NameChain& chain) {
  const std::string first = to_lower_ascii(chain.parts[0]);
  return first == "information_schema" || first == "pg_catalog" || first == "duckdb_tables" ||
         first == "duckdb_views" || first == "duckdb_columns";
}

std::string ops_table(const NameChain& chain) {
  if (chain.parts.size() < 2 || to_lower_ascii(chain.parts[0]) != "ops") return "";
  const std::string name = to_lower_ascii(chain.parts[1]);
  const std::vector<std::string_view> names = OpsTables::names();
  return std::ranges::find(names, name) == names.end() ? "" : name;
}

}  // namespace

Result<StatementNeeds> find_needs(std::string_view sql, const KnownNames& known) {
  TARN_ASSIGN_OR_RETURN(std::vector<NameChain> chains, find_names(sql));
  StatementNeeds needs;
  for (NameChain& chain : chains) {
    std::optional<PlacedUse> use = place(chain, known);
    if (chain.has_at && (!use || use->is_view || use->parts != chain.parts.size())) {
      const std::string name(sql.substr(chain.begin, chain.end - chain.begin));
      Error error =
          Error(kUnknownTable, fmt::format("there is no table `{}` of the lake to go back in time", name))
              .with_span(engine::span_at(sql, chain.begin, chain.end - chain.begin, "sql"));
      const std::string nearest = nearest_table(name, known);
      return nearest.empty() ? error : std::move(error).with_hint(fmt::format("did you mean `{}`?", nearest));
    }
    if (use) {
      needs.tables.push_back(std::move(*use));
    } else if (std::string ops = ops_table(chain); !ops.empty()) {
      if (std::ranges::find(needs.ops, ops) == needs.ops.end()) needs.ops.push_back(std::move(ops));
    } else if (is_engine_catalog(chain)) {
      needs.whole_catalog = true;
    }
  }
  return needs;
}

std::string nearest_table(std::string_view name, const KnownNames& known) {
  std::vector<std::string> full;
  std::vector<std::string> bare;
  std::vector<TableName> names = known.tables;
  names.insert(names.end(), known.views.begin(), known.views.end());
  for (const TableName& table : names) {
    full.push_back(to_lower_ascii(table.to_string()));
    bare.push_back(to_lower_ascii(table.name));
  }
  for (const std::string_view ops : OpsTables::names()) {
    full.push_back("ops." + std::string(ops));
    bare.emplace_back(ops);
  }
  const auto written = [&](std::size_t i) {
    return i < names.size() ? sql_name(names[i].schema) + "." + sql_name(names[i].name) : full[i];
  };
  std::string wanted = to_lower_ascii(name);
  std::erase(wanted, '"');
  const auto search = [&](const std::vector<std::string>& among, std::string_view word) -> std::string {
    const std::vector<std::string_view> views(among.begin(), among.end());
    const std::string_view found = nearest_name(word, views);
    if (found.empty()) return "";
    return written(static_cast<std::size_t>(std::ranges::find(views, found) - views.begin()));
  };
  const std::string last = wanted.substr(wanted.rfind('.') + 1);
  if (const auto same = std::ranges::find(bare, last); same != bare.end()) {
    return written(static_cast<std::size_t>(same - bare.begin()));
  }
  const std::string by_full = search(full, wanted);
  return by_full.empty() ? search(bare, last) : by_full;
}

}  // namespace tarn::query
