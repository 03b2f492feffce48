#include "pgwire/protocol/scram.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/hash.h"
#include "base/keyed_hash.h"
#include "pgwire/errors.h"

namespace tarn::pgwire {
namespace {

constexpr int kIterations = 4096;  // Of users that do not exist: what `tarn access password` uses.
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kKeyBytes = 32;

std::string random_text(io::Random& random) {
  const auto bytes = random.bytes16();
  return to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// The value of `name=` in a message of attributes with commas between.
std::optional<std::string_view> attribute(std::string_view message, char name) {
  while (!message.empty()) {
    const std::size_t comma = std::min(message.find(','), message.size());
    const std::string_view one = message.substr(0, comma);
    if (one.size() >= 2 && one[0] == name && one[1] == '=') return one.substr(2);
    message.remove_prefix(std::min(comma + 1, message.size()));
  }
  return std::nullopt;
}

Error malformed() {
  return {kBadMessage, "the client's message of SCRAM is malformed"};
}

}  // namespace

ScramExchange::ScramExchange(std::string_view verifier, std::string_view user, std::string_view secret,
                             io::Random& random)
    : nonce_(random_text(random)) {
  if (std::optional<ScramVerifier> parsed = parse_scram_verifier(verifier); parsed) {
    is_known_ = true;
    verifier_ = std::move(*parsed);
    return;
  }
  verifier_ = {.iterations = kIterations,
               .salt = hmac_sha256(secret, user).substr(0, kSaltBytes),
               .stored_key = std::string(kKeyBytes, '\0'),
               .server_key = std::string(kKeyBytes, '\0')};
}

Result<std::string> ScramExchange::answer_first(std::string_view message) {
  // "n,," or "y,,": the client takes part in no channel binding. A name behind `a=` is not ours to act on.
  if (!message.starts_with("n,,") && !message.starts_with("y,,")) return malformed();
  binding_ = to_base64(message.substr(0, 3));
  first_bare_ = std::string(message.substr(3));
  const auto client_nonce = attribute(first_bare_, 'r');
  if (!client_nonce || client_nonce->empty() || attribute(first_bare_, 'm')) return malformed();
  nonce_.insert(0, *client_nonce);
  server_first_ = fmt::format("r={},s={},i={}", nonce_, to_base64(verifier_.salt), verifier_.iterations);
  return server_first_;
}

Result<std::string> ScramExchange::answer_final(std::string_view message) {
  const std::size_t proof_at = message.rfind(",p=");
  const auto nonce = attribute(message, 'r');
  const auto binding = attribute(message, 'c');
  if (proof_at == std::string_view::npos || !nonce || !binding) return malformed();
  if (*nonce != nonce_ || *binding != binding_) return malformed();
  const auto proof = from_base64(message.substr(proof_at + 3));
  if (!proof || proof->size() != kKeyBytes) return malformed();
  const std::string signed_text =
      fmt::format("{},{},{}", first_bare_, server_first_, message.substr(0, proof_at));
  std::string client_key = hmac_sha256(verifier_.stored_key, signed_text);
  for (std::size_t i = 0; i < client_key.size(); ++i)
    client_key[i] = static_cast<char>(client_key[i] ^ (*proof)[i]);
  const Sha256Digest claimed = sha256(client_key);
  const std::string_view claimed_bytes(reinterpret_cast<const char*>(claimed.bytes.data()),
                                       claimed.bytes.size());
  const bool is_right = equal_in_constant_time(claimed_bytes, verifier_.stored_key);
  if (!is_right || !is_known_) return Error(kNotAuthenticated, "the user's name or password is wrong");
  return "v=" + to_base64(hmac_sha256(verifier_.server_key, signed_text));
}

}  // namespace tarn::pgwire
