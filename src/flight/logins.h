#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/random.h"

namespace tarn::flight {

/// The verifier of a user's password, see make_scram_verifier(); nothing: there is no such user.
using FindVerifier = std::function<std::optional<std::string>(const std::string& user)>;

/// Who a header `authorization` says that it is, without a proof; empty for tokens.
std::string claimed_user(std::string_view authorization);

/// Who is calling: by name and password, and by the bearer tokens that were given for those. A token is 256
/// random bits, of which only the SHA-256 is kept, and ends with kTokenLife or with this process. Any thread.
class Logins {
 public:
  static constexpr std::int64_t kTokenLifeUs = 12LL * 3600 * 1'000'000;
  static constexpr std::size_t kTokensOfUser = 1000;  ///< The oldest makes room.

  /// Without `find_verifier` everybody is nobody in particular: the user "".
  Logins(FindVerifier find_verifier, io::Random& random, io::Clock& clock)
      : find_verifier_(std::move(find_verifier)), random_(random), clock_(clock) {}

  /// The user of a header `authorization`: `Basic …` (RFC 7617) or `Bearer …` (RFC 6750); empty: it is not
  /// there. Takes as long for a user that does not exist. Errors: flight.not_authenticated.
  Result<std::string> user_of(std::string_view authorization);
  /// A new token.
  std::string issue(const std::string& user);
  /// Ends the token of a header, if it is one.
  void revoke(std::string_view authorization);

 private:
  struct Token {
    std::string user;
    std::int64_t until_us = 0;
  };
  Result<std::string> by_password(std::string_view credentials);
  void drop_expired();

  FindVerifier find_verifier_;
  io::Random& random_;
  io::Clock& clock_;
  std::mutex mutex_;
  std::map<Sha256Digest, Token> tokens_;
  std::map<std::string, std::size_t> counts_;  ///< Tokens of each user.
};

}  // namespace tarn::flight
