// Whether two globs can match one path: both are run side by side over all paths at once.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "project/glob_tokens.h"

namespace tarn::project {
namespace {

// Beyond, two globs are not compared: nobody writes such.
constexpr std::size_t kMostStates = std::size_t{1} << 20;

/// What one byte of a path may be.
struct Label {
  enum class Kind : std::uint8_t { kByte, kClass, kNoSlash, kNotAscii, kAny } kind = Kind::kAny;
  char byte = 0;
  const CharacterClass* list = nullptr;
};

bool reaches_beyond_ascii(const CharacterClass& list) {
  return list.negated ||
         std::ranges::any_of(list.ranges, [](const auto& range) { return range.second > 0x7F; });
}

bool takes(const Label& label, char byte) {
  switch (label.kind) {
    case Label::Kind::kByte:
      return label.byte == byte;
    case Label::Kind::kClass:
      if (static_cast<signed char>(byte) < 0) return reaches_beyond_ascii(*label.list);
      return byte != '/' && holds(*label.list, static_cast<unsigned char>(byte));
    case Label::Kind::kNoSlash:
      return byte != '/';
    case Label::Kind::kNotAscii:
      return static_cast<signed char>(byte) < 0;
    case Label::Kind::kAny:
      break;
  }
  return true;
}

bool agree(const Label& a, const Label& b) {
  if (a.kind == Label::Kind::kByte) return takes(b, a.byte);
  if (b.kind == Label::Kind::kByte) return takes(a, b.byte);
  for (int byte = 0; byte < 256; ++byte)
    if (takes(a, static_cast<char>(byte)) && takes(b, static_cast<char>(byte))) return true;
  return false;
}

/// A glob as an automaton. State 2t stands before token t; 2t + 1 within a part that the `**/` at t passes.
class Automaton {
 public:
  explicit Automaton(const Glob& glob) : glob_(glob) {}

  std::size_t states() const { return 2 * glob_.tokens.size() + 2; }
  bool is_end(std::size_t state) const { return state == 2 * glob_.tokens.size(); }
  /// Where the state goes without a character.
  std::optional<std::size_t> skip(std::size_t state) const {
    if (state % 2 != 0 || is_end(state)) return std::nullopt;
    const TokenKind kind = glob_.tokens[state / 2].kind;
    const bool may_be_empty =
        kind == TokenKind::kStar || kind == TokenKind::kParts || kind == TokenKind::kRest;
    return may_be_empty ? std::optional(state + 2) : std::nullopt;
  }
  std::vector<std::pair<Label, std::size_t>> moves(std::size_t state) const {
    using Kind = Label::Kind;
    if (is_end(state)) return {};
    if (state % 2 != 0) return {{{Kind::kNoSlash}, state}, {{Kind::kByte, '/'}, state - 1}};
    const Token& token = glob_.tokens[state / 2];
    switch (token.kind) {
      case TokenKind::kByte:
        return {{{Kind::kByte, token.byte}, state + 2}};
      // A character that is not ASCII has several bytes.
      case TokenKind::kAny:
        return {{{Kind::kNoSlash}, state + 2}, {{Kind::kNotAscii}, state}};
      case TokenKind::kClass: {
        const CharacterClass& list = glob_.classes[token.character_class];
        if (!reaches_beyond_ascii(list)) return {{{Kind::kClass, 0, &list}, state + 2}};
        return {{{Kind::kClass, 0, &list}, state + 2}, {{Kind::kNotAscii}, state}};
      }
      case TokenKind::kStar:
        return {{{Kind::kNoSlash}, state}};
      case TokenKind::kParts:
        return {{{Kind::kNoSlash}, state + 1}};
      case TokenKind::kRest:
        break;
    }
    return {{{Kind::kAny}, state}};
  }

 private:
  const Glob& glob_;
};

}  // namespace

bool holds(const CharacterClass& list, char32_t character) {
  const bool found = std::ranges::any_of(
      list.ranges, [&](const auto& range) { return character >= range.first && character <= range.second; });
  return found != list.negated;
}

bool can_meet(const Glob& a, const Glob& b) {
  const Automaton left(a);
  const Automaton right(b);
  if (left.states() * right.states() > kMostStates) return false;
  std::vector<bool> seen(left.states() * right.states(), false);
  std::vector<std::pair<std::size_t, std::size_t>> open;
  const auto visit = [&](std::size_t i, std::size_t j) {
    if (seen[i * right.states() + j]) return;
    seen[i * right.states() + j] = true;
    open.emplace_back(i, j);
  };
  visit(0, 0);
  while (!open.empty()) {
    const auto [i, j] = open.back();
    open.pop_back();
    if (left.is_end(i) && right.is_end(j)) return true;
    if (const auto next = left.skip(i)) visit(*next, j);
    if (const auto next = right.skip(j)) visit(i, *next);
    for (const auto& [label, next] : left.moves(i))
      for (const auto& [other, other_next] : right.moves(j))
        if (agree(label, other)) visit(next, other_next);
  }
  return false;
}

}  // namespace tarn::project
