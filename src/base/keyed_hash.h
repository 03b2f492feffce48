#pragma once

#include <string>
#include <string_view>

namespace tarn {

/// HMAC-SHA-256 (RFC 2104) of `data`: 32 bytes that only who has the key can make.
std::string hmac_sha256(std::string_view key, std::string_view data);

/// PBKDF2 with HMAC-SHA-256 (RFC 8018, section 5.2): 32 bytes, slow to make on purpose. `rounds` at least 1.
std::string pbkdf2_sha256(std::string_view secret, std::string_view salt, int rounds);

/// Compares in a time that depends on the lengths only, so that secrets cannot be guessed byte by byte.
bool equal_in_constant_time(std::string_view one, std::string_view other);

}  // namespace tarn
