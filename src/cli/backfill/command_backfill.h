#pragma once

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn backfill`.
void add_backfill_command(CLI::App& app, CommandContext& context);

}  // namespace tarn::cli
