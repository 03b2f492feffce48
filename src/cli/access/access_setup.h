#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/command_context.h"
#include "engine/database.h"
#include "query/access/principal.h"
#include "query/lake.h"
#include "state/audit/audit_trail.h"

namespace tarn::cli {

/// The policy of access/*.yaml and of what SQL said, with the key of its masks, if that is at hand; null when
/// there is no such file and SQL made no user. The state is opened for writing. Errors: those of
/// CommandContext::project(), access.no_mask_key for a key file that cannot be read.
Result<std::shared_ptr<const query::AccessPolicy>> load_access_policy(CommandContext& context);

/// An engine for sessions of others than the owner: by no statement it reads or writes anything but the
/// warehouse.
Result<std::unique_ptr<engine::Database>> open_served_engine(CommandContext& context);
/// The audit of a process that serves somebody. `on_failure` is told when it cannot be written. The state is
/// opened for writing. Errors: those of CommandContext::database().
Result<std::unique_ptr<state::AuditTrail>> open_audit(CommandContext& context,
                                                      std::function<void(const Error& error)> on_failure);
/// What sessions write tables with, and which tables the project's feeds keep for themselves,
/// those of backfills included. The context
/// must outlive it.
std::shared_ptr<const query::LakeWriting> lake_writing(CommandContext& context,
                                                       const project::Project& project);
/// The system's user who runs this process.
std::string system_user();
/// A new AuditActor::session.
std::string new_audit_session(io::Random& random);

}  // namespace tarn::cli
