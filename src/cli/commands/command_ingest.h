#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn ingest`: processes what is in the drop folders and ends.
void add_ingest_command(CLI::App& app, CommandContext& context);
/// `tarn serve`: processes files as they arrive until it is stopped.
void add_serve_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
