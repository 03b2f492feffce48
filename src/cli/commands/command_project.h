#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn init`: a new project that passes `tarn check`.
void add_init_command(CLI::App& app, CommandContext& context);
/// `tarn check`: validates a project without touching data.
void add_check_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
