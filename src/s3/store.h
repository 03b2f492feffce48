#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "s3/endpoint.h"
#include "s3/settings.h"

namespace tarn::s3 {

/// What another client needs to read the same objects.
struct Access {
  Endpoint endpoint;
  std::optional<Credentials> credentials;  ///< Nothing: anonymous.
};

/// One thing that was tried on a bucket.
struct Trial {
  std::string name;     ///< "reach", "write", "refuse a second write" …
  std::string outcome;  ///< What was seen.
  Status status;
};

/// Buckets as an ObjectStore of `s3://bucket/key` locations.
///
/// An object is durable when write() or close() returned ok; sync() has nothing left to do. Objects of more
/// than some MiB go up in parts; an upload that was cut short shows nothing and is aborted, or, after a kill,
/// left to the bucket's rule for incomplete uploads. Everything that may pass (errors 5xx, throttling, cut or
/// stalled connections) is retried for about half a minute. Nothing here makes or removes buckets.
///
/// Errors: those of s3/errors.h, io.not_found, io.exists, io.bad_location.
class S3ObjectStore : public io::ObjectStore {
 public:
  /// Sends nothing yet. `clock` must outlive the store. Call before other threads run (the SDK takes its
  /// settings from the environment). Errors: s3.bad_setting, s3.failed.
  static Result<std::unique_ptr<S3ObjectStore>> open(const Settings& settings, io::Clock& clock,
                                                     std::shared_ptr<io::Random> random);

  virtual const Endpoint& endpoint() const = 0;
  /// As it is now: temporary credentials change. Errors: s3.no_credentials.
  virtual Result<Access> access() = 0;
  /// Tries below `location` all that Tarn asks of a bucket, with an object of its own that is removed again;
  /// ends at the first failure.
  virtual std::vector<Trial> try_out(const std::string& location) = 0;
};

/// Ends the SDK's threads: the process calls it once, when all stores are gone, and opens none afterwards.
void shut_down();

}  // namespace tarn::s3
