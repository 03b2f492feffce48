#include "ingest/landing_zone.h"

#include "ingest/errors.h"

namespace tarn::ingest {

std::string LandingZone::location_of(const Sha256Digest& sha256) const {
  const std::string hex = sha256.hex();
  return location_ + "/sha256/" + hex.substr(0, 2) + "/" + hex;
}

Status LandingZone::put(const Sha256Digest& sha256, std::string_view bytes) {
  return store_.write(location_of(sha256), bytes, io::IfExists::kReplace);
}

Result<std::string> LandingZone::get(const Sha256Digest& digest) {
  const std::string location = location_of(digest);
  TARN_ASSIGN_OR_RETURN(std::string bytes, store_.read(location));
  if (sha256(bytes) != digest) {
    return Error(kLandingCorrupt, location + " no longer has the content that its name promises");
  }
  return bytes;
}

}  // namespace tarn::ingest
