#include "net/http_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "net/loopback_test.h"

namespace tarn::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

// Says what was asked.
HttpResponse echo(const HttpRequest& request) {
  HttpResponse response{.status = 200, .body = request.method + " " + request.target + " " + request.body};
  response.headers.add("X-Seen", std::string(request.headers.find("x-sent")));
  return response;
}

std::unique_ptr<HttpServer> serve(const HttpServerOptions& options = {}, HttpHandler handler = echo) {
  auto server = HttpServer::start(options, std::move(handler));
  if (!server.ok()) {
    ADD_FAILURE() << server.error().to_string();
    std::abort();
  }
  return std::move(server).value();
}

TEST(HttpServer, AnswersManyRequestsOfAConnection) {
  const auto server = serve();
  RawClient client(server->port());
  EXPECT_THAT(client.ask("GET /a%2Fb?x=1 HTTP/1.1\r\nHost: h\r\nX-Sent: yes\r\n\r\n"),
              testing::AllOf(HasSubstr("X-Seen: yes"), EndsWith("GET /a%2Fb?x=1 ")));
  EXPECT_THAT(client.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"),
              EndsWith("POST / abc"));
  EXPECT_THAT(
      client.ask(
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
      EndsWith("POST / abc"));
  // Two at once are answered one after the other.
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.receive(), EndsWith("GET /1 "));
  EXPECT_THAT(client.receive(), EndsWith("GET /2 "));
}

TEST(HttpServer, HeadAndBodylessAnswersHaveNoBody) {
  const auto server = serve({}, [](const HttpRequest& request) {
    return HttpResponse{.status = request.method == "DELETE" ? 204 : 200, .body = "text"};
  });
  RawClient client(server->port());
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string head = client.receive(true);
  EXPECT_THAT(head, testing::AllOf(HasSubstr("Content-Length: 4"), EndsWith("\r\n\r\n")));
  const std::string none = client.ask("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(none,
              testing::AllOf(HasSubstr(" 204 "), Not(HasSubstr("Content-Length")), EndsWith("\r\n\r\n")));
  EXPECT_THAT(client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), EndsWith("\r\n\r\ntext"));
}

TEST(HttpServer, ClosesWhenAsked) {
  const auto server = serve();
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.receive_all(), HasSubstr("Connection: close"));
  RawClient old(server->port());
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.receive_all(), EndsWith("GET / "));
}

TEST(HttpServer, TellsTheClientToGoOn) {
  const auto server = serve();
  RawClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.ask("ab"), EndsWith("POST / ab"));
}

