#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn sql`: statements from the command line, a file, standard input or a prompt.
void add_sql_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
