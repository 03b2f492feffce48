#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn backup create|list|verify|prune`.
void add_backup_command(CLI::App& app, CommandContext& context);
/// `tarn restore`.
void add_restore_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
