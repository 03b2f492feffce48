#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn demo make`: writes the zips that a hospital's facilities would send, and the truth about them.
void add_demo_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
