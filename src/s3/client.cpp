#include "s3/client.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/hash.h"
#include "io/errors.h"
#include "net/errors.h"
#include "s3/backoff.h"
#include "s3/errors.h"
#include "s3/failure.h"
#include "s3/signature.h"

namespace tarn::s3 {
namespace {

// S3 keeps headers that begin so beside the object.
constexpr std::string_view kMarkHeader = "x-amz-meta-tarn-write";

std::string name_of(const Place& place) {
  return fmt::format("s3://{}/{}", place.bucket, place.key);
}

// A certificate does not get better by asking again; a server that cannot be reached may.
bool may_pass(const Error& transport) {
  return transport.name() == net::kUnreachable.name || transport.name() == net::kReplyLost.name;
}

Error told(const Error& failure, std::string_view what) {
  return failure.name().starts_with("net.") ? error_of(failure, what) : failure;
}

}  // namespace

Client::Client(Endpoint endpoint, CredentialsSource credentials, io::Clock& clock, io::Random& random)
    : endpoint_(std::move(endpoint)), credentials_(std::move(credentials)), clock_(clock), random_(random) {}

void Client::pause(int attempt) {
  clock_.sleep(backoff(attempt, random_), {});
}

Result<net::HttpResponse> Client::send(net::HttpRequest request, const Place& place) {
  const Target target = target_of(endpoint_, place);
  request.target = target.path + request.target;  // what was there is the query
  Endpoint at = endpoint_;
  at.host = target.host;
  TARN_ASSIGN_OR_RETURN(const std::optional<Credentials> credentials, credentials_());
  if (credentials)
    sign(request, at.authority(), *credentials, {.region = endpoint_.region, .now_us = clock_.now_us()});
  return net::send_request({.host = at.host, .port = at.port, .tls = at.tls, .ca_file = at.ca_file}, request);
}

Result<net::HttpResponse> Client::send_until_settled(const net::HttpRequest& request, const Place& place,
                                                     std::string_view what) {
  for (int attempt = 1;; ++attempt) {
    Result<net::HttpResponse> response = send(request, place);
    const bool passing = response.ok() ? is_passing(*response) : may_pass(response.error());
    if (!passing || attempt == kMaxAttempts) {
      if (!response.ok()) return told(response.error(), what);
      return response;
    }
    pause(attempt);
  }
}

Result<bool> Client::is_marked(const Place& place, const std::string& mark) {
  const std::string what = "look at " + name_of(place);
  TARN_ASSIGN_OR_RETURN(const net::HttpResponse found, send_until_settled({.method = "HEAD"}, place, what));
  if (found.status == 200) return found.headers.find(kMarkHeader) == mark;
  if (found.status == 404) return false;
  return error_of(found, what);
}

Result<std::uint64_t> Client::size_of(const Place& place) {
  const std::string what = "look at " + name_of(place);
  TARN_ASSIGN_OR_RETURN(const net::HttpResponse found, send_until_settled({.method = "HEAD"}, place, what));
  if (found.status == 404) return Error(io::kNotFound, name_of(place) + " does not exist");
  if (found.status != 200) return error_of(found, what);
  const std::string_view text = found.headers.find("Content-Length");
  std::uint64_t size = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size())
    return Error(kFailed, fmt::format("cannot {}: the answer tells no length", what));
  return size;
}

Status Client::put_if_absent(const Place& place, std::string_view bytes) {
  const std::string what = "write " + name_of(place);
  const auto random = random_.bytes16();
  const std::string mark = to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  net::HttpRequest request{.method = "PUT", .body = std::string(bytes)};
  request.headers.add("If-None-Match", "*");
  request.headers.add(std::string(kMarkHeader), mark);
  bool may_be_written = false;  // by an attempt whose answer was lost, or was a server's own trouble
  Error last(kUnreachable, "");
  for (int attempt = 1; attempt <= kMaxAttempts; ++attempt) {
    if (attempt > 1) pause(attempt - 1);
    const Result<net::HttpResponse> response = send(request, place);
    if (!response.ok()) {
      last = told(response.error(), what);
      if (!may_pass(response.error())) return last;
      may_be_written = may_be_written || response.error().name() == net::kReplyLost.name;
      continue;
    }
    if (response->status == 200) return ok_status();
    if (response->status == 412) {
      Result<bool> own = may_be_written ? is_marked(place, mark) : Result<bool>(false);
      if (!own.ok())
        return Error(kWriteUnknown,
                     fmt::format("cannot tell who wrote {}: {}", name_of(place), own.error().message()));
      return *own ? ok_status() : Status(Error(io::kExists, name_of(place) + " exists already"));
    }
    last = error_of(*response, what);
    if (!is_passing(*response)) return last;
    may_be_written = may_be_written || response->status >= 500;
  }
  if (!may_be_written) return last;
  Result<bool> own = is_marked(place, mark);
  if (own.ok() && *own) return ok_status();
  return Error(kWriteUnknown, fmt::format("{}; it may have been written all the same", last.message()))
      .with_hint(std::string(kWriteUnknown.mend));
}

Status Client::remove(const Place& place) {
  const std::string what = "remove " + name_of(place);
  TARN_ASSIGN_OR_RETURN(const net::HttpResponse response,
                        send_until_settled({.method = "DELETE"}, place, what));
  if (response.status == 204 || response.status == 200) return ok_status();
  Error error = error_of(response, what);
  if (error.name() == io::kNotFound.name) return ok_status();
  return error;
}

}  // namespace tarn::s3
