#include "format/values.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "format/errors.h"

namespace tarn::format {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equal_ignoring_case(std::string_view text, std::string_view word) {
  return text.size() == word.size() &&
         std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) { return lower(a) == b; });
}

bool take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  return negative;
}

template <typename T>
  requires std::is_signed_v<T>
ValueProblem parse_integer(std::string_view text, T& out) {
  if (text.empty()) return &kValueEmpty;
  const bool negative = take_sign(text);
  if (text.empty()) return &kValueNotAnInteger;
  for (const char c : text)
    if (!is_digit(c)) return &kValueNotAnInteger;
  while (text.size() > 1 && text[0] == '0') text.remove_prefix(1);
  if (text.size() > 19) return &kValueOutOfRange;
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<T>::max()) + (negative ? 1 : 0);
  if (value > most) return &kValueOutOfRange;
  out = static_cast<T>(negative ? 0 - value : value);
  return nullptr;
}

// The digits before the decimal mark, possibly in groups of three: 1 to 3 digits, the first of them no zero,
// then exactly three after each mark. Nobody groups `0,125`: there the mark stands for the decimal one.
class WholePart {
 public:
  explicit WholePart(char thousands) : thousands_(thousands) {}

  // Takes one character; false when it is not part of a whole number written so.
  bool take(char c) {
    if (is_digit(c)) {
      if (!grouped_ && in_group_ == 0) begins_with_zero_ = c == '0';
      ++in_group_;
      return !grouped_ || in_group_ <= 3;
    }
    if (thousands_ == '\0' || c != thousands_ || in_group_ == 0 || in_group_ > 3) return false;
    if (grouped_ ? in_group_ != 3 : begins_with_zero_) return false;
    grouped_ = true;
    in_group_ = 0;
    return true;
  }
  bool complete() const { return !grouped_ || in_group_ == 3; }

 private:
  char thousands_;
  bool grouped_ = false;
  bool begins_with_zero_ = false;
  std::uint32_t in_group_ = 0;
};

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

constexpr std::array<std::int8_t, 256> make_base64_table() {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}
constexpr std::array<std::int8_t, 256> kBase64 = make_base64_table();

bool is_non_finite_word(std::string_view text) {
  return equal_ignoring_case(text, "nan") || equal_ignoring_case(text, "inf") ||
         equal_ignoring_case(text, "infinity");
}

// The text as std::from_chars wants it, or nothing when it is not in the notation of the marks.
bool normalize_double(std::string_view text, NumberMarks marks, char* out, std::size_t& size) {
  WholePart whole(marks.thousands);
  bool in_fraction = false;
  size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (lower(c) == 'e') {
      if (!in_fraction && !whole.complete()) return false;
      std::memcpy(out + size, text.data() + i, text.size() - i);
      size += text.size() - i;
      return true;
    }
    if (c == marks.decimal && !in_fraction) {
      if (!whole.complete()) return false;
      in_fraction = true;
      out[size++] = '.';
    } else if (in_fraction ? !is_digit(c) : !whole.take(c)) {
      return false;
    } else if (is_digit(c)) {
      out[size++] = c;
    }
  }
  return in_fraction || whole.complete();
}

constexpr std::size_t kMaxNumberSize = 512;  ///< Characters of a double; no real one comes near.

}  // namespace

Error value_error(const ErrorCode& code, std::string_view type) {
  std::string meaning(code.meaning);
  if (meaning.ends_with('.')) meaning.pop_back();
  return Error(code, fmt::format("{} (type {})", meaning, type));
}

ValueProblem parse_int32(std::string_view text, std::int32_t& out) {
  return parse_integer(text, out);
}

ValueProblem parse_int64(std::string_view text, std::int64_t& out) {
  return parse_integer(text, out);
}

