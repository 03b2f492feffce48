#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tarn {

/// What an error means for whoever may try again. It alone decides retries.
enum class ErrorClass : std::uint8_t {
  kUser,            ///< The input, the contract or the command is wrong; a person must change it.
  kTransient,       ///< The same call may succeed later (busy, timed out, throttled).
  kPermanent,       ///< The same call will fail again (not found, denied, disk full, corrupt).
  kUnknownOutcome,  ///< It may have happened (a lost reply to a commit): read back, never blindly retry.
  kBug,             ///< An invariant of Tarn's own does not hold.
};

/// "user", "transient", "permanent", "unknown_outcome" or "bug".
std::string_view to_string(ErrorClass error_class);

/// A stable, documented kind of error. Every library lists its codes as constants in its `errors.h`; the
/// reference page of error codes is generated from them. The strings must be literals.
struct ErrorCode {
  std::string_view name;     ///< Dotted and stable, such as "contract.unknown_key".
  ErrorClass error_class;    ///< Decides retries.
  std::string_view meaning;  ///< One sentence for the reference.
  std::string_view mend;     ///< What to do about it, one sentence for the reference.
};

/// A place in a text that a user wrote. Lines and columns count from 1; columns count characters, not bytes.
struct SourceSpan {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;  ///< Characters to underline.
  std::string line_text;     ///< The whole line, for the caret; may be empty.

  bool operator==(const SourceSpan&) const = default;
};

/// An error: a code, a message, and where it helps a place, the context it travelled through and a hint.
/// Copying is deep. An Error always holds a code (there is no "ok" error).
class Error {
 public:
  /// `code` must outlive the error (a namespace-scope constant).
  Error(const ErrorCode& code, std::string message);
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  const ErrorCode& code() const;
  std::string_view name() const { return code().name; }
  ErrorClass error_class() const { return code().error_class; }
  const std::string& message() const;
  const std::string& hint() const;
  const std::optional<SourceSpan>& span() const;
  const std::vector<std::string>& context() const;  ///< Innermost first.

  /// Adds a hint ("did you mean `mode`?"). Returns *this, to be chained.
  Error&& with_hint(std::string hint) &&;
  Error&& with_span(SourceSpan span) &&;
  /// Adds what was being done ("reading feeds/labs.yaml").
  Error&& with_context(std::string context) &&;

  /// The whole error on one line: `contract.unknown_key: message (while …)`.
  std::string to_string() const;

 private:
  struct Data;
  struct Deleter {
    void operator()(Data* data) const;
  };
  std::unique_ptr<Data, Deleter> data_;
};

/// Renders an error as a user sees it on a terminal: code, message, place, the line with carets, the hint.
/// `color` adds ANSI colours. The text ends with a newline.
std::string render_diagnostic(const Error& error, bool color);

/// The candidate nearest to `word` by edit distance, when near enough to be a likely slip; else empty.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace tarn
