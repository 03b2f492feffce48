#include "cli/commands/command_files.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/size.h"
#include "catalog/if_present.h"
#include "cli/errors.h"
#include "state/batches.h"
#include "state/ledger.h"
#include "state/process_lock.h"
#include "state/quarantine.h"
#include "state/runs.h"
#include "table/scan.h"

namespace tarn::cli {
namespace {

struct FilesOptions {
  std::string state;
  std::string glob;
  std::string since;
  std::size_t limit = 50;
};

Result<int> run_files(CommandContext& context, const FilesOptions& options) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  state::ArrivalFilter filter;
  filter.limit = options.limit;
  if (!options.state.empty()) filter.state = state::parse_arrival_state(options.state);
  if (!options.glob.empty()) filter.path_glob = options.glob;
  if (!options.since.empty()) {
    const auto ago_ms = parse_duration_ms(options.since);
    if (!ago_ms)
      return Error(kUsage, fmt::format("`{}` is no duration", options.since))
          .with_hint("such as 15m, 6h or 7d");
    filter.since_us = context.clock().now_us() - *ago_ms * 1000;
  }
  TARN_ASSIGN_OR_RETURN(const auto arrivals, state::list_arrivals(*database, filter));
  Grid grid({{"arrival", Align::kRight},
             {"file"},
             {"state"},
             {"size", Align::kRight},
             {"records", Align::kRight},
             {"committed", Align::kRight},
             {"quarantined", Align::kRight},
             {"late", Align::kRight},
             {"landed"},
             {"feeds"},
             {"reason"}});
  for (const state::Arrival& arrival : arrivals) {
    std::string feeds;
    for (const std::string& feed : arrival.feeds) feeds += (feeds.empty() ? "" : ", ") + feed;
    std::string reason = arrival.error_code;
    if (arrival.duplicate_of)
      reason = fmt::format("same content as arrival {}", arrival.duplicate_of->value());
    grid.number(arrival.id.value())
        .text(arrival.path)
        .text(state::to_string(arrival.state))
        .size_bytes(arrival.size_bytes)
        .number(arrival.records.arrived)
        .number(arrival.records.committed)
        .number(arrival.records.quarantined)
        .number(arrival.records.late)
        .timestamp_us(arrival.landed_at_us)
        .text_or_null(feeds)
        .text_or_null(reason)
        .end_row();
  }
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  return kExitDone;
}

Result<Grid> tables_grid(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const auto names, catalog->list_tables());
  Grid grid({{"table"},
             {"rows", Align::kRight},
             {"files", Align::kRight},
             {"size", Align::kRight},
             {"snapshots", Align::kRight},
             {"last commit"}});
  for (const TableName& name : names) {
    TARN_ASSIGN_OR_RETURN(const auto table, catalog::if_present(catalog->load_table(name)));
    if (!table) continue;
    const iceberg::Snapshot* snapshot = table->metadata->current_snapshot();
    grid.text(name.to_string());
    if (snapshot == nullptr) {
      grid.number(0).number(0).size_bytes(0).number(0).null().end_row();
      continue;
    }
    const auto total = [snapshot](const std::string& key) -> std::int64_t {
      const auto found = snapshot->summary.find(key);
      return found == snapshot->summary.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
    };
    grid.number(total("total-records") - total("total-position-deletes"))
        .number(total("total-data-files") + total("total-delete-files"))
        .size_bytes(static_cast<std::uint64_t>(total("total-files-size")))
        .number(static_cast<std::int64_t>(table->metadata->snapshots.size()))
        .timestamp_us(snapshot->timestamp_ms * 1000)
        .end_row();
  }
  return grid;
}

Grid ledger_grid(const state::LedgerSummary& summary) {
  Grid grid({{"unit"},
             {"arrived", Align::kRight},
             {"committed", Align::kRight},
             {"quarantined", Align::kRight},
             {"duplicate", Align::kRight},
             {"pending", Align::kRight},
             {"unmatched", Align::kRight}});
  grid.text("files")
      .number(summary.files_arrived())
      .number(summary.committed.files)
      .number(summary.quarantined.files)
      .number(summary.duplicate.files)
      .number(summary.landed.files)
      .number(summary.unmatched.files)
      .end_row();
  grid.text("records")
      .number(summary.records_arrived())
      .number(summary.records_committed())
      .number(summary.records_quarantined())
      .number(summary.records_duplicate())
      .end_row();
  return grid;
}

