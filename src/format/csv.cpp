#include "format/csv.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "format/encoding.h"
#include "format/errors.h"

namespace tarn::format {

namespace {

// The first of three characters in [at, end), or end. Fields are short, so it looks at 16 bytes at once.
const char* find_any(const char* at, const char* end, char a, char b, char c) {
#if defined(__SSE2__)
  const __m128i va = _mm_set1_epi8(a);
  const __m128i vb = _mm_set1_epi8(b);
  const __m128i vc = _mm_set1_epi8(c);
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i hits = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, va), _mm_cmpeq_epi8(bytes, vb)),
                                      _mm_cmpeq_epi8(bytes, vc));
    const int mask = _mm_movemask_epi8(hits);
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
    at += 16;
  }
#endif
  while (at < end && *at != a && *at != b && *at != c) ++at;
  return at;
}

std::uint64_t count_line_ends(std::string_view text) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    count += text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
  return count;
}

}  // namespace

Error CsvRecord::error() const {
  std::string what;
  if (problem == &kCsvUnterminatedQuote)
    what = fmt::format("the quote that opens field {} is never closed", problem_field);
  else if (problem == &kCsvTextAfterQuote)
    what = fmt::format("text follows the closing quote of field {}", problem_field);
  else if (problem == &kCsvFieldTooLarge)
    what = fmt::format("field {} is too long", problem_field);
  else if (problem == &kCsvTooManyColumns)
    what = fmt::format("there are more than {} fields", problem_field - 1);
  else if (problem == &kCsvRecordTooLarge)
    what = fmt::format("the record has {} bytes", end - begin);
  else
    what = problem == &kTextNulByte ? "a NUL character" : "a byte that is no text";
  return Error(*problem, fmt::format("{}, at line {}, column {}", what, problem_line, problem_column));
}

Result<CsvReader> CsvReader::create(const CsvOptions& options) {
  const auto line_end = [](char c) { return c == '\n' || c == '\r'; };
  const auto refuse = [](const char* why) { return Error(kCsvBadOptions, why); };
  if (options.delimiter == '\0' || line_end(options.delimiter))
    return refuse("the delimiter must be a character other than a line end");
  if (line_end(options.quote) || line_end(options.escape) || line_end(options.comment))
    return refuse("quote, escape and comment must not be line ends");
  if (options.delimiter == options.quote) return refuse("delimiter and quote are the same character");
  if (options.delimiter == options.escape) return refuse("delimiter and escape are the same character");
  if (options.comment != '\0' && (options.comment == options.delimiter || options.comment == options.quote ||
                                  options.comment == options.escape))
    return refuse("the comment character is the delimiter, the quote or the escape as well");
  for (const char c : {options.delimiter, options.quote, options.escape, options.comment})
    if (static_cast<signed char>(c) < 0) return refuse("delimiter, quote, escape and comment must be ASCII");
  return CsvReader(options);
}

CsvReader::CsvReader(const CsvOptions& options) : options_(options) {
  // An escape has something to do inside quotes only.
  if (options_.quote == '\0') options_.escape = '\0';
  escapes_apart_ = options_.escape != options_.quote && options_.escape != '\0';
}

void CsvReader::reset(std::string_view text, bool is_clean) {
  begin_ = text.data();
  end_ = begin_ + text.size();
  at_ = begin_;
  check_records_ = !is_clean;
  line_ = 1;
  number_ = 0;
  knows_line_end_ = false;
  cr_is_text_ = false;
  for (std::uint32_t i = 0; i < options_.skip_rows && at_ < end_; ++i) skip_line();
}

bool CsvReader::ends_line(const char* at) const {
  if (*at == '\n') return true;
  return *at == '\r' && (!cr_is_text_ || at + 1 == end_ || at[1] == '\n');
}

const char* CsvReader::find_line_end(const char* at) const {
  at = find_any(at, end_, '\n', '\r', '\n');
  while (at < end_ && !ends_line(at)) at = find_any(at + 1, end_, '\n', '\r', '\n');
  return at;
}

