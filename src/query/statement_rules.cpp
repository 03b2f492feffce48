#include "query/statement_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

#include "base/ascii.h"
#include "engine/source_place.h"
#include "query/errors.h"
#include "query/lexer.h"

namespace tarn::query {
namespace {

class Rules {
 public:
  Rules(std::string_view sql, const StatementRights& rights, const std::set<std::string>& temporary)
      : sql_(sql), tokens_(tokenize(sql)), rights_(rights), temporary_(temporary) {}

  Status check() { return check_from(0); }

  std::string created() const {
    std::size_t at = 0;
    while (at < tokens_.size() && (symbol(at, "(") || word(at, "EXPLAIN") || word(at, "ANALYZE"))) ++at;
    return at < tokens_.size() && word(at, "CREATE") && is_temporary_create(at) ? target(at) : "";
  }

  bool is_of_temporary() const {
    if (tokens_.empty() || !any_word(0, {"CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE", "TRUNCATE",
                                         "COMMENT", "COPY"}))
      return false;
    return word(0, "CREATE") ? is_temporary_create(0) : temporary_.contains(target(0));
  }

 private:
  bool word(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && is_word(tokens_[i], sql_, text);
  }
  bool symbol(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && is_symbol(tokens_[i], sql_, text);
  }
  bool any_word(std::size_t i, std::initializer_list<std::string_view> words) const {
    return std::ranges::any_of(words, [&](std::string_view text) { return word(i, text); });
  }

  Status check_from(std::size_t at) {
    while (symbol(at, "(")) ++at;
    if (at >= tokens_.size()) return ok_status();
    if (word(at, "EXPLAIN")) return check_from(after_explain(at));
    if (word(at, "PREPARE")) return check_prepared(at);
    if (word(at, "WITH")) return check_with(at);
    if (any_word(at,
                 {"SELECT",    "FROM",    "VALUES",     "TABLE",  "DESCRIBE",    "DESC",     "SHOW",
                  "SUMMARIZE", "EXECUTE", "DEALLOCATE", "PIVOT",  "PIVOT_WIDER", "UNPIVOT",  "PIVOT_LONGER",
                  "USE",       "BEGIN",   "START",      "COMMIT", "END",         "ROLLBACK", "ABORT"})) {
      return ok_status();
    }
    if (any_word(at, {"SET", "RESET", "PRAGMA", "CALL"})) {
      return rights_.settings ? ok_status() : not_allowed(at, "settings and calls");
    }
    if (word(at, "COPY")) return check_copy(at);
    if (any_word(at, {"CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "REFRESH",
                      "COMMENT"})) {
      return check_change(at);
    }
    if (any_word(at, {"ATTACH", "DETACH", "INSTALL", "LOAD", "EXPORT", "IMPORT", "CHECKPOINT", "FORCE",
                      "VACUUM", "ANALYZE", "UPDATE_EXTENSIONS"})) {
      return not_allowed(at, "other databases, extensions and maintenance");
    }
    return ok_status();  // Not a statement that the engine knows: let it say so.
  }

  std::size_t after_explain(std::size_t at) const {
    ++at;
    if (symbol(at, "(")) {
      while (at < tokens_.size() && !symbol(at, ")")) ++at;
      ++at;
    }
    while (any_word(at, {"ANALYZE", "VERBOSE"})) ++at;
    return at;
  }

  Status check_prepared(std::size_t at) {
    while (at < tokens_.size() && !word(at, "AS")) ++at;
    return at < tokens_.size() ? check_from(at + 1) : ok_status();
  }

  /// `WITH … INSERT …`: the statement proper is the first keyword outside of the parentheses.
  Status check_with(std::size_t at) {
    std::size_t depth = 0;
    for (; at < tokens_.size(); ++at) {
      if (symbol(at, "(")) ++depth;
      if (symbol(at, ")") && depth > 0) --depth;
      if (depth == 0 && any_word(at, {"SELECT", "FROM", "VALUES"})) return ok_status();
      if (depth == 0 && any_word(at, {"INSERT", "UPDATE", "DELETE", "MERGE"})) return check_change(at);
    }
    return ok_status();
  }

  Status check_copy(std::size_t at) {
    std::size_t depth = 0;
    bool from = false;
    bool database = false;
    for (std::size_t i = at + 1; i < tokens_.size(); ++i) {
      if (symbol(i, "(")) ++depth;
      if (symbol(i, ")") && depth > 0) --depth;
      if (depth != 0) continue;
      if (word(i, "DATABASE")) database = true;
      if (word(i, "TO")) break;
      if (word(i, "FROM")) from = true;
    }
    if (database) return not_allowed(at, "other databases, extensions and maintenance");
    if (from) return check_change(at);
    if (!rights_.copy_to_files) return not_allowed(at, "writing files");
    return symbol(at + 1, "(") ? check_from(at + 2) : ok_status();
  }

  Status check_change(std::size_t at) const {
    const bool own = word(at, "CREATE") ? is_temporary_create(at) : temporary_.contains(target(at));
    if (own && rights_.temporary_objects) return ok_status();
    const Token& token = tokens_[at];
    return Error(kReadOnly,
                 fmt::format("{} would change the lake, and its tables are read-only in SQL", token.in(sql_)))
        .with_span(engine::span_at(sql_, token.begin, token.end - token.begin, "sql"))
        .with_hint(
            rights_.temporary_objects
                ? "rows come through feeds; results of your own go into `CREATE TEMP TABLE name AS SELECT …`"
                : "rows come through feeds");
  }

  bool is_temporary_create(std::size_t at) const {
    if (word(at + 1, "OR") && word(at + 2, "REPLACE")) at += 2;
    return any_word(at + 1, {"TEMP", "TEMPORARY"});
  }

  /// The object that CREATE, DROP, INSERT … works on: the first name that is not part of the command; empty
  /// when it has a schema.
  std::string target(std::size_t at) const {
    while (at < tokens_.size() &&
           any_word(at, {"CREATE",   "OR",       "REPLACE",  "TEMP",   "TEMPORARY", "TABLE",   "VIEW",
                         "MACRO",    "FUNCTION", "IF",       "NOT",    "EXISTS",    "DROP",    "ALTER",
                         "INSERT",   "INTO",     "IGNORE",   "UPDATE", "DELETE",    "FROM",    "MERGE",
                         "TRUNCATE", "COPY",     "SEQUENCE", "TYPE",   "RECURSIVE", "COMMENT", "ON"})) {
      ++at;
    }
    if (at >= tokens_.size() || !is_name(tokens_[at]) || symbol(at + 1, ".")) return "";
    return to_lower_ascii(name_of(tokens_[at], sql_));
  }

  Error not_allowed(std::size_t at, std::string_view what) const {
    const Token& token = tokens_[at];
    return Error(kNotAllowed, fmt::format("this session does not allow {}: {}", what, token.in(sql_)))
        .with_span(engine::span_at(sql_, token.begin, token.end - token.begin, "sql"));
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
  const StatementRights& rights_;
  const std::set<std::string>& temporary_;
};

}  // namespace

Status check_statement(std::string_view sql, const StatementRights& rights,
                       const std::set<std::string>& temporary) {
  return Rules(sql, rights, temporary).check();
}

bool changes_temporary(std::string_view sql, const std::set<std::string>& temporary) {
  const StatementRights rights;
  return Rules(sql, rights, temporary).is_of_temporary();
}

std::string created_temporary(std::string_view sql) {
  const StatementRights rights;
  const std::set<std::string> none;
  return Rules(sql, rights, none).created();
}

}  // namespace tarn::query