TEST(HttpServer, RefusesMalformedRequests) {
  const auto server = serve();
  for (const char* bad : {"\x16\x03\x01 hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
                          "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                          "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                          "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    RawClient client(server->port());
    client.send(bad);
    EXPECT_EQ(status_of(client.receive_all()), 400) << bad;
  }
}

TEST(HttpServer, RefusesWhatIsTooBig) {
  const auto server = serve({.max_header_bytes = 1024, .max_body_bytes = 1000});
  RawClient header(server->port());
  header.send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(status_of(header.receive_all()), 431);
  RawClient stated(server->port());
  stated.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'));
  EXPECT_EQ(status_of(stated.receive_all()), 413);
  RawClient chunked(server->port());
  chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
               std::string(1001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(status_of(chunked.receive_all()), 413);
  RawClient fits(server->port());
  EXPECT_EQ(status_of(fits.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" +
                               std::string(1000, 'x'))),
            200);
}

TEST(HttpServer, BoundsTheBytesOfAllBodies) {
  const auto server = serve({.max_body_bytes = 1000, .max_total_body_bytes = 1500});
  RawClient first(server->port());
  first.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
  int status = 0;
  for (int attempt = 0; attempt < 100 && status != 429; ++attempt) {
    RawClient second(server->port());
    status = status_of(
        second.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')));
  }
  EXPECT_EQ(status, 429);
  EXPECT_EQ(status_of(first.ask(std::string(1000, 'x'))), 200);
  RawClient third(server->port());
  EXPECT_EQ(status_of(third.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" +
                                std::string(1000, 'x'))),
            200);
}

TEST(HttpServer, DropsSlowClients) {
  const auto server = serve({.idle_timeout = 100ms, .request_timeout = 100ms});
  RawClient silent(server->port());
  EXPECT_EQ(silent.receive_all(), "");
  RawClient slow(server->port());
  slow.send("POST / HTTP/1.1\r\nContent-Le");
  EXPECT_EQ(slow.receive_all(), "");
  RawClient half(server->port());
  half.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(half.receive_all(), "");
}

TEST(HttpServer, BoundsConnections) {
  const auto server = serve({.max_connections = 3});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int index = 0; index < 3; ++index) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    EXPECT_EQ(status_of(clients.back()->ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 200);
  }
  RawClient refused(server->port());
  EXPECT_EQ(status_of(refused.receive_all()), 429);
  clients.pop_back();
  int status = 0;
  for (int attempt = 0; attempt < 100 && status != 200; ++attempt) {
    RawClient next(server->port());
    status = status_of(next.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  EXPECT_EQ(status, 200);
}

TEST(HttpServer, AnswersManyClientsAtOnce) {
  std::atomic<int> handled = 0;
  const auto server = serve({.workers = 3}, [&](const HttpRequest& request) {
    ++handled;
    return echo(request);
  });
  {
    std::vector<std::jthread> threads;
    threads.reserve(16);
    for (int thread = 0; thread < 16; ++thread) {
      threads.emplace_back([&, thread] {
        RawClient client(server->port());
        for (int index = 0; index < 50; ++index) {
          const std::string target = fmt::format("/{}/{}", thread, index);
          EXPECT_THAT(client.ask("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"),
                      EndsWith("GET " + target + " "));
        }
      });
    }
  }
  EXPECT_EQ(handled, 800);
}

TEST(HttpServer, AnswersRunningRequestsBeforeItStops) {
  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;
  bool go_on = false;
  const auto server = serve({}, [&](const HttpRequest& request) {
    std::unique_lock lock(mutex);
    running = true;
    changed.notify_all();
    changed.wait(lock, [&] { return go_on; });
    return echo(request);
  });
  RawClient idle(server->port());
  RawClient busy(server->port());
  busy.send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n");
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running; });
  }
  std::jthread stopping([&] { server->stop(); });
  EXPECT_EQ(idle.receive_all(), "");
  {
    const std::lock_guard lock(mutex);
    go_on = true;
  }
  changed.notify_all();
  EXPECT_THAT(busy.receive_all(), testing::AllOf(HasSubstr("Connection: close"), EndsWith("GET /busy ")));
  stopping.join();
  EXPECT_FALSE(RawClient(server->port()).connected());
}

TEST(HttpServer, SurvivesAHandlerThatThrows) {
  const auto server = serve({}, [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("why"); });
  RawClient client(server->port());
  EXPECT_EQ(status_of(client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 500);
  EXPECT_EQ(status_of(client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 500);
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const auto server = serve();
  const auto taken = HttpServer::start({.port = server->port()}, echo);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().name(), "net.cannot_listen");
  EXPECT_EQ(HttpServer::start({.address = "nowhere"}, echo).error().name(), "net.bad_address");
}

TEST(ListenAddress, IsAnAddressAndAPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8181")->port, 8181);
  EXPECT_TRUE(parse_listen_address("localhost:0")->is_loopback);
  EXPECT_TRUE(parse_listen_address("[::1]:80")->is_loopback);
  EXPECT_FALSE(parse_listen_address("0.0.0.0:80")->is_loopback);
  for (const char* bad : {"", "8181", "host:1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x"})
    EXPECT_EQ(parse_listen_address(bad).error().name(), "net.bad_address") << bad;
}

}  // namespace
}  // namespace tarn::net
