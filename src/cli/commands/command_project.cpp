#include "cli/commands/command_project.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "cli/commands/ingest_setup.h"
#include "cli/errors.h"
#include "engine/database.h"
#include "ingest/read/compiled_feed.h"
#include "ingest/table_shape.h"
#include "io/errors.h"
#include "io/object_store.h"
#include "project/load.h"
#include "project/reference.h"
#include "query/access/check_policy.h"
#include "state/access/access_rules.h"
#include "state/errors.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProjectTemplate = R"(# A Tarn project. Every key: docs/reference/contracts.md
project: {}
warehouse: lake        # Iceberg tables
landing: landing       # the original bytes of everything that arrived
state: state/tarn.db   # catalog, ledger of files, quarantine
limits:
  memory: 1GiB
)";

Status write_new(CommandContext& context, const fs::path& path, std::string_view text) {
  return context.store().write(path.string(), text, io::IfExists::kFail);
}

// A project's name: what a folder's name has of letters, digits, `_` and `-`.
std::string project_name(const fs::path& folder) {
  std::string name;
  for (const char c : folder.filename().string()) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  if (name.empty() || std::isalpha(static_cast<unsigned char>(name.front())) == 0) name.insert(0, "p");
  return name;
}

Result<int> run_init(CommandContext& context, const std::string& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  const fs::path root = path.has_filename() ? path : path.parent_path();
  TARN_RETURN_IF_ERROR(
      write_new(context, root / "tarn.yaml", fmt::format(kProjectTemplate, project_name(root))));
  const auto keep = [&](std::string_view name, const std::string& text) {
    Status written = write_new(context, root / name, text);
    return !written.ok() && written.error().name() == io::kExists.name ? ok_status() : std::move(written);
  };
  TARN_RETURN_IF_ERROR(keep("feeds/feed.schema.json", project::feed_json_schema()));
  std::error_code failed;
  fs::create_directories(root / "inbox", failed);
  if (failed)
    return Error(io::kFailed, fmt::format("cannot make {}: {}", (root / "inbox").string(), failed.message()));
  TARN_RETURN_IF_ERROR(
      context.print(fmt::format("A project is in {}.\nNext: put sample files into inbox/, let `tarn discover "
                                "inbox/FILE > feeds/NAME.yaml` propose a\n"
                                "contract, then `tarn check` and `tarn ingest`.\n",
                                root.string())));
  return kExitDone;
}

// Contracts that the tables, once there are some, do not fit.
Result<std::vector<ingest::BlockedFeed>> find_blocked(CommandContext& context,
                                                      const project::Project& project) {
  const Result<catalog::Catalog*> catalog = context.catalog(state::OpenMode::kReadOnly);
  if (catalog.ok()) return ingest::find_blocked(project, **catalog);
  const bool is_new = catalog.error().name() == state::kNotFound.name;
  // Contracts are also checked where the server is not at hand.
  const bool is_away = catalog.error().name() == state::kUnreachable.name;
  if (!is_new && !is_away) return catalog.error();
  if (is_away) context.note(project::render_warning(catalog.error(), context.err().color));
  return std::vector<ingest::BlockedFeed>();
}

// A folder that is not there may be new, misspelt, or on a share that is not mounted: only a person can tell.
Status warn_of_missing_folders(CommandContext& context, const project::Project& project) {
  std::set<std::string> seen;
  for (const project::FeedSpec& feed : project.feeds) {
    const project::Located<std::string>& folder = feed.source.folder;
    TARN_ASSIGN_OR_RETURN(const fs::path path, context.resolve(*folder));
    std::error_code failed;
    if (!seen.insert(*folder).second || fs::is_directory(path, failed)) continue;
    context.note(project::render_warning(
        Error(kNoSourceFolder, fmt::format("the source folder {} is not there", path.string()))
            .with_span(folder.span)
            .with_hint("correct its name, make it, or mount it; `tarn ingest` would make it"),
        context.err().color));
  }
  return ok_status();
}

