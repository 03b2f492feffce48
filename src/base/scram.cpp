#include "base/scram.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/base64.h"
#include "base/hash.h"
#include "base/keyed_hash.h"

namespace tarn {
namespace {

constexpr std::string_view kPrefix = "SCRAM-SHA-256$";
constexpr int kLeastIterations = 4096;
constexpr int kMostIterations = 1'000'000;
constexpr std::size_t kKeyBytes = 32;

/// What stands before the mark, which goes away with it; nothing when there is no such mark.
std::optional<std::string_view> take_until(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

}  // namespace

std::optional<ScramVerifier> parse_scram_verifier(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const auto iterations = take_until(text, ':');
  const auto salt = take_until(text, '$');
  const auto stored = take_until(text, ':');
  if (!iterations || !salt || !stored) return std::nullopt;
  ScramVerifier verifier;
  const auto [end, bad] =
      std::from_chars(iterations->data(), iterations->data() + iterations->size(), verifier.iterations);
  if (bad != std::errc() || end != iterations->data() + iterations->size()) return std::nullopt;
  if (verifier.iterations < kLeastIterations || verifier.iterations > kMostIterations) return std::nullopt;
  auto salt_bytes = from_base64(*salt);
  auto stored_key = from_base64(*stored);
  auto server_key = from_base64(text);
  if (!salt_bytes || salt_bytes->empty() || !stored_key || !server_key) return std::nullopt;
  if (stored_key->size() != kKeyBytes || server_key->size() != kKeyBytes) return std::nullopt;
  verifier.salt = *std::move(salt_bytes);
  verifier.stored_key = *std::move(stored_key);
  verifier.server_key = *std::move(server_key);
  return verifier;
}

ScramVerifier make_scram_verifier(std::string_view password, std::string_view salt, int iterations) {
  const std::string salted = pbkdf2_sha256(password, salt, iterations);
  const Sha256Digest stored = sha256(hmac_sha256(salted, "Client Key"));
  return {.iterations = iterations,
          .salt = std::string(salt),
          .stored_key = std::string(reinterpret_cast<const char*>(stored.bytes.data()), stored.bytes.size()),
          .server_key = hmac_sha256(salted, "Server Key")};
}

std::string to_string(const ScramVerifier& verifier) {
  return fmt::format("{}{}:{}${}:{}", kPrefix, verifier.iterations, to_base64(verifier.salt),
                     to_base64(verifier.stored_key), to_base64(verifier.server_key));
}

}  // namespace tarn
