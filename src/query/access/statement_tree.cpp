#include "query/access/statement_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/access/allowed_functions.h"
#include "query/errors.h"

namespace tarn::query {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 16> kExpressions = {
    "BETWEEN",  "CASE",     "CAST",   "COLLATE",    "COLUMN_REF", "COMPARISON",           "CONJUNCTION",
    "CONSTANT", "FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR",   "POSITIONAL_REFERENCE", "STAR",
    "SUBQUERY", "WINDOW"};
constexpr std::array<std::string_view, 3> kQueries = {"SELECT_NODE", "SET_OPERATION_NODE",
                                                      "RECURSIVE_CTE_NODE"};
constexpr std::array<std::string_view, 5> kPlainRelations = {"SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST",
                                                             "PIVOT"};
constexpr std::array<std::string_view, 7> kModifiers = {
    "ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER", "ORDER_DEFAULT",
    "ASCENDING",      "DESCENDING"};
/// The engine writes common table expressions out where they are named, and binds the inside of a lambda anew
/// for each that it stands in: neither can be interrupted, and both double with each layer.
constexpr std::size_t kMostRelations = 2'000;
constexpr int kDeepestLambda = 8;
/// DESCRIBE and SUMMARIZE of a relation; the other SHOWs look at the engine itself.
constexpr std::array<std::string_view, 2> kShown = {"DESCRIBE", "SUMMARY"};

template <std::size_t Size>
bool is_one_of(std::string_view word, const std::array<std::string_view, Size>& words) {
  return std::ranges::find(words, word) != words.end();
}

std::string text_of(const Json& node, const char* key) {
  const auto found = node.find(key);
  return found != node.end() && found->is_string() ? found->get<std::string>() : std::string();
}

class TreeCheck {
 public:
  TreeCheck(std::string_view sql, const AllowedNames& allowed) : sql_(sql), allowed_(allowed) {}

  Status check(const Json& node) {
    if (node.is_array()) {
      for (const Json& item : node) TARN_RETURN_IF_ERROR(check(item));
      return ok_status();
    }
    if (!node.is_object()) return ok_status();
    const auto location = node.find("query_location");
    if (location != node.end() && location->is_number_unsigned() &&
        location->get<std::size_t>() <= sql_.size())
      place_ = location->get<std::size_t>();
    const auto type = node.find("type");
    if (node.contains("class")) {
      TARN_RETURN_IF_ERROR(check_expression(node));
      if (text_of(node, "class") == "LAMBDA") return check_lambda(node);
    } else if (type != node.end() && type->is_string()) {
      const std::string kind = type->get<std::string>();
      if (is_one_of(kind, kQueries)) return check_query(node, kind);
      TARN_RETURN_IF_ERROR(check_relation(node, kind));
    }
    return check_children(node);
  }

 private:
  Status check_children(const Json& node) {
    for (const auto& [key, child] : node.items()) TARN_RETURN_IF_ERROR(check(child));
    return ok_status();
  }

  Status check_lambda(const Json& node) {
    if (++lambdas_ > kDeepestLambda) return too_complex("lambdas in lambdas");
    const Status checked = check_children(node);
    --lambdas_;
    return checked;
  }

  Status count_relations(std::size_t more) {
    relations_ += more;
    return relations_ > kMostRelations ? Status(too_complex("tables, with what its parts name"))
                                       : ok_status();
  }

  Error too_complex(std::string_view what) const {
    return Error(kTooComplex, fmt::format("the statement has too many {}", what))
        .with_span(engine::span_at(sql_, place_, 0, "sql"));
  }

  /// A common table expression is known to those behind it and to its query; a recursive one to itself.
  Status check_query(const Json& node, const std::string& kind) {
    const std::size_t outer = scope_.size();
    const auto map = node.find("cte_map");
    if (map != node.end() && map->contains("map")) {
      for (const Json& entry : map->at("map")) {
        const std::size_t before = std::exchange(relations_, 0);
        TARN_RETURN_IF_ERROR(check(entry.at("value")));
        scope_.push_back(
            {to_lower_ascii(entry.at("key").get<std::string>()), std::max<std::size_t>(relations_, 1)});
        relations_ = before;
      }
    }
    if (kind == "RECURSIVE_CTE_NODE") {
      // To the part that it starts from, its name still means what it means outside.
      if (node.contains("left")) TARN_RETURN_IF_ERROR(check(node.at("left")));
      scope_.push_back({to_lower_ascii(text_of(node, "cte_name")), 1});
    }
    for (const auto& [key, child] : node.items()) {
      const bool done = key == "cte_map" || (key == "left" && kind == "RECURSIVE_CTE_NODE");
      if (!done) TARN_RETURN_IF_ERROR(check(child));
    }
    scope_.erase(scope_.begin() + static_cast<std::ptrdiff_t>(outer), scope_.end());
    return ok_status();
  }

