#include "cli/backfill/command_backfill.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/size.h"
#include "cli/commands/ingest_setup.h"
#include "cli/errors.h"
#include "cli/progress/ingest_progress.h"
#include "cli/tables/command_maintain.h"
#include "cli/tables/command_table.h"
#include "ingest/backfill/beside.h"
#include "ingest/errors.h"
#include "project/render.h"
#include "state/backfill/backfills.h"

namespace tarn::cli {
namespace {

struct Options {
  std::string feed;
  std::string from;
  std::string to;
};

Result<std::size_t> position_of(const project::Project& project, const std::string& feed) {
  for (std::size_t i = 0; i < project.feeds.size(); ++i)
    if (*project.feeds[i].name == feed) return i;
  return Error(ingest::kUnknownFeed, fmt::format("the project has no feed `{}`", feed));
}

Result<state::Backfill> backfill_of(CommandContext& context, const std::string& feed) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(auto found, state::find_backfill(*database, feed));
  if (!found) return Error(ingest::kNoBackfill, fmt::format("the feed `{}` has no backfill", feed));
  return *std::move(found);
}

Result<std::optional<std::int64_t>> moment_us(const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>();
  TARN_ASSIGN_OR_RETURN(const std::int64_t time_ms, utc_time_ms(text));
  return std::optional(time_ms * 1000);
}

/// Reads what the second tables lack; returns how far they are then.
Result<state::Backfill> catch_up(CommandContext& context, std::size_t position, const std::stop_token& stop) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(const auto state_folder, context.state_folder());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const std::string landing, context.landing());
  const project::Project beside = ingest::project_beside(*project, position);
  telemetry::Log log = log_to_stderr(telemetry::Level::kWarning);
  ingest::Pipeline::Setup setup{
      .services = {*database, *catalog, context.store(), context.clock(), context.random(),
                   context.manifests()},
      .project = beside,
      .sources = {},
      .landing = landing,
      .index_folder = (state_folder / "index-beside" / *project->feeds[position].name).string(),
      .command = std::string(ingest::kBackfillCommand) + *project->feeds[position].name,
      .beside = position,
      .log = &log};
  TARN_ASSIGN_OR_RETURN(const auto pipeline, ingest::Pipeline::open(std::move(setup)));
  ingest::Progress progress;
  {
    const IngestProgress display(context, progress, "backfill");
    TARN_RETURN_IF_ERROR(pipeline->backfill(progress, stop));
  }
  return backfill_of(context, *project->feeds[position].name);
}

Grid grid_of(const std::vector<state::Backfill>& backfills, const project::Project& project) {
  Grid grid({{"feed"},
             {"table beside"},
             {"which is"},
             {"files", Align::kRight},
             {"committed", Align::kRight},
             {"quarantined", Align::kRight},
             {"waiting", Align::kRight},
             {"begun"},
             {"changed"}});
  for (const state::Backfill& backfill : backfills) {
    const project::FeedSpec* feed = project.find_feed(backfill.feed);
    grid.text(backfill.feed);
    if (feed == nullptr)
      grid.null();
    else
      grid.text(ingest::tables_beside(*feed).front().second.to_string());
    grid.text(backfill.switched       ? "the former one"
              : backfill.is_partial() ? "new, of some time"
                                      : "new")
        .number(backfill.files)
        .number(backfill.records_committed)
        .number(backfill.records_quarantined)
        .number(std::ssize(backfill.waiting))
        .timestamp_us(backfill.started_at_us)
        .timestamp_us(backfill.changed_at_us)
        .end_row();
  }
  return grid;
}

Status print(CommandContext& context, const std::vector<state::Backfill>& backfills) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  RenderOptions options = context.render_options();
  options.footer = false;
  return context.print(render(grid_of(backfills, *project), options));
}

/// Begins a backfill, or takes up the one that was begun.
Status begin(CommandContext& context, const project::FeedSpec& feed, const Options& options) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const auto found, state::find_backfill(*database, *feed.name));
  state::Backfill wanted;
  wanted.feed = *feed.name;
  wanted.beside = *feed.name + std::string(ingest::kBeside);
  wanted.contract = project::contract_fingerprint(feed);
  TARN_ASSIGN_OR_RETURN(wanted.from_us, moment_us(options.from));
  TARN_ASSIGN_OR_RETURN(wanted.to_us, moment_us(options.to));
  wanted.started_at_us = wanted.changed_at_us = context.clock().now_us();
  if (!found) {
    TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database->begin());
    TARN_RETURN_IF_ERROR(state::insert_backfill(transaction, wanted));
    return transaction.commit();
  }
  if (found->switched) {
    return Error(ingest::kNoBackfill, fmt::format("beside `{}` stand the former tables", *feed.name))
        .with_hint("`tarn backfill revert` brings them back, `tarn backfill discard` drops them");
  }
  if (wanted.is_partial() && (wanted.from_us != found->from_us || wanted.to_us != found->to_us)) {
    return Error(kUsage, fmt::format("the backfill of `{}` was begun for another time", *feed.name))
        .with_hint("leave --from and --to out to go on with it, or discard it first");
  }
  if (!found->contract.empty() && found->contract != wanted.contract) {
    return Error(ingest::kNoBackfill,
                 fmt::format("the contract of `{}` has changed since the backfill was begun", *feed.name))
        .with_hint("`tarn backfill discard` it, and begin anew");
  }
  return ok_status();
}

