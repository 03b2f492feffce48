#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn files`: what arrived and what became of it.
void add_files_command(CLI::App& app, CommandContext& context);
/// `tarn status`: the lake at a glance.
void add_status_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
