#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/result.h"
#include "cli/command_context.h"
#include "engine/database.h"

namespace tarn::cli {

/// `tarn sql`: statements from the command line, a file, standard input or a prompt.
void add_sql_command(CLI::App& app, CommandContext& context);

/// `--output table|json|csv|parquet` of a command whose `file_option` names the file that Parquet needs.
void add_output_option(CLI::App& command, CommandContext& context, const std::string& file_option);

/// The project's limits for an engine, which spills beside the state.
Result<engine::DatabaseOptions> engine_options(CommandContext& context);
/// An engine within them, for the owner.
Result<std::unique_ptr<engine::Database>> open_engine(CommandContext& context);

}  // namespace tarn::cli
