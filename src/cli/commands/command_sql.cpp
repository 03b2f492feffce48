#include "cli/commands/command_sql.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "cli/access/access_setup.h"
#include "cli/access/on_record.h"
#include "cli/access/sql_rules.h"
#include "cli/errors.h"
#include "cli/sql/prompt.h"
#include "cli/sql/result_printer.h"
#include "cli/storage/s3_settings.h"
#include "engine/database.h"
#include "io/errors.h"
#include "query/errors.h"
#include "query/session.h"

namespace tarn::cli {
namespace {

/// Rows that a table shows on a terminal unless --max-rows says otherwise.
constexpr std::uint64_t kTerminalRows = 40;

constexpr std::string_view kExamples =
    "Examples:\n"
    "  tarn sql                                        a prompt; \\? helps\n"
    "  tarn sql \"SELECT count(*) FROM curated.encounter\"\n"
    "  tarn sql -f report.sql -p from=2026-01-01 -p ward=ICU\n"
    "  tarn sql \"FROM curated.encounter AT (TIMESTAMP => '2026-01-01 12:00:00+00')\"\n"
    "  tarn sql \"FROM ops.quarantine LIMIT 10\" --output json\n"
    "  tarn sql --as ann \"SHOW TABLES\"\n"
    "  tarn sql \"FROM curated.encounter\" --output parquet --to encounter.parquet\n"
    "Tables are read-only; `CREATE TEMP TABLE … AS SELECT …` holds results within one session.";

struct SqlOptions {
  std::string statement;
  std::string file;
  std::vector<std::string> parameters;
  std::string to;
  std::string as;
  std::optional<std::uint64_t> max_rows;
  bool timing = false;
  bool expanded = false;
};

Result<query::Parameters> parse_parameters(const std::vector<std::string>& given) {
  query::Parameters parameters;
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Error(kUsage, fmt::format("`-p {}` is not name=value", text))
          .with_hint("write it as in `-p from=2026-01-01`");
    }
    parameters.insert_or_assign(text.substr(0, equals), text.substr(equals + 1));
  }
  return parameters;
}

/// A value that no statement asks for is a slip of its name.
Status check_parameters(const std::string& script, const query::Parameters& parameters) {
  const std::vector<std::string> names = query::parameter_names(script);
  for (const auto& [name, value] : parameters) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view nearest = nearest_name(name, views);
    return Error(kUsage, fmt::format("no statement has a parameter `${}`", name))
        .with_hint(nearest.empty() ? "remove it, or write `$" + name + "` where it belongs"
                                   : fmt::format("did you mean `-p {}=…`?", nearest));
  }
  return ok_status();
}

