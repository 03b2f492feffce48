#include "net/tls.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loopback_test.h"

namespace tarn::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

void run(const std::string& command) {
  if (std::system((command + " 2>/dev/null").c_str()) != 0) ADD_FAILURE() << command;
}

/// Authorities and what they sign, in a folder of the test's own.
class Tls : public testing::Test {
 protected:
  Tls() : folder_(fs::temp_directory_path() / fmt::format("tarn-tls-{}", ::getpid())) {
    fs::create_directories(folder_);
    authority("ca");
    authority("other");
    sign("server", "ca", 30);
  }
  ~Tls() override { fs::remove_all(folder_); }

  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  void authority(const std::string& name) {
    run(fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN={0}' "
        "-keyout '{1}.key' -out '{1}.pem'",
        name, file(name)));
  }
  void sign(const std::string& name, const std::string& by, int days) {
    std::ofstream(file("names")) << "subjectAltName=IP:127.0.0.1\n";
    run(
        fmt::format("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN={0}' -keyout "
                    "'{1}.key' -out '{1}.csr'",
                    name, file(name)));
    run(fmt::format(
        "openssl x509 -req -in '{0}.csr' -CA '{1}.pem' -CAkey '{1}.key' -CAcreateserial -days {2} "
        "-extfile '{3}' -out '{0}.pem'",
        file(name), file(by), days, file("names")));
  }
  TlsFiles server_files() const { return {.certificate = file("server.pem"), .key = file("server.key")}; }

  std::unique_ptr<HttpServer> serve(HttpServerOptions options, const TlsFiles& files,
                                    TlsCertificate::Observer observer = {}) {
    auto certificate = TlsCertificate::load(files, std::move(observer));
    EXPECT_TRUE(certificate.ok()) << certificate.error().to_string();
    options.tls = *certificate;
    auto server = HttpServer::start(options, [](const HttpRequest& request) {
      return HttpResponse{.status = 200, .body = fmt::format("{} {}", request.target, request.body.size())};
    });
    EXPECT_TRUE(server.ok());
    return std::move(server).value();
  }
  Result<HttpResponse> ask(const HttpServer& server, const std::string& authority = "ca.pem",
                           std::string body = "") const {
    return send_request({.host = "127.0.0.1", .port = server.port(), .ca_file = file(authority)},
                        {.method = "POST", .target = "/x", .body = std::move(body)});
  }

  fs::path folder_;
};

/// A client of whatever versions and certificate; its outcome is that of a first request, as a server of TLS
/// 1.3 refuses a certificate only after the client's handshake.
struct Peer {
  int version = TLS1_3_VERSION;
  std::string certificate = {};  ///< Path without `.pem` and `.key`.

  std::string ask(std::uint16_t port) const {
    RawClient tcp(port);
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                    &SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);  // else OpenSSL itself would not offer the old ones
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    if (!certificate.empty()) {
      SSL_CTX_use_certificate_file(context.get(), (certificate + ".pem").c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context.get(), (certificate + ".key").c_str(), SSL_FILETYPE_PEM);
    }
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), &SSL_free);
    SSL_set_fd(tls.get(), tcp.descriptor());
    ERR_clear_error();
    const std::string_view request = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    std::string answer;
    char bytes[4096];
    if (SSL_connect(tls.get()) == 1 &&
        SSL_write(tls.get(), request.data(), static_cast<int>(request.size())) > 0) {
      for (int count = 0; (count = SSL_read(tls.get(), bytes, sizeof(bytes))) > 0;)
        answer.append(bytes, static_cast<std::size_t>(count));
      // The server took its leave: the answer was not cut.
      if (SSL_get_shutdown(tls.get()) & SSL_RECEIVED_SHUTDOWN && !answer.empty()) return answer;
    }
    return ERR_reason_error_string(ERR_peek_error()) == nullptr ? "closed"
                                                                : ERR_reason_error_string(ERR_peek_error());
  }
};

TEST_F(Tls, AnswersWhoTrustsItsAuthority) {
  const auto server = serve({}, server_files());
  const auto answer = ask(*server, "ca.pem", std::string(3'000'000, 'x'));
  ASSERT_TRUE(answer.ok()) << answer.error().to_string();
  EXPECT_EQ(answer->body, "/x 3000000");
  EXPECT_EQ(ask(*server, "other.pem").error().name(), "net.untrusted");
  EXPECT_THAT(Peer{}.ask(server->port()), EndsWith("/x 0"));
}

TEST_F(Tls, SpeaksNoOldVersions) {
  const auto server = serve({}, server_files());
  EXPECT_THAT(Peer{.version = TLS1_2_VERSION}.ask(server->port()), EndsWith("/x 0"));
  EXPECT_THAT(Peer{.version = TLS1_1_VERSION}.ask(server->port()), HasSubstr("protocol version"));
  EXPECT_THAT(Peer{.version = TLS1_VERSION}.ask(server->port()), HasSubstr("protocol version"));
}

