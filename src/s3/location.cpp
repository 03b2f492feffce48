#include "s3/location.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/errors.h"

namespace tarn::s3 {
namespace {

constexpr std::size_t kShortestBucket = 3;
constexpr std::size_t kLongestBucket = 63;
constexpr std::size_t kLongestKey = 1024;

bool is_bucket_name(std::string_view name) {
  return name.size() >= kShortestBucket && name.size() <= kLongestBucket &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

// Servers and clients differ in what they make of such parts: some lose them, some take them for folders.
bool has_odd_part(std::string_view key) {
  while (!key.empty()) {
    const std::size_t slash = key.find('/');
    const std::string_view part = key.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return true;
    if (slash == std::string_view::npos) return false;
    key.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

bool is_s3(std::string_view location) {
  return location.starts_with("s3://") || location.starts_with("s3a://");
}

Result<Place> parse_location(std::string_view location) {
  const auto bad = [&](std::string_view why) {
    return Error(io::kBadLocation, fmt::format("`{}` {}", location, why))
        .with_hint("write it as in `s3://bucket/folder/file`");
  };
  if (!is_s3(location)) return bad("is no s3:// location");
  std::string_view rest = location.substr(location.find("://") + 3);
  const std::size_t slash = rest.find('/');
  Place place;
  place.bucket = rest.substr(0, slash);
  if (slash != std::string_view::npos) place.key = rest.substr(slash + 1);
  while (place.key.ends_with('/')) place.key.pop_back();
  if (!is_bucket_name(place.bucket)) return bad("does not name a bucket");
  if (place.key.size() > kLongestKey) return bad("has a key of more than 1024 bytes");
  if (has_odd_part(place.key)) return bad("has an empty, `.` or `..` part in its key");
  return place;
}

std::string encode_path(std::string_view path) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || c == '/';
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

}  // namespace tarn::s3
