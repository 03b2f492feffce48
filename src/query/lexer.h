#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tarn::query {

enum class TokenKind : std::uint8_t {
  kWord,    ///< A keyword or a name without quotes.
  kQuoted,  ///< A "quoted" name.
  kString,  ///< 'text', E'text', $$text$$ or $tag$text$tag$.
  kNumber,
  kParameter,  ///< $name or $1.
  kSymbol,     ///< One or two characters: `=>`, `::` and `->` are one symbol each.
};

/// A token of SQL, in the text it came from.
struct Token {
  TokenKind kind = TokenKind::kSymbol;
  std::size_t begin = 0;
  std::size_t end = 0;

  std::string_view in(std::string_view sql) const { return sql.substr(begin, end - begin); }
};

/// Splits any text into tokens the way the engine's scanner does; comments (`--`, nested `/* */`) and blanks
/// are left out. Never fails: what is not closed reaches to the end, and the engine will say so.
std::vector<Token> tokenize(std::string_view sql);

/// True when the token is this word without quotes, whatever its case. `word` is in capitals.
bool is_word(const Token& token, std::string_view sql, std::string_view word);
bool is_symbol(const Token& token, std::string_view sql, std::string_view symbol);
bool is_name(const Token& token);
/// The name of a word or a quoted name, without its quotes; case is kept.
std::string name_of(const Token& token, std::string_view sql);

/// What a string token stands for: doubled quotes, the escapes of E'…' and dollar quotes are undone.
/// Whether a text or a name in quotes has its closing mark, and a text no escape but those that string_of()
/// knows.
bool is_whole(const Token& token, std::string_view sql);

std::string string_of(const Token& token, std::string_view sql);

/// A statement of a script: `script` is the whole text, for the lines of errors.
struct StatementText {
  std::string_view script;
  std::size_t begin = 0;
  std::size_t end = 0;      ///< Without the semicolon.
  bool terminated = false;  ///< A semicolon followed.

  std::string_view text() const { return script.substr(begin, end - begin); }
};

/// The statements of a script in their order; empty ones are left out.
std::vector<StatementText> split_statements(std::string_view script);

/// The names of the `$name` parameters, each once, in order of appearance.
std::vector<std::string> parameter_names(std::string_view sql);

}  // namespace tarn::query
