#include "query/postgres/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "engine/source_place.h"
#include "query/postgres/array_text.h"
#include "query/postgres/char_patterns.h"
#include "query/postgres/dialect_names.h"
#include "query/postgres/token_walk.h"
#include "query/rewrite.h"

namespace tarn::query::postgres {
namespace {

class Translator : private TokenWalk {
 public:
  Translator(std::string_view sql, const std::function<std::int64_t(std::string_view)>& relation_oid,
             const Identity& identity, std::string_view default_schema)
      : TokenWalk(sql),
        default_schema_(default_schema),
        relation_oid_(relation_oid),
        identity_(identity),
        rewrite_(sql) {}

  Translation run() {
    find_system();
    while (at_ < tokens_.size()) step();
    // Some wrap what stands before them; what goes in at a place comes before what is taken away there.
    std::ranges::sort(edits_, {}, [](const Edit& edit) { return std::pair(edit.begin, edit.end); });
    for (const Edit& edit : edits_) rewrite_.replace(edit.begin, edit.end, edit.text);
    return {rewrite_.finish(), names_system_, std::move(missing_)};
  }

 private:
  struct Edit {
    std::size_t begin;
    std::size_t end;
    std::string text;
  };

  void find_system() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const std::string one = name(i);
      if (one.empty()) continue;
      const bool is_function = symbol(i + 1, "(") && std::ranges::find(kFunctions, one) != kFunctions.end();
      if (is_function || one.starts_with("pg_") || (one.starts_with("has_") && symbol(i + 1, "(")) ||
          one == "information_schema")
        names_system_ = true;
    }
  }

  void replace(std::size_t begin, std::size_t end, std::string text) {
    edits_.push_back({begin, end, std::move(text)});
  }

  void step() {
    if (drop_schema() ||
        (names_system_ && (change_operator() || drop_collation() || change_series() || change_vector())))
      return;
    if (change_array() || change_function() || change_cast() || change_long_cast() || change_identity() ||
        change_to_char())
      return;
    ++at_;
  }

  /// `pg_catalog.x` is found by the search path; the information schema has another name.
  bool drop_schema() {
    const bool is_qualified = symbol(at_ + 1, ".") && !(at_ > 0 && symbol(at_ - 1, "."));
    if (!is_qualified) return false;
    const std::string schema = name(at_);
    if (schema == to_lower_ascii(identity_.database) && symbol(at_ + 3, ".")) {
      replace(tokens_[at_].begin, tokens_[at_ + 2].begin, "");
      at_ += 2;
      return true;
    }
    if (!names_system_) return false;
    if (schema == "pg_catalog" || (schema == "information_schema" && name(at_ + 2) == "_pg_expandarray")) {
      replace(tokens_[at_].begin, tokens_[at_ + 2 < tokens_.size() ? at_ + 2 : at_ + 1].begin, "");
      at_ += 2;
      return true;
    }
    if (schema != "information_schema") return false;
    replace(tokens_[at_].begin, tokens_[at_].end, "tarn_info");
    at_ += 2;
    return true;
  }

  /// PostgreSQL's `~` looks for the pattern anywhere, the engine's compares the whole text.
  bool change_operator() {
    std::size_t end = at_;
    std::string op;
    if (word(at_, "OPERATOR") && symbol(at_ + 1, "(")) {
      std::size_t close = at_ + 2;
      while (close < tokens_.size() && !symbol(close, ")")) ++close;
      if (close >= tokens_.size()) return false;
      for (std::size_t i = close; i-- > at_ + 2;) {
        if (tokens_[i].kind != TokenKind::kSymbol || symbol(i, ".")) break;
        op.insert(0, tokens_[i].in(sql_));
      }
      end = close;
    } else if (symbol(at_, "~") && symbol(at_ + 1, "~")) {
      at_ += 2;  // LIKE, which the engine writes so, too.
      return true;
    } else if (symbol(at_, "~") || symbol(at_, "!~") || symbol(at_, "~*") || symbol(at_, "!~*") ||
               (symbol(at_, "!") && symbol(at_ + 1, "~"))) {
      op = tokens_[at_].in(sql_);
      if (op == "!") op += tokens_[++end].in(sql_);
      if (symbol(end + 1, "*")) op += tokens_[++end].in(sql_);
    } else {
      return false;
    }
    const bool is_match = op == "~" || op == "!~" || op == "~*" || op == "!~*";
    if (!is_match) {
      if (end != at_) replace(tokens_[at_].begin, tokens_[end].end, op);
      at_ = end + 1;
      return true;
    }
    const bool has_literal = end + 1 < tokens_.size() && tokens_[end + 1].kind == TokenKind::kString;
    const std::string prefix = op.ends_with('*') ? "(?is)" : "(?s)";
    replace(tokens_[at_].begin, tokens_[end].end, op.starts_with('!') ? "!~" : "~");
    if (has_literal) {
      const std::string pattern = string_of(tokens_[end + 1], sql_);
      replace(tokens_[end + 1].begin, tokens_[end + 1].end,
              engine::quote_literal(prefix + ".*(?:" + pattern + ").*"));
      ++end;
    } else if (end + 1 < tokens_.size()) {
      // A column or a parameter: one primary.
      const std::size_t last = primary_end(end + 1);
      replace(tokens_[end + 1].begin, tokens_[end + 1].begin, "('" + prefix + ".*(?:' || ");
      replace(tokens_[last].end, tokens_[last].end, " || ').*')");
    }
    at_ = end + 1;
    return true;
  }

