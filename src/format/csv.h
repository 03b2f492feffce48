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
  char quote = '"';   ///< '\0': quotes mean nothing.
  char escape = '"';  ///< The quote itself: quotes are doubled; else a character before the one it protects.
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
///  - text after a closing quote, too many or too long fields: the record ends at the next line end outside
///    quotes where quotes still make sense, else at the end of its first physical line;
///  - an unterminated quote (no closing quote within `record_size`, or before the end of the text): the
///  record
///    is its first physical line alone, and reading resumes on the next one, so that a stray quote costs one
///    row and not the rest of the file. The rows that follow are read as they stand.
/// Lines end with LF, CRLF or CR; a CR or LF inside quotes belongs to the value.
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

  explicit CsvReader(const CsvOptions& options);
  void skip_line();
  void skip_preamble();
  bool read_fields(CsvRecord& record);
  FieldEnd read_plain_field();
  FieldEnd read_quoted_field();
  void unescape(std::string_view inner);
  void fail(CsvRecord& record);
  void finish(CsvRecord& record);
  void set_problem(const ErrorCode& code, const char* at);
  bool is_line_end(char c) const { return c == '\n' || c == '\r'; }
  const char* find_field_end(const char* at) const;
  const char* take_line_end(const char* at) const;

  CsvOptions options_;
  bool check_records_ = false;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  const char* at_ = nullptr;
  std::uint64_t line_ = 1;
  std::uint64_t number_ = 0;
  std::vector<CsvField> fields_;
  std::string scratch_;
  struct Unescaped {
    std::uint32_t field = 0;
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  std::vector<Unescaped> unescaped_;
  const ErrorCode* problem_ = nullptr;
  const char* problem_at_ = nullptr;
  const char* record_begin_ = nullptr;
  const char* record_limit_ = nullptr;
  const char* no_quote_before_ = nullptr;
};

}  // namespace tarn::format
