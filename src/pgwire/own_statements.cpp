#include "pgwire/own_statements.h"

#include <fmt/format.h>

#include <charconv>
#include <initializer_list>
#include <vector>

#include "base/ascii.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "pgwire/errors.h"
#include "query/lexer.h"

namespace tarn::pgwire {
namespace {

using query::Token;
using query::TokenKind;
using Own = Result<std::optional<OwnStatement>>;

std::string folded(const Token& token, std::string_view sql) {
  const std::string name = query::name_of(token, sql);
  return token.kind == TokenKind::kQuoted ? name : to_lower_ascii(name);
}

class Parser {
 public:
  explicit Parser(std::string_view sql) : sql_(sql), tokens_(query::tokenize(sql)) {}

  Own run() {
    if (tokens_.empty()) return std::optional<OwnStatement>();
    if (accept({"BEGIN"})) return begin();
    if (accept({"START"})) return accept({"TRANSACTION"}) ? begin() : wrong("START TRANSACTION");
    if (accept({"COMMIT", "END"})) return end(CommitStatement{});
    if (accept({"ROLLBACK", "ABORT"})) return rollback();
    if (accept({"SAVEPOINT"})) return savepoint(SavepointStatement::Action::kSave);
    if (accept({"RELEASE"})) {
      accept({"SAVEPOINT"});
      return savepoint(SavepointStatement::Action::kRelease);
    }
    if (accept({"SET"})) return set();
    if (accept({"RESET"})) return reset();
    if (is("SHOW")) return show();
    if (accept({"DISCARD"})) return discard();
    if (accept({"DEALLOCATE"})) return deallocate();
    if (accept({"DECLARE"})) return declare();
    if (accept({"FETCH"})) return fetch(false);
    if (accept({"MOVE"})) return fetch(true);
    if (accept({"CLOSE"})) return close();
    if (accept({"UNLISTEN"})) return std::optional<OwnStatement>(UnlistenStatement{});
    if (is("LISTEN") || is("NOTIFY") || is("LOCK")) {
      return Error(kUnsupported, fmt::format("Tarn has no {}", tokens_[at_].in(sql_))).with_span(place());
    }
    return std::optional<OwnStatement>();
  }

 private:
  bool is(std::string_view word) const {
    return at_ < tokens_.size() && query::is_word(tokens_[at_], sql_, word);
  }
  bool accept(std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
      if (!is(word)) continue;
      ++at_;
      return true;
    }
    return false;
  }
  bool accept_symbol(std::string_view symbol) {
    if (at_ >= tokens_.size() || !query::is_symbol(tokens_[at_], sql_, symbol)) return false;
    ++at_;
    return true;
  }
  bool done() const { return at_ >= tokens_.size(); }

  SourceSpan place() const {
    if (done()) return engine::span_at(sql_, sql_.size(), 1, "sql");
    return engine::span_at(sql_, tokens_[at_].begin, tokens_[at_].end - tokens_[at_].begin, "sql");
  }
  Error wrong(std::string_view expected) const {
    return Error(engine::kSyntax, fmt::format("expected {}", expected)).with_span(place());
  }
  Own end(OwnStatement statement) {
    accept({"WORK", "TRANSACTION"});
    if (accept({"AND"})) {
      accept({"NO"});
      if (!accept({"CHAIN"})) return wrong("CHAIN");
    }
    if (is("PREPARED"))
      return Error(kUnsupported, "Tarn has no transactions in two phases").with_span(place());
    if (!done()) return wrong("the end of the statement");
    return std::optional(std::move(statement));
  }

  Own begin() {
    // Isolation levels, READ ONLY, DEFERRABLE: reading one state of the lake a statement, all are granted
    // that can be.
    return std::optional<OwnStatement>(BeginStatement{});
  }

  Own rollback() {
    accept({"WORK", "TRANSACTION"});
    if (!accept({"TO"})) return end(RollbackStatement{});
    accept({"SAVEPOINT"});
    return savepoint(SavepointStatement::Action::kRollBack);
  }

  Own savepoint(SavepointStatement::Action action) {
    if (done() || !query::is_name(tokens_[at_])) return wrong("the name of a savepoint");
    return std::optional<OwnStatement>(SavepointStatement{action, folded(tokens_[at_], sql_)});
  }

