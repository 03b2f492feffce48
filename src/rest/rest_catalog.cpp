#include "rest/rest_catalog.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "base/hash.h"
#include "rest/call.h"
#include "rest/errors.h"
#include "rest/request_audit.h"
#include "state/errors.h"

namespace tarn::rest {
namespace {

constexpr std::int64_t kKeepReplyUs = 60LL * 60 * 1'000'000;
constexpr std::size_t kKeyLength = 36;
/// Longer bodies are not kept; what they say is loaded anew.
constexpr std::size_t kMaxKeptBody = 16 * 1024;

bool is_uuid(std::string_view text) {
  if (text.size() != kKeyLength) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
    const bool hex = (text[at] >= '0' && text[at] <= '9') || (text[at] >= 'a' && text[at] <= 'f') ||
                     (text[at] >= 'A' && text[at] <= 'F');
    if (dash ? text[at] != '-' : !hex) return false;
  }
  return true;
}

// Java's clients write a blank in a path as `+`, and a plus as `%2B`.
std::string without_plus(std::string target) {
  std::size_t end = std::min(target.find('?'), target.size());
  for (std::size_t at = target.find('+'); at < end; at = target.find('+', at), end += 2)
    target.replace(at, 1, "%20");
  return target;
}

}  // namespace

void ToldFacts::add(const TableName& table, std::optional<std::int64_t> snapshot) {
  if (!tables.empty()) tables += ", ";
  tables += table.to_string() + (snapshot ? "@" + std::to_string(*snapshot) : "");
}

struct RestCatalog::Impl {
  Parts parts;
  RestCatalogOptions options;
  AccessTokens tokens;
  Endpoints endpoints;
  RequestAudit audit;
  std::mutex mutex;
  std::set<std::string> keys_at_work;  ///< Of the requests that are being answered.

  Impl(const Parts& given, RestCatalogOptions wanted)
      : parts(given),
        options(std::move(wanted)),
        tokens(options.clients, parts.random),
        endpoints(parts, options, tokens),
        audit(parts.audit) {}

  net::HttpResponse answer(Call& call);
  net::HttpResponse answer(Call& call, const Route& route);
  net::HttpResponse run(Call& call, const Route& route);
  /// Says in `call` who asks.
  Status authorize(Call& call);
  net::HttpResponse run_once(Call& call, const Route& route, const std::string& key);
  Result<std::optional<net::HttpResponse>> earlier_reply(Call& call, const state::Reply& wanted);
  void keep_reply(Call& call, const net::HttpResponse& response);
};

RestCatalog::RestCatalog(const Parts& parts, RestCatalogOptions options)
    : impl_(std::make_unique<Impl>(parts, std::move(options))) {}
RestCatalog::~RestCatalog() = default;

net::HttpResponse RestCatalog::handle(const net::HttpRequest& request) {
  const std::int64_t started_us = impl_->parts.clock.monotonic_us();
  Call call{.request = request};
  net::HttpResponse response = impl_->answer(call);
  if (impl_->parts.log != nullptr) {
    impl_->parts.log->info("rest.request", {{"method", request.method},
                                            {"target", request.target.substr(0, request.target.find('?'))},
                                            {"status", std::int64_t{response.status}},
                                            {"micros", impl_->parts.clock.monotonic_us() - started_us},
                                            {"peer", request.peer}});
  }
  return response;
}

net::HttpResponse RestCatalog::Impl::answer(Call& call) {
  const auto refuse = [&](const Error& error) {
    audit.refuse(call, error);
    return error_response(error, call, false);
  };
  auto target = net::parse_target(without_plus(call.request.target));
  if (!target.ok()) return refuse(target.error());
  call.target = std::move(target).value();
  // Who may not ask must not learn what there is.
  const bool asks_for_token = call.target.segments == std::vector<std::string>{"v1", "oauth", "tokens"};
  if (!asks_for_token) {
    if (const Status allowed = authorize(call); !allowed.ok()) return refuse(allowed.error());
  }
  const auto route = find_route(call);
  if (!route.ok()) return refuse(route.error());
  if (const Status permitted = endpoints.permit(call, **route); !permitted.ok())
    return refuse(permitted.error());
  return audit.tell(call, **route, [&] { return answer(call, **route); });
}

net::HttpResponse RestCatalog::Impl::answer(Call& call, const Route& route) {
  const std::string key(call.request.headers.find("Idempotency-Key"));
  const bool mutates = call.request.method == "POST" || call.request.method == "DELETE";
  if (key.empty() || !mutates || route.is_public) return run(call, route);
  if (!is_uuid(key)) return error_response(Error(kBadRequest, "an Idempotency-Key is a UUID"), call, false);
  return run_once(call, route, key);
}

