#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tarn {

/// What a server keeps of a password for SCRAM-SHA-256 (RFC 5802, RFC 7677): enough to check it, not to use
/// it. The salt and the keys are bytes.
struct ScramVerifier {
  int iterations = 0;
  std::string salt = {};
  std::string stored_key = {};  ///< 32 bytes.
  std::string server_key = {};  ///< 32 bytes.
};

/// Reads `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, as PostgreSQL's pg_authid has it.
/// Nothing for another text, and for fewer than 4096 iterations, the least of RFC 7677, or more than
/// 1,000,000.
std::optional<ScramVerifier> parse_scram_verifier(std::string_view text);

/// Makes one of a password (RFC 5802, section 3). The password's bytes are taken as they are: SASLprep (RFC
/// 4013) changes nothing in ASCII. `salt` are 16 random bytes or more.
ScramVerifier make_scram_verifier(std::string_view password, std::string_view salt, int iterations);

/// The form that parse_scram_verifier() reads.
std::string to_string(const ScramVerifier& verifier);

}  // namespace tarn
