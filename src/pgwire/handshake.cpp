#include "pgwire/handshake.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "pgwire/errors.h"
#include "pgwire/protocol/replies.h"
#include "pgwire/protocol/scram.h"

namespace tarn::pgwire {
namespace {

constexpr std::int32_t kAuthenticationOk = 0;
constexpr std::int32_t kAuthenticationSasl = 10;
constexpr std::int32_t kAuthenticationSaslContinue = 11;
constexpr std::int32_t kAuthenticationSaslFinal = 12;
/// A client may ask for TLS and for GSSAPI, once each.
constexpr int kMostRequests = 2;
constexpr std::size_t kLoginMessageBytes = 64 * 1024;

class Handshake {
 public:
  using Clock = std::chrono::steady_clock;
  Handshake(MessageStream& messages, SharedParts& shared, LoginAttempt& attempt)
      : messages_(messages),
        shared_(shared),
        attempt_(attempt),
        until_(Clock::now() + shared.options.login_timeout) {}

  Result<std::optional<Login>> run() {
    messages_.set_message_limit(kLoginMessageBytes);
    for (int requests = 0;; ++requests) {
      TARN_ASSIGN_OR_RETURN(FirstMessage first, messages_.first(left()));
      if (const auto* cancel = std::get_if<CancelRequest>(&first)) {
        shared_.running.cancel(cancel->process, cancel->secret);
        return std::optional<Login>();
      }
      if (auto* startup = std::get_if<StartupMessage>(&first)) return log_in(std::move(*startup));
      if (requests == kMostRequests) return Error(kBadMessage, "the client asks for TLS again and again");
      TARN_RETURN_IF_ERROR(answer_request(std::holds_alternative<SslRequest>(first)));
    }
  }

 private:
  std::chrono::milliseconds left() const {
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now()),
                    std::chrono::milliseconds(0));
  }

  Status answer_request(bool wants_tls) {
    const bool has_tls = wants_tls && shared_.options.tls != nullptr && !messages_.stream().is_tls();
    // What came in plain behind the request could be anybody's: it must not be taken for the client's.
    if (has_tls && !messages_.is_drained())
      return Error(kBadMessage, "the client sent something between its request for TLS and the answer");
    messages_.out().byte(has_tls ? 'S' : 'N');
    TARN_RETURN_IF_ERROR(messages_.flush());
    return has_tls ? messages_.stream().start_tls(*shared_.options.tls, left()) : ok_status();
  }

  Result<std::optional<Login>> log_in(StartupMessage startup) {
    Login login;
    login.parameters = std::move(startup.parameters);
    login.user = login.parameters["user"];
    attempt_ = {.user = login.user, .application = login.parameters["application_name"]};
    if (login.user.empty()) return Error(kNotAuthenticated, "the client names no user");
    login.database = login.parameters["database"];
    if (login.database.empty()) login.database = login.user;
    negotiate_version(startup.minor_version, login);
    const bool is_near = messages_.stream().peer_is_loopback();
    if (!is_near && !messages_.stream().is_tls() && !shared_.options.plain) {
      return Error(kNeedsTls, "other machines are served under TLS only")
          .with_hint("connect with `sslmode=require`");
    }
    if (shared_.parts.find_user) {
      TARN_RETURN_IF_ERROR(authenticate(login.user));
    } else if (!is_near) {
      return Error(kNotAuthenticated, "there are no users that could come from another machine")
          .with_hint("name them in `access/`");
    }
    messages_.out().begin('R').int32(kAuthenticationOk).end();
    return std::optional(std::move(login));
  }

  /// A newer minor version, and options that begin with `_pq_.`, are answered with what there is.
  void negotiate_version(std::int16_t minor, const Login& login) {
    std::vector<std::string_view> unknown;
    for (const auto& [name, value] : login.parameters) {
      if (name.starts_with("_pq_.")) unknown.push_back(name);
    }
    if (minor == 0 && unknown.empty()) return;
    messages_.out().begin('v').int32(3 << 16).int32(static_cast<std::int32_t>(unknown.size()));
    for (const std::string_view name : unknown) messages_.out().text(name);
    messages_.out().end();
  }

  Status authenticate(const std::string& name) {
    const std::optional<User> user = shared_.parts.find_user(name);
    if (user && user->by_certificate && messages_.stream().certificate_name() == name) return ok_status();
    ScramExchange exchange(user ? user->verifier : "", name, shared_.secret, shared_.parts.random);
    // The mechanisms end with an empty name.
    messages_.out().begin('R').int32(kAuthenticationSasl).text(kScramMechanism).byte('\0').end();
    TARN_ASSIGN_OR_RETURN(const std::string_view initial, next_password());
    WireReader in(initial);
    const std::string_view mechanism = in.text();
    const std::int32_t size = in.int32();
    const std::string_view first = in.bytes(size < 0 ? 0 : static_cast<std::size_t>(size));
    if (!in.done()) return Error(kBadMessage, "the client's message of SASL is malformed");
    if (mechanism != kScramMechanism)
      return Error(kNotAuthenticated, fmt::format("`{}` was not offered", mechanism));
    TARN_ASSIGN_OR_RETURN(const std::string challenge, exchange.answer_first(first));
    messages_.out().begin('R').int32(kAuthenticationSaslContinue).bytes(challenge).end();
    TARN_ASSIGN_OR_RETURN(const std::string_view proof, next_password());
    Result<std::string> final_answer = exchange.answer_final(proof);
    if (!final_answer.ok()) {
      if (&final_answer.error().code() != &kNotAuthenticated) return std::move(final_answer).error();
      return Error(kNotAuthenticated, fmt::format("password authentication failed for user \"{}\"", name));
    }
    messages_.out().begin('R').int32(kAuthenticationSaslFinal).bytes(*final_answer).end();
    return ok_status();
  }

  Result<std::string_view> next_password() {
    TARN_RETURN_IF_ERROR(messages_.flush());
    TARN_ASSIGN_OR_RETURN(const Message message, messages_.next(left()));
    if (const auto* password = std::get_if<Password>(&message)) return password->body;
    return Error(kBadMessage, "the client sends something else while it should log in");
  }

  MessageStream& messages_;
  SharedParts& shared_;
  LoginAttempt& attempt_;
  Clock::time_point until_;  ///< When the login must be over.
};

}  // namespace

Result<std::optional<Login>> shake_hands(MessageStream& messages, SharedParts& shared,
                                         LoginAttempt& attempt) {
  return Handshake(messages, shared, attempt).run();
}

}  // namespace tarn::pgwire
