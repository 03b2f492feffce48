#include "cli/backup/command_backup.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "backup/errors.h"
#include "backup/prove.h"
#include "base/civil_time.h"
#include "base/size.h"
#include "cli/backup/backup_setup.h"
#include "cli/commands/ingest_setup.h"
#include "cli/errors.h"
#include "cli/version.h"
#include "state/errors.h"
#include "state/process_lock.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPruneGraceUs = kMicrosPerDay;

struct BackupOptions {
  std::string repository;
  std::string id;
  std::string at;
  std::string scratch;
  std::size_t keep = 0;
  bool recheck = false;
  bool overwrite = false;
  bool drill = false;
};

double seconds_since(CommandContext& context, std::int64_t started_us) {
  return static_cast<double>(context.clock().monotonic_us() - started_us) / 1e6;
}

// "2026-11-21T18:22:33Z", cut anywhere behind the day; UTC.
Result<std::int64_t> parse_time(const std::string& text) {
  CivilDate date;
  int hour = 0;
  int minute = 0;
  int second = 0;
  const int read = std::sscanf(text.c_str(), "%d-%u-%uT%d:%d:%d", &date.year, &date.month, &date.day, &hour,
                               &minute, &second);
  const std::optional<std::int32_t> days = read >= 3 ? days_from_civil(date) : std::nullopt;
  if (!days || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return Error(kUsage, fmt::format("`{}` is no time", text)).with_hint("such as 2026-03-01T18:30:00Z");
  return *days * kMicrosPerDay + ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond;
}

// The one that was asked for: by id, by time, or the newest.
Result<backup::Manifest> chosen(backup::Repository& repository, const BackupOptions& options) {
  if (!options.id.empty()) return repository.load(options.id);
  std::optional<std::int64_t> at_us;
  if (!options.at.empty()) {
    TARN_ASSIGN_OR_RETURN(at_us, parse_time(options.at));
  }
  TARN_ASSIGN_OR_RETURN(std::optional<backup::Manifest> newest, repository.newest(at_us));
  if (newest) return *std::move(newest);
  return Error(backup::kNotFound,
               fmt::format("{} has no backup{}", repository.location(), at_us ? " as old as that" : " yet"));
}

Result<backup::Repository> open_repository(CommandContext& context, const BackupOptions& options) {
  return backup::Repository::open(context.store(), repository_location(options.repository));
}

// The warehouse holds nothing but tables, the landing zone nothing but what landed.
Status check_outside(CommandContext& context, const std::string& repository) {
  TARN_ASSIGN_OR_RETURN(const std::string warehouse, context.warehouse());
  TARN_ASSIGN_OR_RETURN(const std::string landing, context.landing());
  for (const std::string& folder :
       {warehouse, project::is_s3_location(landing) ? landing : io::file_uri(landing)}) {
    if (!(repository + "/").starts_with(folder + "/")) continue;
    return Error(kUsage, fmt::format("the repository would lie in {}", folder))
        .with_hint("choose a folder outside of the lake, best on another disk or machine");
  }
  return ok_status();
}

Result<int> run_create(CommandContext& context, const BackupOptions& options) {
  const StopOnSignal stop;
  const std::int64_t started_us = context.clock().monotonic_us();
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const settings, context.settings());
  TARN_ASSIGN_OR_RETURN(const fs::path folder, context.project_folder());
  TARN_ASSIGN_OR_RETURN(const std::string landing, context.landing());
  TARN_ASSIGN_OR_RETURN(const fs::path state_folder, context.state_folder());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  // Before anything is made or copied.
  if (database->is_server())
    return Error(state::kInServer, "the state is in " + database->name())
        .with_hint("docs/postgresql.md tells how: pg_dump, between two copies of warehouse and landing zone");
  TARN_ASSIGN_OR_RETURN(const auto lock, state::ProcessLock::acquire((state_folder / "backup.lock").string(),
                                                                     "tarn backup create", context.clock()));
  const std::string location = repository_location(options.repository);
  TARN_RETURN_IF_ERROR(check_outside(context, location));
  TARN_ASSIGN_OR_RETURN(auto repository,
                        backup::Repository::open_or_make(context.store(), location, *settings->name));
  TARN_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::make((state_folder / "backup").string()));
  ProgressBar bar(context.clock(), context.err(), {.label = "backup", .unit = "files"});
  backup::CreateOptions create{.project = *settings->name,
                               .project_folder = folder.string(),
                               .landing = landing,
                               .tarn_version = version_line(),
                               .landed_at = landed_at(context, landing),
                               .scratch = scratch.path(),
                               .threads = settings->limits.threads,
                               .recheck = options.recheck,
                               .progress = show_on(bar)};
  TARN_ASSIGN_OR_RETURN(create.warehouse, context.warehouse());
  TARN_ASSIGN_OR_RETURN(const auto files, context.project_files());
  for (const project::ProjectFile& file : files) create.project_files.emplace_back(file.path, file.text);
  TARN_ASSIGN_OR_RETURN(const backup::CreateReport report,
                        create_backup(repository, *database, backup_services(context), create, stop.token()));
  bar.finish();
  const backup::Manifest& made = report.manifest;
  TARN_RETURN_IF_ERROR(context.print(
      fmt::format("backup {}: {} tables, {} of their files; {} files ({}) were new, {}\n", made.id,
                  made.tables.size(), format_count(static_cast<std::int64_t>(made.files.size())),
                  format_count(static_cast<std::int64_t>(report.files_copied)),
                  format_size(report.bytes_copied), format_duration(seconds_since(context, started_us)))));
  if (made.missing.empty()) return kExitDone;
  for (const std::string& location_gone : made.missing) context.note("missing: " + location_gone);
  return Error(backup::kIncomplete,
               fmt::format("{} file{} that the lake names could not be read; all else is "
                           "in the backup",
                           made.missing.size(), made.missing.size() == 1 ? "" : "s"));
}

