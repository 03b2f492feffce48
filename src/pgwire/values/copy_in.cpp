#include "pgwire/values/copy_in.h"

#include <fmt/format.h>

#include <utility>

#include "pgwire/values/binary_copy.h"
#include "query/errors.h"

namespace tarn::pgwire {
namespace {

constexpr std::string_view kEnd = "\\.";

int octal(char c) {
  return c >= '0' && c <= '7' ? c - '0' : -1;
}
int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Where fields of one row lie in a text, until the text is whole.
struct FieldPlaces {
  struct Place {
    std::size_t begin;
    std::size_t end;
    bool is_null;
  };
  std::vector<Place> places;

  std::vector<std::optional<std::string_view>> in(std::string_view text) const {
    std::vector<std::optional<std::string_view>> fields;
    fields.reserve(places.size());
    for (const Place& place : places) {
      fields.push_back(place.is_null ? std::nullopt
                                     : std::optional(text.substr(place.begin, place.end - place.begin)));
    }
    return fields;
  }
};

/// Rows of lines: text and CSV.
class LineReader final : public CopyReader {
 public:
  LineReader(const CopyStatement& copy, OnCopyRow on_row) : copy_(copy), on_row_(std::move(on_row)) {}

  Status add(std::string_view bytes) override;
  Status finish() override;

 private:
  bool find_end();
  Status take_row(std::string_view row);
  Status read_text(std::string_view row);
  Status read_csv(std::string_view row);
  void unescape(std::string_view field);
  Error bad(std::string_view what) const;

  const CopyStatement& copy_;
  OnCopyRow on_row_;
  std::string waiting_;      ///< Of rows that are not whole yet.
  std::size_t scanned_ = 0;  ///< Of `waiting_`.
  bool in_quotes_ = false;   ///< There.
  bool is_escaped_ = false;  ///< The byte behind it.
  std::int64_t line_ = 1;    ///< Where the row begins.
  std::int64_t lines_ = 0;   ///< Within the row.
  bool has_ended_ = false;   ///< `\\.` was there.
  bool has_begun_ = false;
  std::string text_;  ///< The fields of a row, one behind the other.
};

Error LineReader::bad(std::string_view what) const {
  return Error(query::kBadCopyData, fmt::format("line {}: {}", line_, what));
}

/// Goes on to the end of a row; false: it is not here yet.
bool LineReader::find_end() {
  const bool csv = copy_.style == CopyStatement::Style::kCsv;
  for (; scanned_ < waiting_.size(); ++scanned_) {
    const char c = waiting_[scanned_];
    if (c == '\n' && !in_quotes_ && !is_escaped_) return true;
    if (c == '\n') ++lines_;
    if (!csv) {
      is_escaped_ = !is_escaped_ && c == '\\';
      continue;
    }
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (in_quotes_ && copy_.escape != copy_.quote && c == copy_.escape) {
      is_escaped_ = true;
    } else if (c == copy_.quote) {
      in_quotes_ = !in_quotes_;
    }
  }
  return false;
}

Status LineReader::add(std::string_view bytes) {
  if (has_ended_) return ok_status();
  waiting_ += bytes;
  std::size_t begin = 0;
  while (find_end()) {
    const std::string_view row = std::string_view(waiting_).substr(begin, scanned_ - begin);
    begin = ++scanned_;
    TARN_RETURN_IF_ERROR(take_row(row));
    if (has_ended_) break;
  }
  waiting_.erase(0, begin);
  scanned_ -= begin;
  if (waiting_.size() > kMaxCopyRowBytes) return bad("the row is too long");
  return ok_status();
}

Status LineReader::finish() {
  if (has_ended_) return ok_status();
  if (in_quotes_) return bad("a quoted field is not closed");
  if (waiting_.empty()) return ok_status();
  const std::string row = std::move(waiting_);
  waiting_.clear();
  scanned_ = 0;
  return take_row(row);
}

Status LineReader::take_row(std::string_view row) {
  if (row.ends_with('\r')) row.remove_suffix(1);
  const bool is_first = !has_begun_;
  has_begun_ = true;
  Status done = ok_status();
  if (row == kEnd) {
    has_ended_ = true;
  } else if (!(is_first && copy_.header)) {
    done = copy_.style == CopyStatement::Style::kCsv ? read_csv(row) : read_text(row);
  }
  line_ += lines_ + 1;
  lines_ = 0;
  return done;
}

/// Appends what a field of the text format stands for.
void LineReader::unescape(std::string_view field) {
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      text_ += field[i];
      continue;
    }
    const char c = field[++i];
    static constexpr std::string_view kLetters = "bfnrtv";
    static constexpr std::string_view kMeanings = "\b\f\n\r\t\v";
    if (const std::size_t at = kLetters.find(c); at != std::string_view::npos) {
      text_ += kMeanings[at];
    } else if (octal(c) >= 0) {
      int value = octal(c);
      for (int more = 0; more < 2 && i + 1 < field.size() && octal(field[i + 1]) >= 0; ++more)
        value = value * 8 + octal(field[++i]);
      text_ += static_cast<char>(value & 0xff);
    } else if (c == 'x' && i + 1 < field.size() && hex(field[i + 1]) >= 0) {
      int value = hex(field[++i]);
      if (i + 1 < field.size() && hex(field[i + 1]) >= 0) value = value * 16 + hex(field[++i]);
      text_ += static_cast<char>(value);
    } else {
      text_ += c;
    }
  }
}

Status LineReader::read_text(std::string_view row) {
  text_.clear();
  FieldPlaces fields;
  for (std::size_t begin = 0; begin <= row.size();) {
    std::size_t end = begin;
    while (end < row.size() && row[end] != copy_.delimiter) end += row[end] == '\\' ? 2 : 1;
    end = std::min(end, row.size());
    const std::string_view field = row.substr(begin, end - begin);
    const std::size_t place = text_.size();
    const bool is_null = field == copy_.null_text;
    if (!is_null) unescape(field);
    fields.places.push_back({place, text_.size(), is_null});
    begin = end + 1;
  }
  const auto values = fields.in(text_);
  return on_row_(values, line_);
}

Status LineReader::read_csv(std::string_view row) {
  text_.clear();
  FieldPlaces fields;
  std::size_t at = 0;
  while (true) {
    const std::size_t place = text_.size();
    bool was_quoted = false;
    bool quoted = false;
    for (; at < row.size(); ++at) {
      const char c = row[at];
      const char next = at + 1 < row.size() ? row[at + 1] : '\0';
      if (quoted && c == copy_.escape && at + 1 < row.size() &&
          (next == copy_.quote || next == copy_.escape)) {
        text_ += row[++at];
      } else if (c == copy_.quote) {
        quoted = !quoted;
        was_quoted = true;
      } else if (c == copy_.delimiter && !quoted) {
        break;
      } else {
        text_ += c;
      }
    }
    if (quoted) return bad("a quoted field is not closed");
    const bool is_null = !was_quoted && std::string_view(text_).substr(place) == copy_.null_text;
    fields.places.push_back({place, text_.size(), is_null});
    if (at++ >= row.size()) break;
  }
  const auto values = fields.in(text_);
  return on_row_(values, line_);
}

}  // namespace

std::unique_ptr<CopyReader> make_copy_reader(const CopyStatement& copy, std::vector<std::uint32_t> types,
                                             OnCopyRow on_row) {
  if (copy.style == CopyStatement::Style::kBinary)
    return std::make_unique<BinaryCopyReader>(std::move(types), std::move(on_row));
  return std::make_unique<LineReader>(copy, std::move(on_row));
}

}  // namespace tarn::pgwire
