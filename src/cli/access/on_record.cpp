#include "cli/access/on_record.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "cli/access/access_setup.h"
#include "project/load.h"
#include "state/audit/audit_trail.h"
#include "state/database.h"

namespace tarn::cli {

state::AuditActor owner_at_command_line(CommandContext& context, const std::string& command) {
  return {.user = system_user(),
          .door = std::string(state::kAuditDoorCli),
          .peer = system_user(),
          .application = command,
          .session = new_audit_session(context.random())};
}

Status check_state(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const std::string location, context.state_location());
  std::error_code failed;
  if (state::is_server_location(location) || std::filesystem::exists(location, failed)) return ok_status();
  TARN_RETURN_IF_ERROR(context.database(state::OpenMode::kReadOnly));
  return ok_status();
}

Status on_record(CommandContext& context, const RecordedCommand& what,
                 const std::function<Result<std::int64_t>()>& action) {
  TARN_RETURN_IF_ERROR(check_state(context));
  TARN_ASSIGN_OR_RETURN(const std::unique_ptr<state::AuditTrail> trail,
                        open_audit(context, [&context](const Error& error) {
                          context.note(project::render_warning(error, context.err().color));
                        }));
  const state::AuditActor actor = owner_at_command_line(context, what.command);
  const std::int64_t started_us = context.clock().monotonic_us();
  TARN_ASSIGN_OR_RETURN(
      const std::int64_t begun,
      trail->append({.event = std::string(state::kAuditBegun),
                     .actor = actor,
                     .statement = what.command + (what.arguments.empty() ? "" : " ") + what.arguments,
                     .tables = what.tables}));
  const Result<std::int64_t> rows = action();
  state::AuditRecord ended{.event = std::string(state::kAuditEnded),
                           .begun = begun,
                           .actor = actor,
                           .outcome = std::string(rows.ok() ? state::kAuditDone : rows.error().name())};
  if (rows.ok()) ended.rows = *rows;
  ended.duration_ms = (context.clock().monotonic_us() - started_us) / 1000;
  trail->append_soon(std::move(ended));
  if (!rows.ok()) return rows.error();
  return ok_status();
}

}  // namespace tarn::cli