  /// The words that make a value: `a, b` is one.
  std::optional<std::string> value() {
    std::string joined;
    for (; !done(); ++at_) {
      const Token& token = tokens_[at_];
      if (query::is_symbol(token, sql_, ",")) {
        joined += ", ";
        continue;
      }
      if (token.kind == TokenKind::kString) {
        joined += query::string_of(token, sql_);
      } else {
        joined += token.in(sql_);
      }
    }
    if (joined == "DEFAULT" || joined == "default") return std::nullopt;
    return joined;
  }

  Own set() {
    const bool has_scope = accept({"SESSION", "LOCAL"});
    if (accept({"TRANSACTION"}) || (has_scope && is("CHARACTERISTICS")))
      return std::optional<OwnStatement>(SetNothingStatement{});
    if (is("ROLE") || is("AUTHORIZATION")) {
      ++at_;
      if (is("NONE") || is("DEFAULT")) return std::optional<OwnStatement>(SetNothingStatement{});
      return Error(kUnsupported, "a session's user cannot be changed").with_span(place());
    }
    if (accept({"TIME"})) {
      if (!accept({"ZONE"})) return wrong("ZONE");
      return finish_set("TimeZone");
    }
    if (accept({"NAMES"})) return finish_set("client_encoding");
    if (done() || !query::is_name(tokens_[at_])) return wrong("the name of a setting");
    const std::string name = setting_name();
    if (!accept_symbol("=") && !accept({"TO"})) return wrong("= or TO");
    return finish_set(name);
  }

  std::string setting_name() {
    std::string name = query::name_of(tokens_[at_++], sql_);
    while (at_ + 1 < tokens_.size() && query::is_symbol(tokens_[at_], sql_, ".")) {
      name += "." + query::name_of(tokens_[at_ + 1], sql_);
      at_ += 2;
    }
    return name;
  }

  Own finish_set(std::string name) {
    if (done()) return wrong("a value");
    return std::optional<OwnStatement>(SetStatement{std::move(name), value()});
  }

  Own reset() {
    if (accept({"ALL"})) return std::optional<OwnStatement>(ResetStatement{});
    if (accept({"ROLE"})) return std::optional<OwnStatement>(SetNothingStatement{});
    if (accept({"TIME"})) return std::optional<OwnStatement>(ResetStatement{"TimeZone"});
    if (accept({"SESSION"})) return std::optional<OwnStatement>(SetNothingStatement{});
    if (done()) return wrong("the name of a setting");
    return std::optional<OwnStatement>(ResetStatement{setting_name()});
  }

  /// SHOW TABLES and the like are the lake's.
  Own show() {
    ++at_;
    if (is("TABLES") || is("DATABASES") || is("SCHEMAS")) return std::optional<OwnStatement>();
    if (accept({"ALL"})) {
      if (done()) return std::optional<OwnStatement>(ShowStatement{});
      return std::optional<OwnStatement>();
    }
    if (accept({"TIME"})) return std::optional<OwnStatement>(ShowStatement{"TimeZone"});
    if (accept({"TRANSACTION"})) {
      if (accept({"ISOLATION"})) return std::optional<OwnStatement>(ShowStatement{"transaction_isolation"});
      return wrong("ISOLATION LEVEL");
    }
    if (accept({"SESSION"})) return std::optional<OwnStatement>(ShowStatement{"session_authorization"});
    if (done() || !query::is_name(tokens_[at_])) return wrong("the name of a setting");
    return std::optional<OwnStatement>(ShowStatement{setting_name()});
  }

  Own discard() {
    const bool is_all = accept({"ALL"});
    if (!is_all && !accept({"PLANS", "SEQUENCES", "TEMP", "TEMPORARY"}))
      return wrong("ALL, PLANS, SEQUENCES or TEMP");
    return std::optional<OwnStatement>(DiscardStatement{is_all});
  }

  Own deallocate() {
    accept({"PREPARE"});
    if (accept({"ALL"})) return std::optional<OwnStatement>(DeallocateStatement{});
    if (done() || !query::is_name(tokens_[at_])) return wrong("the name of a prepared statement");
    return std::optional<OwnStatement>(DeallocateStatement{folded(tokens_[at_], sql_)});
  }

