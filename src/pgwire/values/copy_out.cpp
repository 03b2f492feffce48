#include "pgwire/values/copy_out.h"

#include <fmt/format.h>

#include <vector>

#include "base/ascii.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "pgwire/errors.h"
#include "pgwire/protocol/messages.h"
#include "pgwire/values/values.h"
#include "query/lexer.h"

namespace tarn::pgwire {
namespace {

using query::Token;
using query::TokenKind;

class CopyParser {
 public:
  explicit CopyParser(std::string_view sql) : sql_(sql), tokens_(query::tokenize(sql)) {}

  Result<std::optional<CopyStatement>> run() {
    if (!accept("COPY")) return std::optional<CopyStatement>();
    CopyStatement copy;
    TARN_RETURN_IF_ERROR(read_source(copy));
    copy.is_from = accept("FROM");
    if (copy.is_from && copy.table.empty()) return wrong("TO STDOUT");
    if (!copy.is_from && !accept("TO")) return wrong("TO STDOUT, or FROM STDIN");
    if (copy.is_from && !accept("STDIN")) {
      return Error(kUnsupported, "COPY reads from STDIN only, never from files of the server")
          .with_span(place())
          .with_hint("psql's \\copy sends files of the client");
    }
    if (!copy.is_from && !accept("STDOUT")) {
      return Error(kUnsupported, "COPY writes to STDOUT only, never to files of the server")
          .with_span(place());
    }
    accept("WITH");
    TARN_RETURN_IF_ERROR(symbol("(") ? read_options(copy) : read_old_options(copy));
    if (at_ < tokens_.size()) return wrong("the end of the statement");
    if (copy.style == CopyStatement::Style::kCsv) {
      if (!has_delimiter_) copy.delimiter = ',';
      if (!has_null_) copy.null_text.clear();
      if (!has_escape_) copy.escape = copy.quote;
    }
    return std::optional(std::move(copy));
  }

 private:
  bool is(std::string_view word) const {
    return at_ < tokens_.size() && query::is_word(tokens_[at_], sql_, word);
  }
  bool accept(std::string_view word) {
    if (!is(word)) return false;
    ++at_;
    return true;
  }
  bool symbol(std::string_view text) {
    if (at_ >= tokens_.size() || !query::is_symbol(tokens_[at_], sql_, text)) return false;
    ++at_;
    return true;
  }
  SourceSpan place() const {
    if (at_ >= tokens_.size()) return engine::span_at(sql_, sql_.size(), 1, "sql");
    return engine::span_at(sql_, tokens_[at_].begin, tokens_[at_].end - tokens_[at_].begin, "sql");
  }
  Error wrong(std::string_view expected) const {
    return Error(engine::kSyntax, fmt::format("expected {}", expected)).with_span(place());
  }

  /// Passes what stands in parentheses, whose first one was passed; its text.
  std::string_view in_parentheses() {
    const std::size_t begin = at_ < tokens_.size() ? tokens_[at_].begin : sql_.size();
    std::size_t end = begin;
    for (std::size_t depth = 1; at_ < tokens_.size(); ++at_) {
      if (query::is_symbol(tokens_[at_], sql_, "(")) ++depth;
      if (query::is_symbol(tokens_[at_], sql_, ")") && --depth == 0) break;
      end = tokens_[at_].end;
    }
    if (at_ < tokens_.size()) ++at_;
    return sql_.substr(begin, end - begin);
  }

  Status read_source(CopyStatement& copy) {
    if (symbol("(")) {
      copy.query = std::string(in_parentheses());
      return ok_status();
    }
    if (at_ >= tokens_.size() || !query::is_name(tokens_[at_]))
      return wrong("a table, or a query in parentheses");
    const std::size_t begin = tokens_[at_].begin;
    std::size_t end = tokens_[at_++].end;
    while (symbol(".") && at_ < tokens_.size()) end = tokens_[at_++].end;
    const std::string_view table = sql_.substr(begin, end - begin);
    std::string_view columns = "*";
    if (symbol("(")) {
      columns = in_parentheses();
      for (const Token& token : query::tokenize(columns)) {
        if (!query::is_name(token)) continue;
        const std::string name = query::name_of(token, columns);
        copy.columns.push_back(token.kind == TokenKind::kQuoted ? name : to_lower_ascii(name));
      }
    }
    copy.table = table;
    copy.query = fmt::format("SELECT {} FROM {}", columns, table);
    return ok_status();
  }

