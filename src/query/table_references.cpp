#include "query/table_references.h"

#include <optional>
#include <utility>

#include "engine/source_place.h"
#include "query/errors.h"

namespace tarn::query {
namespace {

class Finder {
 public:
  explicit Finder(std::string_view sql) : sql_(sql), tokens_(tokenize(sql)) {}

  Result<std::vector<NameChain>> run() {
    std::vector<NameChain> chains;
    for (std::size_t i = 0; i < tokens_.size();) {
      if (!is_name(tokens_[i])) {
        ++i;
        continue;
      }
      NameChain chain;
      i = read_chain(i, chain);
      const std::size_t clause = find_at_clause(i);
      if (clause != 0) {
        // What is inside of the clause is evaluated by itself, and names no table of this statement.
        TARN_ASSIGN_OR_RETURN(i, read_at_clause(clause, chain));
      }
      chains.push_back(std::move(chain));
    }
    return chains;
  }

 private:
  bool symbol(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && is_symbol(tokens_[i], sql_, text);
  }
  bool word(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && is_word(tokens_[i], sql_, text);
  }

  std::size_t read_chain(std::size_t i, NameChain& chain) const {
    chain.begin = tokens_[i].begin;
    while (true) {
      chain.parts.push_back(name_of(tokens_[i], sql_));
      chain.part_ends.push_back(tokens_[i].end);
      chain.end = tokens_[i].end;
      if (!symbol(i + 1, ".") || i + 2 >= tokens_.size() || !is_name(tokens_[i + 2])) return i + 1;
      i += 2;
    }
  }

  /// The index of `AT` in `AT ( word =>`, right behind the name; 0 when it is not there.
  std::size_t find_at_clause(std::size_t i) const {
    const bool clause = word(i, "AT") && symbol(i + 1, "(") && i + 2 < tokens_.size() &&
                        is_name(tokens_[i + 2]) && symbol(i + 3, "=>");
    return clause ? i : 0;
  }

  /// Returns the index behind the clause.
  Result<std::size_t> read_at_clause(std::size_t i, NameChain& chain) const {
    const Token& unit = tokens_[i + 2];
    const std::optional<TimeTravel::Kind> kind = kind_of(unit);
    if (!kind) return fail(unit, "an AT clause takes VERSION, TIMESTAMP, TAG or BRANCH");
    std::size_t depth = 1;
    std::size_t close = i + 4;
    for (; close < tokens_.size(); ++close) {
      if (symbol(close, "(")) ++depth;
      if (symbol(close, ")") && --depth == 0) break;
    }
    if (close >= tokens_.size()) return fail(tokens_[i + 1], "this parenthesis is not closed");
    if (close == i + 4) return fail(unit, "the AT clause has no value");
    chain.has_at = true;
    chain.at_begin = tokens_[i].begin;
    chain.at_end = tokens_[close].end;
    chain.at.kind = *kind;
    const std::size_t begin = tokens_[i + 4].begin;
    chain.at.expression = std::string(sql_.substr(begin, tokens_[close - 1].end - begin));
    return close + 1;
  }

  std::optional<TimeTravel::Kind> kind_of(const Token& token) const {
    if (is_word(token, sql_, "VERSION")) return TimeTravel::Kind::kVersion;
    if (is_word(token, sql_, "TIMESTAMP")) return TimeTravel::Kind::kTimestamp;
    if (is_word(token, sql_, "TAG")) return TimeTravel::Kind::kTag;
    if (is_word(token, sql_, "BRANCH")) return TimeTravel::Kind::kBranch;
    return std::nullopt;
  }

  Error fail(const Token& token, std::string message) const {
    return Error(kBadTimeTravel, std::move(message))
        .with_span(engine::span_at(sql_, token.begin, token.end - token.begin, "sql"));
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<NameChain>> find_names(std::string_view sql) {
  return Finder(sql).run();
}

}  // namespace tarn::query
