#include "query/audit/redacted.h"

#include "query/lexer.h"

namespace tarn::query {
namespace {

/// Longer statements are cut: machines write those, and the record is kept for ever.
constexpr std::size_t kMostBytes = 8000;

}  // namespace

std::string redacted(std::string_view sql, QuotedNames names) {
  std::string text;
  std::size_t end = 0;  // Of the token before.
  bool is_number = false;
  for (const Token& token : tokenize(sql)) {
    const bool is_glued = token.begin == end;
    end = token.end;
    // `12abc` is one thing to whoever wrote it.
    if (is_number && is_glued && (token.kind == TokenKind::kWord || token.kind == TokenKind::kNumber))
      continue;
    is_number = token.kind == TokenKind::kNumber;
    if (!is_glued && !text.empty()) text += ' ';
    if (token.kind == TokenKind::kString) {
      text += "'?'";
    } else if (is_number) {
      text += '?';
    } else if (token.kind == TokenKind::kQuoted && names == QuotedNames::kHidden) {
      text += "\"?\"";
    } else {
      text += token.in(sql);
    }
    if (text.size() <= kMostBytes) continue;
    text.resize(kMostBytes);
    return text + "…";
  }
  return text;
}

}  // namespace tarn::query