  Own declare() {
    if (done() || !query::is_name(tokens_[at_])) return wrong("the name of a cursor");
    DeclareStatement declared{.name = folded(tokens_[at_++], sql_)};
    while (!done() && !is("FOR")) {
      if (is("BINARY")) return Error(kUnsupported, "binary cursors are not supported").with_span(place());
      if (accept({"WITH"}))
        declared.holds = true;
      else if (accept({"WITHOUT"}))
        declared.holds = false;
      else if (!accept({"INSENSITIVE", "ASENSITIVE", "NO", "SCROLL", "CURSOR", "HOLD"}))
        return wrong("CURSOR FOR");
    }
    if (!accept({"FOR"}) || done()) return wrong("FOR and a query");
    declared.query = tokens_[at_].begin;
    return std::optional<OwnStatement>(std::move(declared));
  }

  Own fetch(bool is_move) {
    FetchStatement fetched;
    fetched.is_move = is_move;
    if (is("PRIOR") || is("LAST") || is("BACKWARD") || is("ABSOLUTE") || is("RELATIVE"))
      return Error(kUnsupported, "cursors only go forward").with_span(place());
    const bool has_direction = accept({"NEXT", "FORWARD", "FIRST"});
    if (accept({"ALL"})) {
      fetched.count = FetchStatement::kAll;
    } else if (!done() && tokens_[at_].kind == TokenKind::kNumber) {
      const std::string_view digits = tokens_[at_].in(sql_);
      const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), fetched.count);
      if (failed != std::errc() || end != digits.data() + digits.size()) return wrong("a count of rows");
      ++at_;
    } else if (!has_direction && accept_symbol("-")) {
      --at_;
      return Error(kUnsupported, "cursors only go forward").with_span(place());
    }
    accept({"FROM", "IN"});
    if (done() || !query::is_name(tokens_[at_])) return wrong("the name of a cursor");
    fetched.name = folded(tokens_[at_], sql_);
    return std::optional<OwnStatement>(std::move(fetched));
  }

  Own close() {
    if (accept({"ALL"})) return std::optional<OwnStatement>(CloseStatement{});
    if (done() || !query::is_name(tokens_[at_])) return wrong("the name of a cursor");
    return std::optional<OwnStatement>(CloseStatement{folded(tokens_[at_], sql_)});
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

struct Tag {
  std::string_view operator()(const BeginStatement&) const { return "BEGIN"; }
  std::string_view operator()(const CommitStatement&) const { return "COMMIT"; }
  std::string_view operator()(const RollbackStatement&) const { return "ROLLBACK"; }
  std::string_view operator()(const SavepointStatement& one) const {
    if (one.action == SavepointStatement::Action::kSave) return "SAVEPOINT";
    return one.action == SavepointStatement::Action::kRelease ? "RELEASE" : "ROLLBACK";
  }
  std::string_view operator()(const SetStatement&) const { return "SET"; }
  std::string_view operator()(const SetNothingStatement&) const { return "SET"; }
  std::string_view operator()(const ResetStatement&) const { return "RESET"; }
  std::string_view operator()(const ShowStatement&) const { return "SHOW"; }
  std::string_view operator()(const DiscardStatement& one) const {
    return one.is_all ? "DISCARD ALL" : "DISCARD";
  }
  std::string_view operator()(const DeallocateStatement& one) const {
    return one.name.empty() ? "DEALLOCATE ALL" : "DEALLOCATE";
  }
  std::string_view operator()(const DeclareStatement&) const { return "DECLARE CURSOR"; }
  std::string_view operator()(const FetchStatement& one) const { return one.is_move ? "MOVE" : "FETCH"; }
  std::string_view operator()(const CloseStatement& one) const {
    return one.name.empty() ? "CLOSE CURSOR ALL" : "CLOSE CURSOR";
  }
  std::string_view operator()(const UnlistenStatement&) const { return "UNLISTEN"; }
};

}  // namespace

Result<std::optional<OwnStatement>> read_own_statement(std::string_view sql) {
  return Parser(sql).run();
}

std::string_view command_tag(const OwnStatement& statement) {
  return std::visit(Tag{}, statement);
}

}  // namespace tarn::pgwire
