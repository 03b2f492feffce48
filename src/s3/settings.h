#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tarn::s3 {

/// What signs requests. Never printed, logged or put into an error.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< Of temporary credentials; else empty.

  bool operator==(const Credentials&) const = default;
};

/// How a bucket is named in a request: `https://endpoint/bucket/key` or `https://bucket.endpoint/key`.
enum class Addressing : std::uint8_t { kPath, kVirtual };

/// Which S3 and as whom.
struct Settings {
  std::string endpoint = {};  ///< `https://host:port`; empty: Amazon's, by the region.
  std::string region = {};    ///< Empty: AWS_REGION, else what the SDK finds; `us-east-1` with an endpoint.
  std::optional<Addressing> addressing = {};  ///< Nothing: path with an endpoint, virtual without.
  std::string ca_file = {};                   ///< PEM; empty: the system's authorities.
  /// Nothing: the AWS SDK's chain, which is asked again as they expire: environment, profile files, web
  /// identity, container and instance metadata.
  std::optional<Credentials> credentials = {};
  bool anonymous = false;             ///< Requests are not signed: public buckets, to be read.
  std::string profile = {};           ///< Of the profile files; empty: AWS_PROFILE, else `default`.
  std::string credentials_file = {};  ///< In place of `~/.aws/credentials`.
};

}  // namespace tarn::s3