Result<int> run_backfill(CommandContext& context, const Options& options) {
  if (options.feed.empty())
    return Error(kUsage, "which feed?").with_hint("`tarn backfill FEED`, or `tarn backfill status`");
  const StopOnSignal stop;
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(const std::size_t position, position_of(*project, options.feed));
  TARN_RETURN_IF_ERROR(begin(context, project->feeds[position], options));
  TARN_ASSIGN_OR_RETURN(const state::Backfill now, catch_up(context, position, stop.token()));
  TARN_RETURN_IF_ERROR(print(context, {now}));
  if (stop.token().stop_requested()) {
    context.note("stopped before everything was read; run it again to go on");
    return kExitFailed;
  }
  if (now.records_quarantined > 0)
    context.note(fmt::format("what was refused: `tarn quarantine list --feed {}`", now.beside));
  if (!now.is_partial())
    context.note(fmt::format("compare the tables, then: `tarn backfill switch {}`", options.feed));
  return kExitDone;
}

Result<int> run_switch(CommandContext& context, const Options& options, bool back) {
  const StopOnSignal stop;
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(const std::size_t position, position_of(*project, options.feed));
  TARN_ASSIGN_OR_RETURN(const state::Backfill before, backfill_of(context, options.feed));
  if (before.is_partial())
    return Error(ingest::kPartialBackfill,
                 fmt::format("the backfill of `{}` is of some time only", options.feed));
  if (before.switched != back) {
    return Error(ingest::kNoBackfill,
                 back ? fmt::format("`{}` was not switched, so that nothing is to be reverted", options.feed)
                      : fmt::format("`{}` was switched already", options.feed));
  }
  // Nobody ingests from here to the end, so that what is settled now is all that the present tables have.
  TARN_ASSIGN_OR_RETURN(const state::ProcessLock lock,
                        lock_tables(context, back ? "tarn backfill revert" : "tarn backfill switch"));
  TARN_ASSIGN_OR_RETURN(const state::Backfill now, catch_up(context, position, stop.token()));
  if (stop.token().stop_requested()) {
    context.note("stopped before the tables were exchanged; run it again");
    return kExitFailed;
  }
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_RETURN_IF_ERROR(ingest::exchange(*database, project->feeds[position], now, context.clock().now_us()));
  TARN_ASSIGN_OR_RETURN(const state::Backfill after, backfill_of(context, options.feed));
  TARN_RETURN_IF_ERROR(print(context, {after}));
  return kExitDone;
}

Result<int> run_status(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const auto backfills, state::list_backfills(*database));
  TARN_RETURN_IF_ERROR(print(context, backfills));
  return kExitDone;
}

Result<int> run_discard(CommandContext& context, const Options& options) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(const std::size_t position, position_of(*project, options.feed));
  TARN_RETURN_IF_ERROR(backfill_of(context, options.feed));
  TARN_ASSIGN_OR_RETURN(const state::ProcessLock lock, lock_tables(context, "tarn backfill discard"));
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_RETURN_IF_ERROR(
      ingest::discard(*database, *catalog, project->feeds[position], context.clock().now_us()));
  context.note(fmt::format("what stood beside the tables of `{}` is gone", options.feed));
  return kExitDone;
}

}  // namespace

void add_backfill_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<Options>();
  CLI::App* group = app.add_subcommand(
      "backfill", "Read all that ever came for a feed again, under its present contract, into new tables");
  group->require_subcommand(0, 1);
  group->add_option("feed", options->feed, "The feed")->type_name("FEED");
  group->add_option("--from", options->from, "Only files that arrived since then (UTC)")->type_name("TIME");
  group->add_option("--to", options->to, "Only files that arrived before (UTC)")->type_name("TIME");
  group->footer(
      "The tables are made beside the present ones, as TABLE__backfill, while `tarn serve` goes on; what "
      "was\n"
      "read is not read again when the command is repeated. Then, without `tarn serve` for a moment, "
      "`switch`\n"
      "brings what arrived meanwhile and exchanges the tables; `revert` exchanges them back.\n\n"
      "Examples:\n  tarn backfill labs\n  tarn sql \"SELECT count(*) FROM curated.lab__backfill\"\n"
      "  tarn backfill switch labs\n  tarn backfill discard labs");
  add_output_option(*group, context);
  context.on_run(*group, [&context, options, group] {
    return group->get_subcommands().empty() ? run_backfill(context, *options)
                                            : Result<int>(context.exit_code());  // theirs
  });
  CLI::App* status = group->add_subcommand("status", "Show which backfills there are, and how far they are");
  status->footer("Examples:\n  tarn backfill status");
  add_output_option(*status, context);
  context.on_run(*status, [&context] { return run_status(context); });

  const auto of_feed = [&](const char* name, const char* about, const std::string& example) {
    CLI::App* command = group->add_subcommand(name, about);
    command->add_option("feed", options->feed, "The feed")->required()->type_name("FEED");
    command->footer("Examples:\n  " + example);
    add_output_option(*command, context);
    return command;
  };
  CLI::App* change = of_feed("switch", "Bring the new tables up to date, and make them the present ones",
                             "tarn backfill switch labs");
  context.on_run(*change, [&context, options] { return run_switch(context, *options, false); });
  CLI::App* revert = of_feed("revert", "Bring the former tables up to date, and make them the present ones",
                             "tarn backfill revert labs");
  context.on_run(*revert, [&context, options] { return run_switch(context, *options, true); });
  CLI::App* discard =
      of_feed("discard", "Drop the tables that stand beside, with their files", "tarn backfill discard labs");
  context.on_run(*discard, [&context, options] { return run_discard(context, *options); });
}

}  // namespace tarn::cli