Result<int> run_list(CommandContext& context, const BackupOptions& options) {
  TARN_ASSIGN_OR_RETURN(auto repository, open_repository(context, options));
  TARN_ASSIGN_OR_RETURN(const auto ids, repository.list());
  Grid grid({{"backup"},
             {"made"},
             {"project"},
             {"tables", Align::kRight},
             {"files", Align::kRight},
             {"size", Align::kRight},
             {"last arrival", Align::kRight},
             {"missing", Align::kRight}});
  for (const std::string& id : ids) {
    TARN_ASSIGN_OR_RETURN(const backup::Manifest manifest, repository.load(id));
    grid.text(manifest.id)
        .timestamp_us(manifest.created_at_us)
        .text(manifest.project)
        .number(static_cast<std::int64_t>(manifest.tables.size()))
        .number(static_cast<std::int64_t>(manifest.files.size()))
        .size_bytes(manifest.table_bytes() + manifest.state.size_bytes)
        .number(manifest.last_arrival)
        .number(static_cast<std::int64_t>(manifest.missing.size()))
        .end_row();
  }
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  return kExitDone;
}

Result<int> run_verify(CommandContext& context, const BackupOptions& options) {
  const StopOnSignal stop;
  const std::int64_t started_us = context.clock().monotonic_us();
  TARN_ASSIGN_OR_RETURN(auto repository, open_repository(context, options));
  TARN_ASSIGN_OR_RETURN(const backup::Manifest manifest, chosen(repository, options));
  TARN_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::make());
  ProgressBar bar(context.clock(), context.err(), {.label = "verify", .unit = "files"});
  TARN_ASSIGN_OR_RETURN(const std::uint64_t bytes, verify(repository, manifest,
                                                          {.landed_at = landed_at(context, manifest.landing),
                                                           .scratch = scratch.path(),
                                                           .progress = show_on(bar)},
                                                          backup_services(context), stop.token()));
  bar.finish();
  TARN_RETURN_IF_ERROR(
      context.print(fmt::format("backup {}: {} read, every byte as it was put there, {}\n", manifest.id,
                                format_size(bytes), format_duration(seconds_since(context, started_us)))));
  return kExitDone;
}

