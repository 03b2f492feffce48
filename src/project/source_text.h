#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The bytes of a file as characters and lines. Internal.
namespace tarn::project {

/// Length of the UTF-8 sequence at `at`, or 0 when it is not one (RFC 3629) or is NUL.
std::size_t utf8_length(std::string_view text, std::size_t at);

/// Characters of UTF-8 text.
std::uint32_t count_characters(std::string_view text);

/// Lines without their ends (LF or CRLF).
std::vector<std::string> split_lines(std::string_view text);

}  // namespace tarn::project
