#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "s3/location.h"
#include "s3/settings.h"

namespace tarn::s3 {

/// A server of S3.
struct Endpoint {
  std::string host = {};
  std::uint16_t port = 443;
  bool tls = true;
  Addressing addressing = Addressing::kVirtual;
  std::string region = {};
  std::string ca_file = {};  ///< PEM; empty where neither a setting nor the system names one.

  /// `host`, with the port where it is not the usual one.
  std::string authority() const;
  /// `https://host:port`.
  std::string url() const;
};

/// What the settings and the environment (AWS_REGION, AWS_DEFAULT_REGION, SSL_CERT_FILE) say. The region is
/// empty when neither names one and the endpoint is Amazon's. Errors: s3.bad_setting.
Result<Endpoint> endpoint_of(const Settings& settings);

/// The security token service: what `written` says, or else the service at `s3` itself where that is not
/// Amazon's, as MinIO has it. Errors: s3.bad_setting.
Result<Endpoint> sts_of(const Endpoint& s3, const std::string& written);

/// Amazon's host for a region that was found later.
std::string amazon_host(const std::string& region);

/// Where an object is asked for.
struct Target {
  std::string host;
  std::string path;  ///< Percent-encoded.
};
Target target_of(const Endpoint& endpoint, const Place& place);

}  // namespace tarn::s3
