#include "cli/listeners/served_sessions.h"

#include <fmt/format.h>

#include <utility>

#include "cli/access/access_setup.h"
#include "cli/errors.h"
#include "cli/storage/s3_settings.h"

namespace tarn::cli {

Result<std::unique_ptr<ServedSessions>> ServedSessions::start(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  std::unique_ptr<ServedSessions> sessions(
      new ServedSessions(query::Lake{*catalog, *database, context.manifests(), context.store()}));
  TARN_ASSIGN_OR_RETURN(sessions->engine_, open_served_engine(context));
  TARN_ASSIGN_OR_RETURN(sessions->lake_.scratch_folder, served_scratch(context));
  TARN_ASSIGN_OR_RETURN(sessions->policy_, load_access_policy(context));
  if (uses_s3(project->spec)) {
    TARN_ASSIGN_OR_RETURN(s3::S3ObjectStore* const store, context.s3());
    sessions->lake_.renew_access = s3_renewal(*sessions->engine_, *store);
  }
  return sessions;
}

Result<std::unique_ptr<query::Session>> ServedSessions::open(const std::string& user,
                                                             const query::StatementRights& rights) const {
  std::shared_ptr<const query::Principal> principal;
  if (policy_ != nullptr) {
    TARN_ASSIGN_OR_RETURN(principal, query::Principal::make(policy_, user));
  }
  return query::Session::open(*engine_, lake_, rights, std::move(principal));
}

Status check_exposure(const Exposure& exposure, const project::Project& project) {
  if (!project.access || project.access->users.empty()) {
    return Error(kOpenListener,
                 fmt::format("nobody could connect to {}: there are no users", exposure.listen))
        .with_hint("name them in `access/users.yaml`, or listen on 127.0.0.1");
  }
  if (!exposure.has_tls && !exposure.plain) {
    return Error(kPlainListener, fmt::format("{} would be served without TLS", exposure.listen))
        .with_hint(
            fmt::format("name a certificate in `listeners.{}.tls`, or say `plain: true`", exposure.listener));
  }
  return ok_status();
}

}  // namespace tarn::cli
