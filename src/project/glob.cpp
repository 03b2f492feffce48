#include "project/glob.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "project/errors.h"
#include "project/glob_tokens.h"

namespace tarn::project {
namespace {

constexpr std::size_t kMaxPatternBytes = 4096;
constexpr std::size_t kMaxAlternatives = 256;

/// The character at `at`, and its end. A byte that is not UTF-8 counts as a character of its own.
std::pair<char32_t, std::size_t> character_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (length == 1 || at + length > text.size()) return {first, at + 1};
  char32_t value = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if ((byte & 0xC0) != 0x80) return {first, at + 1};
    value = (value << 6) | (byte & 0x3F);
  }
  return {value, at + length};
}

Error bad_pattern(std::string_view text, std::string_view why, std::string hint) {
  return Error(kBadPattern, fmt::format("`{}` is not a pattern: {}", text, why)).with_hint(std::move(hint));
}

/// Finds the `}` that closes the `{` at `open`, and the commas between the two at its level.
std::optional<std::size_t> closing_brace(std::string_view text, std::size_t open,
                                         std::vector<std::size_t>& commas) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == ',' && depth == 1) {
      commas.push_back(i);
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::nullopt;
}

Status expand_braces(std::string_view whole, const std::string& text, std::vector<std::string>& out) {
  std::size_t open = 0;
  while (open < text.size() && text[open] != '{') open += text[open] == '\\' ? 2 : 1;
  if (open >= text.size()) {
    if (out.size() >= kMaxAlternatives) {
      return bad_pattern(whole, "its braces give too many alternatives", "list several patterns instead");
    }
    out.push_back(text);
    return ok_status();
  }
  std::vector<std::size_t> commas;
  const auto close = closing_brace(text, open, commas);
  if (!close)
    return bad_pattern(whole, "a `{` is not closed", "close it, or write `\\{` for the character itself");
  commas.push_back(*close);
  std::size_t start = open + 1;
  for (const std::size_t end : commas) {
    TARN_RETURN_IF_ERROR(expand_braces(
        whole, text.substr(0, open) + text.substr(start, end - start) + text.substr(*close + 1), out));
    start = end + 1;
  }
  return ok_status();
}

/// Reads `[a-z]` at `at` and returns its end.
Result<std::size_t> read_class(std::string_view text, std::size_t at, CharacterClass& out) {
  std::size_t i = at + 1;
  if (i < text.size() && (text[i] == '!' || text[i] == '^')) {
    out.negated = true;
    ++i;
  }
  const std::size_t first = i;
  while (i < text.size() && (text[i] != ']' || i == first)) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    const auto [low, low_end] = character_at(text, i);
    char32_t high = low;
    i = low_end;
    if (i + 1 < text.size() && text[i] == '-' && text[i + 1] != ']') {
      const auto [last, last_end] = character_at(text, i + 1);
      high = last;
      i = last_end;
    }
    if (high < low)
      return bad_pattern(text, "a range in `[…]` runs backwards", "write the lower character first");
    if (low <= U'/' && high >= U'/' && low == high) {
      return bad_pattern(text, "`[…]` cannot hold `/`", "a class matches within one part of the path");
    }
    out.ranges.emplace_back(low, high);
  }
  if (i >= text.size()) {
    return bad_pattern(text, "a `[` is not closed", "close it, or write `\\[` for the character itself");
  }
  return i + 1;
}

Result<Glob> compile_glob(std::string_view text) {
  Glob glob;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    Token token;
    if (c == '*') {
      std::size_t end = i;
      while (end < text.size() && text[end] == '*') ++end;
      const bool part_starts = i == 0 || text[i - 1] == '/';
      if (end - i >= 2 && part_starts && end == text.size()) {
        token.kind = TokenKind::kRest;
      } else if (end - i >= 2 && part_starts && text[end] == '/') {
        token.kind = TokenKind::kParts;
        ++end;
      } else {
        token.kind = TokenKind::kStar;
      }
      i = end;
    } else if (c == '?') {
      token.kind = TokenKind::kAny;
      ++i;
    } else if (c == '[') {
      token.kind = TokenKind::kClass;
      token.character_class = static_cast<std::uint16_t>(glob.classes.size());
      TARN_ASSIGN_OR_RETURN(i, read_class(text, i, glob.classes.emplace_back()));
    } else {
      if (c == '\\' && ++i == text.size()) {
        return bad_pattern(text, "it ends with `\\`", "parts of a path are set apart by `/`");
      }
      token.byte = text[i++];
    }
    glob.tokens.push_back(token);
  }
  for (auto token = glob.tokens.rbegin(); token != glob.tokens.rend() && token->kind == TokenKind::kByte;
       ++token) {
    glob.suffix.insert(glob.suffix.begin(), token->byte);
  }
  return glob;
}

/// One run over the path. Two fallbacks are enough: the last `*` of this part, and the last `**/`; an earlier
/// one could only give what the last can give as well.
class Matcher {
 public:
  Matcher(const Glob& glob, std::string_view path) : glob_(glob), path_(path) {}

