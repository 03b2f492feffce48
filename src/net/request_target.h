#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::net {

/// What a request asks for: "/v1/namespaces/a%2Fb?pageSize=10" as segments {"v1", "namespaces", "a/b"} and a
/// query. Segments are split before they are decoded, so that an encoded slash is a letter of its segment,
/// and
/// `.` and `..` are names like any other: nothing is resolved.
struct RequestTarget {
  std::vector<std::string> segments = {};
  std::map<std::string, std::string, std::less<>> query = {};  ///< Of a repeated key the first.

  /// The value of a query key, or nothing.
  std::optional<std::string> parameter(std::string_view key) const;
};

/// Parses an origin-form target (RFC 9112, section 3.2.1). One slash at the end is forgiven. Errors:
/// net.bad_target, for a path that does not begin with a slash, is empty between slashes or has a wrong
/// escape.
Result<RequestTarget> parse_target(std::string_view target);

/// Parses "a=1&b=x+y" as a query or an `application/x-www-form-urlencoded` body. Errors: net.bad_target.
Result<std::map<std::string, std::string, std::less<>>> parse_form(std::string_view text);

/// Percent-decodes (RFC 3986, section 2.1); nothing when an escape is not two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace tarn::net
