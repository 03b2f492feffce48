#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_message.h"
#include "s3/settings.h"

namespace tarn::s3 {

/// When and for what a request is signed.
struct SigningScope {
  std::string region;
  std::int64_t now_us = 0;  ///< Microseconds since the epoch.
  std::string_view service = "s3";
};

/// Adds `Authorization`, `x-amz-date`, `x-amz-content-sha256` (of the body) and, with temporary credentials,
/// `x-amz-security-token`. Signed are these, `host` and every other `x-amz-` header that is there. The target
/// must be a path as encode_path() makes it, optionally with a query whose parameters are sorted and encoded.
///
/// Source: AWS Signature Version 4, "Authenticating Requests: Using the Authorization Header".
void sign(net::HttpRequest& request, std::string_view host, const Credentials& credentials,
          const SigningScope& scope);

/// `20260131T235959Z`.
std::string amz_date(std::int64_t now_us);

}  // namespace tarn::s3
