#pragma once

#include <ostream>  // Boost 1.74 forgets it.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "net/http_server.h"
#include "net/server_stream.h"

/// One connection of the server; for this library only. All but the handler runs in the thread of the
/// sockets.
namespace tarn::net {

class HttpConnection;

/// What the connections of one server share.
struct ConnectionPool {
  HttpServerOptions options;
  HttpHandler handler;
  RefusalBody refusal;
  boost::asio::io_context& sockets;
  boost::asio::thread_pool& workers;
  std::set<std::shared_ptr<HttpConnection>> open = {};
  std::size_t body_bytes = 0;   ///< Reserved by the requests that are being read and answered.
  std::size_t turned_away = 0;  ///< Of the open ones those that are only told that there are too many.
  bool draining = false;
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, ConnectionPool& pool);

  /// Reads requests and answers them until either side ends it.
  void serve();
  /// Says that there are too many connections, and closes.
  void turn_away();
  /// Ends it now when it waits for a request, else after the answer.
  void drain();
  /// Ends it now.
  void abort();

 private:
  using Request = boost::beast::http::request_parser<boost::beast::http::string_body>;
  template <typename Body>
  using Response = boost::beast::http::response<Body>;

  void begin();
  void on_handshake(boost::beast::error_code failed);
  void refuse(int status, std::string_view reason);
  void wait_for_request();
  void read_header();
  void on_header(boost::beast::error_code failed);
  void read_body();
  void on_parse_error(boost::beast::error_code failed);
  void answer();
  void respond(HttpResponse response);
  template <typename Body>
  void write(Response<Body>& response);
  void on_written(boost::beast::error_code failed);
  void linger();
  bool reserve_body();
  void release_body();
  void end();

  ConnectionPool& pool_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  ServerStream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Request> request_;
  std::variant<std::monostate, Response<boost::beast::http::string_body>,
               Response<boost::beast::http::empty_body>>
      response_;
  std::size_t reserved_bytes_ = 0;
  bool waiting_ = false;  ///< For the first byte of a request, or the client's part of the handshake.
  bool turned_away_ = false;
  bool head_ = false;        ///< The request's method was HEAD.
  bool keep_alive_ = false;  ///< After the present answer.
};

}  // namespace tarn::net
