#include <string>

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

}  // namespace

Endpoints::Reply Endpoints::token(Call& call) {
  const auto form = net::parse_form(call.request.body);
  if (!form.ok()) return refusal(400, "invalid_request", form.error().message());
  const auto field = [&](std::string_view key) {
    const auto found = form->find(key);
    return found == form->end() ? std::string() : found->second;
  };
  const std::int64_t now_s = parts_.clock.now_us() / 1'000'000;
  std::string client = field("client_id");
  const std::string grant = field("grant_type");
  if (grant == "client_credentials") {
    if (tokens_.required() && !tokens_.knows(client, field("client_secret")))
      return refusal(401, "invalid_client", "the client is not known, or its secret is another");
  } else if (grant == kExchange) {
    const auto holder = tokens_.client_of(field("subject_token"), now_s);
    if (!holder)
      return refusal(401, "invalid_client", "the subject token is not one of this server's, or too old");
    client = *holder;
  } else {
    return refusal(400, "unsupported_grant_type", "the grant type is client_credentials or a token exchange");
  }
  net::HttpResponse response =
      json_response(200, {{"access_token", tokens_.issue(client, now_s + options_.token_lifetime_s)},
                          {"token_type", "bearer"},
                          {"expires_in", options_.token_lifetime_s},
                          {"issued_token_type", kAccessToken}});
  response.headers.add("Cache-Control", "no-store");
  return response;
}

}  // namespace tarn::rest
