#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/clock.h"
#include "io/random.h"
#include "net/http_client.h"
#include "s3/endpoint.h"

/// The requests that Arrow's S3FileSystem does not have: a write that replaces nothing, a removal that leaves
/// no folder marker behind, and single tries whose failure can be told exactly. Internal.
namespace tarn::s3 {

/// Credentials that are good now. Nothing in the optional: requests are not signed.
using CredentialsSource = std::function<Result<std::optional<Credentials>>()>;

/// Sends signed requests. Many threads at once.
class Client {
 public:
  Client(Endpoint endpoint, CredentialsSource credentials, io::Clock& clock, io::Random& random);

  /// Writes the object unless there is one (`If-None-Match: *`): of all who try, one succeeds. Retries what
  /// may pass; when the answer to an attempt was lost, an object that is then found there is known as this
  /// call's own, or not, by a mark in its metadata. Errors: io.exists, s3.write_unknown, those of failure.h.
  Status put_if_absent(const Place& place, std::string_view bytes);
  /// Bytes of the object. Errors: io.not_found, those of failure.h.
  Result<std::uint64_t> size_of(const Place& place);
  /// Removes the object; fine when there is none.
  Status remove(const Place& place);

  /// One signed request, once. Errors: those of net::send_request() and of the credentials.
  Result<net::HttpResponse> send(net::HttpRequest request, const Place& place);

  /// Waits before the next attempt.
  void pause(int attempt);

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  /// Whether the object at `place` bears this mark; nothing there bears none.
  Result<bool> is_marked(const Place& place, const std::string& mark);
  Result<net::HttpResponse> send_until_settled(const net::HttpRequest& request, const Place& place,
                                               std::string_view what);

  Endpoint endpoint_;
  CredentialsSource credentials_;
  io::Clock& clock_;
  io::Random& random_;
};

}  // namespace tarn::s3
