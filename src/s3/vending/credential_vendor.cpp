#include "s3/vending/credential_vendor.h"

#include <fmt/format.h>

#include <cstdio>
#include <pugixml.hpp>
#include <utility>

#include "base/civil_time.h"
#include "base/hash.h"
#include "s3/backoff.h"
#include "s3/errors.h"
#include "s3/failure.h"
#include "s3/signature.h"

namespace tarn::s3 {
namespace {

// What roles allow at most when they are assumed by another role.
constexpr std::int64_t kLifetimeS = 3600;
constexpr std::int64_t kShortestRestUs = kLifetimeS / 2 * kMicrosPerSecond;
constexpr std::size_t kMostPlaces = 1000;
// A client waits for the table that it loads.
constexpr int kMostAttempts = 3;

/// "arn:aws-cn:iam::1:role/a" → "aws-cn".
std::string partition_of(const std::string& role) {
  const std::size_t begin = role.find(':') + 1;
  const std::size_t end = role.find(':', begin);
  return role.starts_with("arn:") && end != std::string::npos ? role.substr(begin, end - begin) : "aws";
}

std::string encode_value(std::string_view text) {
  std::string encoded = encode_path(text);
  for (std::size_t at = encoded.find('/'); at != std::string::npos; at = encoded.find('/', at))
    encoded.replace(at, 1, "%2F");
  return encoded;
}

std::int64_t time_of(const char* text) {
  CivilDate date;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (std::sscanf(text, "%d-%u-%uT%d:%d:%d", &date.year, &date.month, &date.day, &hour, &minute, &second) !=
      6)
    return 0;
  return days_from_civil(date).value_or(0) * kMicrosPerDay +
         ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond;
}

Result<TemporaryCredentials> read_reply(const net::HttpResponse& response) {
  pugi::xml_document document;
  document.load_buffer(response.body.data(), response.body.size());
  const pugi::xml_node found =
      document.child("AssumeRoleResponse").child("AssumeRoleResult").child("Credentials");
  TemporaryCredentials credentials{
      .credentials = {found.child("AccessKeyId").text().get(), found.child("SecretAccessKey").text().get(),
                      found.child("SessionToken").text().get()},
      .expires_at_us = time_of(found.child("Expiration").text().get())};
  const Credentials& keys = credentials.credentials;
  // Without a token they would be somebody's lasting keys.
  if (keys.access_key_id.empty() || keys.secret_access_key.empty() || keys.session_token.empty() ||
      credentials.expires_at_us == 0)
    return Error(kNoVending, "the answer of the security token service holds no credentials");
  return credentials;
}

}  // namespace

CredentialVendor::CredentialVendor(Options options, CredentialsSource own, io::Clock& clock,
                                   io::Random& random)
    : options_(std::move(options)), own_(std::move(own)), clock_(clock), random_(random) {}

Result<TemporaryCredentials> CredentialVendor::credentials_for(const std::string& location, Reach reach) {
  TARN_ASSIGN_OR_RETURN(const Place place, parse_location(location));
  {
    const std::lock_guard lock(mutex_);
    const auto known = handed_out_.find({location, reach});
    if (known != handed_out_.end() && known->second.expires_at_us - clock_.now_us() >= kShortestRestUs)
      return known->second;
  }
  TARN_ASSIGN_OR_RETURN(TemporaryCredentials fresh, ask(place, reach));
  const std::lock_guard lock(mutex_);
  if (handed_out_.size() >= kMostPlaces) handed_out_.clear();
  handed_out_.insert_or_assign({location, reach}, fresh);
  return fresh;
}

Result<TemporaryCredentials> CredentialVendor::ask(const Place& place, Reach reach) {
  TARN_ASSIGN_OR_RETURN(const std::string policy, session_policy(place, reach, partition_of(options_.role)));
  TARN_ASSIGN_OR_RETURN(const std::optional<Credentials> own, own_());
  if (!own) return Error(kNoVending, "anonymous access to S3 has no credentials to hand out");
  const auto random = random_.bytes16();
  const std::string body = fmt::format(
      "Action=AssumeRole&Version=2011-06-15&RoleArn={}&RoleSessionName=tarn-{}&DurationSeconds={}&Policy={}",
      encode_value(options_.role), to_hex({reinterpret_cast<const char*>(random.data()), 8}), kLifetimeS,
      encode_value(policy));
  const std::string what = "get credentials for a table from " + options_.sts.authority();
  for (int attempt = 1;; ++attempt) {
    net::HttpRequest request{.method = "POST", .target = "/", .body = body};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    sign(request, options_.sts.authority(), *own,
         {.region = options_.sts.region, .now_us = clock_.now_us(), .service = "sts"});
    const auto response = net::send_request({.host = options_.sts.host,
                                             .port = options_.sts.port,
                                             .tls = options_.sts.tls,
                                             .ca_file = options_.sts.ca_file},
                                            request);
    if (response.ok() && response->status == 200) return read_reply(*response);
    // An answer that was lost gave out credentials that nobody has: asking again does no harm.
    const bool passing =
        response.ok() ? is_passing(*response) : error_of(response.error(), what).name() == kUnreachable.name;
    if (!passing || attempt == kMostAttempts)
      return response.ok() ? error_of(*response, what) : error_of(response.error(), what);
    clock_.sleep(backoff(attempt, random_), {});
  }
}

}  // namespace tarn::s3