TEST_F(Tls, LetsOnlyClientsWithACertificateIn) {
  sign("known", "ca", 30);
  sign("stranger", "other", 30);
  TlsFiles files = server_files();
  files.client_ca = file("ca.pem");
  const auto server = serve({}, files);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_THAT((Peer{version, file("known")}.ask(server->port())), EndsWith("/x 0"));
    EXPECT_THAT((Peer{version, file("stranger")}.ask(server->port())), HasSubstr("alert"));
    EXPECT_THAT((Peer{version}.ask(server->port())), HasSubstr("alert"));
  }
}

TEST_F(Tls, TellsAPlainClientWhatIsSpoken) {
  const auto server = serve({}, server_files());
  RawClient plain(server->port());
  plain.send("GET /v1/config HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(plain.receive_all(), testing::AllOf(HasSubstr(" 400 "), HasSubstr("https://")));
  RawClient noise(server->port());
  noise.send("SSH-2.0-OpenSSH_9.2\r\n");
  noise.receive_all();  // Closed: an alert at most.
  EXPECT_TRUE(ask(*server).ok());
}

TEST_F(Tls, WaitsForNoHandshake) {
  const auto server = serve({.max_connections = 3, .handshake_timeout = 300ms}, server_files());
  RawClient silent(server->port());
  RawClient half(server->port());
  half.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(ask(*server).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 250ms) << "others wait for a handshake";
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_EQ(half.receive_all(), "");
  EXPECT_TRUE(ask(*server).ok());
}

TEST_F(Tls, StopsAmidAHandshake) {
  const auto server = serve({.drain_timeout = 60s}, server_files());
  RawClient half(server->port());
  half.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
  EXPECT_TRUE(ask(*server).ok());  // By now the other one is accepted.
  server->stop();
  EXPECT_EQ(half.receive_all(), "");
}

TEST_F(Tls, TurnsAwayUnderTls) {
  const auto server = serve({.max_connections = 1}, server_files());
  RawClient first(server->port());
  int status = 0;
  for (int attempt = 0; attempt < 100 && status != 429; ++attempt) {
    const auto answer = ask(*server);
    status = answer.ok() ? answer->status : 0;
  }
  EXPECT_EQ(status, 429);
}

TEST_F(Tls, AnswersManyClientsAtOnce) {
  const auto server = serve({.workers = 3}, server_files());
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&] {
        for (int index = 0; index < 10; ++index)
          if (const auto answer = ask(*server, "ca.pem", std::string(100'000, 'x'));
              answer.ok() && answer->status == 200)
            ++answered;
      });
    }
  }
  EXPECT_EQ(answered, 80);
}

TEST_F(Tls, TakesARenewedCertificate) {
  std::atomic<int> taken = 0;
  std::atomic<int> refused = 0;
  const auto server = serve({}, server_files(), [&](const Status& outcome, const TlsCertificate&) {
    ++(outcome.ok() ? taken : refused);
  });
  const auto wait_until = [&](const auto& holds) {
    for (int attempt = 0; attempt < 100 && !holds(); ++attempt) {
      (void)ask(*server);
      std::this_thread::sleep_for(100ms);
    }
    return holds();
  };
  // A certificate without its key, as a look between two writes would find it: the former one holds.
  fs::copy_file(file("other.pem"), file("server.pem"), fs::copy_options::overwrite_existing);
  EXPECT_TRUE(wait_until([&] { return refused > 0; }));
  EXPECT_TRUE(ask(*server).ok());
  sign("server", "other", 60);
  EXPECT_TRUE(wait_until([&] { return taken > 0; }));
  EXPECT_TRUE(ask(*server, "other.pem").ok());
  EXPECT_EQ(ask(*server).error().name(), "net.untrusted");
}

TEST_F(Tls, SaysWhichFileIsWrong) {
  std::ofstream(file("empty.pem"));
  std::ofstream(file("text.pem")) << "no certificate\n";
  run(fmt::format("openssl ec -aes128 -passout pass:x -in '{0}' -out '{1}'", file("server.key"),
                  file("locked.key")));
  const std::string pem = file("server.pem");
  const std::string key = file("server.key");
  const auto refused = [](const TlsFiles& files, const std::string& named, const char* why) {
    const auto loaded = TlsCertificate::load(files);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().name(), "net.bad_certificate");
    EXPECT_THAT(loaded.error().to_string(), testing::AllOf(HasSubstr(named), HasSubstr(why)));
  };
  refused({file("absent.pem"), key}, "absent.pem", "No such file");
  refused({file("empty.pem"), key}, "empty.pem", "empty");
  refused({file("text.pem"), key}, "text.pem", "not the PEM");
  refused({pem, file("ca.key")}, "ca.key", "mismatch");
  refused({pem, file("locked.key")}, "locked.key", "passphrase");
  refused({pem, file(".")}, file("."), "a folder");
  refused({pem, key, file("text.pem")}, "text.pem", "not the PEM");
  EXPECT_GT((*TlsCertificate::load(server_files()))->expires_s(), std::time(nullptr) + 29 * 86400);
}

}  // namespace
}  // namespace tarn::net
