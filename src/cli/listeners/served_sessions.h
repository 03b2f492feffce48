#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/command_context.h"
#include "engine/database.h"
#include "query/lake.h"
#include "query/session.h"

namespace tarn::cli {

/// The sessions of all listeners that serve SQL: one engine, one lake, one policy. open() may be called by
/// any thread.
class ServedSessions {
 public:
  /// Errors: engine.open_failed, and those of the project's access policy.
  static Result<std::unique_ptr<ServedSessions>> start(CommandContext& context);

  /// What the user may see, or, where there are no users, everything. Errors: those of query::Session and
  /// query::Principal.
  Result<std::unique_ptr<query::Session>> open(const std::string& user,
                                               const query::StatementRights& rights) const;

 private:
  explicit ServedSessions(query::Lake lake) : lake_(std::move(lake)) {}
  std::unique_ptr<engine::Database> engine_;
  query::Lake lake_;
  std::shared_ptr<const query::AccessPolicy> policy_;  ///< Null: there are no users.
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
Status check_exposure(const Exposure& exposure, const project::Project& project);

}  // namespace tarn::cli
