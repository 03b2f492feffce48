#include "cli/commands/command_ingest.h"

#include <fmt/format.h>

#include <thread>

#include "base/size.h"
#include "cli/commands/ingest_setup.h"
#include "cli/listeners/flight_listener.h"
#include "cli/listeners/postgres_listener.h"
#include "cli/listeners/rest_listener.h"
#include "cli/listeners/served_sessions.h"
#include "cli/listeners/view_refresher.h"
#include "cli/progress/ingest_progress.h"
#include "cli/tables/command_maintain.h"
#include "ingest/errors.h"
#include "maintain/background.h"

namespace tarn::cli {
namespace {

Grid totals_grid(const ingest::RunReport& report) {
  const state::RunTotals& totals = report.totals;
  Grid grid({{"unit"},
             {"arrived", Align::kRight},
             {"committed", Align::kRight},
             {"quarantined", Align::kRight},
             {"duplicate", Align::kRight}});
  grid.text("files")
      .number(totals.files_arrived)
      .number(totals.files_committed)
      .number(totals.files_quarantined)
      .number(totals.files_duplicate)
      .end_row();
  grid.text("records")
      .number(totals.records_arrived)
      .number(totals.records_committed)
      .number(totals.records_quarantined)
      .number(totals.records_duplicate)
      .end_row();
  return grid;
}

// What the table of totals does not say, and what to do next.
std::string remarks(const ingest::RunReport& report, double seconds) {
  const state::RunTotals& totals = report.totals;
  std::string text;
  if (totals.bytes_raw > 1'000'000) {  // below, rates say nothing
    text += fmt::format(
        "{} raw in {}: {} records/s, {:.0f} MB/s, {} batches\n",
        format_size(static_cast<std::uint64_t>(totals.bytes_raw)), format_duration(seconds),
        format_count(static_cast<std::int64_t>(static_cast<double>(totals.records_arrived) / seconds)),
        static_cast<double>(totals.bytes_raw) / 1e6 / seconds, totals.batches);
  }
  if (totals.batches > 0) {
    text += fmt::format("landing {}, parsing {}, committing {} of which {} were waited for\n",
                        format_duration(report.land_seconds), format_duration(report.parse_seconds),
                        format_duration(report.commit_seconds), format_duration(report.commit_wait_seconds));
  }
  if (report.rows_superseded > 0) {
    text += fmt::format("{} of the committed records are older versions of their keys\n",
                        format_count(report.rows_superseded));
  }
  if (report.records_deleting > 0) {
    text += fmt::format("{} of the committed records deleted their keys\n",
                        format_count(report.records_deleting));
  }
  if (report.records_unchanged > 0) {
    text +=
        fmt::format("{} of the committed records made no row: they changed nothing, or are not the latest\n",
                    format_count(report.records_unchanged));
  }
  if (report.rows_missing > 0) {
    text += fmt::format("{} rows were deleted, because the deliveries that replaced them lacked them\n",
                        format_count(report.rows_missing));
  }
  if (report.deliveries_incomplete > 0) {
    text += fmt::format("{} deliveries deleted nothing, because records of them were refused\n",
                        format_count(report.deliveries_incomplete));
  }
  if (report.records_late > 0) {
    text += fmt::format("{} of the committed records came later than their feed's `lateness` allows\n",
                        format_count(report.records_late));
  }
  if (report.files_recovered > 0) {
    text += fmt::format("{} files had landed in an earlier run that was cut short\n",
                        format_count(report.files_recovered));
  }
  if (report.files_blocked > 0) {
    text += fmt::format("{} files wait for a feed whose contract does not fit its table: `tarn check`\n",
                        format_count(report.files_blocked));
  }
  if (report.files_known > 0)
    text += fmt::format("{} files are unchanged since an earlier run\n", format_count(report.files_known));
  if (report.files_unsettled > 0) {
    text += fmt::format("{} files keep changing and are left for the next run\n",
                        format_count(report.files_unsettled));
  }
  if (report.files_unmatched > 0) {
    text += fmt::format("{} files are taken by no feed: `tarn files --state unmatched`\n",
                        format_count(report.files_unmatched));
  }
  if (totals.records_quarantined > 0) text += "look at what was refused: `tarn quarantine list`\n";
  return text;
}

Result<int> run_ingest(CommandContext& context) {
  const StopOnSignal stop;
  telemetry::Log log = log_to_stderr(telemetry::Level::kWarning);
  TARN_RETURN_IF_ERROR(make_source_folders(context, nullptr));
  TARN_ASSIGN_OR_RETURN(OpenPipeline open, open_pipeline(context, "tarn ingest", log));
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  note_blocked(context, *project, open.pipeline->blocked());
  ingest::Progress progress;
  const std::int64_t started_us = context.clock().monotonic_us();
  auto report = [&] {
    const IngestProgress display(context, progress, "ingest");
    return open.pipeline->run_once(progress, stop.token());
  }();
  if (!report.ok()) return std::move(report).error();
  const double seconds = static_cast<double>(context.clock().monotonic_us() - started_us) / 1e6;
  RenderOptions options = context.render_options();
  options.footer = false;
  TARN_RETURN_IF_ERROR(context.print(render(totals_grid(*report), options)));
  if (context.output == OutputFormat::kTable) TARN_RETURN_IF_ERROR(context.print(remarks(*report, seconds)));
  if (stop.token().stop_requested()) {
    context.note("stopped before everything was processed; run `tarn ingest` again to go on");
    return kExitFailed;
  }
  return open.pipeline->blocked().empty() ? kExitDone : kExitFailed;
}

/// Null when the project says so.
Result<std::unique_ptr<maintain::Background>> maintain_in_background(CommandContext& context,
                                                                     io::ObjectStore& store,
                                                                     catalog::CommitTurns& turns,
                                                                     telemetry::Log& log) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  const project::MaintenanceSpec& maintenance = project->spec.maintenance;
  if (!maintenance.background) return std::unique_ptr<maintain::Background>();
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  maintain::Settings settings = maintain::Settings::beside_ingest(project->spec);
  TARN_ASSIGN_OR_RETURN(settings.spill_folder, maintenance_folder(context));
  return std::make_unique<maintain::Background>(maintain::Background::Setup{
      .services = {*database, *catalog, store, context.clock(), context.random(), context.manifests()},
      .settings = std::move(settings),
      .schedule = {.interval_ms = maintenance.interval_ms},
      .turns = turns,
      .log = log});
}

/// A lake that SQL and other engines fill needs no feeds.
Status check_purpose(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  const project::ListenersSpec& listeners = project->spec.listeners;
  const bool listens = !listeners.rest.listen.empty() || !listeners.postgres.listen.empty() ||
                       !listeners.flight.listen.empty();
  if (listens || !project->feeds.empty()) return ok_status();
  return Error(ingest::kNoFeeds, "the project has neither feeds nor listeners: there is nothing to serve");
}

Result<int> run_serve(CommandContext& context) {
  const StopOnSignal stop;
  telemetry::Log log = log_to_stderr(telemetry::Level::kInfo);
  TARN_RETURN_IF_ERROR(check_purpose(context));
  TARN_RETURN_IF_ERROR(make_source_folders(context, &log));
  catalog::CommitTurns turns;
  TARN_ASSIGN_OR_RETURN(OpenPipeline open, open_pipeline(context, "tarn serve", log, &turns));
  TARN_ASSIGN_OR_RETURN(const std::filesystem::path folder, context.project_folder());
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  for (const ingest::BlockedFeed& blocked : open.pipeline->blocked())
    log.error("ingest.feed_blocked", blocked.error, {{"feed", *project->feeds[blocked.feed].name}});
  log.info("serve.started",
           {{"project", folder.string()}, {"feeds", static_cast<std::int64_t>(project->feeds.size())}});
  std::unique_ptr<RestListener> listener;
  if (const std::string& listen = project->spec.listeners.rest.listen; !listen.empty()) {
    TARN_ASSIGN_OR_RETURN(listener, RestListener::start(context, listen, log));
  }
  std::unique_ptr<ServedSessions> sessions;
  std::unique_ptr<PostgresListener> postgres;
  std::unique_ptr<FlightListener> flight;
  std::unique_ptr<ViewRefresher> refresher;
  const project::ListenersSpec& listeners = project->spec.listeners;
  if (!listeners.postgres.listen.empty() || !listeners.flight.listen.empty()) {
    TARN_ASSIGN_OR_RETURN(sessions, ServedSessions::start(context, log));
    refresher = std::make_unique<ViewRefresher>(*sessions, context.clock(), log);
  }
  if (!listeners.postgres.listen.empty()) {
    TARN_ASSIGN_OR_RETURN(postgres, PostgresListener::start(context, *sessions, log));
  }
  if (!listeners.flight.listen.empty()) {
    TARN_ASSIGN_OR_RETURN(flight, FlightListener::start(context, *sessions, log));
  }
  // A store of its own: ingest never waits for what maintenance makes durable.
  const std::unique_ptr<io::ObjectStore> store = io::make_local_object_store();
  TARN_ASSIGN_OR_RETURN(auto background, maintain_in_background(context, *store, turns, log));
  ingest::Progress progress;
  const Status outcome = open.pipeline->serve(progress, stop.token());
  background.reset();
  refresher.reset();
  if (flight != nullptr) flight->stop();
  if (postgres != nullptr) postgres->stop();
  if (listener != nullptr) listener->stop();
  if (!outcome.ok()) {
    log.error("serve.failed", outcome.error(), {});
    return kExitFailed;
  }
  log.info("serve.stopped", {{"files", progress.files_done.load()}, {"records", progress.records.load()}});
  return kExitDone;
}

}  // namespace

void add_ingest_command(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("ingest", "Process the files that are in the drop folders, and end");
  command->footer(
      "Every file is kept in the landing zone, every record ends in a table or in the quarantine, and a file "
      "that came\n"
      "before is counted, not loaded. Stopping and running it again is always safe.\n\n"
      "Examples:\n  tarn ingest\n  tarn -C examples/hospital ingest --output json");
  add_output_option(*command, context);
  context.on_run(*command, [&context] { return run_ingest(context); });
}

void add_serve_command(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("serve", "Process files as they arrive, until stopped");
  command->footer(
      "Logs are JSON lines on standard error. SIGINT and SIGTERM finish the batch in hand and end.\n\n"
      "Examples:\n  tarn serve\n  tarn -C /srv/lake serve 2>> serve.log");
  context.on_run(*command, [&context] { return run_serve(context); });
}

}  // namespace tarn::cli