Status RestCatalog::Impl::authorize(Call& call) {
  const bool is_open = options.anonymous || (options.clients.empty() && options.readers == nullptr);
  std::string_view header = call.request.headers.find("Authorization");
  constexpr std::string_view kBearer = "bearer ";
  const bool bearer = header.size() > kBearer.size() &&
                      std::equal(kBearer.begin(), kBearer.end(), header.begin(), [](char wanted, char given) {
                        return wanted == given || wanted == given + ('a' - 'A');
                      });
  if (!bearer && is_open) return ok_status();
  if (!bearer) return Error(kNotAuthorized, "a bearer token is needed");
  header.remove_prefix(kBearer.size());
  const auto holder = tokens.holder_of(header, parts.clock.now_us() / 1'000'000);
  if (holder) call.client = holder->name;
  if (holder && holder->is_user) call.user = holder->name;
  if (call.user) call.told.roles = options.readers->roles(*call.user);
  if (holder || is_open) return ok_status();
  return Error(kNotAuthorized, "the bearer token is not one of this server's, or too old");
}

net::HttpResponse RestCatalog::Impl::run(Call& call, const Route& route) {
  if (route.reads_body) {
    auto body = iceberg::parse_json(call.request.body);
    if (!body.ok()) {
      call.told.error = kBadRequest.name;
      return error_response(Error(kBadRequest, body.error().message()), call, false);
    }
    call.body = std::move(body).value();
  }
  auto response = (endpoints.*route.endpoint)(call);
  if (response.ok()) return std::move(response).value();
  const Error& error = response.error();
  call.told.error = error.name();
  const bool troubled =
      error.error_class() != ErrorClass::kUser && error.error_class() != ErrorClass::kTransient;
  if (troubled && parts.log != nullptr)
    parts.log->error("rest.failed", error, {{"target", call.request.target}});
  // What a person got wrong is decided for good; the rest may end otherwise when it is tried again.
  if (error.error_class() != ErrorClass::kUser) call.reply.reset();
  return error_response(error, call, route.commits);
}

// Iceberg REST spec, "Idempotency-Key". Commits keep the reply in their own transaction; other changes, of
// which a repetition fails without harm, right after it.
net::HttpResponse RestCatalog::Impl::run_once(Call& call, const Route& route, const std::string& key) {
  state::Reply wanted{.key = key};
  wanted.fingerprint =
      sha256(call.request.method + " " + call.request.target + "\n" + call.request.body).hex();
  {
    const std::lock_guard lock(mutex);
    if (!keys_at_work.insert(key).second)
      return error_response(429, "TooManyRequestsException",
                            "a request with this Idempotency-Key is at work");
  }
  net::HttpResponse response;
  auto earlier = earlier_reply(call, wanted);
  if (!earlier.ok()) {
    response = error_response(earlier.error(), call, route.commits);
  } else if (earlier->has_value()) {
    response = **std::move(earlier);
  } else {
    call.reply = std::move(wanted);
    response = run(call, route);
    if (call.reply && !call.reply_recorded) keep_reply(call, response);
  }
  const std::lock_guard lock(mutex);
  keys_at_work.erase(key);
  return response;
}

Result<std::optional<net::HttpResponse>> RestCatalog::Impl::earlier_reply(Call& call,
                                                                          const state::Reply& wanted) {
  TARN_ASSIGN_OR_RETURN(const auto kept, state::find_reply(parts.database, wanted.key));
  if (!kept) return std::optional<net::HttpResponse>();
  if (kept->fingerprint != wanted.fingerprint)
    return Error(kKeyReused, "the Idempotency-Key belongs to another request");
  net::HttpResponse response{.status = kept->status, .body = kept->body};
  if (!kept->body.empty()) response.headers.add("Content-Type", "application/json");
  if (kept->replay.empty()) return std::optional(std::move(response));
  // The present state stands for the one of then.
  net::HttpRequest load{.method = "GET", .target = kept->replay};
  constexpr const char* kDelegation = "X-Iceberg-Access-Delegation";
  load.headers.add(kDelegation, std::string(call.request.headers.find(kDelegation)));
  Call again{.request = load, .client = call.client};
  TARN_ASSIGN_OR_RETURN(again.target, net::parse_target(load.target));
  TARN_ASSIGN_OR_RETURN(const Route* route, find_route(again));
  net::HttpResponse present = run(again, *route);
  call.told.tables = again.told.tables;
  call.told.credentials = again.told.credentials;
  return std::optional(std::move(present));
}

void RestCatalog::Impl::keep_reply(Call& call, const net::HttpResponse& response) {
  state::Reply& reply = *call.reply;
  reply.status = response.status;
  reply.created_at_us = parts.clock.now_us();
  if (response.status >= 300 || reply.replay.empty()) {
    if (response.body.size() > kMaxKeptBody) return;
    reply.body = response.body;
    reply.replay.clear();
  }
  auto kept = [&]() -> Status {
    TARN_ASSIGN_OR_RETURN(state::Transaction transaction, parts.database.begin());
    TARN_RETURN_IF_ERROR(state::record_reply(transaction, reply, reply.created_at_us - kKeepReplyUs));
    return transaction.commit();
  }();
  // The request was done; a repetition will be told that it finds it so.
  if (!kept.ok() && parts.log != nullptr) parts.log->error("rest.reply_not_kept", kept.error(), {});
}

}  // namespace tarn::rest
