#include <optional>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/base64.h"
#include "rest/call.h"
#include "rest/errors.h"

// `/v1/oauth/tokens` (Iceberg REST spec, "OAuth2 API"; RFC 6749, section 4.4; RFC 8693).
namespace tarn::rest {
namespace {

constexpr std::string_view kExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kAccessToken = "urn:ietf:params:oauth:token-type:access_token";

// OAuth2 has errors of its own form (RFC 6749, section 5.2).
net::HttpResponse refusal(int status, std::string_view error, std::string_view description) {
  net::HttpResponse response = json_response(status, {{"error", error}, {"error_description", description}});
  response.headers.add("Cache-Control", "no-store");
  return response;
}

struct Secret {
  std::string id;
  std::string secret;
};

// RFC 6749, section 2.3.1; as DuckDB sends it, which encodes neither part for a form.
std::optional<Secret> basic_credentials(std::string_view header) {
  constexpr std::string_view kBasic = "basic ";
  if (header.size() < kBasic.size() || to_lower_ascii(header.substr(0, kBasic.size())) != kBasic)
    return std::nullopt;
  const auto text = from_base64(header.substr(kBasic.size()));
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Secret{text->substr(0, colon), text->substr(colon + 1)};
}

net::HttpResponse refused(Call& call, std::string_view description) {
  call.told.error = kNotAuthorized.name;
  return refusal(401, "invalid_client", description);
}

}  // namespace

Endpoints::Reply Endpoints::token(Call& call) {
  const auto form = net::parse_form(call.request.body);
  if (!form.ok()) return refusal(400, "invalid_request", form.error().message());
  const auto field = [&](std::string_view key) {
    const auto found = form->find(key);
    return found == form->end() ? std::string() : found->second;
  };
  const std::int64_t now_s = parts_.clock.now_us() / 1'000'000;
  Secret given{field("client_id"), field("client_secret")};
  if (const auto basic = basic_credentials(call.request.headers.find("Authorization"))) given = *basic;
  call.client = given.id;
  TokenHolder holder{.name = given.id};
  const std::string grant = field("grant_type");
  if (grant == "client_credentials") {
    const bool is_client = tokens_.knows(given.id, given.secret);
    holder.is_user =
        !is_client && options_.readers != nullptr && options_.readers->knows(given.id, given.secret);
    const bool is_open = options_.clients.empty() && options_.readers == nullptr;
    if (!is_client && !holder.is_user && !is_open)
      return refused(call, "the client or user is not known, or the secret is another");
  } else if (grant == kExchange) {
    const auto known = tokens_.holder_of(field("subject_token"), now_s);
    if (!known) return refused(call, "the subject token is not one of this server's, or too old");
    holder = *known;
    call.client = holder.name;
  } else {
    return refusal(400, "unsupported_grant_type", "the grant type is client_credentials or a token exchange");
  }
  net::HttpResponse response =
      json_response(200, {{"access_token", tokens_.issue(holder, now_s + options_.token_lifetime_s)},
                          {"token_type", "bearer"},
                          {"expires_in", options_.token_lifetime_s},
                          {"issued_token_type", kAccessToken}});
  response.headers.add("Cache-Control", "no-store");
  return response;
}

}  // namespace tarn::rest
