#include "cli/commands/command_version.h"

#include "cli/version.h"

namespace tarn::cli {

void add_version_command(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("version", "Show the version of tarn and of the libraries in it");
  command->footer("Examples:\n  tarn version\n  tarn version --output json");
  add_output_option(*command, context);
  context.on_run(*command, [&context]() -> Result<int> {
    RenderOptions options = context.render_options();
    options.footer = false;
    TARN_RETURN_IF_ERROR(context.print(render(version_grid(), options)));
    return kExitDone;
  });
}

}  // namespace tarn::cli