  Status check_expression(const Json& node) {
    const std::string kind = text_of(node, "class");
    if (kind == "PARAMETER") return ok_status();
    if (!is_one_of(kind, kExpressions)) return refuse(fmt::format("an expression of the kind {}", kind));
    if ((kind != "FUNCTION" && kind != "WINDOW") || &node == in_from_) return ok_status();
    return check_function(node, false);
  }

  Status check_function(const Json& node, bool in_from) {
    const std::string name = to_lower_ascii(text_of(node, "function_name"));
    const std::string catalog = text_of(node, "catalog");
    const std::string schema = to_lower_ascii(text_of(node, "schema"));
    // By another schema's name, the engine's own function of that name would be meant.
    const bool added =
        allowed_.functions.contains(name) && (schema.empty() || schema == allowed_.function_schema);
    const bool known = in_from ? is_allowed_table_function(name) : is_allowed_function(name);
    if ((added || known) && catalog.empty()) return ok_status();
    return refuse(fmt::format("the function `{}`", name));
  }

  Status check_relation(const Json& node, const std::string& kind) {
    if (kind == "BASE_TABLE") return check_table(node);
    if (kind == "TABLE_FUNCTION") {
      const auto function = node.find("function");
      if (function == node.end() || text_of(*function, "class") != "FUNCTION")
        return refuse("this table function");
      in_from_ = &*function;
      return check_function(*function, true);
    }
    if (kind == "SHOW_REF") {
      if (is_one_of(text_of(node, "show_type"), kShown) && node.contains("query")) return ok_status();
      return refuse("SHOW of anything but tables");
    }
    const bool known =
        is_one_of(kind, kPlainRelations) || is_one_of(kind, kModifiers) || kind.ends_with("_TYPE_INFO");
    return known ? ok_status() : refuse(fmt::format("a part of the kind {}", kind));
  }

  Status check_table(const Json& node) {
    const std::string schema = to_lower_ascii(text_of(node, "schema_name"));
    const std::string name = text_of(node, "table_name");
    const bool plain = text_of(node, "catalog_name").empty() && !node.contains("at_clause");
    const auto known = std::find_if(scope_.rbegin(), scope_.rend(),
                                    [&](const Part& part) { return part.name == to_lower_ascii(name); });
    const bool own = schema.empty() && known != scope_.rend();
    TARN_RETURN_IF_ERROR(count_relations(own ? known->relations : 1));
    if (plain && (own || allowed_.relations.contains({schema, to_lower_ascii(name)}))) return ok_status();
    std::string written;
    for (const std::string& part : {text_of(node, "catalog_name"), text_of(node, "schema_name")})
      written += part.empty() ? "" : part + ".";
    return Error(kUnknownTable, fmt::format("there is no table `{}{}`", written, name))
        .with_span(engine::span_at(sql_, place_, 0, "sql"));
  }

  Error refuse(const std::string& what) const {
    return Error(kNotAllowed, fmt::format("a user's statement may not have {}", what))
        .with_span(engine::span_at(sql_, place_, 0, "sql"));
  }

  std::string_view sql_;
  const AllowedNames& allowed_;
  /// A common table expression that is known here, and how many relations it stands for.
  struct Part {
    std::string name;
    std::size_t relations = 0;
  };
  std::vector<Part> scope_;
  std::size_t relations_ = 0;  ///< Of the query so far, its parts written out.
  int lambdas_ = 0;
  std::size_t place_ = 0;
  const Json* in_from_ = nullptr;  ///< The call of the table function whose relation was just checked.
};

/// What the engine says of a statement that it did not serialize.
Error not_serialized(const Json& answer, std::string_view sql) {
  const std::string message = text_of(answer, "error_message");
  if (text_of(answer, "error_type") != "parser")
    return Error(kNotAllowed, "a user's statement may only be one that answers with rows")
        .with_span(engine::span_at(sql, 0, 0, "sql"));
  std::size_t place = 0;
  const std::string position = text_of(answer, "position");
  (void)std::from_chars(position.data(), position.data() + position.size(), place);
  return Error(engine::kSyntax, message).with_span(engine::span_at(sql, place, 0, "sql"));
}

}  // namespace

Status check_tree(engine::Connection& connection, std::string_view sql, const AllowedNames& allowed) {
  TARN_ASSIGN_OR_RETURN(const std::string text, connection.parse_tree(sql));
  const Json answer = Json::parse(text, nullptr, false);
  if (!answer.is_object() || !answer.contains("error"))
    return Error(engine::kInternal, "the engine's parse tree cannot be read");
  if (answer.at("error") != false) return not_serialized(answer, sql);
  const auto statements = answer.find("statements");
  if (statements == answer.end() || statements->size() != 1)
    return Error(kNotAllowed, "only one statement at a time is allowed");
  return TreeCheck(sql, allowed).check(*statements);
}

}  // namespace tarn::query
