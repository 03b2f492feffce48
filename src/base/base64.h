#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tarn {

/// Base64 with padding (RFC 4648, section 4).
std::string to_base64(std::string_view bytes);

/// The bytes of a text of that form; nothing for any other, blanks and wrong padding included.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace tarn