Result<int> run_prune(CommandContext& context, const BackupOptions& options) {
  TARN_ASSIGN_OR_RETURN(auto repository, open_repository(context, options));
  TARN_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::make());
  TARN_ASSIGN_OR_RETURN(const auto pruned,
                        repository.prune(options.keep, context.clock().now_us() - kPruneGraceUs,
                                         [&](const backup::Manifest& manifest) {
                                           return landed_of(repository, manifest, backup_services(context),
                                                            scratch.path());
                                         }));
  TARN_RETURN_IF_ERROR(context.print(
      fmt::format("{} backups and {} files ({}) removed\n", pruned.backups.size(),
                  format_count(static_cast<std::int64_t>(pruned.objects)), format_size(pruned.bytes))));
  return kExitDone;
}

Result<int> run_drill(CommandContext& context, backup::Repository& repository,
                      const backup::Manifest& manifest, const BackupOptions& options) {
  const StopOnSignal stop;
  const std::int64_t started_us = context.clock().monotonic_us();
  TARN_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::make(options.scratch));
  const std::string below = scratch.path() + "/lake";
  ProgressBar bar(context.clock(), context.err(), {.label = "restore", .unit = "files"});
  TARN_ASSIGN_OR_RETURN(const backup::RestoreReport report,
                        restore(repository, manifest, backup_services(context),
                                {.landed_at = landed_at(context, manifest.landing),
                                 .below = below,
                                 .scratch = scratch.path(),
                                 .progress = show_on(bar)},
                                stop.token()));
  bar.finish();
  const double restored_s = seconds_since(context, started_us);
  TARN_ASSIGN_OR_RETURN(const backup::Proof proof, prove(manifest, backup_services(context), below));
  Grid grid({{"table"}, {"snapshots", Align::kRight}, {"rows read", Align::kRight}});
  for (const backup::ProvenTable& table : proof.tables)
    grid.text(table.name.to_string()).number(table.snapshots).number(table.rows).end_row();
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  for (const std::string& one : proof.left_alone) context.note("not read: " + one);
  context.note(fmt::format(
      "backup {}: {} in {} files restored in {}, every row of its tables read in {} more", manifest.id,
      format_size(report.bytes_written), format_count(static_cast<std::int64_t>(report.files_written)),
      format_duration(restored_s), format_duration(seconds_since(context, started_us) - restored_s)));
  return kExitDone;
}

Result<int> run_restore(CommandContext& context, const BackupOptions& options) {
  const std::int64_t started_us = context.clock().monotonic_us();
  TARN_ASSIGN_OR_RETURN(auto repository, open_repository(context, options));
  TARN_ASSIGN_OR_RETURN(const backup::Manifest manifest, chosen(repository, options));
  if (options.drill) return run_drill(context, repository, manifest, options);
  const StopOnSignal stop;
  const fs::path state_folder = fs::path(manifest.state.location).parent_path();
  TARN_RETURN_IF_ERROR(context.store().make_folder(state_folder.string()));
  TARN_ASSIGN_OR_RETURN(const auto lock, state::ProcessLock::acquire((state_folder / "tarn.lock").string(),
                                                                     "tarn restore", context.clock()));
  TARN_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::make(options.scratch));
  ProgressBar bar(context.clock(), context.err(), {.label = "restore", .unit = "files"});
  TARN_ASSIGN_OR_RETURN(const backup::RestoreReport report,
                        restore(repository, manifest, backup_services(context),
                                {.landed_at = landed_at(context, manifest.landing),
                                 .overwrite = options.overwrite,
                                 .scratch = scratch.path(),
                                 .progress = show_on(bar)},
                                stop.token()));
  bar.finish();
  TARN_RETURN_IF_ERROR(context.print(fmt::format(
      "backup {} is back in {}: {} files ({}) written, {} were there, {}\n", manifest.id,
      manifest.project_folder, format_count(static_cast<std::int64_t>(report.files_written)),
      format_size(report.bytes_written), format_count(static_cast<std::int64_t>(report.files_there)),
      format_duration(seconds_since(context, started_us)))));
  for (const std::string& gone : manifest.missing)
    context.note("was missing when the backup was made: " + gone);
  return kExitDone;
}