  bool drop_collation() {
    if (!word(at_, "COLLATE")) return false;
    std::size_t end = at_ + 1;
    while (symbol(end + 1, ".")) end += 2;
    if (end >= tokens_.size()) return false;
    replace(tokens_[at_].begin, tokens_[end].end, "");
    at_ = end + 1;
    return true;
  }

  /// As a table its alias is its column's name, too; as a column it gives a row for each value.
  bool change_series() {
    if (name(at_) != "generate_series" || !symbol(at_ + 1, "(")) return false;
    const std::size_t close = closing(at_ + 1);
    if (!is_in_from(at_)) {
      replace(tokens_[at_].begin, tokens_[at_].begin, "unnest(");
      replace(tokens_[close].end, tokens_[close].end, ")");
      ++at_;
      return true;
    }
    const std::size_t alias = word(close + 1, "AS") ? close + 2 : close + 1;
    static constexpr std::array kClauses = {"WHERE", "JOIN",  "LEFT",  "INNER", "CROSS",
                                            "ON",    "GROUP", "ORDER", "UNION"};
    const bool has_alias =
        !name(alias).empty() && !symbol(alias + 1, "(") &&
        std::ranges::none_of(kClauses, [&](const char* clause) { return word(alias, clause); });
    if (has_alias)
      replace(tokens_[alias].end, tokens_[alias].end, fmt::format("({})", tokens_[alias].in(sql_)));
    ++at_;
    return true;
  }

  /// PostgreSQL counts the elements of its vectors from 0.
  bool change_vector() {
    static constexpr std::array kVectors = {"indkey", "indoption", "i_indoption", "indclass", "indcollation"};
    if (!symbol(at_ + 1, "[") || std::ranges::find(kVectors, name(at_)) == kVectors.end()) return false;
    const std::size_t close = closing(at_ + 1);
    replace(tokens_[at_ + 1].end, tokens_[at_ + 1].end, "(");
    replace(tokens_[close].begin, tokens_[close].begin, ") + 1");
    ++at_;
    return true;
  }

  /// `'{a,b}'::text[]`; in look-ups `'{0}'` compared with an array, too.
  bool change_array() {
    if (tokens_[at_].kind != TokenKind::kString) return false;
    const auto elements = parse_array(string_of(tokens_[at_], sql_));
    if (!elements) return false;
    const std::size_t type = name(at_ + 2) == "pg_catalog" ? at_ + 4 : at_ + 2;
    const bool is_cast = symbol(at_ + 1, "::") && symbol(type + 1, "[");
    const bool is_compared = names_system_ && !symbol(at_ + 1, "::");
    if (!is_cast && !is_compared) return false;
    std::string list;
    for (const auto& element : *elements) {
      const bool is_number = element && element->find_first_not_of("0123456789") == std::string::npos;
      if (is_compared && !is_number) return false;
      list += list.empty() ? "" : ", ";
      list += is_number && is_compared ? *element : element ? engine::quote_literal(*element) : "NULL";
    }
    replace(tokens_[at_].begin, tokens_[at_].end, "[" + list + "]");
    ++at_;
    return true;
  }

