#pragma once

#include <memory>
#include <optional>

#include <arrow/filesystem/s3fs.h>

#include "base/result.h"
#include "io/random.h"
#include "s3/endpoint.h"
#include "s3/settings.h"

/// Arrow's S3FileSystem, which holds the AWS SDK, made from Tarn's settings. Internal.
namespace tarn::s3 {

/// Many threads at once.
class Aws {
 public:
  /// Starts the SDK, once in a process. `profile` and `credentials_file` go into its environment variables,
  /// so that no other thread may run yet that reads them. Errors: s3.bad_setting, s3.failed.
  static Result<std::unique_ptr<Aws>> open(const Settings& settings, Endpoint endpoint,
                                           std::shared_ptr<io::Random> random);

  arrow::fs::S3FileSystem& files() { return *files_; }
  /// Of this moment: temporary ones are fetched again before they expire. Nothing: anonymous.
  /// Errors: s3.no_credentials.
  Result<std::optional<Credentials>> credentials() const;
  /// With the region that the SDK found, when neither settings nor environment named one.
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  arrow::fs::S3Options options_;
  Endpoint endpoint_;
  std::shared_ptr<arrow::fs::S3FileSystem> files_;
};

}  // namespace tarn::s3
