#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/lexer.h"
#include "query/writes/write_statement.h"

/// For this library only.
namespace tarn::query {

/// Goes through a statement's tokens.
class StatementReader {
 public:
  explicit StatementReader(std::string_view sql) : sql_(sql), tokens_(tokenize(sql)) {}

  std::string_view sql() const { return sql_; }
  bool at_end() const { return at_ >= tokens_.size(); }
  std::size_t at() const { return at_; }
  void go_to(std::size_t at) { at_ = at; }
  std::size_t size() const { return tokens_.size(); }

  bool is(std::string_view word, std::size_t ahead = 0) const;
  bool is_any(std::initializer_list<std::string_view> words) const;
  bool is_symbol_next(std::string_view symbol, std::size_t ahead = 0) const;
  bool is_name_next() const { return !at_end() && is_name(tokens_[at_]); }
  /// All words, one behind the other.
  bool take(std::initializer_list<std::string_view> words);
  bool take_symbol(std::string_view symbol);

  /// Errors: sql.syntax.
  Status expect(std::initializer_list<std::string_view> words);
  Status expect_symbol(std::string_view symbol);
  Status expect_end();
  Result<std::string> name(std::string_view what);
  Result<WrittenName> qualified_name(std::string_view what);
  /// What a text in quotes stands for.
  Result<std::string> text(std::string_view what);
  Result<std::int64_t> number(std::string_view what);
  /// `(a, b)`.
  Result<std::vector<std::string>> names_in_parentheses();

  /// The index of the first of these words, or commas where `comma`, outside of parentheses and CASE … END;
  /// the end's where there is none. `FROM` of `IS DISTINCT FROM` is none.
  std::size_t find(std::initializer_list<std::string_view> words, bool comma = false) const;
  /// Behind the parenthesis that closes the one which is next.
  std::size_t behind_parentheses() const;
  /// From here to the token `end`, which is next then.
  Piece take_until(std::size_t end);
  Piece piece(std::size_t begin, std::size_t end) const;
  Piece next_piece() const { return at_end() ? Piece{sql_.size(), sql_.size()} : piece(at_, at_ + 1); }

  Error wrong(std::string_view expected) const;
  Error unsupported(std::string_view what, std::string_view mend) const;

 private:
  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

/// The targets of a statement that writes the one `table`, as SQL writes its name. Its place is where `sql`
/// names it, for the errors, which tell what the client wrote. Errors: sql.syntax.
Result<std::vector<WrittenName>> target_named(const std::string& table, std::string_view sql);

/// `a = 1, (b, c) = (2, 3)`, up to one of `ends`.
Result<std::vector<Assignment>> read_assignments(StatementReader& reader,
                                                 std::initializer_list<std::string_view> ends);

/// MERGE, whose next word is INTO. As read_write_statement().
Result<std::optional<WriteStatement>> read_merge(StatementReader& reader, Piece with);

/// CREATE, DROP, ALTER and REFRESH, whose first word is next. As read_write_statement().
Result<std::optional<WriteStatement>> read_definition(StatementReader& reader);

}  // namespace tarn::query