  std::string value() {
    if (at_ >= tokens_.size()) return "";
    const Token& token = tokens_[at_++];
    return token.kind == TokenKind::kString ? query::string_of(token, sql_)
                                            : std::string(query::name_of(token, sql_));
  }

  Status take_character(char& into, bool& given) {
    const SourceSpan where = place();
    const std::string text = value();
    if (text.size() != 1)
      return Error(engine::kSyntax, "one character of one byte is wanted").with_span(where);
    into = text[0];
    given = true;
    return ok_status();
  }

  Status take_style(CopyStatement& copy) {
    const SourceSpan where = place();
    const std::string name = to_lower_ascii(value());
    if (name == "text")
      copy.style = CopyStatement::Style::kText;
    else if (name == "csv")
      copy.style = CopyStatement::Style::kCsv;
    else if (name == "binary")
      copy.style = CopyStatement::Style::kBinary;
    else
      return Error(engine::kSyntax, "the formats are text, csv and binary").with_span(where);
    return ok_status();
  }

  bool truth() {
    if (at_ >= tokens_.size() || query::is_symbol(tokens_[at_], sql_, ",") ||
        query::is_symbol(tokens_[at_], sql_, ")"))
      return true;
    const std::string text = value();
    return text != "false" && text != "FALSE" && text != "off" && text != "OFF" && text != "0";
  }

  Status read_option(CopyStatement& copy) {
    bool ignored = false;
    if (accept("FORMAT")) return take_style(copy);
    if (accept("DELIMITER") || accept("DELIMITERS")) {
      accept("AS");
      return take_character(copy.delimiter, has_delimiter_);
    }
    if (accept("NULL")) {
      accept("AS");
      copy.null_text = value();
      has_null_ = true;
      return ok_status();
    }
    if (accept("HEADER")) {
      copy.header = truth();
      return ok_status();
    }
    if (accept("QUOTE")) {
      accept("AS");
      return take_character(copy.quote, ignored);
    }
    if (accept("ESCAPE")) {
      accept("AS");
      return take_character(copy.escape, has_escape_);
    }
    if (accept("FORCE_QUOTE")) {
      copy.quotes_all = symbol("*");
      return copy.quotes_all ? ok_status()
                             : Status(Error(kUnsupported, "FORCE_QUOTE takes * only").with_span(place()));
    }
    if (accept("ENCODING")) {
      value();
      return ok_status();
    }
    return wrong("FORMAT, DELIMITER, NULL, HEADER, QUOTE, ESCAPE or FORCE_QUOTE");
  }

  Status read_options(CopyStatement& copy) {
    while (true) {
      TARN_RETURN_IF_ERROR(read_option(copy));
      if (symbol(")")) return ok_status();
      if (!symbol(",")) return wrong(", or )");
    }
  }

