#include "flight/call_gate.h"

#include <utility>

#include "flight/arrow_status.h"
#include "flight/errors.h"

namespace tarn::flight {
namespace {

/// A call that was let in, as long as it lasts.
class Admitted final : public arrow::flight::ServerMiddleware {
 public:
  explicit Admitted(SharedParts& shared) : shared_(shared) {}
  ~Admitted() override { --shared_.calls; }
  Admitted(const Admitted&) = delete;
  Admitted& operator=(const Admitted&) = delete;

  std::string name() const override { return CallGate::kName; }
  void SendingHeaders(arrow::flight::AddCallHeaders* headers) override {
    if (!token.empty()) headers->AddHeader("authorization", "Bearer " + token);
  }
  void CallCompleted(const arrow::Status&) override {}

  Caller caller;
  std::string token;  ///< A new one, for the client.

 private:
  SharedParts& shared_;
};

}  // namespace

std::string header_of(const arrow::flight::ServerCallContext& context, std::string_view name) {
  const auto found = context.incoming_headers().find(name);
  return found == context.incoming_headers().end() ? "" : std::string(found->second);
}

std::string authorization_of(const arrow::flight::ServerCallContext& context) {
  return header_of(context, "authorization");
}

arrow::Status CallGate::StartCall(const arrow::flight::CallInfo& info,
                                  const arrow::flight::ServerCallContext& context,
                                  std::shared_ptr<arrow::flight::ServerMiddleware>* middleware) {
  const std::size_t calls = ++shared_.calls;
  auto admitted = std::make_shared<Admitted>(shared_);  // Counts itself out.
  if (calls > shared_.options.max_calls)
    return to_arrow(Error(kTooManyCalls, "the server answers as many calls as it takes"));
  const std::string authorization = authorization_of(context);
  Result<std::string> user = shared_.logins.user_of(authorization);
  const auto report = [&](const std::string& name, const Error* error) {
    if (shared_.parts.on_login)
      shared_.parts.on_login({name, context.peer(), header_of(context, "user-agent"), error});
  };
  if (!user.ok()) {
    report(claimed_user(authorization), &user.error());
    shared_.parts.log.warning("flight.login_refused", user.error(), {{"peer", context.peer()}});
    return to_arrow(user.error());
  }
  admitted->caller = {std::move(*user), context.peer(), header_of(context, "user-agent")};
  if (info.method == arrow::flight::FlightMethod::Handshake) {
    report(admitted->caller.user, nullptr);
    admitted->token = shared_.logins.issue(admitted->caller.user);
    shared_.parts.log.info("flight.connected", {{"user", admitted->caller.user}, {"peer", context.peer()}});
  }
  *middleware = std::move(admitted);
  return arrow::Status::OK();
}

Result<Caller> caller(const arrow::flight::ServerCallContext& context) {
  const auto* const admitted = dynamic_cast<const Admitted*>(context.GetMiddleware(CallGate::kName));
  if (admitted == nullptr) return Error(kNotAuthenticated, "the call came by no way that is known");
  return admitted->caller;
}

}  // namespace tarn::flight
