#include "s3/endpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "s3/errors.h"

namespace tarn::s3 {
namespace {

constexpr std::string_view kDefaultRegion = "us-east-1";
// The SDK in Arrow's wheel looks where other distributions keep them.
constexpr const char* kSystemAuthorities[] = {"/etc/ssl/certs/ca-certificates.crt",
                                              "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string first_of(std::string a, std::string b, std::string c) {
  return !a.empty() ? a : !b.empty() ? b : c;
}

Error bad(std::string message) {
  return Error(kBadSetting, std::move(message));
}

Status read_url(std::string_view written, Endpoint& out) {
  std::string_view rest = written;
  out.tls = !rest.starts_with("http://");
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    if (!rest.starts_with("https://") && out.tls)
      return bad(fmt::format("the endpoint begins neither with https:// nor with http://: {}", written));
    rest.remove_prefix(scheme + 3);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  out.port = out.tls ? 443 : 80;
  // An IPv6 address stands in brackets; its colons are not the port's.
  const std::size_t colon = rest.find(':', rest.starts_with('[') ? rest.find(']') : 0);
  if (colon != std::string_view::npos) {
    const std::string_view digits = rest.substr(colon + 1);
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (code != std::errc() || end != digits.data() + digits.size() || out.port == 0)
      return bad(fmt::format("the endpoint has no port between 1 and 65535: {}", written));
  }
  out.host = rest.substr(0, colon);
  if (out.host.empty() || out.host.find_first_of("/?#@ ") != std::string::npos)
    return bad(fmt::format("the endpoint is not a server's name or address: {}", written));
  return ok_status();
}

}  // namespace

std::string Endpoint::authority() const {
  return port == (tls ? 443 : 80) ? host : fmt::format("{}:{}", host, port);
}

std::string Endpoint::url() const {
  return (tls ? "https://" : "http://") + authority();
}

Result<Endpoint> sts_of(const Endpoint& s3, const std::string& written) {
  Endpoint sts = s3;
  if (!written.empty()) {
    TARN_RETURN_IF_ERROR(read_url(written, sts));
  } else if (s3.host == amazon_host(s3.region)) {
    sts.host.replace(0, 2, "sts");
  }
  return sts;
}

std::string amazon_host(const std::string& region) {
  return fmt::format("s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

Result<Endpoint> endpoint_of(const Settings& settings) {
  Endpoint endpoint;
  endpoint.region = first_of(settings.region, environment("AWS_REGION"), environment("AWS_DEFAULT_REGION"));
  if (!settings.endpoint.empty()) {
    TARN_RETURN_IF_ERROR(read_url(settings.endpoint, endpoint));
    if (endpoint.region.empty()) endpoint.region = kDefaultRegion;
  } else if (!endpoint.region.empty()) {
    endpoint.host = amazon_host(endpoint.region);
  }
  endpoint.addressing =
      settings.addressing.value_or(settings.endpoint.empty() ? Addressing::kVirtual : Addressing::kPath);
  std::error_code failed;
  endpoint.ca_file = first_of(settings.ca_file, environment("SSL_CERT_FILE"), "");
  if (!settings.ca_file.empty() && !std::filesystem::is_regular_file(settings.ca_file, failed))
    return bad(fmt::format("`s3.ca_file` is not there: {}", settings.ca_file));
  for (const char* file : kSystemAuthorities) {
    if (endpoint.ca_file.empty() && std::filesystem::is_regular_file(file, failed)) endpoint.ca_file = file;
  }
  return endpoint;
}

Target target_of(const Endpoint& endpoint, const Place& place) {
  // A wildcard certificate does not reach over the dots of a bucket's name.
  const bool is_virtual = endpoint.addressing == Addressing::kVirtual &&
                          (!endpoint.tls || place.bucket.find('.') == std::string::npos);
  if (is_virtual) return {place.bucket + "." + endpoint.host, "/" + encode_path(place.key)};
  return {endpoint.host, "/" + place.bucket + (place.key.empty() ? "" : "/" + encode_path(place.key))};
}

}  // namespace tarn::s3