  /// `WITH CSV HEADER`, as it was written before there were parentheses.
  Status read_old_options(CopyStatement& copy) {
    while (at_ < tokens_.size()) {
      if (accept("CSV")) {
        copy.style = CopyStatement::Style::kCsv;
      } else if (accept("BINARY")) {
        copy.style = CopyStatement::Style::kBinary;
      } else if (accept("HEADER")) {
        copy.header = true;
      } else {
        TARN_RETURN_IF_ERROR(read_option(copy));
      }
    }
    return ok_status();
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  bool has_delimiter_ = false;
  bool has_null_ = false;
  bool has_escape_ = false;
};

}  // namespace

Result<std::optional<CopyStatement>> read_copy(std::string_view sql) {
  return CopyParser(sql).run();
}

void CopyWriter::begin(WireWriter& out) const {
  const bool is_binary = copy_.style == CopyStatement::Style::kBinary;
  const auto format = static_cast<std::int16_t>(is_binary ? Format::kBinary : Format::kText);
  out.begin('H').byte(static_cast<char>(format)).int16(static_cast<std::int16_t>(columns_.size()));
  for (std::size_t i = 0; i < columns_.size(); ++i) out.int16(format);
  out.end();
  if (is_binary || !copy_.header) return;
  out.begin('d');
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i != 0) out.byte(copy_.delimiter);
    if (copy_.style == CopyStatement::Style::kCsv)
      append_csv_field(columns_[i].name, out.buffer());
    else
      append_text_field(columns_[i].name, out.buffer());
  }
  out.byte('\n').end();
}

void CopyWriter::write_row(const engine::Chunk& chunk, std::size_t row, WireWriter& out) {
  if (copy_.style == CopyStatement::Style::kBinary) return write_binary_row(chunk, row, out);
  out.begin('d');
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i != 0) out.byte(copy_.delimiter);
    const engine::Cell cell = chunk.cell(i, row);
    if (cell.is_null()) {
      out.bytes(copy_.null_text);
      continue;
    }
    value_.clear();
    append_text(cell, columns_[i].precise, query::postgres::wire_type(columns_[i].precise), value_);
    if (copy_.style == CopyStatement::Style::kCsv)
      append_csv_field(value_, out.buffer());
    else
      append_text_field(value_, out.buffer());
  }
  out.byte('\n').end();
}

void CopyWriter::begin_binary(WireWriter& out) {
  out.begin('d');
  if (has_signature_) return;
  // Some clients want it in one message with what follows, as PostgreSQL sends it.
  constexpr char kSignature[] = "PGCOPY\n\377\r\n";  // Its zero byte belongs to it.
  out.bytes({kSignature, sizeof(kSignature)}).int32(0).int32(0);
  has_signature_ = true;
}

void CopyWriter::end(WireWriter& out) {
  if (copy_.style == CopyStatement::Style::kBinary) {
    begin_binary(out);
    out.int16(-1).end();
  }
  out.begin('c').end();
}

void CopyWriter::append_text_field(std::string_view value, std::string& out) const {
  constexpr std::string_view kSpecial = "\b\f\n\r\t\v\\";
  constexpr std::string_view kLetters = "bfnrtv\\";
  for (const char c : value) {
    const std::size_t at = kSpecial.find(c);
    if (at != std::string_view::npos) {
      out += '\\';
      out += kLetters[at];
      continue;
    }
    if (c == copy_.delimiter) out += '\\';
    out += c;
  }
}

void CopyWriter::append_csv_field(std::string_view value, std::string& out) const {
  const char special[] = {copy_.delimiter, copy_.quote, '\n', '\r'};
  const bool is_quoted = copy_.quotes_all || value == copy_.null_text || value == "\\." ||
                         value.find_first_of({special, sizeof(special)}) != std::string_view::npos;
  if (!is_quoted) {
    out += value;
    return;
  }
  out += copy_.quote;
  for (const char c : value) {
    if (c == copy_.quote || c == copy_.escape) out += copy_.escape;
    out += c;
  }
  out += copy_.quote;
}

void CopyWriter::write_binary_row(const engine::Chunk& chunk, std::size_t row, WireWriter& out) {
  begin_binary(out);
  out.int16(static_cast<std::int16_t>(columns_.size()));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const engine::Cell cell = chunk.cell(i, row);
    if (cell.is_null()) {
      out.int32(-1);
      continue;
    }
    const std::size_t place = out.open_length();
    append_binary(cell, columns_[i].precise, query::postgres::wire_type(columns_[i].precise), out);
    out.close_length(place);
  }
  out.end();
}

}  // namespace tarn::pgwire
