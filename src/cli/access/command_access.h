#pragma once

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn access password`.
void add_access_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
