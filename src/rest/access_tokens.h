#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/random.h"

namespace tarn::rest {

/// Who may ask for a token.
struct Client {
  std::string id = {};
  std::string secret_hash = {};  ///< As hash_secret() made it.
};

/// Whom a token speaks for.
struct TokenHolder {
  std::string name = {};
  bool is_user = false;  ///< Of the project; else a client.
};

/// "pbkdf2-sha256$<rounds>$<salt>$<hash>" of a secret, with a new salt.
std::string hash_secret(std::string_view secret, io::Random& random);
/// Errors: rest.bad_secret, when `hash` is not of that form.
Status check_hash(std::string_view hash);

/// Bearer tokens: signed with a key of this process, so that none is stored and all end with it. May be
/// called by many threads at once.
class AccessTokens {
 public:
  AccessTokens(std::vector<Client> clients, io::Random& random);

  /// Whether `secret` is the one of the client. Takes as long for a client that does not exist.
  bool knows(std::string_view client_id, std::string_view secret) const;
  std::string issue(const TokenHolder& holder, std::int64_t expires_at_s) const;
  /// Whom a token was issued to; nothing when it is false or has expired.
  std::optional<TokenHolder> holder_of(std::string_view token, std::int64_t now_s) const;

 private:
  std::string signature(std::string_view payload) const;

  std::vector<Client> clients_;
  std::array<std::uint8_t, 32> key_;
};

}  // namespace tarn::rest
