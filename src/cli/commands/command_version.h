#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn version`: what this binary was built from.
void add_version_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
