#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

/// Outside bytes to UTF-8. Pure functions; any thread.
///
///   std::string buffer;                                         // reused
///   const DecodedText text = decode_text(bytes, Encoding::kAuto, buffer);
///   if (!text.is_clean) …                                       // judge record by record:
///   check_text(record)
namespace tarn::format {

enum class Encoding : std::uint8_t { kAuto, kUtf8, kUtf16, kUtf16Le, kUtf16Be, kLatin1, kWindows1252 };

/// The encoding of a contract's word ("utf-16le") or of an IANA name in an XML declaration ("ISO-8859-1",
/// "CP1252", "US-ASCII", …), ignoring case. Nothing when it is unknown.
std::optional<Encoding> parse_encoding(std::string_view name);
/// The contract's word.
std::string_view to_string(Encoding encoding);

/// A byte-order mark at the beginning of a text.
struct ByteOrderMark {
  Encoding encoding = Encoding::kAuto;  ///< kAuto: there is none.
  std::size_t size = 0;
};
ByteOrderMark detect_bom(std::string_view bytes);

/// A place in a text. Lines and columns count from 1, columns in characters.
struct TextPlace {
  std::uint64_t offset = 0;
  std::uint64_t line = 1;
  std::uint64_t column = 1;
};
/// The place of a byte offset: lines end with LF, CRLF or CR.
TextPlace place_of(std::string_view text, std::uint64_t offset);

/// The place as an Error names it.
inline SourceSpan span_of(const TextPlace& place) {
  SourceSpan span;
  span.line = static_cast<std::uint32_t>(place.line);
  span.column = static_cast<std::uint32_t>(place.column);
  return span;
}

/// What is wrong with a text first: `text.encoding` or `text.nul_byte`.
struct TextProblem {
  const ErrorCode* code = nullptr;  ///< nullptr: nothing.
  TextPlace place;
  explicit operator bool() const { return code != nullptr; }
};
/// An Error for a problem, naming the place.
Error to_error(const TextProblem& problem);

/// The offset of the first byte that is NUL or not valid UTF-8 (Unicode 15, table 3-7: no overlong forms, no
/// surrogates), or text.size(). 10 GB/s on ASCII.
std::size_t find_bad_text(std::string_view text);
/// The same with code and place; the fast path costs no more.
TextProblem check_text(std::string_view text);

/// A text as UTF-8, without its byte-order mark.
struct DecodedText {
  std::string_view text;                ///< In the input itself for UTF-8, else in the buffer.
  Encoding encoding = Encoding::kUtf8;  ///< What it was decoded from.
  bool is_clean = true;  ///< Valid UTF-8 without NUL throughout: no record needs to be checked.
};

/// Decodes a whole text. `kAuto` takes the byte-order mark, else UTF-16 when the first two characters are
/// evidently that (every other byte is zero), else UTF-8. A byte-order mark is removed, and wins over a named
/// encoding. `kUtf16` without a mark is little-endian unless the first two characters say otherwise. What has
/// no meaning in the encoding becomes the byte 0xFF, which check_text() reports, so that one bad byte costs a
/// record and not the file.
DecodedText decode_text(std::string_view bytes, Encoding encoding, std::string& buffer);

/// The bytes as text: what is NUL or no UTF-8 becomes `\xFC`, and the rest stays. For names.
std::string escape_bad_text(std::string_view bytes);

/// `text` without the one Ctrl-Z (0x1A) that DOS ends files with, which is no data.
inline std::string_view without_end_mark(std::string_view text) {
  return text.ends_with('\x1A') ? text.substr(0, text.size() - 1) : text;
}

/// Code points in valid UTF-8 (continuation bytes are not counted, whatever the text).
std::size_t count_characters(std::string_view text);

}  // namespace tarn::format
