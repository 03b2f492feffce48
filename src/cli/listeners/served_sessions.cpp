#include "cli/listeners/served_sessions.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "cli/access/access_setup.h"
#include "cli/errors.h"
#include "cli/storage/s3_settings.h"

namespace tarn::cli {
namespace {

/// What a session began with.
class SessionRights {
 public:
  explicit SessionRights(std::shared_ptr<const query::AccessPolicy> policy) : policy_(std::move(policy)) {}

  /// Whether its user has the same rights now. Any thread.
  bool hold(const std::string& user, const std::shared_ptr<const query::AccessPolicy>& now) {
    const std::lock_guard lock(mutex_);
    if (now == policy_) return true;
    if (now == nullptr || !query::has_same_rights(user, *policy_, *now)) return false;
    policy_ = now;
    return true;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const query::AccessPolicy> policy_;
};

}  // namespace

Result<std::unique_ptr<ServedSessions>> ServedSessions::start(CommandContext& context, telemetry::Log& log) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  std::unique_ptr<ServedSessions> sessions(new ServedSessions(
      query::Lake{*catalog, *database, context.manifests(), context.store()}, context.random()));
  TARN_ASSIGN_OR_RETURN(sessions->audit_, open_audit(context, [&log](const Error& error) {
                          log.error("audit.unavailable", error, {});
                        }));
  TARN_ASSIGN_OR_RETURN(sessions->engine_, open_served_engine(context));
  TARN_ASSIGN_OR_RETURN(sessions->access_, AccessWatch::start(context, log));
  if (sessions->is_guarded()) {
    TARN_ASSIGN_OR_RETURN(const std::filesystem::path folder, context.project_folder());
    sessions->rules_ =
        std::make_unique<SqlRules>(*database, context.clock(), context.random(), folder,
                                   [access = sessions->access_.get(), &log] { access->take_rules(log); });
  }
  sessions->lake_.writing = lake_writing(context, *project);
  if (uses_s3(project->spec)) {
    TARN_ASSIGN_OR_RETURN(s3::S3ObjectStore* const store, context.s3());
    sessions->lake_.renew_access = s3_renewal(*sessions->engine_, *store);
  }
  return sessions;
}

Result<std::unique_ptr<query::Session>> ServedSessions::open(const Client& client,
                                                             const query::StatementRights& rights) const {
  query::SessionClient served{.audit = audit_.get(),
                              .actor = {.user = client.user,
                                        .door = std::string(client.door),
                                        .peer = client.peer,
                                        .application = client.application,
                                        .session = new_audit_session(random_)}};
  if (const auto policy = access_->policy(); policy != nullptr) {
    TARN_ASSIGN_OR_RETURN(served.principal, query::Principal::make(policy, client.user));
    served.is_current = [access = access_.get(), rights = std::make_shared<SessionRights>(policy),
                         user = client.user] { return rights->hold(user, access->policy()); };
    served.editor = rules_.get();
  }
  served.open_as = [this, door = std::string(client.door)](const std::string& user) {
    return open_as(user, door);
  };
  return query::Session::open(*engine_, lake_, rights, std::move(served));
}

Result<std::unique_ptr<query::Session>> ServedSessions::open_as(const std::string& user,
                                                                std::string_view door) const {
  const query::StatementRights rights{.writes = true};
  if (!user.empty()) return open({.door = door, .user = user}, rights);
  return query::Session::open(
      *engine_, lake_, rights,
      {.audit = audit_.get(),
       .actor = {.user = system_user(), .door = std::string(door), .session = new_audit_session(random_)}});
}

std::optional<project::UserSpec> ServedSessions::find_user(const std::string& name) const {
  const auto policy = access_->policy();
  const project::UserSpec* const user = policy == nullptr ? nullptr : policy->access.find_user(name);
  return user == nullptr ? std::nullopt : std::optional(*user);
}

void ServedSessions::record_login(const Client& client, const Error* error) const {
  state::AuditRecord record{.event = std::string(state::kAuditLogin),
                            .actor = {.user = client.user,
                                      .door = std::string(client.door),
                                      .peer = client.peer,
                                      .application = client.application},
                            .outcome = std::string(error == nullptr ? state::kAuditDone : error->name())};
  if (error == nullptr)
    audit_->append_soon(std::move(record));
  else
    audit_->append_refusal_of_stranger(std::move(record));
}

Status check_exposure(const Exposure& exposure, bool has_users) {
  if (!has_users) {
    return Error(kOpenListener,
                 fmt::format("nobody could connect to {}: there are no users", exposure.listen))
        .with_hint("name them in `access/users.yaml` or by CREATE USER, or listen on 127.0.0.1");
  }
  if (!exposure.has_tls && !exposure.plain) {
    return Error(kPlainListener, fmt::format("{} would be served without TLS", exposure.listen))
        .with_hint(
            fmt::format("name a certificate in `listeners.{}.tls`, or say `plain: true`", exposure.listener));
  }
  return ok_status();
}

}  // namespace tarn::cli
