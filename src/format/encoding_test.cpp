#include "format/encoding.h"

#include <gtest/gtest.h>

#include "format/errors.h"

namespace tarn::format {
namespace {

using namespace std::string_literals;

TEST(Utf8, IsValidatedAsUnicodeSaysInTable37) {
  const std::pair<std::string, std::size_t> cases[] = {
      {"", 0},
      {"plain", 5},
      {"\xC3\xA4", 2},
      {"\xE2\x82\xAC", 3},
      {"\xF0\x9F\x98\x80", 4},
      {"a\xC0\x80", 1},          // overlong NUL
      {"a\xE0\x80\x80", 1},      // overlong
      {"a\xED\xA0\x80", 1},      // surrogate
      {"a\xF4\x90\x80\x80", 1},  // above U+10FFFF
      {"a\xF8\x88\x80\x80\x80", 1},
      {"a\x80", 1},
      {"a\xC3", 1},
      {"ab\xE2\x82", 2},
      {"\xEF\xBF\xBF", 3},
      {"nul\0here"s, 3},
      {std::string(100, 'x') + "\xFF", 100},
      {std::string(63, 'x') + "\0"s + "y", 63},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(find_bad_text(text), expected) << text;
  // A bad byte at every place of a block is found.
  for (std::size_t at = 0; at < 100; ++at) {
    std::string text(100, 'a');
    text[at] = '\xFE';
    EXPECT_EQ(find_bad_text(text), at);
    text[at] = '\0';
    EXPECT_EQ(find_bad_text(text), at);
  }
}

TEST(Utf8, ProblemsNameTheirPlace) {
  const TextProblem problem = check_text(
      "one\r\ntw\xC3\xB6\rthr\xFF"
      "ee");
  EXPECT_EQ(problem.code, &kTextEncoding);
  EXPECT_EQ(problem.place.line, 3U);
  EXPECT_EQ(problem.place.column, 4U);
  EXPECT_EQ(problem.place.offset, 13U);
  EXPECT_EQ(to_error(problem).name(), "text.encoding");
  EXPECT_EQ(to_error(check_text("a\0"s)).name(), "text.nul_byte");
  EXPECT_FALSE(check_text("fine"));
}

TEST(Decode, EveryEncodingBecomesUtf8) {
  const std::string expected = "\xC3\xA4\xE2\x82\xAC";
  struct Case {
    std::string bytes;
    Encoding wanted;
    std::string text;
    Encoding found;
    bool clean;
  };
  const Case cases[] = {
      {expected, Encoding::kAuto, expected, Encoding::kUtf8, true},
      {"\xEF\xBB\xBF" + expected, Encoding::kAuto, expected, Encoding::kUtf8, true},
      {"\xEF\xBB\xBF" + expected, Encoding::kWindows1252, expected, Encoding::kUtf8, true},
      {"\xFF\xFE\xE4\x00\xAC\x20"s, Encoding::kAuto, expected, Encoding::kUtf16Le, true},
      {"\xFE\xFF\x00\xE4\x20\xAC"s, Encoding::kUtf16, expected, Encoding::kUtf16Be, true},
      {"\xE4\x00\xAC\x20"s, Encoding::kUtf16Le, expected, Encoding::kUtf16Le, true},
      {"\xE4\x00\xAC\x20"s, Encoding::kUtf16, expected, Encoding::kUtf16Le, true},
      {"a\0b\0"s, Encoding::kAuto, "ab", Encoding::kUtf16Le, true},
      {"\0a\0b"s, Encoding::kUtf16, "ab", Encoding::kUtf16Be, true},
      {"\xE4\x80", Encoding::kWindows1252, expected, Encoding::kWindows1252, true},
      {"\xE4\x80", Encoding::kLatin1, "\xC3\xA4\xC2\x80", Encoding::kLatin1, true},
      {"a\x81z", Encoding::kWindows1252, "a\xFFz", Encoding::kWindows1252, false},
      {"\xFF\xFE\x3D\xD8\x00\xDE"s, Encoding::kAuto, "\xF0\x9F\x98\x80", Encoding::kUtf16Le, true},
      {"\xFF\xFE\x3D\xD8z\x00"s, Encoding::kAuto, "\xFFz", Encoding::kUtf16Le, false},
      {"\xFF\xFEz\x00y"s, Encoding::kAuto, "z\xFF", Encoding::kUtf16Le, false},
      {"\xFF\xFE\x00\x00"s, Encoding::kAuto, "\0"s, Encoding::kUtf16Le, false},
      {"\xE4", Encoding::kAuto, "\xE4", Encoding::kUtf8, false},
      {"", Encoding::kAuto, "", Encoding::kUtf8, true},
  };
  std::string buffer;
  for (const Case& c : cases) {
    const DecodedText decoded = decode_text(c.bytes, c.wanted, buffer);
    EXPECT_EQ(decoded.text, c.text) << c.bytes;
    EXPECT_EQ(decoded.encoding, c.found) << c.bytes;
    EXPECT_EQ(decoded.is_clean, c.clean) << c.bytes;
  }
  const std::string utf8 = "views, no copies";
  EXPECT_EQ(decode_text(utf8, Encoding::kAuto, buffer).text.data(), utf8.data());
}

TEST(Encoding, NamesAreKnown) {
  EXPECT_EQ(parse_encoding("UTF-8"), Encoding::kUtf8);
  EXPECT_EQ(parse_encoding("ISO-8859-1"), Encoding::kLatin1);
  EXPECT_EQ(parse_encoding("Windows-1252"), Encoding::kWindows1252);
  EXPECT_EQ(parse_encoding("EBCDIC"), std::nullopt);
  EXPECT_EQ(parse_encoding(""), std::nullopt);
  for (const Encoding e : {Encoding::kAuto, Encoding::kUtf8, Encoding::kUtf16, Encoding::kUtf16Le,
                           Encoding::kUtf16Be, Encoding::kLatin1, Encoding::kWindows1252})
    EXPECT_EQ(parse_encoding(to_string(e)), e);
  EXPECT_EQ(count_characters("a\xC3\xA4\xE2\x82\xAC"), 3U);
}

TEST(Encoding, NamesThatAreNoTextAreEscapedByteForByte) {
  struct Case {
    std::string bytes;
    const char* text;
  };
  const Case cases[] = {{"", ""},
                        {"a/b.csv", "a/b.csv"},
                        {"\xC3\xA4.csv", "\xC3\xA4.csv"},
                        {"\xE4.csv", "\\xE4.csv"},
                        {"a\xFF", "a\\xFF"},
                        {"\xE4\xF6", "\\xE4\\xF6"},
                        {std::string("a\0b", 3), "a\\x00b"}};
  for (const Case& c : cases) EXPECT_EQ(escape_bad_text(c.bytes), c.text);
}

}  // namespace
}  // namespace tarn::format