  bool change_cast() {
    if (!symbol(at_, "::") || at_ == 0) return false;
    const std::size_t type_at = name(at_ + 1) == "pg_catalog" && symbol(at_ + 2, ".") ? at_ + 3 : at_ + 1;
    const std::string type = name(type_at);
    if (type == "regclass") return change_regclass(type_at);
    if (type == "regtype") return wrap(type_at, "tarn_pg.format_type(", ", NULL)");
    if ((type == "regproc" || type == "regprocedure") && tokens_[at_ - 1].kind == TokenKind::kString) {
      std::string function = string_of(tokens_[at_ - 1], sql_);
      if (function.starts_with("pg_catalog.")) function.erase(0, 11);
      replace(tokens_[at_ - 1].begin, tokens_[type_at].end, engine::quote_literal(function));
      at_ = type_at + 1;
      return true;
    }
    if ((type == "numeric" || type == "decimal") && !symbol(type_at + 1, "(")) {
      replace(tokens_[at_ + 1].begin, tokens_[type_at].end, numeric_type(tokens_[at_ - 1]));
      at_ = type_at + 1;
      return true;
    }
    const auto found = std::ranges::find(kTypes, type, &std::pair<std::string_view, std::string_view>::first);
    // A bare `::char` is the engine's.
    const bool is_known =
        found != kTypes.end() && (type != "char" || tokens_[type_at].kind == TokenKind::kQuoted);
    if (is_known) {
      replace(tokens_[at_ + 1].begin, tokens_[type_at].end, std::string(found->second));
    } else if (type_at != at_ + 1) {
      replace(tokens_[at_ + 1].begin, tokens_[type_at].begin, "");
    }
    at_ = type_at + 1;
    return true;
  }

  /// PostgreSQL's numeric has any digits, the engine's three behind the point unless it is told.
  std::string numeric_type(const Token& value) const {
    std::string_view digits = value.in(sql_);
    if (value.kind == TokenKind::kString && digits.size() > 1 && digits.front() == '\'')
      digits = digits.substr(1, digits.size() - 2);
    if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
    const std::size_t point = std::min(digits.find('.'), digits.size());
    const std::size_t scale = point == digits.size() ? 0 : digits.size() - point - 1;
    const bool is_plain = (value.kind == TokenKind::kString || value.kind == TokenKind::kNumber) &&
                          !digits.empty() &&
                          digits.find_first_not_of("0123456789.") == std::string_view::npos;
    return is_plain && digits.size() <= 38 ? fmt::format("DECIMAL(38, {})", scale) : "DECIMAL(38, 10)";
  }

  /// The engine has it by another name.
  bool change_function() {
    if (!symbol(at_ + 1, "(") || tokens_[at_].kind != TokenKind::kWord) return false;
    const auto found =
        std::ranges::find(kRenamed, name(at_), &std::pair<std::string_view, std::string_view>::first);
    if (found == kRenamed.end()) return false;
    replace(tokens_[at_].begin, tokens_[at_].end, std::string(found->second));
    ++at_;
    return true;
  }

  /// `CAST(x AS regclass)`.
  bool change_long_cast() {
    if (!word(at_, "AS")) return false;
    const std::size_t type_at = name(at_ + 1) == "pg_catalog" && symbol(at_ + 2, ".") ? at_ + 3 : at_ + 1;
    const std::string type = name(type_at);
    const auto found = std::ranges::find(kTypes, type, &std::pair<std::string_view, std::string_view>::first);
    const bool is_class = type == "regclass";
    const bool is_number = type == "numeric" || type == "decimal";
    if ((found == kTypes.end() && !is_class && !is_number && type != "regtype") ||
        !symbol(type_at + 1, ")") || type == "char")
      return false;
    const std::size_t open = primary_begin(type_at + 1);
    if (!word(open, "CAST") || !symbol(open + 1, "(")) return false;
    if (is_number) {
      const Token& value = tokens_[open + 3 == at_ ? open + 2 : open];
      replace(tokens_[at_ + 1].begin, tokens_[type_at].end, numeric_type(value));
    } else if (found != kTypes.end()) {
      replace(tokens_[at_ + 1].begin, tokens_[type_at].end, std::string(found->second));
    } else if (is_class && open + 3 == at_ && tokens_[open + 2].kind == TokenKind::kString) {
      replace(tokens_[open].begin, tokens_[type_at + 1].end,
              relation_number(string_of(tokens_[open + 2], sql_)));
    } else {
      names_system_ = true;
      const bool is_parameter = tokens_[open + 2].kind == TokenKind::kParameter;
      replace(tokens_[open].begin, tokens_[open].end,
              !is_class      ? "tarn_pg.format_type"
              : is_parameter ? "tarn_pg.to_regclass"
                             : "tarn_pg.relation_name");
      replace(tokens_[at_].begin, tokens_[type_at].end, is_class ? "" : ", NULL");
    }
    at_ = type_at + 1;
    return true;
  }

