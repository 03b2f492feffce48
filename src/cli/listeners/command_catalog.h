#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn catalog serve`, `tarn catalog secret`.
void add_catalog_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
