#include "query/writes/statement_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/errors.h"

namespace tarn::query {

bool StatementReader::is(std::string_view word, std::size_t ahead) const {
  return at_ + ahead < tokens_.size() && is_word(tokens_[at_ + ahead], sql_, word);
}

bool StatementReader::is_any(std::initializer_list<std::string_view> words) const {
  return std::ranges::any_of(words, [&](std::string_view word) { return is(word); });
}

bool StatementReader::is_symbol_next(std::string_view symbol, std::size_t ahead) const {
  return at_ + ahead < tokens_.size() && is_symbol(tokens_[at_ + ahead], sql_, symbol);
}

bool StatementReader::take(std::initializer_list<std::string_view> words) {
  std::size_t ahead = 0;
  for (const std::string_view word : words) {
    if (!is(word, ahead++)) return false;
  }
  at_ += ahead;
  return true;
}

bool StatementReader::take_symbol(std::string_view symbol) {
  if (!is_symbol_next(symbol)) return false;
  ++at_;
  return true;
}

Status StatementReader::expect(std::initializer_list<std::string_view> words) {
  return take(words) ? ok_status() : Status(wrong(fmt::format("{}", fmt::join(words, " "))));
}

Status StatementReader::expect_symbol(std::string_view symbol) {
  return take_symbol(symbol) ? ok_status() : Status(wrong(symbol));
}

Status StatementReader::expect_end() {
  return at_end() ? ok_status() : Status(wrong("the end of the statement"));
}

Result<std::string> StatementReader::name(std::string_view what) {
  if (!is_name_next()) return wrong(what);
  if (!is_whole(tokens_[at_], sql_)) return wrong("a name with its closing quote");
  const Token& token = tokens_[at_++];
  std::string name = name_of(token, sql_);
  return token.kind == TokenKind::kQuoted ? name : to_lower_ascii(name);
}

Result<std::string> StatementReader::text(std::string_view what) {
  if (at_end() || tokens_[at_].kind != TokenKind::kString) return wrong(what);
  if (!is_whole(tokens_[at_], sql_))
    return wrong("a text with its closing quote, and of escapes \\b \\f \\n \\r \\t \\\\ \\'");
  return string_of(tokens_[at_++], sql_);
}

Result<std::int64_t> StatementReader::number(std::string_view what) {
  if (at_end() || tokens_[at_].kind != TokenKind::kNumber) return wrong(what);
  const std::string_view digits = tokens_[at_].in(sql_);
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed != std::errc() || end != digits.data() + digits.size()) return wrong(what);
  ++at_;
  return value;
}

Result<WrittenName> StatementReader::qualified_name(std::string_view what) {
  WrittenName written;
  const std::size_t begin = at_;
  do {
    TARN_ASSIGN_OR_RETURN(std::string part, name(what));
    written.parts.push_back(std::move(part));
  } while (take_symbol("."));
  written.place = piece(begin, at_);
  return written;
}

Result<std::vector<std::string>> StatementReader::names_in_parentheses() {
  TARN_RETURN_IF_ERROR(expect_symbol("("));
  std::vector<std::string> names;
  do {
    TARN_ASSIGN_OR_RETURN(std::string one, name("a column"));
    names.push_back(std::move(one));
  } while (take_symbol(","));
  TARN_RETURN_IF_ERROR(expect_symbol(")"));
  return names;
}

std::size_t StatementReader::find(std::initializer_list<std::string_view> words, bool comma) const {
  std::size_t depth = 0;
  std::size_t cases = 0;
  for (std::size_t i = at_; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    if (is_symbol(token, sql_, "(") || is_symbol(token, sql_, "[") || is_symbol(token, sql_, "{")) ++depth;
    const bool closes =
        is_symbol(token, sql_, ")") || is_symbol(token, sql_, "]") || is_symbol(token, sql_, "}");
    if (closes && depth-- == 0) return i;
    if (depth != 0) continue;
    // A column may be called so, and be named by its table.
    if (i > at_ && is_symbol(tokens_[i - 1], sql_, ".")) continue;
    if (is_word(token, sql_, "CASE")) ++cases;
    if (cases > 0) {
      if (is_word(token, sql_, "END")) --cases;
      continue;
    }
    if (comma && is_symbol(token, sql_, ",")) return i;
    const bool found =
        std::ranges::any_of(words, [&](std::string_view word) { return is_word(token, sql_, word); });
    const bool compares = found && i > at_ && is_word(token, sql_, "FROM") &&
                          is_word(tokens_[i - 1], sql_, "DISTINCT") && i > at_ + 1 &&
                          (is_word(tokens_[i - 2], sql_, "IS") || is_word(tokens_[i - 2], sql_, "NOT"));
    if (found && !compares) return i;
  }
  return tokens_.size();
}

std::size_t StatementReader::behind_parentheses() const {
  std::size_t depth = 0;
  for (std::size_t i = at_; i < tokens_.size(); ++i) {
    if (is_symbol(tokens_[i], sql_, "(")) ++depth;
    if (is_symbol(tokens_[i], sql_, ")") && --depth == 0) return i + 1;
    if (depth == 0) return i;
  }
  return tokens_.size();
}

Piece StatementReader::piece(std::size_t begin, std::size_t end) const {
  if (begin >= end || begin >= tokens_.size()) return {};
  return {tokens_[begin].begin, tokens_[end - 1].end};
}

Piece StatementReader::take_until(std::size_t end) {
  const Piece taken = piece(at_, end);
  at_ = end;
  return taken;
}

Error StatementReader::wrong(std::string_view expected) const {
  const Piece place = next_piece();
  return Error(engine::kSyntax, fmt::format("expected {}", expected))
      .with_span(engine::span_at(sql_, place.begin, place.end - place.begin, "sql"));
}

Error StatementReader::unsupported(std::string_view what, std::string_view mend) const {
  const Piece place = next_piece();
  return Error(kUnsupportedWrite, fmt::format("Tarn has no {}", what))
      .with_span(engine::span_at(sql_, place.begin, place.end - place.begin, "sql"))
      .with_hint(std::string(mend));
}

Result<std::vector<WrittenName>> target_named(const std::string& table, std::string_view sql) {
  StatementReader reader(table);
  TARN_ASSIGN_OR_RETURN(WrittenName name, reader.qualified_name("a table"));
  const std::size_t place = sql.find(table);
  if (place != std::string_view::npos) name.place = {place, place + table.size()};
  return std::vector{std::move(name)};
}

}  // namespace tarn::query
