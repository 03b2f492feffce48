#include "query/access/plain_condition.h"

#include <algorithm>
#include <array>
#include <vector>

#include "query/lexer.h"

namespace tarn::query {
namespace {

constexpr std::array<std::string_view, 7> kComparisons = {"=", "<>", "!=", "<", ">", "<=", ">="};
constexpr int kDepth = 100;

class Condition {
 public:
  explicit Condition(std::string_view sql) : sql_(sql), tokens_(tokenize(sql)) {}

  bool whole() { return any_of(0) && at_ == tokens_.size(); }

 private:
  bool word(std::string_view text) {
    if (at_ >= tokens_.size() || !is_word(tokens_[at_], sql_, text)) return false;
    ++at_;
    return true;
  }
  bool symbol(std::string_view text) {
    if (at_ >= tokens_.size() || !is_symbol(tokens_[at_], sql_, text)) return false;
    ++at_;
    return true;
  }
  bool text() {
    if (at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kString) return false;
    ++at_;
    return true;
  }
  bool column() {
    if (at_ >= tokens_.size() || !is_name(tokens_[at_])) return false;
    ++at_;
    return true;
  }

  /// `'x'`, `('x', 'y')`.
  bool texts() {
    if (!symbol("(")) return text();
    do {
      if (!text()) return false;
    } while (symbol(","));
    return symbol(")");
  }

  bool any_of(int depth) {
    do {
      if (!all_of(depth)) return false;
    } while (word("OR"));
    return true;
  }
  bool all_of(int depth) {
    do {
      while (word("NOT")) {
      }
      if (!one(depth)) return false;
    } while (word("AND"));
    return true;
  }
  bool one(int depth) {
    if (depth > kDepth) return false;
    if (symbol("(")) return any_of(depth + 1) && symbol(")");
    if (!column()) return false;
    for (const std::string_view comparison : kComparisons) {
      if (symbol(comparison)) return texts();
    }
    if (word("IS")) {
      (void)word("NOT");
      return word("NULL");
    }
    (void)word("NOT");
    if (word("IN")) return texts();
    return word("BETWEEN") && texts() && word("AND") && texts();
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_plain_condition(std::string_view sql) {
  return Condition(sql).whole();
}

}  // namespace tarn::query
