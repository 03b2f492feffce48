#include "rest/access_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/keyed_hash.h"
#include "rest/errors.h"

namespace tarn::rest {
namespace {

constexpr std::string_view kScheme = "pbkdf2-sha256";
constexpr int kRounds = 100'000;
constexpr int kMaxRounds = 10'000'000;
constexpr std::size_t kHashBytes = 32;

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    std::uint8_t byte = 0;
    const auto [end, failure] = std::from_chars(text.data() + at, text.data() + at + 2, byte, 16);
    if (failure != std::errc() || end != text.data() + at + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

struct SecretHash {
  int rounds = kRounds;
  std::string salt = std::string(16, '\0');
  std::string hash = "";
};

std::optional<SecretHash> parse_hash(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t dollar = 0; dollar != std::string_view::npos;) {
    dollar = text.find('$');
    parts.push_back(text.substr(0, dollar));
    if (dollar != std::string_view::npos) text.remove_prefix(dollar + 1);
  }
  if (parts.size() != 4 || parts[0] != kScheme) return std::nullopt;
  SecretHash parsed;
  const auto [end, failure] =
      std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), parsed.rounds);
  const auto salt = from_hex(parts[2]);
  const auto hash = from_hex(parts[3]);
  const bool number = failure == std::errc() && end == parts[1].data() + parts[1].size();
  if (!number || parsed.rounds < 1 || parsed.rounds > kMaxRounds || !salt || salt->empty() || !hash ||
      hash->size() != kHashBytes)
    return std::nullopt;
  parsed.salt = *salt;
  parsed.hash = *hash;
  return parsed;
}

// How a token begins.
constexpr char kUser = 'u';
constexpr char kClient = 'c';

}  // namespace

std::string hash_secret(std::string_view secret, io::Random& random) {
  const auto bytes = random.bytes16();
  const std::string salt(bytes.begin(), bytes.end());
  return fmt::format("{}${}${}${}", kScheme, kRounds, to_hex(salt),
                     to_hex(pbkdf2_sha256(secret, salt, kRounds)));
}

Status check_hash(std::string_view hash) {
  if (parse_hash(hash)) return ok_status();
  return Error(kBadSecret, "a secret's hash is `pbkdf2-sha256$ROUNDS$SALT$HASH`");
}

AccessTokens::AccessTokens(std::vector<Client> clients, io::Random& random) : clients_(std::move(clients)) {
  for (std::size_t half = 0; half < 2; ++half) {
    const auto bytes = random.bytes16();
    std::copy(bytes.begin(), bytes.end(), key_.begin() + static_cast<std::ptrdiff_t>(half * bytes.size()));
  }
}

bool AccessTokens::knows(std::string_view client_id, std::string_view secret) const {
  const auto client = std::find_if(clients_.begin(), clients_.end(), [&](const Client& one) {
    return equal_in_constant_time(one.id, client_id);
  });
  const SecretHash wanted =
      client == clients_.end() ? SecretHash{} : parse_hash(client->secret_hash).value_or(SecretHash{});
  return equal_in_constant_time(pbkdf2_sha256(secret, wanted.salt, wanted.rounds), wanted.hash);
}

std::string AccessTokens::signature(std::string_view payload) const {
  return to_hex(hmac_sha256({reinterpret_cast<const char*>(key_.data()), key_.size()}, payload));
}

std::string AccessTokens::issue(const TokenHolder& holder, std::int64_t expires_at_s) const {
  const std::string payload =
      fmt::format("{}{}.{}", holder.is_user ? kUser : kClient, to_hex(holder.name), expires_at_s);
  return payload + "." + signature(payload);
}

std::optional<TokenHolder> AccessTokens::holder_of(std::string_view token, std::int64_t now_s) const {
  const std::size_t dot = token.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view payload = token.substr(0, dot);
  if (!equal_in_constant_time(signature(payload), token.substr(dot + 1))) return std::nullopt;
  const std::size_t middle = payload.find('.');
  std::int64_t expires_at_s = 0;
  std::from_chars(payload.data() + middle + 1, payload.data() + payload.size(), expires_at_s);
  if (expires_at_s <= now_s) return std::nullopt;
  auto name = from_hex(payload.substr(1, middle - 1));
  if (!name) return std::nullopt;
  return TokenHolder{*std::move(name), payload.front() == kUser};
}

}  // namespace tarn::rest
