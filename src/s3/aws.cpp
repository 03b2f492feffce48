#include "s3/aws.h"

#include <stdlib.h>

#include <cmath>
#include <utility>

#include "s3/backoff.h"
#include "s3/errors.h"
#include "s3/failure.h"

namespace tarn::s3 {
namespace {

// A name server, a connection and a TLS handshake may take so long; the SDK's own second is too short.
constexpr double kConnectSeconds = 5;
// A transfer that stands still so long is given up and begun anew.
constexpr double kStallSeconds = 10;

class Retries final : public arrow::fs::S3RetryStrategy {
 public:
  explicit Retries(std::shared_ptr<io::Random> random) : random_(std::move(random)) {}
  bool ShouldRetry(const AWSErrorDetail& error, std::int64_t attempted_retries) override {
    return error.should_retry && attempted_retries + 1 < kMaxAttempts;
  }
  std::int64_t CalculateDelayBeforeNextRetry(const AWSErrorDetail&, std::int64_t attempted_retries) override {
    return backoff(attempted_retries + 1, *random_).count();
  }

 private:
  std::shared_ptr<io::Random> random_;
};

void set_environment(const char* name, const std::string& value) {
  if (!value.empty()) ::setenv(name, value.c_str(), /*overwrite=*/1);
}

}  // namespace

Result<std::unique_ptr<Aws>> Aws::open(const Settings& settings, Endpoint endpoint,
                                       std::shared_ptr<io::Random> random) {
  set_environment("AWS_PROFILE", settings.profile);
  set_environment("AWS_SHARED_CREDENTIALS_FILE", settings.credentials_file);
  const auto failed = [](const arrow::Status& status) { return error_of(status, "start the S3 client"); };
  arrow::fs::S3GlobalOptions global = arrow::fs::S3GlobalOptions::Defaults();
  if (!arrow::fs::IsS3Initialized())
    if (const auto status = arrow::fs::InitializeS3(global); !status.ok()) return failed(status);
  auto aws = std::make_unique<Aws>();
  arrow::fs::S3Options& options = aws->options_;
  if (settings.anonymous)
    options.ConfigureAnonymousCredentials();
  else if (settings.credentials)
    options.ConfigureAccessKey(settings.credentials->access_key_id, settings.credentials->secret_access_key,
                               settings.credentials->session_token);
  else
    options.ConfigureDefaultCredentials();
  options.region = endpoint.region;
  options.scheme = endpoint.tls ? "https" : "http";
  if (!settings.endpoint.empty()) options.endpoint_override = endpoint.authority();
  options.force_virtual_addressing = endpoint.addressing == Addressing::kVirtual;
  options.tls_ca_file_path = endpoint.ca_file;
  options.connect_timeout = kConnectSeconds;
  options.request_timeout = kStallSeconds;
  // Parts sent in the background have no bound to their memory.
  options.background_writes = false;
  // Small objects are then one request, not three.
  options.allow_delayed_open = true;
  options.retry_strategy = std::make_shared<Retries>(std::move(random));
  auto files = arrow::fs::S3FileSystem::Make(options);
  if (!files.ok()) return failed(files.status());
  aws->files_ = std::move(files).ValueUnsafe();
  aws->endpoint_ = std::move(endpoint);
  if (aws->endpoint_.region.empty()) {
    aws->endpoint_.region = aws->files_->region();
    aws->endpoint_.host = amazon_host(aws->endpoint_.region);
  }
  return aws;
}

Result<std::optional<Credentials>> Aws::credentials() const {
  if (options_.credentials_kind == arrow::fs::S3CredentialsKind::Anonymous)
    return std::optional<Credentials>();
  // Three calls: temporary credentials may be exchanged between them.
  Credentials found;
  do {
    found.access_key_id = options_.GetAccessKey();
    found.secret_access_key = options_.GetSecretKey();
    found.session_token = options_.GetSessionToken();
  } while (found.access_key_id != options_.GetAccessKey());
  if (found.access_key_id.empty() || found.secret_access_key.empty())
    return Error(kNoCredentials,
                 "no credentials for S3 in the environment, the profile files or the machine's role")
        .with_hint(std::string(kNoCredentials.mend));
  return std::optional<Credentials>(std::move(found));
}

}  // namespace tarn::s3
