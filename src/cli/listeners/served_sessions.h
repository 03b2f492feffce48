#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/access/access_watch.h"
#include "cli/access/sql_rules.h"
#include "cli/command_context.h"
#include "engine/database.h"
#include "query/lake.h"
#include "query/session.h"
#include "state/audit/audit_trail.h"
#include "telemetry/log.h"

namespace tarn::cli {

/// The sessions of all listeners that serve SQL: one engine, one lake, one policy. open() may be called by
/// any thread.
class ServedSessions {
 public:
  /// Errors: engine.open_failed, and those of the project's access policy.
  /// `log` must outlive it.
  static Result<std::unique_ptr<ServedSessions>> start(CommandContext& context, telemetry::Log& log);

  /// Who is to be served, for the audit.
  struct Client {
    std::string_view door;
    std::string user;
    std::string peer = {};
    std::string application = {};
  };
  /// What the user may see, or, where there are no users, everything. Errors: those of query::Session and
  /// query::Principal.
  Result<std::unique_ptr<query::Session>> open(const Client& client,
                                               const query::StatementRights& rights) const;
  /// For what Tarn does in a user's name, with her rights; with the owner's for an empty one. Errors: as of
  /// open().
  Result<std::unique_ptr<query::Session>> open_as(const std::string& user, std::string_view door) const;
  /// Another pointer when rights have changed. Any thread.
  std::shared_ptr<const query::AccessPolicy> policy() const { return access_->policy(); }
  const query::Lake& lake() const { return lake_; }
  /// Whether nobody is served who is not a user; else everybody sees everything.
  bool is_guarded() const { return access_->policy() != nullptr; }
  bool has_users() const { return is_guarded() && !access_->policy()->access.users.empty(); }
  /// The user as the policy has her now; nothing where there is none of that name.
  std::optional<project::UserSpec> find_user(const std::string& name) const;
  /// Puts a login on record, or why it was refused. Those of unknown strangers only so many a second.
  void record_login(const Client& client, const Error* error) const;

 private:
  ServedSessions(query::Lake lake, io::Random& random) : lake_(std::move(lake)), random_(random) {}
  std::unique_ptr<engine::Database> engine_;
  std::unique_ptr<state::AuditTrail> audit_;
  query::Lake lake_;
  io::Random& random_;
  std::unique_ptr<AccessWatch> access_;
  std::unique_ptr<SqlRules> rules_;  ///< Null: there are no users.
};

/// Who reaches a listener of SQL, and how.
struct Exposure {
  std::string listener;  ///< Its name in tarn.yaml.
  std::string listen;
  bool has_tls = false;
  bool plain = false;
};
/// Beyond this machine nothing is offered to everybody, nor in the clear, unless the project says so. Errors:
/// cli.open_listener, cli.plain_listener.
Status check_exposure(const Exposure& exposure, bool has_users);

}  // namespace tarn::cli
