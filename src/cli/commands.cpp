#include "cli/commands.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "cli/access/command_access.h"
#include "cli/audit/command_audit.h"
#include "cli/backfill/command_backfill.h"
#include "cli/backup/command_backup.h"
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
#include "cli/errors.h"
#include "cli/listeners/command_catalog.h"
#include "cli/tables/command_maintain.h"
#include "cli/tables/command_table.h"
#include "cli/version.h"

namespace tarn::cli {
namespace {

/// "tarn quarantine list" as far as it was understood, and the options that hold there.
struct Reached {
  const CLI::App* command = nullptr;
  std::string name;
  std::vector<std::string> options;
};

Reached reached(const CLI::App& app) {
  Reached at;
  const CLI::App* command = &app;
  while (command != nullptr) {
    at.command = command;
    at.name += (at.name.empty() ? "" : " ") + command->get_name();
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) at.options.push_back("--" + name);
      for (const std::string& name : option->get_snames()) at.options.push_back("-" + name);
    }
    const auto given = command->get_subcommands();
    command = given.empty() ? nullptr : given.front();
  }
  return at;
}

}  // namespace

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
  add_catalog_command(app, context);
  add_maintain_command(app, context);
  add_sql_command(app, context);
  add_table_command(app, context);
  add_changes_command(app, context);
  add_access_command(app, context);
  add_audit_command(app, context);
  add_files_command(app, context);
  add_status_command(app, context);
  add_doctor_command(app, context);
  add_quarantine_command(app, context);
  add_backfill_command(app, context);
  add_backup_command(app, context);
  add_restore_command(app, context);
  add_demo_command(app, context);
  add_version_command(app, context);
  add_reference_command(app, context);
  app.footer("Start with `tarn COMMAND --help`; each shows examples.");
}

std::optional<Error> unknown_word(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining(true);
  if (words.empty()) return std::nullopt;
  const Reached at = reached(app);
  const std::string word = words.front().substr(0, words.front().find('='));
  const bool is_option = word.starts_with('-');
  std::vector<std::string> names;
  if (is_option) names = at.options;
  for (const CLI::App* command : at.command->get_subcommands([](const CLI::App*) { return true; })) {
    if (!is_option) names.push_back(command->get_name());
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string_view near = nearest_name(word, candidates);
  Error error(kUsage, is_option       ? fmt::format("`{}` is not an option of `{}`", word, at.name)
                      : names.empty() ? fmt::format("`{}` takes no further word such as `{}`", at.name, word)
                                      : fmt::format("`{}` is not a command of `{}`", word, at.name));
  if (near.empty())
    return std::move(error).with_hint(fmt::format("`{} --help` shows what there is", at.name));
  return std::move(error).with_hint(fmt::format("did you mean `{}`?", near));
}

}  // namespace tarn::cli
