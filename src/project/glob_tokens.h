#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// What globs are compiled to; an inner part of glob.h.
namespace tarn::project {

enum class TokenKind : std::uint8_t {
  kByte,
  kAny,    // `?`: one character
  kClass,  // `[…]`
  kStar,   // `*`: within a part
  kParts,  // `**/`: whole parts, or none
  kRest,   // `**` at the end: all that is left
};

struct CharacterClass {
  bool negated = false;
  std::vector<std::pair<char32_t, char32_t>> ranges;
};

struct Token {
  TokenKind kind = TokenKind::kByte;
  char byte = 0;
  std::uint16_t character_class = 0;
};

/// One alternative of the braces, without any.
struct Glob {
  std::vector<Token> tokens;
  std::vector<CharacterClass> classes;
  std::string suffix;  // bytes that every match ends with: most paths are refused by it
};

/// Whether the class has the character.
bool holds(const CharacterClass& list, char32_t character);

/// Whether some path matches both. Characters beyond ASCII are not told apart.
bool can_meet(const Glob& a, const Glob& b);

}  // namespace tarn::project