// The first line end that is passed decides what a lone CR is.
const char* CsvReader::pass_line_end(const char* at) {
  if (at == end_) return at;
  const bool is_pair = *at == '\r' && at + 1 < end_ && at[1] == '\n';
  if (!knows_line_end_) {
    knows_line_end_ = true;
    cr_is_text_ = is_pair || *at == '\n';
  }
  return at + (is_pair ? 2 : 1);
}

void CsvReader::skip_line() {
  const char* const line_end = find_line_end(at_);
  line_ += 1 + count_line_ends({at_, static_cast<std::size_t>(line_end - at_)});
  at_ = pass_line_end(line_end);
}

// The closing quote of a field whose content begins at `at`, or nullptr when there is none. It is sought to
// the end of the text, yet reading stays linear: a quote that is passed over here is one of a pair, which
// closes itself should reading resume before it.
const char* CsvReader::find_closing_quote(const char* at, bool& has_escapes) const {
  const char quote = options_.quote;
  const bool doubled = options_.escape == quote;
  while (at < end_) {
    at = escapes_apart_
             ? find_any(at, end_, quote, options_.escape, quote)
             : static_cast<const char*>(std::memchr(at, quote, static_cast<std::size_t>(end_ - at)));
    if (at == nullptr || at == end_) return nullptr;
    const char next = at + 1 < end_ ? at[1] : '\0';
    if (*at == quote) {
      if (!doubled || at + 1 == end_ || next != quote) return at;
      has_escapes = true;
      at += 2;
    } else if (at + 1 < end_ && (next == quote || next == options_.escape || next == options_.delimiter)) {
      has_escapes = true;
      at += 2;
    } else {
      ++at;
    }
  }
  return nullptr;
}

// Moves to the first character of the next record; false at the end.
bool CsvReader::find_record() {
  while (at_ < end_) {
    const bool is_comment = options_.comment != '\0' && *at_ == options_.comment;
    if (!is_comment && !(options_.skip_empty_lines && ends_line(at_))) return true;
    skip_line();
  }
  return false;
}

bool CsvReader::next(CsvRecord& record) {
  if (!find_record()) return false;
  record_begin_ = at_;
  may_span_lines_ = false;
  problem_ = nullptr;
  problem_at_ = nullptr;
  problem_field_ = 0;
  field_count_ = 0;
  fields_.clear();
  unescaped_.clear();
  scratch_.clear();
  read_fields();
  finish(record);
  return true;
}

void CsvReader::read_fields() {
  while (true) {
    const bool quoted = options_.quote != '\0' && at_ < end_ && *at_ == options_.quote;
    const FieldEnd field_end = quoted ? read_quoted_field() : read_plain_field();
    if (field_end != FieldEnd::kDelimiter) return;
    ++at_;
  }
}

CsvReader::FieldEnd CsvReader::classify_end(const char* at) const {
  if (at == end_) return FieldEnd::kTextEnd;
  if (*at == options_.delimiter) return FieldEnd::kDelimiter;
  return ends_line(at) ? FieldEnd::kLineEnd : FieldEnd::kBad;
}

CsvReader::FieldEnd CsvReader::read_plain_field() {
  const char* field_end = find_any(at_, end_, options_.delimiter, '\n', '\r');
  while (field_end < end_ && classify_end(field_end) == FieldEnd::kBad) {
    may_span_lines_ = true;
    field_end = find_any(field_end + 1, end_, options_.delimiter, '\n', '\r');
  }
  push_field(at_, field_end, {});
  at_ = field_end;
  return classify_end(at_);
}

