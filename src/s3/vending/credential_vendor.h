#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"
#include "io/clock.h"
#include "io/random.h"
#include "s3/client.h"
#include "s3/endpoint.h"
#include "s3/vending/session_policy.h"

namespace tarn::s3 {

/// Credentials that end by themselves.
struct TemporaryCredentials {
  Credentials credentials;
  std::int64_t expires_at_us = 0;
};

/// Gets credentials for one place from the security token service (STS, AssumeRole), for engines that have
/// none of their own. What they may do is the role's, narrowed by session_policy() to that place: the service
/// of the bucket enforces it, not the engine. They are good for at least half an hour when they are handed
/// out. Many threads at once.
///
/// Source: AWS Security Token Service API, "AssumeRole"; MinIO, "AssumeRole".
class CredentialVendor {
 public:
  struct Options {
    Endpoint sts;
    std::string role;  ///< ARN. MinIO knows no roles: its user's own rights are narrowed.
  };
  /// `clock` and `random` must outlive it.
  CredentialVendor(Options options, CredentialsSource own, io::Clock& clock, io::Random& random);

  /// Errors: io.bad_location, those of `own` and of failure.h, s3.no_vending.
  Result<TemporaryCredentials> credentials_for(const std::string& location, Reach reach);

 private:
  Result<TemporaryCredentials> ask(const Place& place, Reach reach);

  Options options_;
  CredentialsSource own_;
  io::Clock& clock_;
  io::Random& random_;
  std::mutex mutex_;
  std::map<std::pair<std::string, Reach>, TemporaryCredentials> handed_out_;  // by location
};

}  // namespace tarn::s3
