#pragma once

#include <CLI/CLI.hpp>

#include <optional>

#include "base/error.h"
#include "cli/command_context.h"

namespace tarn::cli {

/// Declares the whole command line: global options and every command.
void add_commands(CLI::App& app, CommandContext& context);

/// After a parse that failed: the first word of the command line that no command takes, as an error
/// (cli.usage) with the command or option that was probably meant. Nothing when every word was taken.
std::optional<Error> unknown_word(const CLI::App& app);

}  // namespace tarn::cli
