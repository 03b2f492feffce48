#include "format/fixed_width.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "format/encoding.h"
#include "format/errors.h"

namespace tarn::format {

namespace {

bool parse_position(std::string_view text, std::uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 1 && out <= (1U << 30);
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0; });
}

// What no column covers, in order; the last range goes on to the end of the line.
std::vector<FixedRange> uncovered_by(const std::vector<FixedColumn>& columns) {
  std::vector<FixedRange> covered;
  for (const FixedColumn& column : columns) covered.push_back(column.range);
  std::ranges::sort(covered, {}, &FixedRange::first);
  std::vector<FixedRange> uncovered;
  std::uint32_t next = 1;
  for (const FixedRange& range : covered) {
    if (range.first > next) uncovered.push_back({next, range.first - 1});
    next = std::max(next, range.last + 1);
  }
  uncovered.push_back({next, std::numeric_limits<std::uint32_t>::max()});
  return uncovered;
}

}  // namespace

Result<FixedRange> parse_fixed_range(std::string_view text) {
  FixedRange range;
  const std::size_t dash = text.find('-');
  const std::string_view first = text.substr(0, dash);
  const std::string_view last = dash == std::string_view::npos ? first : text.substr(dash + 1);
  if (!parse_position(first, range.first) || !parse_position(last, range.last) || range.first > range.last)
    return Error(kFixedBadRange, fmt::format("\"{}\" is not a range of positions", text))
        .with_hint("write first and last position, counted from 1, such as \"1-10\"");
  return range;
}

Error FixedRecord::error() const {
  if (problem == &kFixedShortLine)
    return Error(*problem, fmt::format("line {} ends before position {}, where column {} begins", line,
                                       problem_column, problem_field));
  if (problem == &kFixedRecordTooLarge)
    return Error(*problem, fmt::format("line {} has {} bytes", line, end - begin));
  if (problem == &kFixedFieldTooLarge)
    return Error(*problem, fmt::format("line {}: the value at position {}, of column {}, is too long", line,
                                       problem_column, problem_field));
  if (problem == &kFixedLongLine || problem == &kFixedTextBetween)
    return Error(*problem, fmt::format("line {} has text at position {}, {}", line, problem_column,
                                       problem == &kFixedLongLine ? "behind the last column"
                                                                  : "which no column covers"));
  return Error(*problem, fmt::format("{} at line {}, column {}",
                                     problem == &kTextNulByte ? "a NUL character" : "a byte that is no text",
                                     line, problem_column));
}

FixedWidthReader::FixedWidthReader(const FixedOptions& options, std::vector<FixedColumn> columns)
    : options_(options),
      columns_(std::move(columns)),
      uncovered_(uncovered_by(columns_)),
      fields_(columns_.size()),
      check_fields_(std::ranges::any_of(columns_, [&options](const FixedColumn& column) {
        constexpr std::uint64_t kMostBytes = 4;  // of a character in UTF-8
        return (std::uint64_t{column.range.last} - column.range.first + 1) * kMostBytes > options.field_size;
      })) {}

void FixedWidthReader::reset(std::string_view text, bool is_clean) {
  text_ = text;
  at_ = 0;
  next_lf_ = 0;
  line_ = 0;
  number_ = 0;
  check_records_ = !is_clean;
  std::string_view skipped;
  for (std::uint32_t i = 0; i < options_.skip_rows && next_line(skipped); ++i) {
  }
}

bool FixedWidthReader::next_line(std::string_view& line) {
  if (at_ >= text_.size()) return false;
  if (next_lf_ < at_ || at_ == 0) next_lf_ = std::min(text_.find('\n', at_), text_.size());
  const char* const begin = text_.data() + at_;
  std::size_t size = next_lf_ - at_;
  std::size_t taken = next_lf_ == text_.size() ? size : size + 1;
  if (const auto* cr = static_cast<const char*>(std::memchr(begin, '\r', size)); cr != nullptr) {
    const auto before = static_cast<std::size_t>(cr - begin);
    if (before + 1 < size || taken == size) taken = before + 1;
    size = before;
  }
  line = {begin, size};
  at_ += taken;
  ++line_;
  return true;
}

