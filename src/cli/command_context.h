#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "cli/render.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "project/load.h"
#include "project/project_spec.h"
#include "s3/store.h"
#include "state/database.h"
#include "table/manifest_cache.h"

namespace tarn::cli {

/// Exit codes of every command.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

/// What a command works with. Everything is made when it is first asked for, once, and lives as long as the
/// context; errors say what a user can do. One thread at a time; what it hands out has its own rules.
///
///   void add_files_command(CLI::App& app, CommandContext& context) {
///     auto options = std::make_shared<FilesOptions>();
///     CLI::App* command = app.add_subcommand("files", "List the files that arrived");
///     command->footer("Examples:\n  tarn files --state quarantined");
///     command->add_option("--state", options->state, "Only those in this state");
///     add_output_option(*command, context);
///     context.on_run(*command, [&context, options] { return run_files(context, *options); });
///   }
class CommandContext {
 public:
  CommandContext();
  ~CommandContext();
  CommandContext(const CommandContext&) = delete;
  CommandContext& operator=(const CommandContext&) = delete;

  /// Runs `action` when the command was given. Its result is the exit code; an Error is rendered to standard
  /// error and ends with kExitFailed (kExitUsage for usage errors, see errors.h).
  void on_run(CLI::App& command, std::function<Result<int>()> action);
  int exit_code() const { return exit_code_; }

  /// `-C`; empty: the nearest folder from here up that holds a tarn.yaml.
  std::string project_option;
  /// `--output`, of commands that called add_output_option().
  OutputFormat output = OutputFormat::kTable;

  /// The project's folder, absolute. Errors: cli.no_project.
  Result<std::filesystem::path> project_folder();
  /// The checked project; warnings are printed once. Errors: cli.bad_project, after every diagnostic was
  /// printed.
  Result<const project::Project*> project();
  /// What tarn.yaml says, for commands that need no contract: an error in a contract is a warning to them.
  /// Errors: cli.bad_project, as above, when it lies in tarn.yaml.
  Result<const project::ProjectSpec*> settings();
  /// tarn.yaml and the contracts as they are written.
  Result<std::vector<project::ProjectFile>> project_files();
  /// A path of the project's settings, made absolute.
  Result<std::filesystem::path> resolve(const std::string& path);
  /// `warehouse` as a location (`file:///…`, `s3://…`), without a trailing slash.
  Result<std::string> warehouse();
  /// `landing` as an absolute path or an `s3://…` location, without a trailing slash.
  Result<std::string> landing();
  /// `state` as a location: the file, absolute, or that of a server, which may hold a password.
  Result<std::string> state_location();
  /// This machine's folder for what goes with the state and may be lost: key indices, spilled data, history.
  /// That of the file, or `state` in the project where a server keeps the state. It may not exist yet.
  Result<std::filesystem::path> state_folder();
  /// The state database. The first call decides how it is opened. Errors: those of state::Database::open().
  Result<state::Database*> database(state::OpenMode mode);
  /// The catalog on that database.
  Result<catalog::Catalog*> catalog(state::OpenMode mode);
  /// Holds every location of the project, wherever it lies.
  io::ObjectStore& store();
  /// The project's S3, whether it uses one or not. Errors: those of s3::S3ObjectStore::open(), and
  /// s3.no_credentials for environment variables that are not set.
  Result<s3::S3ObjectStore*> s3();
  /// The one of the process, for all that reads tables.
  table::ManifestCache& manifests();
  io::Clock& clock();
  io::Random& random();

  /// Of standard output and standard error.
  const Terminal& out() const { return out_; }
  const Terminal& err() const { return err_; }
  RenderOptions render_options() const;
  /// Writes to standard output. Errors: io.failed.
  Status print(std::string_view text);
  /// A line to standard error, for people: notes and warnings.
  void note(std::string_view text);

 private:
  struct Parts;
  Terminal out_;
  Terminal err_;
  int exit_code_ = kExitDone;
  std::unique_ptr<Parts> parts_;
};

/// `--output table|json|csv`, into CommandContext::output.
void add_output_option(CLI::App& command, CommandContext& context);

/// For options that count: a whole number from 1. (CLI11 would wrap -1 round to the greatest number.)
CLI::Validator at_least_one();

/// The project as its files are now, with what SQL said of users and roles (project::kRulesBySql; may be
/// empty). Any thread. Errors: cli.bad_project, with the first thing that is wrong.
Result<project::Project> read_project_with(const std::filesystem::path& folder, const std::string& rules);

}  // namespace tarn::cli
