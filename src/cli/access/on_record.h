#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "cli/command_context.h"
#include "state/audit/audit_record.h"

namespace tarn::cli {

/// Who sits at the command line: the owner, by the system's name.
state::AuditActor owner_at_command_line(CommandContext& context, const std::string& command);

/// The state is opened for writing, because what is handed out is put on record; but a project that has none
/// yet does not get one by being asked. Errors: state.not_found and others of CommandContext::database().
Status check_state(CommandContext& context);

/// A command that hands out what is in the lake, or changes it by hand.
struct RecordedCommand {
  std::string command;         ///< "tarn quarantine show".
  std::string arguments = {};  ///< Those that are no data.
  std::string tables = {};     ///< As in AuditRecord.
};

/// Puts the command on record, durably, and then does it; `action` returns how many rows it handed out or
/// changed. Errors: audit.unavailable, and then nothing was done; those of the state and of `action`.
Status on_record(CommandContext& context, const RecordedCommand& what,
                 const std::function<Result<std::int64_t>()>& action);

}  // namespace tarn::cli
