#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn reference` (hidden): the reference pages that are generated from the code.
void add_reference_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