  std::string relation_number(const std::string& relation) {
    const bool is_number = !relation.empty() && relation.find_first_not_of("0123456789") == std::string::npos;
    if (is_number) return relation + "::UINTEGER";
    if (const std::int64_t oid = relation_oid_(relation); oid != 0) return fmt::format("{}::UINTEGER", oid);
    missing_ = relation;
    return "NULL";
  }

  /// Of a text the relation's number, of a number the relation's name.
  bool change_regclass(std::size_t type_at) {
    names_system_ = true;
    if (tokens_[at_ - 1].kind != TokenKind::kString) return wrap(type_at, "tarn_pg.relation_name(", ")");
    replace(tokens_[at_ - 1].begin, tokens_[type_at].end, relation_number(string_of(tokens_[at_ - 1], sql_)));
    at_ = type_at + 1;
    return true;
  }

  bool wrap(std::size_t type_at, std::string before, std::string after) {
    names_system_ = true;
    const std::size_t begin = tokens_[primary_begin(at_ - 1)].begin;
    replace(begin, begin, std::move(before));
    replace(tokens_[at_].begin, tokens_[type_at].end, std::move(after));
    at_ = type_at + 1;
    return true;
  }

  /// Who is asking, and where: known here, and functions of tables take no subqueries.
  bool change_identity() {
    if (at_ > 0 && symbol(at_ - 1, ".")) return false;
    const std::string column = name(at_);
    const std::string schema = default_schema_.empty() ? "public" : std::string(default_schema_);
    std::size_t end = at_;
    std::string text;
    if (word(at_, "CURRENT_USER") || word(at_, "SESSION_USER") || word(at_, "CURRENT_ROLE")) {
      text = engine::quote_literal(identity_.user);
    } else if (word(at_, "CURRENT_CATALOG")) {
      text = engine::quote_literal(identity_.database);
    } else if (symbol(at_ + 1, "(") && symbol(at_ + 2, ")") &&
               (column == "current_database" || column == "current_schema")) {
      end = at_ + 2;
      text = engine::quote_literal(column == "current_schema" ? schema : identity_.database);
    } else if (column == "current_schemas" && symbol(at_ + 1, "(") && symbol(at_ + 3, ")")) {
      end = at_ + 3;
      text = word(at_ + 2, "TRUE") ? "['pg_catalog', " : "[";
      text += engine::quote_literal(schema) + "]";
    } else {
      return false;
    }
    const bool is_item = at_ > 0 && (word(at_ - 1, "SELECT") || symbol(at_ - 1, ",")) &&
                         (end + 1 == tokens_.size() || symbol(end + 1, ",") || word(end + 1, "FROM"));
    if (is_item) text += " AS " + column;
    replace(tokens_[at_].begin, tokens_[end].end, std::move(text));
    at_ = end + 1;
    return true;
  }

  /// Only where the pattern stands in the statement: what is formatted decides the function.
  bool change_to_char() {
    if (name(at_) != "to_char" || !symbol(at_ + 1, "(") || (at_ > 0 && symbol(at_ - 1, "."))) return false;
    const std::size_t close = closing(at_ + 1);
    if (!symbol(close, ")") || close < at_ + 4 || tokens_[close - 1].kind != TokenKind::kString ||
        !symbol(close - 2, ","))
      return false;
    const std::string pattern = string_of(tokens_[close - 1], sql_);
    const std::string number = number_pattern(pattern);
    if (number.empty()) {
      replace(tokens_[at_].begin, tokens_[at_].end, "strftime");
      replace(tokens_[close - 1].begin, tokens_[close - 1].end,
              engine::quote_literal(strftime_pattern(pattern)));
    } else {
      replace(tokens_[at_].begin, tokens_[at_ + 1].end, "format(" + engine::quote_literal(number) + ", (");
      replace(tokens_[close - 2].begin, tokens_[close].end, ")::DOUBLE)");
    }
    ++at_;
    return true;
  }

  std::string_view default_schema_;
  const std::function<std::int64_t(std::string_view)>& relation_oid_;
  const Identity& identity_;
  Rewrite rewrite_;
  std::vector<Edit> edits_;
  std::size_t at_ = 0;
  bool names_system_ = false;
  std::string missing_ = {};
};

}  // namespace

Translation translate(std::string_view sql,
                      const std::function<std::int64_t(std::string_view name)>& relation_oid,
                      const Identity& identity, std::string_view default_schema) {
  return Translator(sql, relation_oid, identity, default_schema).run();
}

}  // namespace tarn::query::postgres
