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

const TableName* find_table(const KnownNames& known, const TableName& wanted) {
  const auto exact = std::ranges::lower_bound(known.tables, wanted);
  if (exact != known.tables.end() && *exact == wanted) return &*exact;
  const TableName folded{to_lower_ascii(wanted.schema), to_lower_ascii(wanted.name)};
  for (const TableName& table : known.tables) {
    if (to_lower_ascii(table.name) == folded.name && to_lower_ascii(table.schema) == folded.schema)
      return &table;
  }
  return nullptr;
}

namespace {

std::optional<PlacedUse> place(const NameChain& chain, const KnownNames& known) {
  std::string schema;
  for (std::size_t i = 0; i + 1 < chain.parts.size(); ++i) {
    schema += (i == 0 ? "" : ".") + chain.parts[i];
    if (const TableName* table = find_table(known, {schema, chain.parts[i + 1]}); table != nullptr) {
      return PlacedUse{chain, i + 2, *table};
    }
  }
  if (known.default_schema.empty()) return std::nullopt;
  const TableName* table = find_table(known, {known.default_schema, chain.parts[0]});
  return table == nullptr ? std::nullopt : std::optional(PlacedUse{chain, 1, *table});
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
    if (chain.has_at && (!use || use->parts != chain.parts.size())) {
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
  for (const TableName& table : known.tables) {
    full.push_back(to_lower_ascii(table.to_string()));
    bare.push_back(to_lower_ascii(table.name));
  }
  for (const std::string_view ops : OpsTables::names()) {
    full.push_back("ops." + std::string(ops));
    bare.emplace_back(ops);
  }
  const auto written = [&](std::size_t i) {
    return i < known.tables.size() ? sql_name(known.tables[i].schema) + "." + sql_name(known.tables[i].name)
                                   : full[i];
  };
  std::string wanted = to_lower_ascii(name);
  std::erase(wanted, '"');
  const auto search = [&](const std::vector<std::string>& names, std::string_view word) -> std::string {
    const std::vector<std::string_view> views(names.begin(), names.end());
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