Result<std::string> read_script(const SqlOptions& options) {
  if (!options.statement.empty() && options.file.empty()) return options.statement;
  if (!options.file.empty() && options.file != "-") {
    std::ifstream file(options.file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file) return Error(io::kNotFound, fmt::format("cannot read {}", options.file));
    return text;
  }
  std::string text((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
  return text;
}

Status check_usage(const SqlOptions& options, const CommandContext& context) {
  if (!options.statement.empty() && !options.file.empty()) {
    return Error(kUsage, "give a statement or a file with -f, not both");
  }
  if (context.output == OutputFormat::kParquet && options.to.empty()) {
    return Error(kUsage, "Parquet is not for the terminal").with_hint("name a file with --to");
  }
  if (context.output == OutputFormat::kParquet && !options.as.empty())
    return Error(kUsage, "a user's answers cannot be written as Parquet").with_hint("take csv or json");
  return ok_status();
}

/// Everything that a session of SQL needs, opened.
struct SqlSetup {
  std::unique_ptr<engine::Database> engine;
  std::unique_ptr<state::AuditTrail> audit;
  std::unique_ptr<SqlRules> rules;
  std::unique_ptr<query::Session> session;
};

/// The policy's user of that name.
Result<std::shared_ptr<const query::Principal>> principal_of(CommandContext& context,
                                                             const std::string& user) {
  TARN_ASSIGN_OR_RETURN(const auto policy, load_access_policy(context));
  if (policy == nullptr) {
    return Error(query::kUnknownUser, fmt::format("there is no user `{}`: the project has none", user))
        .with_hint("define users in access/*.yaml, or by CREATE USER");
  }
  return query::Principal::make(policy, user);
}

Result<SqlSetup> open_session(CommandContext& context, const std::string& user) {
  std::shared_ptr<const query::Principal> principal;
  if (!user.empty()) {
    TARN_ASSIGN_OR_RETURN(principal, principal_of(context, user));
  }
  // With feeds, whoever asks before anything was ingested is told so; without, SQL is what fills the lake.
  const auto feeds = context.project();
  if (!feeds.ok() || !(*feeds)->feeds.empty()) TARN_RETURN_IF_ERROR(check_state(context));
  SqlSetup setup;
  TARN_ASSIGN_OR_RETURN(setup.audit, open_audit(context, [&context](const Error& error) {
                          context.note(project::render_warning(error, context.err().color));
                        }));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(state::Database* const state, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const settings, context.settings());
  TARN_ASSIGN_OR_RETURN(setup.engine,
                        principal == nullptr ? open_engine(context) : open_served_engine(context));
  query::Lake lake{*catalog, *state, context.manifests(), context.store()};
  // What feeds write is known only when they can be read.
  if (const auto project = context.project(); project.ok())
    lake.writing = lake_writing(context, **project);
  else
    context.note(project::render_warning(Error(project.error()).with_context("tables can only be read"),
                                         context.err().color));
  if (uses_s3(*settings)) {
    TARN_ASSIGN_OR_RETURN(s3::S3ObjectStore* const store, context.s3());
    lake.renew_access = s3_renewal(*setup.engine, *store);
  }
  TARN_ASSIGN_OR_RETURN(std::filesystem::path folder, context.project_folder());
  setup.rules = std::make_unique<SqlRules>(*state, context.clock(), context.random(), std::move(folder),
                                           std::function<void()>());
  const bool is_owner = principal == nullptr;
  state::AuditActor actor = owner_at_command_line(context, "tarn sql");
  if (!is_owner) actor.user = user;
  const query::OpenAs open_as = [&context, &engine = *setup.engine, audit = setup.audit.get(), actor,
                                 lake](const std::string& maker) -> Result<std::unique_ptr<query::Session>> {
    query::SessionClient client{.audit = audit, .actor = actor};
    if (!maker.empty()) {
      TARN_ASSIGN_OR_RETURN(client.principal, principal_of(context, maker));
      client.actor.user = maker;
    }
    return query::Session::open(engine, lake, {.writes = true}, std::move(client));
  };
  TARN_ASSIGN_OR_RETURN(
      setup.session,
      query::Session::open(
          *setup.engine, lake,
          {.copy_to_files = is_owner, .settings = is_owner, .temporary_objects = true, .writes = true},
          {.principal = std::move(principal),
           .audit = setup.audit.get(),
           .actor = actor,
           .is_current = {},
           .editor = setup.rules.get(),
           .open_as = open_as}));
  return setup;
}

Result<int> run_sql(CommandContext& context, const SqlOptions& options) {
  TARN_RETURN_IF_ERROR(check_usage(options, context));
  TARN_ASSIGN_OR_RETURN(const query::Parameters parameters, parse_parameters(options.parameters));
  AnswerOptions answer{.render = context.render_options(), .to = options.to, .timing = options.timing};
  answer.render.expanded = options.expanded;
  if (!options.to.empty()) answer.render.terminal = {};
  answer.render.max_rows = options.max_rows.value_or(answer.render.terminal.is_tty ? kTerminalRows : 0);
  const bool interactive =
      options.statement.empty() && options.file.empty() && isatty(0) == 1 && context.out().is_tty;
  if (interactive) {
    TARN_ASSIGN_OR_RETURN(const SqlSetup setup, open_session(context, options.as));
    TARN_ASSIGN_OR_RETURN(const std::filesystem::path state_folder, context.state_folder());
    return Prompt(context, *setup.session, answer).run((state_folder / "sql_history").string(), parameters);
  }
  TARN_ASSIGN_OR_RETURN(const std::string script, read_script(options));
  if (query::split_statements(script).empty()) return Error(kUsage, "there is no statement to run");
  TARN_RETURN_IF_ERROR(check_parameters(script, parameters));
  TARN_ASSIGN_OR_RETURN(const SqlSetup setup, open_session(context, options.as));
  const std::string source = !options.file.empty() && options.file != "-" ? options.file
                             : options.statement.empty()                  ? "standard input"
                                                                          : "command line";
  ResultPrinter printer(context, *setup.session);
  TARN_RETURN_IF_ERROR(printer.run_script(script, {.parameters = parameters, .source = source}, answer));
  return kExitDone;
}

}  // namespace

Result<engine::DatabaseOptions> engine_options(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const settings, context.settings());
  TARN_ASSIGN_OR_RETURN(const std::filesystem::path state_folder, context.state_folder());
  // What the engine's buffers do not get is left for results, manifests and the process itself.
  engine::DatabaseOptions options{.memory_limit_bytes = settings->limits.memory / 4 * 3,
                                  .threads = settings->limits.threads,
                                  .temp_directory = (state_folder / "sql-spill").string(),
                                  .s3 = uses_s3(*settings)};
  if (options.s3) {
    TARN_ASSIGN_OR_RETURN(s3::S3ObjectStore* const store, context.s3());
    options.s3_ca_file = store->endpoint().ca_file;
  }
  return options;
}

Result<std::unique_ptr<engine::Database>> open_engine(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const engine::DatabaseOptions options, engine_options(context));
  return engine::Database::open(options);
}

void add_output_option(CLI::App& command, CommandContext& context, const std::string& file_option) {
  static const std::vector<std::pair<std::string, OutputFormat>> kFormats = {
      {"table", OutputFormat::kTable},
      {"json", OutputFormat::kJson},
      {"csv", OutputFormat::kCsv},
      {"parquet", OutputFormat::kParquet}};
  command
      .add_option("-o,--output", context.output,
                  "Form of the answer: table, json, csv or parquet (with " + file_option + ")")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case).description(""))
      ->type_name("FORM");
}

void add_sql_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<SqlOptions>();
  CLI::App* command = app.add_subcommand("sql", "Query the lake's tables by name");
  command->footer(std::string(kExamples));
  command->add_option("statement", options->statement,
                      "One or more statements; without them: standard input or a prompt");
  command->add_option("-f,--file", options->file, "A file of statements, run in order; - is standard input")
      ->type_name("FILE");
  command
      ->add_option("-p,--param", options->parameters, "The value of $name in the statements; may be repeated")
      ->type_name("NAME=VALUE")
      ->take_all();
  add_output_option(*command, context, "--to");
  command->add_option("--to", options->to, "Write the answer into a file")->type_name("FILE");
  command
      ->add_option("--as", options->as,
                   "See what a user of access/*.yaml sees, and may do no more than she may")
      ->type_name("USER");
  command
      ->add_option("--max-rows", options->max_rows,
                   "Rows of a table that are shown; 0: all; default 40 on a terminal, else all")
      ->type_name("N");
  command->add_flag("-x,--expanded", options->expanded, "Show one line a column instead of one a row");
  command->add_flag("--timing", options->timing, "Show how long each statement took");
  context.on_run(*command, [&context, options] { return run_sql(context, *options); });
}

}  // namespace tarn::cli
