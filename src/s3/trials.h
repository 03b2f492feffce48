#pragma once

#include <string>
#include <vector>

#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "s3/client.h"
#include "s3/store.h"

/// What `tarn doctor` asks of a bucket. Internal.
namespace tarn::s3 {

/// Single requests by `client`, whose failures are exact; reading and listing by `store`, as the rest of
/// Tarn.
struct TrialParts {
  Client& client;
  io::ObjectStore& store;
  io::Clock& clock;
  io::Random& random;
};

/// S3ObjectStore::try_out().
std::vector<Trial> run_trials(const TrialParts& parts, const std::string& location);

}  // namespace tarn::s3