  bool run() {
    while (true) {
      if (token_ == glob_.tokens.size()) {
        if (at_ == path_.size()) return true;
        if (!fall_back()) return false;
        continue;
      }
      const Token& token = glob_.tokens[token_];
      if (token.kind == TokenKind::kRest) return at_ < path_.size() || token_ == 0;
      if (token.kind == TokenKind::kStar) {
        star_token_ = ++token_;
        star_at_ = at_;
      } else if (token.kind == TokenKind::kParts) {
        parts_token_ = ++token_;
        parts_at_ = at_;
        star_token_ = kNone;
      } else if (!step(token) && !fall_back()) {
        return false;
      }
    }
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  bool step(const Token& token) {
    if (at_ >= path_.size()) return false;
    if (token.kind == TokenKind::kByte) {
      if (path_[at_] != token.byte) return false;
      if (token.byte == '/') star_token_ = kNone;
      ++at_;
    } else {
      if (path_[at_] == '/') return false;
      const auto [character, end] = character_at(path_, at_);
      if (token.kind == TokenKind::kClass && !holds(glob_.classes[token.character_class], character))
        return false;
      at_ = end;
    }
    ++token_;
    return true;
  }

  bool fall_back() {
    if (star_token_ != kNone && star_at_ < path_.size() && path_[star_at_] != '/') {
      at_ = ++star_at_;
      token_ = star_token_;
      return true;
    }
    if (parts_token_ == kNone) return false;
    const std::size_t slash = path_.find('/', parts_at_);
    if (slash == std::string_view::npos) return false;
    at_ = parts_at_ = slash + 1;
    token_ = parts_token_;
    star_token_ = kNone;
    return true;
  }

  const Glob& glob_;
  std::string_view path_;
  std::size_t token_ = 0;
  std::size_t at_ = 0;
  std::size_t star_token_ = kNone;
  std::size_t star_at_ = 0;
  std::size_t parts_token_ = kNone;
  std::size_t parts_at_ = 0;
};

}  // namespace

struct Pattern::Program {
  std::string text;
  std::vector<Glob> globs;
  std::unique_ptr<RE2> expression;
};

Pattern::Pattern(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

Pattern::Pattern() {
  auto program = std::make_shared<Program>();
  program->text = "**";
  program->globs.push_back({{{TokenKind::kRest, 0, 0}}, {}, ""});
  program_ = std::move(program);
}

Result<Pattern> Pattern::compile(std::string_view text) {
  auto program = std::make_shared<Program>();
  program->text = text;
  if (text.empty()) return bad_pattern(text, "it is empty", "`**` matches everything");
  if (text.size() > kMaxPatternBytes)
    return bad_pattern(text.substr(0, 40), "it is too long", "list several patterns");
  if (text.front() == '/') {
    if (text.size() < 3 || text.back() != '/') {
      return bad_pattern(text, "it begins with `/`",
                         "a glob is relative to the folder; a regular expression stands between two `/`");
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    const std::string_view inner = text.substr(1, text.size() - 2);
    program->expression = std::make_unique<RE2>(re2::StringPiece(inner.data(), inner.size()), options);
    if (!program->expression->ok()) {
      return bad_pattern(text, program->expression->error(),
                         "the syntax is RE2's: no look-ahead, no back-references");
    }
    return Pattern(std::move(program));
  }
  if (text.starts_with("./")) return bad_pattern(text, "it begins with `./`", "leave `./` out");
  if (text.find("../") != std::string_view::npos || text == "..") {
    return bad_pattern(text, "it leaves the folder", "patterns match below the folder only");
  }
  std::vector<std::string> alternatives;
  TARN_RETURN_IF_ERROR(expand_braces(text, std::string(text), alternatives));
  for (const std::string& alternative : alternatives) {
    TARN_ASSIGN_OR_RETURN(Glob glob, compile_glob(alternative));
    program->globs.push_back(std::move(glob));
  }
  return Pattern(std::move(program));
}

bool Pattern::matches(std::string_view path) const {
  if (program_->expression) {
    return RE2::PartialMatch(re2::StringPiece(path.data(), path.size()), *program_->expression);
  }
  return std::ranges::any_of(program_->globs, [&](const Glob& glob) {
    return path.ends_with(glob.suffix) && Matcher(glob, path).run();
  });
}

bool Pattern::meets(const Pattern& other) const {
  if (program_->expression || other.program_->expression) return text() == other.text();
  return std::ranges::any_of(program_->globs, [&](const Glob& glob) {
    return std::ranges::any_of(other.program_->globs,
                               [&](const Glob& another) { return can_meet(glob, another); });
  });
}

const std::string& Pattern::text() const {
  return program_->text;
}

bool matches_any(const PatternList& patterns, std::string_view path) {
  return std::ranges::any_of(patterns,
                             [&](const Located<Pattern>& pattern) { return pattern->matches(path); });
}

}  // namespace tarn::project
