#include "s3/signature.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <map>

#include "base/hash.h"
#include "base/keyed_hash.h"

namespace tarn::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

std::string amz_date(std::int64_t now_us) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(static_cast<std::time_t>(now_us / 1'000'000)));
}

void sign(net::HttpRequest& request, std::string_view host, const Credentials& credentials,
          const SigningScope& scope) {
  const std::string date = amz_date(scope.now_us);
  const std::string body_hash = sha256(request.body).hex();
  request.headers.add("x-amz-date", date);
  request.headers.add("x-amz-content-sha256", body_hash);
  if (!credentials.session_token.empty())
    request.headers.add("x-amz-security-token", credentials.session_token);

  std::map<std::string, std::string> signed_headers = {{"host", std::string(host)}};
  for (const auto& [name, value] : request.headers.all()) {
    std::string known = lower(name);
    if (known.starts_with("x-amz-")) signed_headers.emplace(std::move(known), value);
  }
  std::string names;
  std::string lines;
  for (const auto& [name, value] : signed_headers) {
    names += (names.empty() ? "" : ";") + name;
    lines += fmt::format("{}:{}\n", name, value);
  }
  const std::size_t question = request.target.find('?');
  const std::string query = question == std::string::npos ? "" : request.target.substr(question + 1);
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.target.substr(0, question), query, lines,
                  names, body_hash);
  const std::string day = date.substr(0, 8);
  const std::string range = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, range, sha256(canonical).hex());
  std::string key = hmac_sha256("AWS4" + credentials.secret_access_key, day);
  for (const std::string_view part :
       {std::string_view(scope.region), scope.service, std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  request.headers.add("Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                                   kAlgorithm, credentials.access_key_id, range, names,
                                                   to_hex(hmac_sha256(key, to_sign))));
}

}  // namespace tarn::s3
