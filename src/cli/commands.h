#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// Declares the whole command line: global options and every command.
void add_commands(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