CsvReader::FieldEnd CsvReader::read_quoted_field() {
  may_span_lines_ = true;
  FieldShape shape;
  shape.quoted = true;
  const char* const open = at_;
  const char* const close = find_closing_quote(open + 1, shape.has_escapes);
  const FieldEnd field_end = close == nullptr ? FieldEnd::kBad : classify_end(close + 1);
  const bool in_reach =
      close != nullptr && static_cast<std::uint64_t>(close - record_begin_) < options_.record_size;
  if (field_end == FieldEnd::kBad && !in_reach) {
    ++field_count_;
    set_problem(kCsvUnterminatedQuote, open);
    at_ = find_line_end(open);
    return FieldEnd::kBad;
  }
  push_field(open + 1, close, shape);
  at_ = close + 1;
  if (field_end == FieldEnd::kBad) {
    set_problem(kCsvTextAfterQuote, at_);
    const bool opens_a_field = close[-1] == options_.delimiter || ends_line(close - 1);
    const bool spans_lines = find_line_end(open) < close;
    at_ = find_line_end(opens_a_field && spans_lines ? open : at_);
  }
  return field_end;
}

void CsvReader::push_field(const char* begin, const char* end, FieldShape shape) {
  const auto size = static_cast<std::size_t>(end - begin);
  ++field_count_;
  // Fields that stand beyond the limit are not kept: they would take memory without one.
  if (static_cast<std::uint64_t>(end - record_begin_) > options_.record_size) {
    set_problem(kCsvRecordTooLarge, record_begin_);
    return;
  }
  if (size > options_.field_size) {
    set_problem(kCsvFieldTooLarge, begin);
    return;
  }
  if (field_count_ > options_.columns) {
    set_problem(kCsvTooManyColumns, begin);
    return;
  }
  if (shape.has_escapes) {
    const std::size_t offset = scratch_.size();
    unescape({begin, size});
    unescaped_.push_back({static_cast<std::uint32_t>(fields_.size()), offset, scratch_.size() - offset});
  }
  fields_.push_back({{begin, size}, shape.quoted});
}

void CsvReader::unescape(std::string_view inner) {
  while (true) {
    const std::size_t escape = inner.find(options_.escape);
    if (escape == std::string_view::npos || escape + 1 == inner.size()) break;
    const char next = inner[escape + 1];
    const bool protects = next == options_.escape || next == options_.delimiter || next == options_.quote;
    scratch_.append(inner.substr(0, protects ? escape : escape + 1));
    if (protects) scratch_.push_back(next);
    inner.remove_prefix(escape + (protects ? 2 : 1));
  }
  scratch_.append(inner);
}

void CsvReader::set_problem(const ErrorCode& code, const char* at) {
  if (problem_ != nullptr) return;
  problem_ = &code;
  problem_at_ = at;
  problem_field_ = field_count_;
}

// `at_` is on the line end of the record, or at the end of the text.
void CsvReader::finish(CsvRecord& record) {
  for (const Unescaped& field : unescaped_)
    fields_[field.field].text = std::string_view(scratch_).substr(field.offset, field.size);
  record.raw = {record_begin_, static_cast<std::size_t>(at_ - record_begin_)};
  record.number = ++number_;
  record.line = line_;
  record.begin = static_cast<std::uint64_t>(record_begin_ - begin_);
  record.end = static_cast<std::uint64_t>(at_ - begin_);
  if (record.raw.size() > options_.record_size) set_problem(kCsvRecordTooLarge, record_begin_);
  if (check_records_ && problem_ == nullptr) {
    const std::size_t bad = find_bad_text(record.raw);
    if (bad < record.raw.size()) {
      set_problem(record.raw[bad] == '\0' ? kTextNulByte : kTextEncoding, record_begin_ + bad);
      problem_field_ = 0;
    }
  }
  record.problem = problem_;
  record.fields = problem_ == nullptr ? std::span<const CsvField>(fields_) : std::span<const CsvField>();
  record.problem_field = problem_field_;
  record.problem_line = 0;
  record.problem_column = 0;
  if (problem_ != nullptr) {
    const TextPlace place = place_of({record_begin_, static_cast<std::size_t>(end_ - record_begin_)},
                                     static_cast<std::uint64_t>(problem_at_ - record_begin_));
    record.problem_line = line_ + place.line - 1;
    record.problem_column = place.column;
  }
  line_ += may_span_lines_ ? count_line_ends(record.raw) : 0;
  if (at_ < end_) ++line_;
  at_ = pass_line_end(at_);
}

}  // namespace tarn::format
