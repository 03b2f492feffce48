#include "query/access/row_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/database.h"
#include "engine/source_place.h"
#include "query/access/statement_tree.h"
#include "query/errors.h"

namespace tarn::query {
namespace {

using Json = nlohmann::json;

/// Whether a query, or a parameter that nobody gives a value, stands anywhere in a condition.
bool has_query(const Json& node) {
  const std::string kind = node.is_object() ? node.value("class", "") : "";
  if (kind == "SUBQUERY" || kind == "PARAMETER") return true;
  if (!node.is_structured()) return false;
  return std::ranges::any_of(node, has_query);
}

bool is_one_condition(const Json& tree) {
  if (!tree.is_object() || tree.value("error", true)) return false;
  const Json& statements = tree.at("statements");
  if (statements.size() != 1) return false;
  const Json& node = statements[0].at("node");
  // Nothing but `SELECT 1 WHERE (…)`: a filter that closes the parenthesis itself would add to it.
  for (const auto& [key, value] : node.items()) {
    const bool expected = key == "type" || key == "select_list" || key == "from_table" ||
                          key == "where_clause" || key == "aggregate_handling";
    if (!expected) return false;
  }
  return node.value("type", "") == "SELECT_NODE" && node.at("select_list").size() == 1 &&
         node.at("from_table").value("type", "") == "EMPTY" && node.contains("where_clause") &&
         !has_query(node.at("where_clause"));
}

}  // namespace

Status check_filter(engine::Connection& connection, std::string_view filter) {
  const std::string sql = fmt::format("SELECT 1 WHERE ({}\n)", filter);
  const Status checked = check_tree(connection, sql, {});
  if (!checked.ok())
    return Error(kBadFilter, fmt::format("this row filter cannot be used: {}", checked.error().message()));
  TARN_ASSIGN_OR_RETURN(const std::string tree, connection.parse_tree(sql));
  if (is_one_condition(Json::parse(tree, nullptr, false))) return ok_status();
  return Error(kBadFilter, "a row filter is one condition, without queries of its own");
}

std::string policy_sql(std::string_view rows, const iceberg::Schema& schema, const TablePolicy& policy,
                       const iceberg::Schema& present) {
  std::string renamed;
  std::string list;
  for (const iceberg::NestedField& field : schema.fields()) {
    const iceberg::NestedField* now = present.find(field.id);
    if (now == nullptr) continue;
    renamed += fmt::format("{}{} AS {}", renamed.empty() ? "" : ", ", engine::quote_identifier(field.name),
                           engine::quote_identifier(now->name));
    const VisibleColumn* column = policy.find(now->name);
    if (column == nullptr) continue;
    // Hidden rows must stay hidden to every column, a masked value to its own only.
    const bool guarded = !policy.filter.empty() || !column->is_plain;
    list += fmt::format("{}{}{}{} AS {}", list.empty() ? "" : ", ",
                        guarded ? fmt::format("CASE WHEN {}() THEN ", engine::kBarrier) : "", column->sql,
                        guarded ? " END" : "", engine::quote_identifier(field.name));
  }
  if (list.empty()) return "SELECT NULL AS no_columns WHERE false";
  const std::string where = policy.filter.empty() ? "" : " WHERE " + policy.filter;
  // Two levels, so that the filter can mean no mask by a column's name.
  return fmt::format(
      "SELECT {} FROM (SELECT * FROM (SELECT {} FROM ({}) AS as_written) AS all_rows{}) AS seen_rows", list,
      renamed, rows, where);
}

}  // namespace tarn::query
