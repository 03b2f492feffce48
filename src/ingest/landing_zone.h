#pragma once

#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "io/object_store.h"

namespace tarn::ingest {

/// The original bytes of everything that arrived, kept as they came under their SHA-256:
/// `<landing>/sha256/ab/abcdef….`. Many threads at once.
class LandingZone {
 public:
  /// `location` is a folder that the store can hold.
  LandingZone(io::ObjectStore& store, std::string location) : store_(store), location_(std::move(location)) {}

  /// Puts the bytes. Durable after the store's sync(). What lies there already is written anew: without a
  /// ledger entry that vouches for it, it may be what a crash left.
  Status put(const Sha256Digest& sha256, std::string_view bytes);
  /// The bytes, verified against their name. ingest.landing_corrupt when they are not what they were.
  Result<std::string> get(const Sha256Digest& sha256);
  std::string location_of(const Sha256Digest& sha256) const;

 private:
  io::ObjectStore& store_;
  std::string location_;
};

}  // namespace tarn::ingest
