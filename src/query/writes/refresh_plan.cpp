#include "query/writes/refresh_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "engine/cell.h"
#include "engine/errors.h"
#include "engine/source_place.h"

namespace tarn::query {
namespace {

using Json = nlohmann::json;

/// Aggregates of which the values of two sets of rows make the value of both, and how.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kMergeable = {
    {{"count", "sum"},
     {"count_star", "sum"},
     {"count_if", "sum"},
     {"sum", "sum"},
     {"min", "min"},
     {"max", "max"},
     {"bool_and", "bool_and"},
     {"bool_or", "bool_or"},
     {"bit_and", "bit_and"},
     {"bit_or", "bit_or"}}};
/// Names that stand for a call where there is no such column.
constexpr std::array<std::string_view, 11> kCallsWithoutParentheses = {
    "current_catalog", "current_date",      "current_role", "current_schema",
    "current_time",    "current_timestamp", "current_user", "localtime",
    "localtimestamp",  "session_user",      "user"};

std::string text_of(const Json& node, const char* key) {
  const auto found = node.find(key);
  return found != node.end() && found->is_string() ? to_lower_ascii(found->get<std::string>())
                                                   : std::string();
}

const Json& items(const Json& node, const char* key) {
  static const Json kNone = Json::array();
  const auto found = node.find(key);
  return found == node.end() || !found->is_array() ? kNone : *found;
}

bool is_nothing(const Json& node, const char* key) {
  const auto found = node.find(key);
  return found == node.end() || found->is_null() || found->empty();
}

/// Calls `see` for every object of the tree.
template <class See>
void walk(const Json& node, const See& see) {
  if (node.is_object()) see(node);
  if (node.is_object() || node.is_array()) {
    for (const Json& child : node) walk(child, see);
  }
}

/// An expression without what does not matter to its value.
Json bare(Json expression) {
  if (expression.is_object()) {
    expression.erase("alias");
    expression.erase("query_location");
  }
  if (expression.is_object() || expression.is_array()) {
    for (Json& child : expression) child = bare(std::move(child));
  }
  return expression;
}

bool is_float(const iceberg::Type& type) {
  return type.id() == iceberg::TypeId::kFloat || type.id() == iceberg::TypeId::kDouble || type.is_nested();
}

class Planner {
 public:
  Planner(const GrownTable& grown, const iceberg::Schema& view) : grown_(grown), view_(view) {}

  Result<RefreshPlan> plan(engine::Connection& connection, const Json& query) {
    TARN_RETURN_IF_ERROR(learn_functions(connection, query));
    if (!is_steady(query) || !grows_with(query)) return RefreshPlan{};
    const Json& list = items(query, "select_list");
    const bool groups = !items(query, "group_expressions").empty() ||
                        text_of(query, "aggregate_handling") != "standard_handling";
    if (!groups && std::ranges::none_of(list, [&](const Json& item) { return has_aggregate(item); }))
      return RefreshPlan{.kind = RefreshPlan::Kind::kAppend};
    return merge_plan(query);
  }

 private:
  /// Which of the tree's functions always answer the same, and which are aggregates.
  Status learn_functions(engine::Connection& connection, const Json& query) {
    std::string names;
    walk(query, [&](const Json& node) {
      if (const std::string name = text_of(node, "function_name"); !name.empty())
        names += (names.empty() ? "" : ", ") + engine::quote_literal(name);
    });
    if (names.empty()) return ok_status();
    TARN_ASSIGN_OR_RETURN(engine::ResultSet rows,
                          connection.query(fmt::format("SELECT lower(function_name), bool_and(function_type "
                                                       "= 'aggregate') FROM duckdb_functions() WHERE "
                                                       "lower(function_name) IN ({}) GROUP BY 1 HAVING "
                                                       "bool_and(function_type IN ('scalar', 'aggregate') "
                                                       "AND coalesce(stability = 'CONSISTENT', false))",
                                                       names)));
    TARN_ASSIGN_OR_RETURN(const auto texts, engine::read_texts(rows));
    for (const auto& row : texts) {
      if (row.size() == 2 && row[0] && row[1]) steady_[*row[0]] = *row[1] == "true";
    }
    return ok_status();
  }

  bool has_aggregate(const Json& expression) const {
    bool found = false;
    walk(expression, [&](const Json& node) {
      const auto known = steady_.find(text_of(node, "function_name"));
      found = found || (known != steady_.end() && known->second);
    });
    return found;
  }

  /// That the answer depends on the tables alone, and each row's part in it on that row.
  bool is_steady(const Json& query) const {
    if (text_of(query, "type") != "select_node" ||
        !items(query.value("cte_map", Json::object()), "map").empty() || !is_nothing(query, "having") ||
        !is_nothing(query, "qualify"))
      return false;
    const bool only_orders = std::ranges::all_of(
        items(query, "modifiers"), [](const Json& one) { return text_of(one, "type") == "order_modifier"; });
    bool steady = only_orders;
    walk(query, [&](const Json& node) {
      const std::string name = text_of(node, "function_name");
      if (!name.empty() && !steady_.contains(name)) steady = false;
      if (text_of(node, "class") == "window" || !is_nothing(node, "sample")) steady = false;
      if (text_of(node, "class") != "column_ref") return;
      const Json& names = node.at("column_names");
      const bool calls =
          names.size() == 1 &&
          std::ranges::find(kCallsWithoutParentheses, to_lower_ascii(names[0].get<std::string>())) !=
              kCallsWithoutParentheses.end();
      if (calls) steady = false;
    });
    return steady;
  }

