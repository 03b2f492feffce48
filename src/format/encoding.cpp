#include "format/encoding.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

#include "format/errors.h"

namespace tarn::format {

namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;
constexpr char kBadByte = '\xFF';

std::uint64_t load64(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Past all bytes 0x01 … 0x7F from `at` on.
const char* skip_ascii(const char* at, const char* end) {
  while (end - at >= 32) {
    const std::uint64_t a = load64(at);
    const std::uint64_t b = load64(at + 8);
    const std::uint64_t c = load64(at + 16);
    const std::uint64_t d = load64(at + 24);
    // A byte of 1 … 0x7F keeps its high bit clear both as it is and less one; NUL and non-ASCII do not.
    const std::uint64_t bad = (a - kOnes) | a | (b - kOnes) | b | (c - kOnes) | c | (d - kOnes) | d;
    if ((bad & kHighs) != 0) break;
    at += 32;
  }
  while (at<end&& static_cast<signed char>(*at)> 0) ++at;
  return at;
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

// The length of the valid multi-byte sequence at `at`, or 0.
std::size_t sequence_length(const char* at, const char* end) {
  const auto* p = reinterpret_cast<const unsigned char*>(at);
  const auto left = static_cast<std::size_t>(end - at);
  const unsigned char lead = p[0];
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return left >= 2 && is_continuation(p[1]) ? 2 : 0;
  if (lead < 0xF0) {
    if (left < 3 || !is_continuation(p[1]) || !is_continuation(p[2])) return 0;
    if (lead == 0xE0 && p[1] < 0xA0) return 0;   // overlong
    if (lead == 0xED && p[1] >= 0xA0) return 0;  // surrogate
    return 3;
  }
  if (lead > 0xF4 || left < 4) return 0;
  if (!is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3])) return 0;
  if (lead == 0xF0 && p[1] < 0x90) return 0;   // overlong
  if (lead == 0xF4 && p[1] >= 0x90) return 0;  // above U+10FFFF
  return 4;
}

void append_code_point(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// What windows-1252 has at 0x80 … 0x9F (WHATWG's table agrees but for the five that it leaves as controls and
// that are undefined here).
constexpr std::array<std::uint16_t, 32> kWindows1252High = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

void decode_single_byte(std::string_view bytes, bool windows, std::string& out) {
  out.clear();
  out.reserve(bytes.size() + bytes.size() / 4 + 16);
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at < end) {
    const char* const run = at;
    at = skip_ascii(at, end);
    out.append(run, static_cast<std::size_t>(at - run));
    if (at == end) break;
    const auto byte = static_cast<unsigned char>(*at++);
    if (!windows || byte < 0x80 || byte >= 0xA0) {
      append_code_point(byte, out);
    } else if (const std::uint16_t code = kWindows1252High[byte - 0x80U]; code != 0) {
      append_code_point(code, out);
    } else {
      out.push_back(kBadByte);
    }
  }
}

void decode_utf16(std::string_view bytes, bool big_endian, std::string& out) {
  out.clear();
  out.reserve(bytes.size() / 2 + bytes.size() / 8 + 16);
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::size_t units = bytes.size() / 2;
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    return big_endian ? static_cast<std::uint32_t>(p[2 * i] << 8 | p[2 * i + 1])
                      : static_cast<std::uint32_t>(p[2 * i + 1] << 8 | p[2 * i]);
  };
  for (std::size_t i = 0; i < units; ++i) {
    const std::uint32_t code = unit(i);
    if (code < 0xD800 || code >= 0xE000) {
      append_code_point(code, out);
    } else if (code < 0xDC00 && i + 1 < units && unit(i + 1) >= 0xDC00 && unit(i + 1) < 0xE000) {
      append_code_point(0x10000 + ((code - 0xD800) << 10) + (unit(i + 1) - 0xDC00), out);
      ++i;
    } else {
      out.push_back(kBadByte);
    }
  }
  if (bytes.size() % 2 != 0) out.push_back(kBadByte);
}

// UTF-16 without a mark shows by its zero bytes, as no text of another encoding has them.
Encoding guess_utf16(std::string_view bytes) {
  if (bytes.size() < 4) return Encoding::kAuto;
  if (bytes[0] != 0 && bytes[1] == 0 && bytes[2] != 0 && bytes[3] == 0) return Encoding::kUtf16Le;
  if (bytes[0] == 0 && bytes[1] != 0 && bytes[2] == 0 && bytes[3] != 0) return Encoding::kUtf16Be;
  return Encoding::kAuto;
}