CLI::App* add_to(CLI::App& group, const char* name, const char* description, BackupOptions& options) {
  CLI::App* command = group.add_subcommand(name, description);
  command->add_option("repository", options.repository, "The folder that holds the backups")->required();
  return command;
}

void add_choice(CLI::App& command, BackupOptions& options) {
  auto* id = command.add_option("--backup", options.id, "Which backup; default: the newest")->type_name("ID");
  command.add_option("--at", options.at, "The newest one made by then, such as 2026-03-01T18:30:00Z")
      ->type_name("TIME")
      ->excludes(id);
}

}  // namespace

void add_backup_command(CLI::App& app, CommandContext& context) {
  CLI::App* group = app.add_subcommand("backup", "Copy the lake to a safe place, and look after the copies");
  group->require_subcommand(1);
  auto options = std::make_shared<BackupOptions>();

  CLI::App* create =
      add_to(*group, "create", "Make a backup: what the last one does not have is copied", *options);
  create->add_flag("--recheck", options->recheck, "Compare every file instead of relying on the last backup");
  create->footer(
      "State, tables with all their history, the landing zone and the contracts. Ingest may go on.\n\n"
      "Examples:\n  tarn backup create /mnt/safe/hospital\n  tarn restore /mnt/safe/hospital --drill");
  context.on_run(*create, [&context, options] { return run_create(context, *options); });

  CLI::App* list = add_to(*group, "list", "List the backups, oldest first", *options);
  add_output_option(*list, context);
  context.on_run(*list, [&context, options] { return run_list(context, *options); });

  CLI::App* verify =
      add_to(*group, "verify", "Read every byte of a backup and compare its SHA-256", *options);
  add_choice(*verify, *options);
  context.on_run(*verify, [&context, options] { return run_verify(context, *options); });

  CLI::App* prune = add_to(*group, "prune", "Remove old backups and what only they need", *options);
  prune->add_option("--keep", options->keep, "How many of the newest stay")
      ->required()
      ->check(at_least_one());
  prune->footer("Files that were put there within the last day stay in any case.");
  context.on_run(*prune, [&context, options] { return run_prune(context, *options); });
}

void add_restore_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<BackupOptions>();
  CLI::App* restore =
      add_to(app, "restore", "Put a backup back where it was, or prove that it could be", *options);
  add_choice(*restore, *options);
  restore->add_flag("--drill", options->drill,
                    "Restore into a temporary folder, read every row of every table there, and remove it");
  restore->add_flag("--overwrite", options->overwrite, "Replace files that differ from the backup");
  restore->add_option("--scratch", options->scratch, "Where the drill's folder goes; default: TMPDIR")
      ->type_name("DIR");
  restore->footer(
      "Tables name their files by absolute locations, so a backup goes back to the folders it came from.\n"
      "Nothing is written when files there differ, unless --overwrite says so. A cut restore can be run "
      "again.\n\n"
      "Examples:\n  tarn restore /mnt/safe/hospital --drill\n"
      "  tarn restore /mnt/safe/hospital --at 2026-03-01T18:30:00Z --overwrite");
  add_output_option(*restore, context);
  context.on_run(*restore, [&context, options] { return run_restore(context, *options); });
}

}  // namespace tarn::cli