  bool is_grown(const Json& node) const {
    if (text_of(node, "type") != "base_table") return false;
    const std::string schema = text_of(node, "schema_name");
    return text_of(node, "table_name") == to_lower_ascii(grown_.table.name) &&
           to_lower_ascii(schema.empty() ? grown_.default_schema : schema) ==
               to_lower_ascii(grown_.table.schema);
  }

  /// That the table is named once, where its rows add to the join's and none of it waits for their absence.
  bool grows_with(const Json& query) const {
    int named = 0;
    walk(query, [&](const Json& node) { named += is_grown(node) ? 1 : 0; });
    if (named != 1) return false;
    const Json* relation = &query.at("from_table");
    while (text_of(*relation, "type") == "join") {
      const std::string kind = text_of(*relation, "ref_type");
      if (kind != "regular" && kind != "cross" && kind != "natural") return false;
      bool left = false;
      walk(relation->at("left"), [&](const Json& node) { left = left || is_grown(node); });
      const std::string join = text_of(*relation, "join_type");
      if (join != "inner" && join != (left ? "left" : "right")) return false;
      relation = &relation->at(left ? "left" : "right");
    }
    return is_grown(*relation);
  }

  /// Which of the select list's items a group expression is.
  std::optional<std::size_t> item_of(const Json& group, const Json& list) const {
    if (text_of(group, "class") == "constant") {
      const Json& value = group.at("value").at("value");
      if (!value.is_number_integer() || value < 1 || value > list.size()) return std::nullopt;
      return value.get<std::size_t>() - 1;
    }
    const Json wanted = bare(group);
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (bare(list[i]) == wanted) return i;
    }
    if (text_of(group, "class") != "column_ref" || group.at("column_names").size() != 1) return std::nullopt;
    const std::string name = to_lower_ascii(group.at("column_names")[0].get<std::string>());
    if (grown_.columns_known.contains(name)) return std::nullopt;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (text_of(list[i], "alias") == name) return i;
    }
    return std::nullopt;
  }

  std::string merging(const Json& item, const iceberg::Type& type) const {
    const bool plain = text_of(item, "class") == "function" && !item.value("distinct", false) &&
                       items(item.value("order_bys", Json::object()), "orders").empty() &&
                       text_of(item, "schema").empty();
    if (!plain || is_float(type)) return "";
    for (const Json& child : items(item, "children")) {
      if (has_aggregate(child)) return "";
    }
    const std::string name = text_of(item, "function_name");
    const auto* const found =
        std::ranges::find(kMergeable, name, &std::pair<std::string_view, std::string_view>::first);
    return found == kMergeable.end() || items(item, "children").size() > 1 ? "" : std::string(found->second);
  }

  RefreshPlan merge_plan(const Json& query) const {
    const Json& list = items(query, "select_list");
    const Json& groups = items(query, "group_expressions");
    const bool by_all = text_of(query, "aggregate_handling") == "force_aggregates";
    if (list.size() != view_.fields().size() || items(query, "group_sets").size() > 1 ||
        (by_all && !groups.empty()))
      return {};
    std::set<std::size_t> keys;
    for (const Json& group : groups) {
      const auto item = item_of(group, list);
      if (!item) return {};
      keys.insert(*item);
    }
    RefreshPlan plan{.kind = RefreshPlan::Kind::kMerge};
    for (std::size_t i = 0; i < list.size(); ++i) {
      const bool is_key = keys.contains(i) || (by_all && !has_aggregate(list[i]));
      if (text_of(list[i], "class") == "star" || (is_key && has_aggregate(list[i]))) return {};
      plan.functions.push_back(is_key ? "" : merging(list[i], view_.fields()[i].type));
      if (!is_key && plan.functions.back().empty()) return {};
    }
    return plan;
  }

  const GrownTable& grown_;
  const iceberg::Schema& view_;
  std::map<std::string, bool> steady_;  ///< Functions that always answer the same; true: aggregates.
};

}  // namespace

Result<RefreshPlan> plan_refresh(engine::Connection& connection, std::string_view sql,
                                 const GrownTable& grown, const iceberg::Schema& view) {
  // The whole tree: without what is empty, ROLLUP (a) would look like GROUP BY a.
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, connection.query(fmt::format("SELECT json_serialize_sql({})",
                                                                             engine::quote_literal(sql))));
  TARN_ASSIGN_OR_RETURN(const auto texts, engine::read_texts(rows));
  if (texts.size() != 1 || texts[0].size() != 1 || !texts[0][0]) return RefreshPlan{};
  try {
    const Json answer = Json::parse(*texts[0][0]);
    if (answer.at("error") != false || answer.at("statements").size() != 1) return RefreshPlan{};
    return Planner(grown, view).plan(connection, answer.at("statements")[0].at("node"));
  } catch (const Json::exception& exception) {
    return Error(engine::kInternal,
                 fmt::format("the engine's parse tree cannot be read: {}", exception.what()));
  }
}

}  // namespace tarn::query
