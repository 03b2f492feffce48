#include "state/postgres/sql_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <utility>

#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr std::size_t kMaxListed = 4096;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

// A character of UTF-8, over hexadecimal digits: ASCII, a leading byte with all that follow it, or a stray
// one.
constexpr std::string_view kAnyCharacter = "(?:[0-7].|[c-f].(?:[89ab].)*(?![89ab])|[89ab].)";

/// Reads characters as SQLite does: a byte from 0xc0 takes all following bytes 0x80 … 0xbf along.
class Characters {
 public:
  explicit Characters(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return at_ == bytes_.size(); }
  char peek() const { return at_end() ? '\0' : bytes_[at_]; }
  std::string_view next() {
    const std::size_t start = at_++;
    if (static_cast<unsigned char>(bytes_[start]) >= 0xc0) {
      while (!at_end() && (static_cast<unsigned char>(bytes_[at_]) & 0xc0) == 0x80) ++at_;
    }
    return bytes_.substr(start, at_ - start);
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char byte : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

std::uint32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead;
  std::uint32_t code = lead & (0x7fU >> character.size());
  for (const char byte : character.substr(1)) code = code << 6 | (static_cast<unsigned char>(byte) & 0x3fU);
  return code;
}

std::string utf8(std::uint32_t code) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80U | (code >> shift & 0x3fU)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xc0U | code >> 6), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xe0U | code >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0U | code >> 18), tail(12), tail(6), tail(0)};
}

// The list after its `[`; nothing when it is not closed, which matches no text.
Result<std::optional<std::string>> list_regex(Characters& glob) {
  const bool is_negated = glob.peek() == '^';
  if (is_negated) glob.next();
  std::string alternatives;
  std::size_t listed = 0;
  std::optional<std::uint32_t> before;
  const auto add = [&](std::string_view character) {
    alternatives += (listed++ == 0 ? "" : "|") + hex(character);
  };
  for (bool first = true;; first = false) {
    if (glob.at_end()) return std::optional<std::string>();
    const std::string_view character = glob.next();
    if (character == "]" && !first) break;
    if (character == "-" && before && glob.peek() != ']' && !glob.at_end()) {
      const std::uint32_t last = code_point(glob.next());
      if (last > *before + kMaxListed) return Error(kFailed, "a list [...] of the pattern is too long");
      for (std::uint32_t code = *before + 1; code <= last; ++code) add(utf8(code));
      before.reset();
    } else {
      add(character);
      before = code_point(character);
    }
    if (listed > kMaxListed) return Error(kFailed, "a list [...] of the pattern is too long");
  }
  return std::optional(is_negated ? fmt::format("(?!{}){}", alternatives, kAnyCharacter)
                                  : fmt::format("(?:{})", alternatives));
}

// Where the word begins that `sql` ends with, blanks after it not counted.
std::size_t last_word(std::string_view sql) {
  std::size_t at = sql.find_last_not_of(' ') + 1;
  while (at > 0 && is_word(sql[at - 1])) --at;
  return at;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

ServerText to_server_text(std::string_view sql) {
  constexpr std::string_view kGlob = " GLOB ";
  ServerText text;
  bool glob = false;
  for (std::size_t at = 0; at < sql.size();) {
    if (sql[at] == '\'') {
      const std::size_t end = std::min(sql.find('\'', at + 1), sql.size() - 1);
      text.sql += sql.substr(at, end + 1 - at);
      at = end + 1;
    } else if (sql.substr(at).starts_with(kGlob)) {
      const std::size_t word = last_word(text.sql);
      text.sql = fmt::format("{}encode({}, 'hex') ~ ", text.sql.substr(0, word), text.sql.substr(word));
      glob = true;
      at += kGlob.size();
    } else if (sql[at] == '?') {
      std::size_t number = 0;
      for (++at; at < sql.size() && is_digit(sql[at]); ++at)
        number = number * 10 + static_cast<std::size_t>(sql[at] - '0');
      if (number == 0) number = text.known + 1;
      text.known = std::max(text.known, number);
      const ServerParameter wanted{number - 1, std::exchange(glob, false)};
      std::size_t place = 0;
      while (place < text.parameters.size() && text.parameters[place].bound != wanted.bound) ++place;
      if (place == text.parameters.size()) text.parameters.push_back(wanted);
      text.sql += fmt::format("${}", place + 1);
    } else {
      text.sql += sql[at++];
    }
  }
  return text;
}

Result<std::string> glob_regex(std::string_view glob) {
  std::string regex = "^";
  Characters characters(glob);
  while (!characters.at_end()) {
    const std::string_view character = characters.next();
    if (character == "*") {
      regex += "(?:..)*";
    } else if (character == "?") {
      regex += kAnyCharacter;
    } else if (character == "[") {
      TARN_ASSIGN_OR_RETURN(const auto list, list_regex(characters));
      if (!list) return std::string("^(?!)");
      regex += *list;
    } else {
      regex += hex(character);
    }
  }
  return regex + "$";
}

std::string to_server_definition(std::string_view ddl) {
  std::string text(ddl);
  constexpr std::string_view kIdentity = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY";
  replace_all(text, " WITHOUT ROWID", "");
  replace_all(text, "INTEGER PRIMARY KEY AUTOINCREMENT", kIdentity);
  replace_all(text, "INTEGER PRIMARY KEY", kIdentity);
  replace_all(text, " INTEGER", " BIGINT");
  replace_all(text, " TEXT", " BYTEA");
  replace_all(text, " BLOB", " BYTEA");
  return text;
}

}  // namespace tarn::state
