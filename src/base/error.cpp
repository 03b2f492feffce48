#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace tarn {

struct Error::Data {
  const ErrorCode* code;
  std::string message;
  std::string hint;
  std::optional<SourceSpan> span;
  std::vector<std::string> context;
};

void Error::Deleter::operator()(Data* data) const {
  delete data;
}

Error::Error(const ErrorCode& code, std::string message)
    : data_(new Data{&code, std::move(message), {}, std::nullopt, {}}) {}
Error::Error(const Error& other) : data_(new Data(*other.data_)) {}
Error& Error::operator=(const Error& other) {
  if (this != &other) data_.reset(new Data(*other.data_));
  return *this;
}

const ErrorCode& Error::code() const {
  return *data_->code;
}
const std::string& Error::message() const {
  return data_->message;
}
const std::string& Error::hint() const {
  return data_->hint;
}
const std::optional<SourceSpan>& Error::span() const {
  return data_->span;
}
const std::vector<std::string>& Error::context() const {
  return data_->context;
}

Error&& Error::with_hint(std::string hint) && {
  data_->hint = std::move(hint);
  return std::move(*this);
}
Error&& Error::with_span(SourceSpan span) && {
  data_->span = std::move(span);
  return std::move(*this);
}
Error&& Error::with_context(std::string context) && {
  data_->context.push_back(std::move(context));
  return std::move(*this);
}

std::string_view to_string(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kUser:
      return "user";
    case ErrorClass::kTransient:
      return "transient";
    case ErrorClass::kPermanent:
      return "permanent";
    case ErrorClass::kUnknownOutcome:
      return "unknown_outcome";
    case ErrorClass::kBug:
      return "bug";
  }
  return "bug";
}

std::string Error::to_string() const {
  std::string text = fmt::format("{}: {}", name(), message());
  if (span()) text += fmt::format(" at {}:{}:{}", span()->file, span()->line, span()->column);
  for (const std::string& step : context()) text += fmt::format(" (while {})", step);
  if (!hint().empty()) text += fmt::format("; {}", hint());
  return text;
}

namespace {

// Bytes that are not UTF-8 continuation bytes start a character.
std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string caret_lines(const SourceSpan& span, const std::string& hint, std::string_view red,
                        std::string_view off) {
  const std::string number = std::to_string(span.line);
  const std::string gutter(number.size() + 2, ' ');
  std::string line = span.line_text;
  std::ranges::replace(line, '\t', ' ');
  const std::size_t width = character_count(line);
  const std::size_t start = std::min<std::size_t>(span.column > 0 ? span.column - 1 : 0, width);
  const std::size_t length = std::clamp<std::size_t>(span.length, 1, std::max<std::size_t>(width - start, 1));
  return fmt::format("  {} | {}\n{}| {}{}{}{}{}{}\n", number, line, gutter + " ", std::string(start, ' '),
                     red, std::string(length, '^'), off, hint.empty() ? "" : " ", hint);
}

}  // namespace

std::string render_diagnostic(const Error& error, bool color) {
  const std::string_view red = color ? "\x1b[1;31m" : "";
  const std::string_view bold = color ? "\x1b[1m" : "";
  const std::string_view off = color ? "\x1b[0m" : "";
  std::string text =
      fmt::format("{}error[{}]{}: {}{}{}\n", red, error.name(), off, bold, error.message(), off);
  bool hint_shown = false;
  if (error.span()) {
    const SourceSpan& span = *error.span();
    text += span.line > 0 ? fmt::format("  {}:{}:{}\n", span.file, span.line, span.column)
                          : fmt::format("  {}\n", span.file);
    if (span.line > 0 && !span.line_text.empty()) {
      text += caret_lines(span, error.hint(), red, off);
      hint_shown = true;
    }
  }
  for (const std::string& step : error.context()) text += fmt::format("  while {}\n", step);
  if (!hint_shown && !error.hint().empty()) text += fmt::format("  hint: {}\n", error.hint());
  return text;
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Damerau: two swapped neighbours (`mdoe`) count as one edit.
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  if (word.size() > 200) return best;
  for (std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace tarn
