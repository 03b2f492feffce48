#include "query/lexer.h"

#include <algorithm>
#include <array>

namespace tarn::query {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool starts_word(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c) {
  return starts_word(c) || is_digit(c) || c == '$';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (true) {
      skip_blanks();
      if (at_ >= sql_.size()) return tokens;
      const std::size_t begin = at_;
      const TokenKind kind = next();
      tokens.push_back({kind, begin, at_});
    }
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  void skip_blanks() {
    while (at_ < sql_.size()) {
      if (is_blank(peek())) {
        ++at_;
      } else if (peek() == '-' && peek(1) == '-') {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (peek() == '/' && peek(1) == '*') {
        skip_comment();
      } else {
        return;
      }
    }
  }

  void skip_comment() {
    std::size_t depth = 0;
    while (at_ < sql_.size()) {
      if (peek() == '/' && peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (peek() == '*' && peek(1) == '/') {
        at_ += 2;
        if (--depth == 0) return;
      } else {
        ++at_;
      }
    }
  }

  TokenKind next() {
    const char c = peek();
    if (c == '\'') return quoted('\'', false, TokenKind::kString);
    if (c == '"') return quoted('"', false, TokenKind::kQuoted);
    if ((c == 'e' || c == 'E') && peek(1) == '\'') {
      ++at_;
      return quoted('\'', true, TokenKind::kString);
    }
    if (c == '$') return dollar();
    if (starts_word(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    for (const std::string_view pair : {"=>", "::", "->", "<=", ">=", "<>", "!=", "||", ":="}) {
      if (sql_.substr(at_, 2) == pair) {
        at_ += 2;
        return TokenKind::kSymbol;
      }
    }
    ++at_;
    return TokenKind::kSymbol;
  }

  /// A doubled mark stands for itself; with `escapes`, a backslash guards the next character.
  TokenKind quoted(char mark, bool escapes, TokenKind kind) {
    ++at_;
    while (at_ < sql_.size()) {
      if (escapes && peek() == '\\') {
        at_ = std::min(at_ + 2, sql_.size());
      } else if (peek() == mark && peek(1) == mark) {
        at_ += 2;
      } else if (sql_[at_++] == mark) {
        return kind;
      }
    }
    return kind;
  }

  TokenKind dollar() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && (starts_word(sql_[end]) || is_digit(sql_[end]))) ++end;
    const bool tag = end < sql_.size() && sql_[end] == '$' && !is_digit(peek(1));
    if (!tag) {
      at_ = end;
      return TokenKind::kParameter;
    }
    const std::string_view mark = sql_.substr(at_, end + 1 - at_);
    const std::size_t close = sql_.find(mark, end + 1);
    at_ = close == std::string_view::npos ? sql_.size() : close + mark.size();
    return TokenKind::kString;
  }

  TokenKind word() {
    while (at_ < sql_.size() && continues_word(peek())) ++at_;
    return TokenKind::kWord;
  }

  TokenKind number() {
    while (at_ < sql_.size() && (is_digit(peek()) || starts_word(peek()) || peek() == '.')) ++at_;
    return TokenKind::kNumber;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

char to_capital(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

}  // namespace

std::vector<Token> tokenize(std::string_view sql) {
  return Scanner(sql).run();
}

bool is_word(const Token& token, std::string_view sql, std::string_view word) {
  return token.kind == TokenKind::kWord && std::ranges::equal(token.in(sql), word, {}, to_capital);
}

bool is_symbol(const Token& token, std::string_view sql, std::string_view symbol) {
  return token.kind == TokenKind::kSymbol && token.in(sql) == symbol;
}

bool is_name(const Token& token) {
  return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuoted;
}

std::string name_of(const Token& token, std::string_view sql) {
  const std::string_view text = token.in(sql);
  if (token.kind != TokenKind::kQuoted) return std::string(text);
  std::string name;
  const std::size_t end = text.size() > 1 && text.back() == '"' ? text.size() - 1 : text.size();
  for (std::size_t i = 1; i < end; ++i) {
    name += text[i];
    if (text[i] == '"') ++i;
  }
  return name;
}

std::string string_of(const Token& token, std::string_view sql) {
  std::string_view text = token.in(sql);
  if (text.starts_with('$')) {
    const std::size_t mark = text.find('$', 1) + 1;
    return std::string(text.size() < 2 * mark ? text.substr(mark)
                                              : text.substr(mark, text.size() - 2 * mark));
  }
  const bool has_escapes = text.starts_with('E') || text.starts_with('e');
  if (has_escapes) text.remove_prefix(1);
  text.remove_prefix(1);
  if (text.ends_with('\'')) text.remove_suffix(1);
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = has_escapes && text[i] == '\\';
    if ((text[i] == '\'' || is_escape) && i + 1 < text.size()) ++i;
    if (!is_escape) {
      value += text[i];
      continue;
    }
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kMeant = "\b\f\n\r\t";
    const std::size_t at = kLetters.find(text[i]);
    value += at == std::string_view::npos ? text[i] : kMeant[at];
  }
  return value;
}

bool is_whole(const Token& token, std::string_view sql) {
  std::string_view text = token.in(sql);
  if (token.kind == TokenKind::kWord) return true;
  if (text.starts_with('$')) {
    const std::size_t mark = text.find('$', 1) + 1;
    return text.size() >= 2 * mark && text.ends_with(text.substr(0, mark));
  }
  const bool has_escapes = text.starts_with('E') || text.starts_with('e');
  if (has_escapes) text.remove_prefix(1);
  const char quote = text.empty() ? '\0' : text.front();
  std::size_t i = 1;
  for (; i < text.size(); ++i) {
    const bool is_escape = has_escapes && text[i] == '\\';
    if (is_escape && i + 1 < text.size() &&
        std::string_view("bfnrt\\'\"").find(text[i + 1]) == std::string_view::npos)
      return false;
    if (!is_escape && text[i] != quote) continue;
    if (!is_escape && (i + 1 == text.size() || text[i + 1] != quote)) break;
    ++i;
  }
  return i + 1 == text.size();
}

std::vector<StatementText> split_statements(std::string_view script) {
  std::vector<StatementText> statements;
  std::size_t first = std::string_view::npos;
  std::size_t last = 0;
  for (const Token& token : tokenize(script)) {
    if (!is_symbol(token, script, ";")) {
      if (first == std::string_view::npos) first = token.begin;
      last = token.end;
      continue;
    }
    if (first != std::string_view::npos) statements.push_back({script, first, last, true});
    first = std::string_view::npos;
  }
  if (first != std::string_view::npos) statements.push_back({script, first, last, false});
  return statements;
}

std::vector<std::string> parameter_names(std::string_view sql) {
  std::vector<std::string> names;
  for (const Token& token : tokenize(sql)) {
    if (token.kind != TokenKind::kParameter) continue;
    std::string name(token.in(sql).substr(1));
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace tarn::query
