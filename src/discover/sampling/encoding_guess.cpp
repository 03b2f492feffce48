#include "discover/sampling/encoding_guess.h"

#include <fmt/format.h>

#include <algorithm>

namespace tarn::discover {

EncodingGuess guess_encoding(std::string_view bytes) {
  using format::Encoding;
  EncodingGuess guess;
  std::string buffer;
  const auto text = format::decode_text(bytes, Encoding::kAuto, buffer);
  if (text.encoding != Encoding::kUtf8 && text.encoding != Encoding::kAuto) {
    guess.remarks.push_back(
        fmt::format("the text is {}, which `encoding: auto` recognises", format::to_string(text.encoding)));
    return guess;
  }
  if (text.is_clean) return guess;
  std::size_t bad = 0;
  std::size_t multibyte = 0;
  for (std::string_view rest = text.text; !rest.empty();) {
    const std::size_t at = format::find_bad_text(rest);
    const std::string_view good = rest.substr(0, at);
    multibyte += static_cast<std::size_t>(
        std::ranges::count_if(good, [](char c) { return static_cast<unsigned char>(c) >= 0xc0; }));
    if (at == rest.size()) break;
    ++bad;
    rest.remove_prefix(at + 1);
  }
  if (multibyte > bad) {
    guess.remarks.push_back(
        fmt::format("{} bytes are not UTF-8, though the rest is: records with them go to quarantine", bad));
    return guess;
  }
  if (bytes.find('\0') != std::string_view::npos) {
    guess.remarks.push_back("the text holds NUL characters: records with them go to quarantine");
  }
  const auto in = [](char c, std::string_view set) { return set.find(c) != std::string_view::npos; };
  const bool undefined = std::ranges::any_of(bytes, [&](char c) { return in(c, "\x81\x8d\x8f\x90\x9d"); });
  const bool any_high =
      std::ranges::any_of(bytes, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (!any_high) return guess;
  guess.encoding = undefined ? Encoding::kLatin1 : Encoding::kWindows1252;
  guess.remarks.push_back("the bytes are not UTF-8: an encoding of Western Europe was taken, make sure");
  return guess;
}

}  // namespace tarn::discover
