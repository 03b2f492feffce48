#include "query/access/served_statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "base/ascii.h"
#include "engine/source_place.h"
#include "query/errors.h"
#include "query/lexer.h"

namespace tarn::query {
namespace {

class Reading {
 public:
  explicit Reading(std::string_view sql) : sql_(sql), tokens_(tokenize(sql)) {}

  bool at_end() const { return at_ >= tokens_.size(); }
  std::size_t place() const { return at_end() ? sql_.size() : tokens_[at_].begin; }

  bool take(std::initializer_list<std::string_view> words) {
    if (at_end()) return false;
    const bool found =
        std::ranges::any_of(words, [&](std::string_view word) { return is_word(tokens_[at_], sql_, word); });
    if (found) ++at_;
    return found;
  }
  /// The name that stands next, in lower case; empty when it is none.
  std::string take_name() {
    if (at_end() || !is_name(tokens_[at_])) return "";
    return to_lower_ascii(name_of(tokens_[at_++], sql_));
  }
  bool is_symbol_next(std::string_view symbol) const {
    return !at_end() && is_symbol(tokens_[at_], sql_, symbol);
  }

  Error refuse(std::string_view what) const {
    const std::string first(tokens_.empty() ? "" : tokens_[0].in(sql_));
    return Error(kNotAllowed, fmt::format("users have queries only, not {}: {}", what, first))
        .with_span(engine::span_at(sql_, tokens_.empty() ? 0 : tokens_[0].begin, first.size(), "sql"));
  }

 private:
  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

/// Behind CREATE: `[OR REPLACE] TEMP TABLE [IF NOT EXISTS] name AS`.
Result<ServedStatement> created(Reading& reading) {
  if (reading.take({"OR"}) && !reading.take({"REPLACE"})) return reading.refuse("this");
  const bool temporary_table = reading.take({"TEMP", "TEMPORARY"}) && reading.take({"TABLE"});
  if (temporary_table && reading.take({"IF"}) && !(reading.take({"NOT"}) && reading.take({"EXISTS"})))
    return reading.refuse("this");
  if (temporary_table && !reading.take_name().empty() && reading.take({"AS"}))
    return ServedStatement{ServedKind::kCreateTemporary, reading.place()};
  return reading.refuse("objects but `CREATE TEMP TABLE name AS SELECT …`");
}

/// Behind DROP: `TABLE [IF EXISTS] name`.
Result<ServedStatement> dropped(Reading& reading, const std::set<std::string>& temporary) {
  const bool table = reading.take({"TABLE"});
  if (table && reading.take({"IF"}) && !reading.take({"EXISTS"})) return reading.refuse("this");
  const std::string name = table ? reading.take_name() : "";
  if (temporary.contains(name) && reading.at_end()) return ServedStatement{ServedKind::kDropTemporary};
  return reading.refuse("a DROP of anything but their own temporary tables");
}

}  // namespace

Result<ServedStatement> served_statement(std::string_view sql, const std::set<std::string>& temporary) {
  Reading reading(sql);
  if (reading.is_symbol_next("(") ||
      reading.take({"SELECT", "WITH", "FROM", "VALUES", "TABLE", "DESCRIBE", "DESC", "SUMMARIZE", "SHOW",
                    "PIVOT", "PIVOT_WIDER", "UNPIVOT", "PIVOT_LONGER"}))
    return ServedStatement{};
  if (reading.take({"USE"})) return ServedStatement{ServedKind::kUse};
  if (reading.take({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"})) {
    while (reading.take({"TRANSACTION", "WORK", "READ", "ONLY"})) {
    }
    if (reading.at_end()) return ServedStatement{ServedKind::kTransaction};
    return reading.refuse("this kind of transaction");
  }
  if (reading.take({"CREATE"})) return created(reading);
  if (reading.take({"DROP"})) return dropped(reading, temporary);
  return reading.refuse("this kind of statement");
}

}  // namespace tarn::query
