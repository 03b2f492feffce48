#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn audit verify|head|search`.
void add_audit_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
