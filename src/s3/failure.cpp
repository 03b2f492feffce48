#include "s3/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <utility>

#include "io/errors.h"
#include "net/errors.h"
#include "s3/errors.h"

namespace tarn::s3 {
namespace {

struct Meaning {
  std::string_view s3;   ///< The code in S3's XML.
  std::string_view sdk;  ///< What the AWS SDK calls it.
  const ErrorCode* code;
};

// Source: "Error responses" of the S3 API reference; Aws::Client::CoreErrors and Aws::S3::S3Errors.
constexpr std::array kMeanings = {
    Meaning{"AccessDenied", "ACCESS_DENIED", &kDenied},
    Meaning{"AllAccessDisabled", "ALL_ACCESS_DISABLED", &kDenied},
    Meaning{"InvalidAccessKeyId", "INVALID_ACCESS_KEY_ID", &kBadCredentials},
    Meaning{"InvalidClientTokenId", "INVALID_CLIENT_TOKEN_ID", &kBadCredentials},
    Meaning{"SignatureDoesNotMatch", "SIGNATURE_DOES_NOT_MATCH", &kBadCredentials},
    Meaning{"ExpiredToken", "EXPIRED_TOKEN", &kBadCredentials},
    Meaning{"InvalidToken", "INVALID_TOKEN", &kBadCredentials},
    Meaning{"InvalidTokenId", "INVALID_TOKEN_ID", &kBadCredentials},
    Meaning{"UnrecognizedClient", "UNRECOGNIZED_CLIENT", &kBadCredentials},
    Meaning{"NoSuchBucket", "NO_SUCH_BUCKET", &kNoBucket},
    Meaning{"InvalidBucketName", "INVALID_BUCKET_NAME", &kNoBucket},
    Meaning{"NoSuchKey", "NO_SUCH_KEY", &io::kNotFound},
    Meaning{"PermanentRedirect", "PERMANENT_REDIRECT", &kWrongRegion},
    Meaning{"AuthorizationHeaderMalformed", "AUTHORIZATION_HEADER_MALFORMED", &kWrongRegion},
    Meaning{"RequestTimeTooSkewed", "REQUEST_TIME_TOO_SKEWED", &kClockSkew},
    Meaning{"RequestExpired", "REQUEST_EXPIRED", &kClockSkew},
    Meaning{"SlowDown", "SLOW_DOWN", &kThrottled},
    Meaning{"TooManyRequests", "TOO_MANY_REQUESTS", &kThrottled},
    Meaning{"Throttling", "THROTTLING", &kThrottled},
    Meaning{"RequestTimeout", "REQUEST_TIMEOUT", &kUnreachable},
    Meaning{"InternalError", "INTERNAL_FAILURE", &kUnreachable},
    Meaning{"ServiceUnavailable", "SERVICE_UNAVAILABLE", &kUnreachable},
    Meaning{"", "NETWORK_CONNECTION", &kUnreachable},
};

const ErrorCode& code_of_status(int status) {
  if (status == 401 || status == 403) return kDenied;
  if (status == 404) return io::kNotFound;
  if (status == 301 || status == 307) return kWrongRegion;
  if (status == 429) return kThrottled;
  return status >= 500 ? kUnreachable : kFailed;
}

Error describe(const ErrorCode& code, std::string_view what, std::string_view reason) {
  return Error(code, fmt::format("cannot {}: {}", what, reason)).with_hint(std::string(code.mend));
}

std::string field_of(const net::HttpResponse& response, const char* name) {
  pugi::xml_document document;
  if (!document.load_buffer(response.body.data(), response.body.size())) return "";
  // STS wraps it.
  const pugi::xml_node wrapper = document.child("ErrorResponse");
  return (wrapper ? wrapper : document).child("Error").child(name).text().get();
}

// curl's words for a certificate that it does not trust, which the SDK passes on.
bool is_about_certificates(std::string_view text) {
  return text.find("curlCode: 60") != std::string_view::npos ||
         text.find("curlCode: 77") != std::string_view::npos;
}

}  // namespace

std::string code_of(const net::HttpResponse& response) {
  return field_of(response, "Code");
}

bool is_passing(const net::HttpResponse& response) {
  const int status = response.status;
  if (status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504)
    return true;
  if (status < 400) return false;
  const std::string code = code_of(response);
  return code == "RequestTimeout" || code == "SlowDown" || code == "ConditionalRequestConflict" ||
         code == "OperationAborted";
}

Error error_of(const net::HttpResponse& response, std::string_view what) {
  const std::string code = code_of(response);
  const std::string message = field_of(response, "Message");
  const auto known = std::ranges::find(kMeanings, code, &Meaning::s3);
  const ErrorCode& meaning =
      !code.empty() && known != kMeanings.end() ? *known->code : code_of_status(response.status);
  const std::string reason = fmt::format("HTTP {}{}{}{}{}", response.status, code.empty() ? "" : " ", code,
                                         message.empty() ? "" : ": ", message);
  return describe(meaning, what, reason);
}

Error error_of(const arrow::Status& status, std::string_view what) {
  const std::string text = status.message();
  constexpr std::string_view kMark = "AWS Error ";
  const std::size_t mark = text.find(kMark);
  if (mark == std::string::npos) return describe(kFailed, what, text);
  const std::string_view said = std::string_view(text).substr(mark + kMark.size());
  const std::string_view name = said.substr(0, said.find_first_of(" :("));
  const auto known = std::ranges::find(kMeanings, name, &Meaning::sdk);
  if (is_about_certificates(said)) return describe(kUntrusted, what, said);
  if (known != kMeanings.end()) return describe(*known->code, what, said);
  constexpr std::string_view kStatus = "(HTTP status ";
  if (const std::size_t at = said.find(kStatus); at != std::string_view::npos) {
    const int number = std::atoi(std::string(said.substr(at + kStatus.size(), 3)).c_str());
    return describe(code_of_status(number), what, said);
  }
  return describe(kFailed, what, said);
}

Error error_of(const Error& transport, std::string_view what) {
  const ErrorCode& code = transport.name() == net::kUntrusted.name ? kUntrusted : kUnreachable;
  return describe(code, what, transport.message());
}

}  // namespace tarn::s3
