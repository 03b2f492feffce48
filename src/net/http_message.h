#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tarn::net {

/// Fields in the order they came; names compare without case (RFC 9110, section 5.1).
class HttpHeaders {
 public:
  void add(std::string name, std::string value);
  /// The first field of that name, or empty.
  std::string_view find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
  std::string method = {};  ///< As sent: "GET", "POST" …
  std::string target = {};  ///< As sent: percent-encoded path and query; see request_target.h.
  HttpHeaders headers = {};
  std::string body = {};  ///< Whole, without transfer encoding.
  std::string peer = {};  ///< "127.0.0.1:53012", for the log.
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers = {};  ///< Content-Length, Connection, Date and Server are the server's to set.
  std::string body = {};     ///< Not sent when the method was HEAD or the status forbids one.
};

/// The usual words for a status: "Not Found".
std::string_view status_words(int status);

}  // namespace tarn::net
