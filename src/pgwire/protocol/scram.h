#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/scram.h"
#include "io/random.h"

namespace tarn::pgwire {

inline constexpr std::string_view kScramMechanism = "SCRAM-SHA-256";

/// One client proving that it knows a password, without sending it: the server's side of SCRAM-SHA-256 (RFC
/// 5802, RFC 7677), without channel binding.
class ScramExchange {
 public:
  /// `verifier` empty or unusable: there is no such user; the exchange goes on as if there were, and fails.
  /// `user` and `secret` make such a user's salt the same each time.
  ScramExchange(std::string_view verifier, std::string_view user, std::string_view secret,
                io::Random& random);

  /// The answer to the client's first message. Errors: pgwire.bad_message.
  Result<std::string> answer_first(std::string_view message);
  /// The answer to its final one. Errors: pgwire.bad_message, pgwire.not_authenticated.
  Result<std::string> answer_final(std::string_view message);

 private:
  bool is_known_ = false;
  ScramVerifier verifier_;
  std::string nonce_;
  std::string first_bare_;
  std::string server_first_;
  std::string binding_;  ///< What the final message's `c=` must be.
};

}  // namespace tarn::pgwire
