#pragma once

#include <array>
#include <cstdint>

/// Classes of bytes in XML, for the scanner. Any byte above ASCII counts as a letter.
namespace tarn::format::xml_class {

inline constexpr std::uint8_t kNameStart = 1;
inline constexpr std::uint8_t kNameChar = 2;
inline constexpr std::uint8_t kSpace = 4;
inline constexpr std::uint8_t kTextStop = 8;    ///< < & ] CR
inline constexpr std::uint8_t kValueStop = 16;  ///< < & " ' TAB LF CR

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    const bool digit = c >= '0' && c <= '9';
    std::uint8_t flags = 0;
    if (letter) flags |= kNameStart | kNameChar;
    if (digit || c == '-' || c == '.') flags |= kNameChar;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') flags |= kSpace;
    if (c == '<' || c == '&' || c == ']' || c == '\r') flags |= kTextStop;
    if (c == '<' || c == '&' || c == '"' || c == '\'' || c == '\t' || c == '\n' || c == '\r')
      flags |= kValueStop;
    classes[i] = flags;
  }
  return classes;
}
inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

inline bool is(char c, std::uint8_t flag) {
  return (kClasses[static_cast<unsigned char>(c)] & flag) != 0;
}

}  // namespace tarn::format::xml_class