/// Empty before there is a state.
Result<std::string> rules_by_sql(CommandContext& context) {
  const Result<state::Database*> database = context.database(state::OpenMode::kReadOnly);
  const std::string_view code = database.ok() ? "" : database.error().name();
  // find_blocked() tells of a server that is not at hand.
  if (code == state::kNotFound.name || code == state::kUnreachable.name) return std::string();
  TARN_RETURN_IF_ERROR(database);
  TARN_ASSIGN_OR_RETURN(state::AccessRules rules, state::access_rules(**database));
  return std::move(rules.document);
}

// What only the engine can tell of access/*.yaml: how many mistakes there are, each told.
Result<std::size_t> check_policy_of(CommandContext& context, const project::Project& project) {
  TARN_ASSIGN_OR_RETURN(const std::string rules, rules_by_sql(context));
  std::optional<project::AccessSpec> access = project.access;
  if (!rules.empty()) {
    TARN_ASSIGN_OR_RETURN(const fs::path folder, context.project_folder());
    auto with_rules = read_project_with(folder, rules);
    if (!with_rules.ok())
      return std::move(with_rules).error().with_context("with what SQL said of users and roles");
    access = std::move(with_rules->access);
  }
  if (!access) return std::size_t{0};
  auto policy = std::make_shared<const query::AccessPolicy>(
      query::AccessPolicy{*std::move(access), project::contract_tables(project.feeds)});
  TARN_ASSIGN_OR_RETURN(const auto engine, engine::Database::open({.threads = 1}));
  TARN_ASSIGN_OR_RETURN(const auto connection, engine->connect());
  const std::vector<Error> errors = query::check_policy(std::move(policy), *connection);
  for (const Error& error : errors) context.note(render_diagnostic(error, context.err().color));
  return errors.size();
}

Result<int> run_check(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  Grid grid({{"feed"}, {"source"}, {"format"}, {"mode"}, {"table"}, {"columns", Align::kRight}, {"key"}});
  for (std::size_t i = 0; i < project->feeds.size(); ++i) {
    const project::FeedSpec& feed = project->feeds[i];
    // What only compiling finds: zones that this machine lacks, paths, formats.
    TARN_RETURN_IF_ERROR(ingest::CompiledFeed::compile(feed, i));
    std::string key;
    for (const auto& column : feed.key) key += (key.empty() ? "" : ", ") + *column;
    grid.text(*feed.name)
        .text(*feed.source.folder)
        .text(project::to_string(*feed.format.type))
        .text(project::to_string(*feed.mode))
        .text(feed.table->to_string())
        .number(static_cast<std::int64_t>(feed.columns.size()))
        .text_or_null(key)
        .end_row();
  }
  TARN_ASSIGN_OR_RETURN(const std::size_t mistakes, check_policy_of(context, *project));
  if (mistakes > 0) return kExitFailed;
  TARN_ASSIGN_OR_RETURN(const auto blocked, find_blocked(context, *project));
  if (!blocked.empty()) {
    note_blocked(context, *project, blocked);
    return kExitFailed;
  }
  TARN_RETURN_IF_ERROR(warn_of_missing_folders(context, *project));
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  if (context.output == OutputFormat::kTable) TARN_RETURN_IF_ERROR(context.print("the project is fine\n"));
  return kExitDone;
}

}  // namespace

void add_init_command(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("init", "Make a new project in a folder");
  command->footer(
      "Examples:\n  tarn init clinic\n  cd clinic && tarn discover inbox/sample.csv > feeds/sample.yaml");
  auto folder = std::make_shared<std::string>(".");
  command->add_option("folder", *folder, "Where; it may exist, but hold no tarn.yaml")->capture_default_str();
  context.on_run(*command, [&context, folder] { return run_init(context, *folder); });
}

void add_check_command(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("check", "Validate the project's contracts, also against the tables that exist");
  command->footer(
      "Shows every error with its place and its mend; exit code 1 when there is one.\n\n"
      "Examples:\n  tarn check\n  tarn -C examples/hospital check --output json");
  add_output_option(*command, context);
  context.on_run(*command, [&context] { return run_check(context); });
}

}  // namespace tarn::cli
