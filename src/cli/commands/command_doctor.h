#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn doctor`: looks the project and its machine over, and says how to mend what is wrong.
void add_doctor_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
