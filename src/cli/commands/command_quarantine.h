#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn quarantine list|show|replay|discard`.
void add_quarantine_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
