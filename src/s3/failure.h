#pragma once

#include <string>
#include <string_view>

#include <arrow/status.h>

#include "base/error.h"
#include "net/http_message.h"

/// From what S3 and its clients say to Tarn's errors. Internal.
namespace tarn::s3 {

/// Of a response with a status that is no success. `what` as in "write s3://lake/a".
Error error_of(const net::HttpResponse& response, std::string_view what);
/// Of Arrow's S3FileSystem.
Error error_of(const arrow::Status& status, std::string_view what);
/// Of a request that got no response.
Error error_of(const Error& transport, std::string_view what);

/// `<Code>` of an error's XML, such as "SlowDown"; empty when there is none.
std::string code_of(const net::HttpResponse& response);
/// Whether the same request may succeed later.
bool is_passing(const net::HttpResponse& response);

}  // namespace tarn::s3
