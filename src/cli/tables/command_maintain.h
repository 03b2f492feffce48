#pragma once

#include "cli/command_context.h"
#include "maintain/maintainer.h"
#include "state/process_lock.h"

namespace tarn::cli {

/// `tarn maintain`.
void add_maintain_command(CLI::App& app, CommandContext& context);

/// Locks the project for a command that changes tables. Errors: state.locked, with what to do.
Result<state::ProcessLock> lock_tables(CommandContext& context, const std::string& command);

/// The folder for maintain::Settings::spill_folder, made anew: only for who has locked the project. Errors:
/// io.failed.
Result<std::string> maintenance_folder(CommandContext& context);

/// The table that a user means by "schema.table", or by its name alone where only one has it. Errors:
/// cli.usage, catalog.table_not_found.
Result<TableName> named_table(catalog::Catalog& catalog, const std::string& text);

}  // namespace tarn::cli