ValueProblem parse_decimal(std::string_view text, DecimalType type, NumberMarks marks, Int128& out) {
  if (text.empty()) return &kValueEmpty;
  const bool negative = take_sign(text);
  WholePart whole(marks.thousands);
  bool in_fraction = false;
  bool any_digit = false;
  std::int32_t significant = 0;  // digits from the first one that is not zero
  std::int32_t fraction = 0;     // digits after the mark that were kept
  bool too_precise = false;
  bool too_large = false;
  // 38 digits fit 127 bits, so unsigned arithmetic never wraps below.
  __extension__ unsigned __int128 value = 0;
  for (const char c : text) {
    if (!in_fraction && c == marks.decimal) {
      if (!whole.complete()) return &kValueNotANumber;
      in_fraction = true;
      continue;
    }
    if (in_fraction ? !is_digit(c) : !whole.take(c)) return &kValueNotANumber;
    if (!is_digit(c)) continue;
    any_digit = true;
    if (in_fraction && fraction == type.scale) {
      too_precise |= c != '0';
      continue;
    }
    fraction += in_fraction ? 1 : 0;
    if (significant > 0 || c != '0') ++significant;
    if (significant > type.precision)
      too_large = true;
    else
      value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (!any_digit || (!in_fraction && !whole.complete())) return &kValueNotANumber;
  if (too_large) return &kValueOutOfRange;
  if (too_precise) return &kValueTooPrecise;
  for (; fraction < type.scale; ++fraction) {
    if (significant > 0 && ++significant > type.precision) return &kValueOutOfRange;
    value *= 10;
  }
  out = negative ? -static_cast<Int128>(value) : static_cast<Int128>(value);
  return nullptr;
}

ValueProblem parse_double(std::string_view text, const DoubleOptions& options, double& out) {
  if (text.empty()) return &kValueEmpty;
  const bool negative = take_sign(text);
  if (text.empty() || text[0] == '+' || text[0] == '-') return &kValueNotANumber;
  char buffer[kMaxNumberSize];
  std::string_view plain = text;
  if (is_non_finite_word(text)) {
    if (!options.allow_non_finite) return &kValueNotANumber;
  } else if (options.marks.decimal != '.' || options.marks.thousands != '\0') {
    std::size_t size = 0;
    if (text.size() > kMaxNumberSize) return &kValueNotANumber;
    if (!normalize_double(text, options.marks, buffer, size)) return &kValueNotANumber;
    plain = {buffer, size};
  }
  // std::from_chars would take "nan(x)" and "infx"-like words; numbers begin with a digit or the mark.
  else if (!is_digit(text[0]) && text[0] != '.') {
    return &kValueNotANumber;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error == std::errc::result_out_of_range) {
    return end == plain.data() + plain.size() ? &kValueOutOfRange : &kValueNotANumber;
  }
  if (error != std::errc() || end != plain.data() + plain.size()) return &kValueNotANumber;
  out = negative ? -value : value;
  return nullptr;
}

BooleanWords::BooleanWords() = default;

Result<BooleanWords> BooleanWords::create(std::span<const std::string> yes, std::span<const std::string> no) {
  if (yes.empty() || no.empty())
    return Error(kValueBadFormat, "a boolean needs at least one word for true and one for false");
  for (const std::string& word : yes)
    if (std::find(no.begin(), no.end(), word) != no.end())
      return Error(kValueBadFormat, fmt::format("`{}` stands for true and for false", word));
  BooleanWords words;
  words.standard_ = false;
  words.yes_.assign(yes.begin(), yes.end());
  words.no_.assign(no.begin(), no.end());
  return words;
}

ValueProblem BooleanWords::parse(std::string_view text, bool& out) const {
  if (!standard_) {
    for (const std::string& word : yes_)
      if (text == word) return out = true, nullptr;
    for (const std::string& word : no_)
      if (text == word) return out = false, nullptr;
    return text.empty() ? &kValueEmpty : &kValueNotABoolean;
  }
  if (text.empty()) return &kValueEmpty;
  for (const std::string_view word : {"true", "1", "y", "yes", "t"})
    if (equal_ignoring_case(text, word)) return out = true, nullptr;
  for (const std::string_view word : {"false", "0", "n", "no", "f"})
    if (equal_ignoring_case(text, word)) return out = false, nullptr;
  return &kValueNotABoolean;
}

ValueProblem parse_uuid(std::string_view text, UuidBytes& out) {
  if (text.empty()) return &kValueEmpty;
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() == 45 && equal_ignoring_case(text.substr(0, 9), "urn:uuid:")) text.remove_prefix(9);
  if (text.size() != 36 && text.size() != 32) return &kValueNotAUuid;
  const bool dashed = text.size() == 36;
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (dashed && (i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return &kValueNotAUuid;
    const int high = hex_digit(text[at]);
    const int low = hex_digit(text[at + 1]);
    if (high < 0 || low < 0) return &kValueNotAUuid;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return nullptr;
}

ValueProblem parse_base64(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  std::uint32_t digits = 0;
  std::uint32_t padding = 0;
  for (const char c : text) {
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      if (++padding > 2) return &kValueNotBase64;
      continue;
    }
    const int value = kBase64[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return &kValueNotBase64;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++digits % 4 == 0) {
      out.push_back(static_cast<char>(bits >> 16));
      out.push_back(static_cast<char>(bits >> 8));
      out.push_back(static_cast<char>(bits));
      bits = 0;
    }
  }
  const std::uint32_t left = digits % 4;
  if (left == 1 || (padding > 0 && left + padding != 4)) return &kValueNotBase64;
  // Bits that belong to no byte must be zero, or two texts would stand for the same bytes.
  if (left == 2) {
    if ((bits & 0xF) != 0) return &kValueNotBase64;
    out.push_back(static_cast<char>(bits >> 4));
  } else if (left == 3) {
    if ((bits & 0x3) != 0) return &kValueNotBase64;
    out.push_back(static_cast<char>(bits >> 10));
    out.push_back(static_cast<char>(bits >> 2));
  }
  return nullptr;
}

ValueProblem parse_hex(std::string_view text, std::string& out) {
  out.clear();
  if (text.starts_with("0x") || text.starts_with("0X") || text.starts_with("\\x")) text.remove_prefix(2);
  if (text.size() % 2 != 0) return &kValueNotHex;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return &kValueNotHex;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return nullptr;
}

}  // namespace tarn::format
