#include "cli/commands.h"

#include "cli/commands/command_demo.h"
#include "cli/commands/command_discover.h"
#include "cli/commands/command_doctor.h"
#include "cli/commands/command_files.h"
#include "cli/commands/command_ingest.h"
#include "cli/commands/command_project.h"
#include "cli/commands/command_quarantine.h"
#include "cli/commands/command_reference.h"
#include "cli/commands/command_sql.h"
#include "cli/commands/command_version.h"
#include "cli/version.h"

namespace tarn::cli {

void add_commands(CLI::App& app, CommandContext& context) {
  app.description(
      "Tarn: an open lakehouse in one binary. Files go in by contract, Iceberg tables and SQL come out.");
  app.set_version_flag("--version", version_line());
  app.require_subcommand(1);
  app.fallthrough();
  app.get_formatter()->column_width(34);
  app.add_option("-C,--project", context.project_option,
                 "The project's folder; default: the nearest folder from here up with a tarn.yaml")
      ->type_name("DIR");
  add_init_command(app, context);
  add_check_command(app, context);
  add_discover_command(app, context);
  add_ingest_command(app, context);
  add_serve_command(app, context);
  add_sql_command(app, context);
  add_files_command(app, context);
  add_status_command(app, context);
  add_doctor_command(app, context);
  add_quarantine_command(app, context);
  add_demo_command(app, context);
  add_version_command(app, context);
  add_reference_command(app, context);
  app.footer("Start with `tarn COMMAND --help`; each shows examples.");
}

}  // namespace tarn::cli