struct EncodingName {
  std::string_view name;
  Encoding encoding;
};
constexpr std::array kEncodingNames = {
    EncodingName{"auto", Encoding::kAuto},
    EncodingName{"utf-8", Encoding::kUtf8},
    EncodingName{"utf-16", Encoding::kUtf16},
    EncodingName{"utf-16le", Encoding::kUtf16Le},
    EncodingName{"utf-16be", Encoding::kUtf16Be},
    EncodingName{"latin-1", Encoding::kLatin1},
    EncodingName{"windows-1252", Encoding::kWindows1252},
    EncodingName{"utf8", Encoding::kUtf8},
    EncodingName{"us-ascii", Encoding::kUtf8},
    EncodingName{"ascii", Encoding::kUtf8},
    EncodingName{"utf16", Encoding::kUtf16},
    EncodingName{"iso-8859-1", Encoding::kLatin1},
    EncodingName{"iso8859-1", Encoding::kLatin1},
    EncodingName{"iso_8859-1", Encoding::kLatin1},
    EncodingName{"latin1", Encoding::kLatin1},
    EncodingName{"l1", Encoding::kLatin1},
    EncodingName{"cp1252", Encoding::kWindows1252},
    EncodingName{"windows1252", Encoding::kWindows1252},
};

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i];
    if (c != lower[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Encoding> parse_encoding(std::string_view name) {
  for (const EncodingName& known : kEncodingNames)
    if (equal_ignoring_case(name, known.name)) return known.encoding;
  return std::nullopt;
}

std::string_view to_string(Encoding encoding) {
  for (const EncodingName& known : kEncodingNames)
    if (known.encoding == encoding) return known.name;
  return "auto";
}

ByteOrderMark detect_bom(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return {Encoding::kUtf8, 3};
  if (bytes.starts_with("\xFF\xFE")) return {Encoding::kUtf16Le, 2};
  if (bytes.starts_with("\xFE\xFF")) return {Encoding::kUtf16Be, 2};
  return {};
}

TextPlace place_of(std::string_view text, std::uint64_t offset) {
  TextPlace place;
  place.offset = offset;
  const std::string_view before = text.substr(0, offset);
  std::size_t line_start = 0;
  for (std::size_t i = before.find_first_of("\r\n"); i != std::string_view::npos;
       i = before.find_first_of("\r\n", line_start)) {
    // A CR before an LF is one line end; when the offset lies between the two, the LF is still to come.
    if (before[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      if (i + 1 == before.size()) break;
      ++i;
    }
    line_start = i + 1;
    ++place.line;
  }
  place.column = count_characters(before.substr(line_start)) + 1;
  return place;
}

Error to_error(const TextProblem& problem) {
  const std::string_view what = problem.code == &kTextNulByte ? "a NUL character" : "a byte that is no text";
  return Error(*problem.code, fmt::format("{} at line {}, column {} (byte {})", what, problem.place.line,
                                          problem.place.column, problem.place.offset))
      .with_span(span_of(problem.place));
}

std::size_t find_bad_text(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    at = skip_ascii(at, end);
    if (at == end || *at == '\0') break;
    const std::size_t length = sequence_length(at, end);
    if (length == 0) break;
    at += length;
  }
  return static_cast<std::size_t>(at - text.data());
}

TextProblem check_text(std::string_view text) {
  const std::size_t bad = find_bad_text(text);
  if (bad == text.size()) return {};
  return {text[bad] == '\0' ? &kTextNulByte : &kTextEncoding, place_of(text, bad)};
}

DecodedText decode_text(std::string_view bytes, Encoding encoding, std::string& buffer) {
  if (const ByteOrderMark mark = detect_bom(bytes); mark.size > 0) {
    encoding = mark.encoding;
    bytes.remove_prefix(mark.size);
  } else if (encoding == Encoding::kAuto || encoding == Encoding::kUtf16) {
    const Encoding guess = guess_utf16(bytes);
    if (guess != Encoding::kAuto)
      encoding = guess;
    else
      encoding = encoding == Encoding::kAuto ? Encoding::kUtf8 : Encoding::kUtf16Le;
  }
  DecodedText decoded;
  decoded.encoding = encoding;
  if (encoding == Encoding::kUtf8) {
    decoded.text = bytes;
  } else {
    if (encoding == Encoding::kUtf16Le || encoding == Encoding::kUtf16Be)
      decode_utf16(bytes, encoding == Encoding::kUtf16Be, buffer);
    else
      decode_single_byte(bytes, encoding == Encoding::kWindows1252, buffer);
    decoded.text = buffer;
  }
  decoded.is_clean = find_bad_text(decoded.text) == decoded.text.size();
  return decoded;
}

std::string escape_bad_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t good = std::min(find_bad_text(bytes), bytes.size());
    text += bytes.substr(0, good);
    if (good < bytes.size()) text += fmt::format("\\x{:02X}", static_cast<unsigned char>(bytes[good]));
    bytes.remove_prefix(std::min(good + 1, bytes.size()));
  }
  return text;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

}  // namespace tarn::format
