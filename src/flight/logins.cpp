#include "flight/logins.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/keyed_hash.h"
#include "base/scram.h"
#include "flight/errors.h"
#include "flight/random_handle.h"

namespace tarn::flight {
namespace {

/// What stands behind the scheme; nothing when it is another one.
std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) {
  const std::size_t space = header.find(' ');
  if (space == std::string_view::npos || to_lower_ascii(header.substr(0, space)) != scheme)
    return std::nullopt;
  header.remove_prefix(space);
  while (header.starts_with(' ')) header.remove_prefix(1);
  return header;
}

bool is_password(std::string_view verifier, std::string_view password) {
  ScramVerifier wanted{.iterations = 4096, .salt = std::string(16, '\0'), .stored_key = "none"};
  if (auto parsed = parse_scram_verifier(verifier)) wanted = *std::move(parsed);
  const ScramVerifier made = make_scram_verifier(password, wanted.salt, wanted.iterations);
  return equal_in_constant_time(made.stored_key, wanted.stored_key);
}

/// Go's Flight client leaves the padding out.
std::optional<std::string> decoded(std::string_view base64) {
  std::string padded(base64);
  while (padded.size() % 4 != 0) padded += '=';
  return from_base64(padded);
}

}  // namespace

std::string claimed_user(std::string_view authorization) {
  const auto credentials = after_scheme(authorization, "basic");
  const std::optional<std::string> text = credentials ? decoded(*credentials) : std::nullopt;
  return text ? text->substr(0, text->find(':')) : "";
}

Result<std::string> Logins::by_password(std::string_view credentials) {
  const std::optional<std::string> text = decoded(credentials);
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return Error(kNotAuthenticated, "the credentials cannot be read");
  std::string user = text->substr(0, colon);
  const std::optional<std::string> verifier = find_verifier_(user);
  // Asked in any case, or the time would tell which users there are.
  const bool fits = is_password(verifier.value_or(""), std::string_view(*text).substr(colon + 1));
  if (!verifier || !fits) return Error(kNotAuthenticated, "the user's name or password is wrong");
  return user;
}

Result<std::string> Logins::user_of(std::string_view authorization) {
  if (!find_verifier_) return std::string();
  if (const auto credentials = after_scheme(authorization, "basic")) return by_password(*credentials);
  const auto token = after_scheme(authorization, "bearer");
  if (!token) return Error(kNotAuthenticated, "the call needs a user's name and password, or a token");
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(sha256(*token));
  if (found == tokens_.end() || found->second.until_us <= clock_.monotonic_us())
    return Error(kNotAuthenticated, "the token is unknown or has expired").with_hint("connect again");
  return found->second.user;
}

std::string Logins::issue(const std::string& user) {
  std::string token = random_handle(random_);
  const std::lock_guard lock(mutex_);
  drop_expired();
  if (counts_[user] >= kTokensOfUser) {
    auto oldest = tokens_.end();
    for (auto at = tokens_.begin(); at != tokens_.end(); ++at) {
      const bool is_older = oldest == tokens_.end() || at->second.until_us < oldest->second.until_us;
      if (at->second.user == user && is_older) oldest = at;
    }
    tokens_.erase(oldest);
    --counts_[user];
  }
  tokens_[sha256(token)] = {user, clock_.monotonic_us() + kTokenLifeUs};
  ++counts_[user];
  return token;
}

void Logins::revoke(std::string_view authorization) {
  const auto token = after_scheme(authorization, "bearer");
  if (!token) return;
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(sha256(*token));
  if (found == tokens_.end()) return;
  --counts_[found->second.user];
  tokens_.erase(found);
}

void Logins::drop_expired() {
  const std::int64_t now_us = clock_.monotonic_us();
  std::erase_if(tokens_, [&](const auto& one) {
    if (one.second.until_us > now_us) return false;
    --counts_[one.second.user];
    return true;
  });
}

}  // namespace tarn::flight
