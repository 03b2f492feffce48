#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Delimited text to records. RFC 4180 by default, and what real files do instead on demand.
///
///   TARN_ASSIGN_OR_RETURN(CsvReader reader, CsvReader::create(options));   // one a thread, reused
///   reader.reset(text.text, text.is_clean);
///   CsvRecord record;
///   while (reader.next(record)) {
///     if (record.problem != nullptr) quarantine(record.error(), record.raw);
///     else use(record.fields);
///   }
///
/// One thread at a time. No allocation a record: fields are views of the text, or of a scratch buffer of the
/// reader where quotes had to be undone; all views of a record live until the next call of next() or reset().
namespace tarn::format {

struct CsvOptions {
  char delimiter = ',';
  char quote = '"';  ///< '\0': quotes mean nothing.
  /// The quote itself: quotes are doubled. Another character: inside quotes it protects a delimiter, a quote
  /// or itself that follows it; before anything else, and outside quotes, it is text. '\0': none.
  char escape = '"';
  char comment = '\0';           ///< Lines that begin with it are passed over; '\0': none.
  std::uint32_t skip_rows = 0;   ///< Physical lines before everything else.
  bool skip_empty_lines = true;  ///< Lines without any character are no records.
  std::uint64_t record_size = std::uint64_t{16} << 20;
  std::uint64_t field_size = std::uint64_t{8} << 20;
  std::uint32_t columns = 4096;
};

struct CsvField {
  std::string_view text;
  bool quoted = false;  ///< So that "" can differ from nothing, and "NULL" from NULL.
};

/// A record. Ragged ones are the caller's to judge: fields.size() is what the text held.
struct CsvRecord {
  std::span<const CsvField> fields;  ///< Empty when there is a problem.
  std::string_view raw;              ///< Without its line end.
  std::uint64_t number = 0;          ///< 1-based among all records, the header and bad ones included.
  std::uint64_t line = 0;            ///< Physical line it starts on, 1-based, in the whole text.
  std::uint64_t begin = 0;           ///< Byte range of `raw` in the text.
  std::uint64_t end = 0;
  const ErrorCode* problem = nullptr;  ///< `csv.*` or `text.*`; the record is bad, reading goes on.
  std::uint32_t problem_field = 0;     ///< 1-based field.
  std::uint64_t problem_line = 0;      ///< Place of the problem in the whole text, 1-based;
  std::uint64_t problem_column = 0;    ///< the column counts characters.

  /// The problem as an Error; requires one.
  Error error() const;
};

/// Reads records from UTF-8 text.
///
/// After a bad record reading resumes so that good neighbours survive:
///  - too many or too long fields, a too long record: the record is read to its end and the next one follows;
///  - an unterminated quote: the record ends with the line that the quote opens on, and reading resumes
///    on the next one, so that a stray quote costs one row and not the rest of the file. The rows that
///    follow are read as they stand. Beyond `record_size` a quote closes a field only where a delimiter or
///    a line end follows: then the record is too long, and its inner lines are no records;
///  - text after a closing quote: when the field began on an earlier line and the "closing" quote stands
///    where a field begins, the opening quote was the stray one, and the record ends with the line that it
///    is on; else the record ends with the line that the text is on.
/// Lines end with LF or CRLF, and with a lone CR only where one ends the text's first line (or stands last
/// in the text): elsewhere it is a character, as in RFC 4180. A CR or LF inside quotes belongs to the value.
/// Line numbers count as place_of() does: a lone CR that is a character counts, too.
/// A quote counts only as the first character of a field, as RFC 4180 has it; elsewhere it is text.
class CsvReader {
 public:
  /// Error: `csv.bad_options`.
  static Result<CsvReader> create(const CsvOptions& options);

  /// Starts on a text, which must outlive the reading. `is_clean` false: each record is checked for bad bytes
  /// (DecodedText::is_clean).
  void reset(std::string_view text, bool is_clean = true);
  /// False at the end of the text.
  bool next(CsvRecord& record);

 private:
  enum class FieldEnd : std::uint8_t { kDelimiter, kLineEnd, kTextEnd, kBad };

  struct FieldShape {
    bool quoted = false;
    bool has_escapes = false;
  };

  explicit CsvReader(const CsvOptions& options);
  bool ends_line(const char* at) const;
  const char* find_line_end(const char* at) const;
  const char* pass_line_end(const char* at);
  void skip_line();
  const char* find_closing_quote(const char* at, bool& has_escapes) const;
  bool find_record();
  void read_fields();
  FieldEnd read_plain_field();
  FieldEnd read_quoted_field();
  FieldEnd classify_end(const char* at) const;
  void push_field(const char* begin, const char* end, FieldShape shape);
  void unescape(std::string_view inner);
  void set_problem(const ErrorCode& code, const char* at);
  void finish(CsvRecord& record);

  CsvOptions options_;
  bool escapes_apart_ = false;  ///< The escape is not the quote.
  bool check_records_ = false;
  bool knows_line_end_ = false;  ///< The first line has ended.
  bool cr_is_text_ = false;      ///< It ended with LF or CRLF, so that a lone CR ends no line.
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  const char* at_ = nullptr;
  const char* record_begin_ = nullptr;
  std::uint64_t line_ = 1;
  std::uint64_t number_ = 0;
  bool may_span_lines_ = false;  ///< The record has quotes, or a CR that is text.
  const ErrorCode* problem_ = nullptr;
  const char* problem_at_ = nullptr;
  std::uint32_t problem_field_ = 0;
  std::uint32_t field_count_ = 0;
  std::vector<CsvField> fields_;
  struct Unescaped {
    std::uint32_t field = 0;
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  std::vector<Unescaped> unescaped_;  ///< Fields to point into scratch_ once it has stopped growing.
  std::string scratch_;
};

}  // namespace tarn::format
