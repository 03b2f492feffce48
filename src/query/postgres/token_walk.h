#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "query/lexer.h"

/// For this library only.
namespace tarn::query::postgres {

/// The tokens of a statement, and the operands that they make.
class TokenWalk {
 public:
  explicit TokenWalk(std::string_view sql) : sql_(sql), tokens_(tokenize(sql)) {}

  bool symbol(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && is_symbol(tokens_[i], sql_, text);
  }
  bool word(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && is_word(tokens_[i], sql_, text);
  }
  std::string name(std::size_t i) const {
    return i < tokens_.size() && is_name(tokens_[i]) ? to_lower_ascii(name_of(tokens_[i], sql_)) : "";
  }
  /// Whether the token stands among the tables of its SELECT.
  bool is_in_from(std::size_t i) const {
    std::size_t depth = 0;
    while (i-- > 0) {
      if (symbol(i, ")")) ++depth;
      if (symbol(i, "(") && depth-- == 0) return false;
      if (depth != 0) continue;
      if (word(i, "FROM") || word(i, "JOIN")) return true;
      if (word(i, "SELECT") || word(i, "WHERE") || word(i, "ON") || word(i, "BY")) return false;
    }
    return false;
  }
  /// The last token of the operand that begins at `i`: `a.b(…)[…]`.
  std::size_t primary_end(std::size_t i) const {
    if (symbol(i, "(")) i = closing(i);
    while (i + 1 < tokens_.size()) {
      if (symbol(i + 1, ".") && i + 2 < tokens_.size())
        i += 2;
      else if (symbol(i + 1, "(") || symbol(i + 1, "["))
        i = closing(i + 1);
      else
        break;
    }
    return i;
  }
  std::size_t closing(std::size_t i) const {
    std::size_t depth = 0;
    for (; i < tokens_.size(); ++i) {
      if (symbol(i, "(") || symbol(i, "[")) ++depth;
      if ((symbol(i, ")") || symbol(i, "]")) && --depth == 0) return i;
    }
    return tokens_.size() - 1;
  }
  /// The first token of the operand that ends at `i`.
  std::size_t primary_begin(std::size_t i) const {
    while (true) {
      if (symbol(i, ")") || symbol(i, "]")) {
        std::size_t depth = 0;
        for (;; --i) {
          if (symbol(i, ")") || symbol(i, "]")) ++depth;
          if ((symbol(i, "(") || symbol(i, "[")) && --depth == 0) break;
          if (i == 0) return 0;
        }
        if (i > 0 && (is_name(tokens_[i - 1]) && !word(i - 1, "IN") && !word(i - 1, "SELECT")))
          --i;
        else if (symbol(i, "[") && i > 0) {
          --i;
          continue;
        }
      }
      if (i >= 2 && (symbol(i - 1, ".") || symbol(i - 1, "::"))) {
        i -= 2;
        continue;
      }
      return i;
    }
  }

 protected:
  std::string_view sql_;
  std::vector<Token> tokens_;
};

}  // namespace tarn::query::postgres
