#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn discover`: proposes a contract from sample files.
void add_discover_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