Grid watermarks_grid(const std::vector<state::FeedWatermark>& watermarks) {
  Grid grid({{"feed"}, {"newest event"}, {"late records", Align::kRight}});
  for (const state::FeedWatermark& one : watermarks) {
    grid.text(one.feed).timestamp_us(one.event_time_us).number(one.records_late).end_row();
  }
  return grid;
}

// Of the tables that are still there.
Result<Grid> maintenance_grid(CommandContext& context, state::Database& database) {
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const auto visits, state::list_maintenance(database));
  Grid grid({{"maintained"}, {"looked at"}, {"outcome"}, {"last work"}, {"what it did"}});
  for (const state::TableMaintenance& visit : visits) {
    TARN_ASSIGN_OR_RETURN(const bool exists, catalog->table_exists(visit.table));
    if (!exists) continue;
    grid.text(visit.table.to_string()).timestamp_us(visit.checked_at_us).text(visit.outcome);
    if (visit.changed_at_us)
      grid.timestamp_us(*visit.changed_at_us);
    else
      grid.null();
    grid.text_or_null(visit.actions).end_row();
  }
  return grid;
}

Result<int> run_status(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const auto summary, state::summary(*database));
  RenderOptions options = context.render_options();
  options.footer = false;
  TARN_RETURN_IF_ERROR(context.print(render(ledger_grid(summary), options)));
  if (context.output != OutputFormat::kTable) return kExitDone;
  TARN_ASSIGN_OR_RETURN(const Grid tables, tables_grid(context));
  TARN_RETURN_IF_ERROR(context.print(render(tables, options)));
  TARN_ASSIGN_OR_RETURN(const Grid maintenance, maintenance_grid(context, *database));
  if (!maintenance.rows().empty()) TARN_RETURN_IF_ERROR(context.print(render(maintenance, options)));
  TARN_ASSIGN_OR_RETURN(const auto watermarks, state::feed_watermarks(*database));
  if (!watermarks.empty()) TARN_RETURN_IF_ERROR(context.print(render(watermarks_grid(watermarks), options)));
  TARN_ASSIGN_OR_RETURN(const auto open,
                        state::count_quarantine(*database, {.status = state::QuarantineStatus::kOpen}));
  TARN_ASSIGN_OR_RETURN(const auto runs, state::list_runs(*database, 1));
  TARN_ASSIGN_OR_RETURN(const auto holder, state::ProcessLock::holder(*database));
  std::string text = fmt::format("{} open entries in the quarantine\n", format_count(open));
  if (holder)
    text += fmt::format("`{}` is running, process {}{}\n", holder->command, holder->pid,
                        holder->host.empty() ? "" : " on " + holder->host);
  else
    text += "no ingest is running\n";
  if (!runs.empty() && !holder) {
    text += fmt::format("last run: {} ({})\n", runs.front().command,
                        runs.front().outcome.empty() ? "cut short" : runs.front().outcome);
  }
  TARN_RETURN_IF_ERROR(context.print(text));
  return kExitDone;
}

}  // namespace

void add_files_command(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("files", "List the files that arrived and what became of them, newest first");
  command->footer(
      "The same as `tarn sql \"select * from ops.files\"`, for a quick look.\n\n"
      "Examples:\n  tarn files\n  tarn files --state quarantined --since 24h\n  tarn files --file 'F0012/*' "
      "--output json");
  auto options = std::make_shared<FilesOptions>();
  command->add_option("--state", options->state, "Only those in this state")
      ->check(CLI::IsMember({"landed", "committed", "quarantined", "duplicate", "unmatched"}));
  command->add_option("--file", options->glob, "Only paths that match this pattern (* and ?)")
      ->type_name("GLOB");
  command->add_option("--since", options->since, "Only those that landed this long ago at most: 15m, 6h, 7d")
      ->type_name("AGE");
  command->add_option("--limit", options->limit, "How many at most")
      ->check(at_least_one())
      ->capture_default_str();
  add_output_option(*command, context);
  context.on_run(*command, [&context, options] { return run_files(context, *options); });
}

void add_status_command(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("status", "Show the lake at a glance: files, records, tables, quarantine");
  command->footer("Examples:\n  tarn status\n  tarn status --output json");
  add_output_option(*command, context);
  context.on_run(*command, [&context] { return run_status(context); });
}

}  // namespace tarn::cli
