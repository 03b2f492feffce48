#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Lines of fixed columns to records. Positions count characters (code points), not bytes.
///
///   TARN_ASSIGN_OR_RETURN(const FixedRange id, parse_fixed_range("1-10"));
///   FixedWidthReader reader(options, {{id, …}});
///   reader.reset(text.text, text.is_clean);
///   FixedRecord record;
///   while (reader.next(record)) …
///
/// One thread at a time; no allocation a record; views are of the text.
namespace tarn::format {

/// Characters first … last of a line, counted from 1, both included.
struct FixedRange {
  std::uint32_t first = 1;
  std::uint32_t last = 1;
  bool operator==(const FixedRange&) const = default;
};
/// "1-10", or "7" for one character. Error: `fixed.bad_range`.
Result<FixedRange> parse_fixed_range(std::string_view text);

struct FixedColumn {
  FixedRange range;
  bool needed = false;  ///< A line that ends before `range.first` is bad; else the field is just absent.
};

struct FixedOptions {
  std::uint32_t skip_rows = 0;
  char comment = '\0';
  std::uint64_t record_size = std::uint64_t{16} << 20;
  std::uint64_t field_size = std::uint64_t{8} << 20;  ///< Bytes of a value; blanks behind it are padding.
  bool all_text = false;  ///< Text that no column covers makes a line bad; blanks and tabs never do.
};

/// A field; untrimmed. A line that ends inside the field gives what is there (trailing blanks are often cut).
struct FixedField {
  std::string_view text;
  bool present = false;  ///< False: the line ended before the field began.
};

struct FixedRecord {
  std::span<const FixedField> fields;  ///< One a column, in the order given; empty when there is a problem.
  std::string_view raw;
  std::uint64_t number = 0;  ///< 1-based among the records.
  std::uint64_t line = 0;    ///< 1-based in the whole text.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  const ErrorCode* problem = nullptr;  ///< `fixed.*` or `text.*`.
  std::uint32_t problem_field = 0;     ///< 1-based column of the plan; 0: the whole line.
  std::uint64_t problem_column = 0;    ///< 1-based character.

  /// The problem as an Error; requires one.
  Error error() const;
};

class FixedWidthReader {
 public:
  FixedWidthReader(const FixedOptions& options, std::vector<FixedColumn> columns);
  /// See CsvReader::reset().
  void reset(std::string_view text, bool is_clean = true);
  /// False at the end. Lines without any character are passed over.
  bool next(FixedRecord& record);

 private:
  bool next_line(std::string_view& line);
  void cut_ascii(std::string_view line, FixedRecord& record);
  void cut_unicode(std::string_view line, FixedRecord& record);
  void check_field_sizes(FixedRecord& record) const;
  void check_uncovered(std::string_view line, bool is_ascii, FixedRecord& record) const;

  FixedOptions options_;
  std::vector<FixedColumn> columns_;
  std::vector<FixedRange> uncovered_;  ///< Between the columns, and behind them: the last one has no end.
  std::vector<FixedField> fields_;
  std::vector<std::uint32_t> starts_;  ///< Of the characters of a line that is not ASCII.
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t next_lf_ = 0;  ///< At or after at_ once known, so that CR-only texts are scanned once.
  bool check_records_ = false;
  bool check_fields_ = false;  ///< Some column is wide enough to exceed `field_size`.
  std::uint64_t line_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace tarn::format
