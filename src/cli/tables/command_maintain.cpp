#include "cli/tables/command_maintain.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "base/size.h"
#include "catalog/errors.h"
#include "cli/commands/ingest_setup.h"
#include "cli/errors.h"
#include "io/errors.h"
#include "state/errors.h"

namespace tarn::cli {
namespace {

struct MaintainOptions {
  std::string table;
  std::vector<std::string> only;
  bool dry_run = false;
};

maintain::Tasks tasks_of(const MaintainOptions& options) {
  if (options.only.empty()) return {};
  maintain::Tasks tasks{.compaction = false, .expiry = false, .orphans = false};
  for (const std::string& one : options.only) {
    tasks.compaction = tasks.compaction || one == "compaction";
    tasks.expiry = tasks.expiry || one == "expiry";
    tasks.orphans = tasks.orphans || one == "orphans";
  }
  return tasks;
}

Grid report_grid(const std::vector<maintain::TableReport>& reports) {
  Grid grid({{"table"},
             {"files", Align::kRight},
             {"files after", Align::kRight},
             {"deletes", Align::kRight},
             {"deletes after", Align::kRight},
             {"size", Align::kRight},
             {"size after", Align::kRight},
             {"snapshots", Align::kRight},
             {"snapshots after", Align::kRight},
             {"removed", Align::kRight},
             {"freed", Align::kRight},
             {"what"}});
  for (const maintain::TableReport& report : reports) {
    std::string actions = report.left_alone;
    for (const std::string& action : report.actions) actions += (actions.empty() ? "" : "; ") + action;
    grid.text(report.name.to_string())
        .number(report.before.data_files)
        .number(report.after.data_files)
        .number(report.before.delete_files)
        .number(report.after.delete_files)
        .size_bytes(static_cast<std::uint64_t>(report.before.size_bytes))
        .size_bytes(static_cast<std::uint64_t>(report.after.size_bytes))
        .number(report.snapshots_before)
        .number(report.snapshots_after)
        .number(report.files_removed)
        .size_bytes(static_cast<std::uint64_t>(report.bytes_removed))
        .text_or_null(actions)
        .end_row();
  }
  return grid;
}

Result<int> run_maintain(CommandContext& context, const MaintainOptions& options) {
  const StopOnSignal stop;
  const auto mode = options.dry_run ? state::OpenMode::kReadOnly : state::OpenMode::kReadWrite;
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(mode));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(mode));
  std::optional<state::ProcessLock> lock;
  if (!options.dry_run) {
    TARN_ASSIGN_OR_RETURN(lock, lock_tables(context, "tarn maintain"));
  }
  std::vector<TableName> names;
  if (options.table.empty()) {
    TARN_ASSIGN_OR_RETURN(names, catalog->list_tables());
  } else {
    TARN_ASSIGN_OR_RETURN(TableName name, named_table(*catalog, options.table));
    names.push_back(std::move(name));
  }
  const maintain::Maintainer::Services services{*database,       *catalog,         context.store(),
                                                context.clock(), context.random(), context.manifests()};
  maintain::Settings settings = maintain::Settings::of(project->spec);
  if (!options.dry_run) {
    TARN_ASSIGN_OR_RETURN(settings.spill_folder, maintenance_folder(context));
  }
  maintain::Maintainer maintainer(services, std::move(settings));
  std::vector<maintain::TableReport> reports;
  bool failed = false;
  for (const TableName& name : names) {
    if (stop.token().stop_requested()) break;
    auto report = options.dry_run ? maintainer.plan(name, tasks_of(options))
                                  : maintainer.run(name, tasks_of(options), stop.token());
    if (!options.dry_run) TARN_RETURN_IF_ERROR(maintain::note_visit(services, name, report));
    if (report.ok()) {
      reports.push_back(*std::move(report));
      continue;
    }
    // The other tables are maintained all the same.
    failed = true;
    context.note(render_diagnostic(std::move(report).error().with_context("maintaining " + name.to_string()),
                                   context.err().color));
  }
  if (options.table.empty() && tasks_of(options).orphans) {
    TARN_ASSIGN_OR_RETURN(auto purged, maintainer.purge_dropped(!options.dry_run, stop.token()));
    std::ranges::move(purged, std::back_inserter(reports));
  }
  TARN_RETURN_IF_ERROR(context.print(render(report_grid(reports), context.render_options())));
  if (options.dry_run && context.output == OutputFormat::kTable)
    context.note("nothing was changed; without --dry-run it is done");
  if (stop.token().stop_requested()) context.note("stopped; run `tarn maintain` again to go on");
  return failed || stop.token().stop_requested() ? kExitFailed : kExitDone;
}

}  // namespace

Result<std::string> maintenance_folder(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const std::filesystem::path state_folder, context.state_folder());
  const std::filesystem::path folder = state_folder / "maintenance";
  std::error_code failed;
  std::filesystem::remove_all(folder, failed);  // what a crash left between writing and unlinking
  if (!failed) std::filesystem::create_directories(folder, failed);
  if (failed) return Error(io::kFailed, fmt::format("cannot make {}: {}", folder.string(), failed.message()));
  return folder.string();
}

Result<state::ProcessLock> lock_tables(CommandContext& context, const std::string& command) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  auto lock = state::ProcessLock::acquire(*database, command, context.clock());
  if (lock.ok() || lock.error().name() != state::kLocked.name) return lock;
  return std::move(lock).error().with_hint(
      "stop that process first. `tarn maintain --dry-run` and looking at tables work beside it");
}

Result<TableName> named_table(catalog::Catalog& catalog, const std::string& text) {
  TARN_ASSIGN_OR_RETURN(const auto names, catalog.list_tables());
  std::vector<TableName> found;
  for (const TableName& name : names)
    if (name.to_string() == text || name.name == text) found.push_back(name);
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Error(catalog::kTableNotFound, fmt::format("there is no table `{}`", text))
        .with_hint("`tarn status` lists the tables");
  }
  return Error(kUsage, fmt::format("`{}` is the name of {} tables", text, found.size()))
      .with_hint("say which, such as `" + found.front().to_string() + "`");
}

void add_maintain_command(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("maintain", "Merge small files, fold deletes, remove files that nothing names");
  command->footer(
      "By the policy of `maintenance:` in tarn.yaml. Snapshots expire only where `keep_snapshots` or a "
      "property of the\ntable says so. Safe to stop and to repeat at any time.\n\n"
      "Examples:\n  tarn maintain --dry-run\n  tarn maintain curated.encounter\n"
      "  tarn maintain --only compaction --output json");
  auto options = std::make_shared<MaintainOptions>();
  command->add_option("table", options->table, "The table; default: all of them")->type_name("TABLE");
  command->add_flag("--dry-run", options->dry_run, "Say what would be done, and do nothing");
  command->add_option("--only", options->only, "Only this: compaction, expiry, orphans")
      ->check(CLI::IsMember({"compaction", "expiry", "orphans"}))
      ->delimiter(',')
      ->type_name("TASKS");
  add_output_option(*command, context);
  context.on_run(*command, [&context, options] { return run_maintain(context, *options); });
}

}  // namespace tarn::cli