bool FixedWidthReader::next(FixedRecord& record) {
  std::string_view line;
  do {
    if (!next_line(line)) return false;
  } while (line.empty() || (options_.comment != '\0' && line[0] == options_.comment));
  record = FixedRecord();
  record.raw = line;
  record.number = ++number_;
  record.line = line_;
  record.begin = static_cast<std::uint64_t>(line.data() - text_.data());
  record.end = record.begin + line.size();
  if (line.size() > options_.record_size) {
    record.problem = &kFixedRecordTooLarge;
    record.problem_column = 1;
    return true;
  }
  if (check_records_) {
    if (const TextProblem bad = check_text(line)) {
      record.problem = bad.code;
      record.problem_column = bad.place.column;
      return true;
    }
  }
  const bool ascii = is_ascii(line);
  if (ascii)
    cut_ascii(line, record);
  else
    cut_unicode(line, record);
  if (check_fields_ && record.problem == nullptr) check_field_sizes(record);
  if (options_.all_text && record.problem == nullptr) check_uncovered(line, ascii, record);
  if (record.problem == nullptr) record.fields = fields_;
  return true;
}

void FixedWidthReader::check_uncovered(std::string_view line, bool is_ascii, FixedRecord& record) const {
  const std::size_t characters = is_ascii ? line.size() : starts_.size();
  const auto begin_of = [&](std::size_t character) {
    return character >= characters ? line.size() : is_ascii ? character : starts_[character];
  };
  for (const FixedRange& range : uncovered_) {
    if (range.first > characters) return;
    const std::size_t begin = begin_of(range.first - 1);
    const std::string_view text = line.substr(begin, begin_of(range.last) - begin);
    const std::size_t at = text.find_first_not_of(" \t");
    if (at == std::string_view::npos) continue;
    record.problem = &range == &uncovered_.back() ? &kFixedLongLine : &kFixedTextBetween;
    // What is before it is blanks, of a byte each.
    record.problem_column = range.first + at;
    return;
  }
}

void FixedWidthReader::check_field_sizes(FixedRecord& record) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    // Nothing but blanks: npos + 1 is 0.
    if (fields_[i].text.find_last_not_of(' ') + 1 <= options_.field_size) continue;
    record.problem = &kFixedFieldTooLarge;
    record.problem_field = static_cast<std::uint32_t>(i + 1);
    record.problem_column = columns_[i].range.first;
    return;
  }
}

void FixedWidthReader::cut_ascii(std::string_view line, FixedRecord& record) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const FixedRange range = columns_[i].range;
    fields_[i].present = line.size() >= range.first;
    if (fields_[i].present) {
      fields_[i].text = line.substr(range.first - 1, range.last - range.first + 1);
    } else {
      fields_[i].text = {};
      if (columns_[i].needed && record.problem == nullptr) {
        record.problem = &kFixedShortLine;
        record.problem_field = static_cast<std::uint32_t>(i + 1);
        record.problem_column = range.first;
      }
    }
  }
}

void FixedWidthReader::cut_unicode(std::string_view line, FixedRecord& record) {
  starts_.clear();
  for (std::size_t i = 0; i < line.size(); ++i)
    if ((static_cast<unsigned char>(line[i]) & 0xC0) != 0x80)
      starts_.push_back(static_cast<std::uint32_t>(i));
  const std::size_t characters = starts_.size();
  const auto offset = [&](std::size_t character) {
    return character < characters ? starts_[character] : line.size();
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const FixedRange range = columns_[i].range;
    fields_[i].present = characters >= range.first;
    fields_[i].text = fields_[i].present
                          ? line.substr(offset(range.first - 1), offset(range.last) - offset(range.first - 1))
                          : std::string_view();
    if (!fields_[i].present && columns_[i].needed && record.problem == nullptr) {
      record.problem = &kFixedShortLine;
      record.problem_field = static_cast<std::uint32_t>(i + 1);
      record.problem_column = range.first;
    }
  }
}

}  // namespace tarn::format
