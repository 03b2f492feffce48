#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarn::iceberg {

/// The byte length of the code point at `text[at]`, or nothing when no valid UTF-8 begins there.
std::optional<std::size_t> code_point_length(std::string_view text, std::size_t at);
bool is_utf8(std::string_view text);
/// The code point at `text[at]`, which must be valid UTF-8.
char32_t code_point_at(std::string_view text, std::size_t at);
void append_utf8(std::string& text, char32_t code_point);

std::string to_base64(std::string_view bytes);
/// Nothing when it is no hexadecimal text of whole bytes.
std::optional<std::string> from_hex(std::string_view text);
/// As Java's URLEncoder does it, which the reference uses for partition paths: a blank becomes "+".
std::string percent_encoded(std::string_view text);

}  // namespace tarn::iceberg
