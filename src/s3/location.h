#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::s3 {

/// `s3://bucket/key`, taken apart. Keys are bytes as they are: nothing in a location is percent-decoded.
struct Place {
  std::string bucket;
  std::string key;  ///< Without a leading slash; may be empty.
};

/// `s3:` and, as some engines write it, `s3a:`.
bool is_s3(std::string_view location);

/// Errors: io.bad_location, of what is no S3 location, or has a key with an empty, `.` or `..` part.
Result<Place> parse_location(std::string_view location);

/// Percent-encodes all but unreserved characters (RFC 3986, section 2.3), and leaves slashes: as SigV4 wants
/// paths.
std::string encode_path(std::string_view path);

}  // namespace tarn::s3
