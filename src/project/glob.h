#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "project/located.h"

namespace tarn::project {

/// A compiled pattern over a relative path with `/` between its parts: a glob, or between slashes a regular
/// expression (RE2, must match somewhere in the path: anchor it). Case counts.
///
///   `*`      any characters of one part          `?`      one character of a part
///   `**`     as a whole part: any parts, or none  `[a-z]`  one of these, `[!a-z]` none of these
///   `{a,b}`  either                               `\x`     the character x itself
///
///   *.zip         the zips of the folder itself   **/*.zip   the zips of the folder and of all below it
///   adt/**        all below adt                   /\d{8}\.csv$/   a regular expression
///
/// Immutable, cheap to copy, and usable from any number of threads. Matching is linear in the path for all
/// but adversarial patterns (then quadratic): millions of paths a second.
class Pattern {
 public:
  /// `contract.bad_pattern` with the reason when the text is not a pattern.
  static Result<Pattern> compile(std::string_view text);

  /// Matches everything, as `**` does.
  Pattern();

  bool matches(std::string_view path) const;
  /// Whether some path matches both; of regular expressions only told where they are the same text.
  bool meets(const Pattern& other) const;
  /// What compile() was given.
  const std::string& text() const;

  bool operator==(const Pattern& other) const { return text() == other.text(); }

 private:
  struct Program;
  explicit Pattern(std::shared_ptr<const Program> program);
  std::shared_ptr<const Program> program_;
};

using PatternList = std::vector<Located<Pattern>>;

/// Whether any of them matches; an empty list matches nothing.
bool matches_any(const PatternList& patterns, std::string_view path);

}  // namespace tarn::project
