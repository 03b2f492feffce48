#include "query/audit/named_columns.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace tarn::query {
namespace {

/// Words by which rows are taken whole, or by which columns get other names.
constexpr std::array<std::string_view, 11> kWholeRows = {"COLUMNS", "SUMMARIZE",   "DESCRIBE", "SHOW",
                                                         "PIVOT",   "PIVOT_WIDER", "UNPIVOT",  "NATURAL",
                                                         "TABLE",   "EXECUTE",     "INTO"};

/// Words behind which a query may begin with FROM.
constexpr std::array<std::string_view, 9> kBeforeQuery = {"ALL",  "UNION",  "EXCEPT",  "INTERSECT", "AS",
                                                          "NAME", "SELECT", "EXPLAIN", "ANALYZE"};

/// Words that may stand behind a table and are not its alias. One that is missing here is taken for an alias,
/// which may make of a few columns all.
constexpr std::array<std::string_view, 26> kBehindTable = {
    "SELECT",    "WHERE", "GROUP", "ORDER",  "HAVING",  "LIMIT", "OFFSET",     "UNION",      "EXCEPT",
    "INTERSECT", "ON",    "USING", "WINDOW", "QUALIFY", "FETCH", "JOIN",       "LEFT",       "RIGHT",
    "FULL",      "INNER", "CROSS", "ASOF",   "ANTI",    "SEMI",  "POSITIONAL", "TABLESAMPLE"};

/// Words behind `*` that do not make it a product.
constexpr std::array<std::string_view, 16> kBehindStar = {
    "FROM",    "EXCLUDE", "EXCEPT", "REPLACE",   "RENAME", "LIKE",  "ILIKE", "NOT",
    "SIMILAR", "GLOB",    "UNION",  "INTERSECT", "WHERE",  "ORDER", "LIMIT", "INTO"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, const Token& token, std::string_view sql) {
  return std::ranges::any_of(words, [&](std::string_view word) { return is_word(token, sql, word); });
}

}  // namespace

NamedColumns::NamedColumns(std::string_view sql, const std::vector<PlacedUse>& tables)
    : sql_(sql), tokens_(tokenize(sql)) {
  for (std::size_t at = 0; at < tokens_.size() && !takes_all_; ++at) {
    takes_all_ =
        is_one_of(kWholeRows, tokens_[at], sql_) || symbol_at(at, "#") || is_star(at) || is_from_alone(at);
    if (is_name(tokens_[at])) names_.insert(to_lower_ascii(name_of(tokens_[at], sql_)));
  }
  takes_all_ =
      takes_all_ || std::ranges::any_of(tables, [this](const PlacedUse& use) { return takes_rows(use); });
}

std::vector<std::string> NamedColumns::of(const std::vector<std::string>& columns) const {
  if (takes_all_) return columns;
  std::vector<std::string> read;
  std::ranges::copy_if(columns, std::back_inserter(read),
                       [this](const std::string& column) { return names_.contains(to_lower_ascii(column)); });
  return read;
}

bool NamedColumns::word_at(std::size_t at, std::string_view word) const {
  return at < tokens_.size() && is_word(tokens_[at], sql_, word);
}

bool NamedColumns::symbol_at(std::size_t at, std::string_view symbol) const {
  return at < tokens_.size() && is_symbol(tokens_[at], sql_, symbol);
}

/// A `*` that is neither a product nor that of `count(*)`.
bool NamedColumns::is_star(std::size_t at) const {
  if (!symbol_at(at, "*")) return false;
  if (at == 0 || at + 1 >= tokens_.size()) return true;
  if (at >= 2 && symbol_at(at - 1, "(") && word_at(at - 2, "COUNT") && symbol_at(at + 1, ")")) return false;
  const Token& before = tokens_[at - 1];
  const Token& behind = tokens_[at + 1];
  const bool has_left = (is_name(before) && !is_word(before, sql_, "SELECT") &&
                         !is_word(before, sql_, "DISTINCT") && !is_word(before, sql_, "ALL")) ||
                        (before.kind != TokenKind::kSymbol && !is_name(before)) || symbol_at(at - 1, ")") ||
                        symbol_at(at - 1, "]");
  const bool has_right = (is_name(behind) && !is_one_of(kBehindStar, behind, sql_)) ||
                         (behind.kind != TokenKind::kSymbol && !is_name(behind)) || symbol_at(at + 1, "(") ||
                         symbol_at(at + 1, "-");
  return !has_left || !has_right;
}

/// A FROM without columns before it: where a query begins.
bool NamedColumns::is_from_alone(std::size_t at) const {
  if (!word_at(at, "FROM")) return false;
  if (at == 0 || symbol_at(at - 1, "(") || symbol_at(at - 1, ",")) return true;
  if (!symbol_at(at - 1, ")")) return is_one_of(kBeforeQuery, tokens_[at - 1], sql_);
  // What is in the parentheses may be the last column, or a common table expression.
  int depth = 0;
  std::size_t open = at - 1;
  for (; open > 0; --open) {
    if (symbol_at(open, ")")) ++depth;
    if (symbol_at(open, "(") && --depth == 0) break;
  }
  return open == 0 || word_at(open - 1, "AS") || word_at(open - 1, "MATERIALIZED");
}

/// A name that stands for a value of its own, not for what something is of.
bool NamedColumns::is_value(std::size_t at, const std::string& name) const {
  return is_name(tokens_[at]) && to_lower_ascii(name_of(tokens_[at], sql_)) == name &&
         !symbol_at(at + 1, ".") && (at == 0 || !symbol_at(at - 1, "."));
}

/// Where the table, or its alias, may be a value; or where it has an alias with names of columns.
bool NamedColumns::takes_rows(const PlacedUse& use) const {
  const auto first = std::ranges::find(tokens_, use.chain.begin, &Token::begin);
  if (first == tokens_.end()) return true;
  const auto begin = static_cast<std::size_t>(first - tokens_.begin());
  // Behind a comma it may be a table as well as a value.
  if (begin == 0 || !(word_at(begin - 1, "FROM") || word_at(begin - 1, "JOIN"))) return true;
  const std::size_t end_place = use.chain.has_at ? use.chain.at_end : use.chain.end;
  std::size_t behind = begin;
  while (behind < tokens_.size() && tokens_[behind].begin < end_place) ++behind;
  std::string name = to_lower_ascii(use.chain.parts.back());
  std::size_t alias = behind;
  const bool has_as = word_at(behind, "AS");
  if (has_as) ++alias;
  const bool has_alias = alias < tokens_.size() && is_name(tokens_[alias]) &&
                         (has_as || !is_one_of(kBehindTable, tokens_[alias], sql_));
  if (has_alias) {
    if (symbol_at(alias + 1, "(")) return true;
    name = to_lower_ascii(name_of(tokens_[alias], sql_));
  }
  for (std::size_t at = 0; at < tokens_.size(); ++at) {
    const bool is_itself = has_alias ? at == alias : at >= begin && at < behind;
    if (!is_itself && is_value(at, name)) return true;
  }
  return false;
}

}  // namespace tarn::query
