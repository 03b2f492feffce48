#include "cli/commands/command_quarantine.h"

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/size.h"
#include "cli/access/on_record.h"
#include "cli/commands/ingest_setup.h"
#include "cli/errors.h"
#include "state/quarantine.h"

namespace tarn::cli {
namespace {

struct Selection {
  std::vector<std::int64_t> ids;
  std::string feed;
  std::string code;
  std::string file;
  std::string status;
  bool all = false;
  std::size_t limit = 50;
  std::string note;

  bool narrows() const { return !ids.empty() || !feed.empty() || !code.empty() || !file.empty(); }
};

state::QuarantineFilter filter_of(const Selection& selection) {
  state::QuarantineFilter filter;
  if (!selection.feed.empty()) filter.feed = selection.feed;
  if (!selection.code.empty()) filter.code = selection.code;
  if (!selection.file.empty()) filter.file_glob = selection.file;
  return filter;
}

Result<std::vector<state::QuarantineEntry>> selected(state::Database& database, const Selection& selection) {
  if (!selection.narrows() && !selection.all) {
    return Error(kUsage, "which entries? Give numbers, --feed, --code or --file, or --all")
        .with_hint("`tarn quarantine list` shows them");
  }
  std::vector<state::QuarantineEntry> entries;
  for (const std::int64_t id : selection.ids) {
    TARN_ASSIGN_OR_RETURN(auto entry, state::get_quarantine(database, state::QuarantineId(id)));
    if (entry.status != state::QuarantineStatus::kOpen) {
      return Error(kUsage, fmt::format("entry {} is {} already", id, state::to_string(entry.status)));
    }
    entries.push_back(std::move(entry));
  }
  if (!selection.ids.empty()) return entries;
  state::QuarantineFilter filter = filter_of(selection);
  filter.status = state::QuarantineStatus::kOpen;
  filter.limit = std::numeric_limits<std::int32_t>::max();
  filter.with_raw = false;
  return state::list_quarantine(database, filter);
}

// As the audit names it.
constexpr const char* kTable = "ops.quarantine";

Status print_groups(CommandContext& context, state::Database& database,
                    const state::QuarantineFilter& filter) {
  TARN_ASSIGN_OR_RETURN(const auto groups, state::group_quarantine(database, filter));
  Grid grid({{"feed"}, {"code"}, {"entries", Align::kRight}});
  for (const auto& group : groups)
    grid.text_or_null(group.feed).text(group.code).number(group.entries).end_row();
  return context.print(render(grid, context.render_options()));
}

/// How many it printed.
Result<std::int64_t> print_list(CommandContext& context, const Selection& selection, bool grouped) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  state::QuarantineFilter filter = filter_of(selection);
  if (selection.status != "all") filter.status = state::parse_quarantine_status(selection.status);
  if (grouped) {
    TARN_RETURN_IF_ERROR(print_groups(context, *database, filter));
    return std::int64_t{0};
  }
  filter.limit = selection.limit;
  filter.with_raw = false;
  TARN_ASSIGN_OR_RETURN(const auto entries, state::list_quarantine(*database, filter));
  Grid grid({{"id", Align::kRight},
             {"feed"},
             {"file"},
             {"member"},
             {"record", Align::kRight},
             {"line", Align::kRight},
             {"status"},
             {"code"},
             {"reason"}});
  const auto place = [&grid](const std::optional<std::int64_t>& value) {
    if (value)
      grid.number(*value);
    else
      grid.null();
  };
  for (const state::QuarantineEntry& entry : entries) {
    grid.number(entry.id.value()).text_or_null(entry.feed).text(entry.source_file).text_or_null(entry.member);
    place(entry.record);
    place(entry.line);
    grid.text(state::to_string(entry.status)).text(entry.code).text(entry.reason).end_row();
  }
  TARN_ASSIGN_OR_RETURN(const auto count, state::count_quarantine(*database, filter));
  grid.leave_out(static_cast<std::uint64_t>(count) - entries.size());
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  return std::ssize(entries);
}

Result<int> run_list(CommandContext& context, const Selection& selection, bool grouped) {
  TARN_RETURN_IF_ERROR(on_record(context, {"tarn quarantine list", "", kTable},
                                 [&] { return print_list(context, selection, grouped); }));
  return kExitDone;
}

/// Prints one.
Result<std::int64_t> print_entry(CommandContext& context, std::int64_t id) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const auto entry, state::get_quarantine(*database, state::QuarantineId(id)));
  Grid grid({{"what"}, {"value"}});
  const auto row = [&grid](std::string_view name, const std::string& value) {
    if (!value.empty()) grid.text(name).text(value).end_row();
  };
  const auto number = [](std::optional<std::int64_t> value) {
    return value ? std::to_string(*value) : std::string();
  };
  row("entry", std::to_string(entry.id.value()));
  row("status", std::string(state::to_string(entry.status)));
  row("feed", entry.feed);
  row("table", entry.table);
  row("file", entry.source_file);
  row("arrival", std::to_string(entry.arrival.value()));
  row("member", entry.member);
  row("level", std::string(state::to_string(entry.level)));
  row("record", number(entry.record));
  row("line", number(entry.line));
  row("column", number(entry.column));
  row("field", entry.field);
  row("code", entry.code);
  row("rule", entry.rule);
  row("reason", entry.reason);
  row("contract version", entry.contract_version > 0 ? std::to_string(entry.contract_version) : "");
  row("batch", entry.batch.value());
  row("note", entry.note);
  row("raw", entry.raw);
  RenderOptions options = context.render_options();
  options.footer = false;
  options.terminal.width = 0;  // the raw text is shown whole
  TARN_RETURN_IF_ERROR(context.print(render(grid, options)));
  return 1;
}

Result<int> run_show(CommandContext& context, std::int64_t id) {
  TARN_RETURN_IF_ERROR(on_record(context, {"tarn quarantine show", std::to_string(id), kTable},
                                 [&] { return print_entry(context, id); }));
  return kExitDone;
}

/// How many entries were read again.
Result<std::int64_t> replay(CommandContext& context, const Selection& selection) {
  const StopOnSignal stop;
  telemetry::Log log = log_to_stderr(telemetry::Level::kWarning);
  TARN_RETURN_IF_ERROR(make_source_folders(context, nullptr));
  TARN_ASSIGN_OR_RETURN(OpenPipeline open, open_pipeline(context, "tarn quarantine replay", log));
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  note_blocked(context, *project, open.pipeline->blocked());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const auto entries, selected(*database, selection));
  TARN_ASSIGN_OR_RETURN(const auto report, open.pipeline->replay(entries, stop.token()));
  Grid grid({{"entries", Align::kRight},
             {"replayed", Align::kRight},
             {"still failing", Align::kRight},
             {"records committed", Align::kRight}});
  grid.number(report.entries)
      .number(report.replayed)
      .number(report.still_failing)
      .number(report.records_committed)
      .end_row();
  RenderOptions options = context.render_options();
  options.footer = false;
  TARN_RETURN_IF_ERROR(context.print(render(grid, options)));
  return report.entries;
}

Result<int> run_replay(CommandContext& context, const Selection& selection) {
  TARN_RETURN_IF_ERROR(
      on_record(context, {"tarn quarantine replay", "", kTable}, [&] { return replay(context, selection); }));
  return kExitDone;
}

/// How many entries were closed.
Result<std::int64_t> discard(CommandContext& context, const Selection& selection) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const auto entries, selected(*database, selection));
  std::vector<state::QuarantineId> ids;
  ids.reserve(entries.size());
  for (const auto& entry : entries) ids.push_back(entry.id);
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database->begin());
  TARN_RETURN_IF_ERROR(state::set_quarantine_status(
      transaction, ids, {state::QuarantineStatus::kDiscarded, context.clock().now_us(), selection.note}));
  TARN_RETURN_IF_ERROR(transaction.commit());
  TARN_RETURN_IF_ERROR(
      context.print(fmt::format("{} entries discarded; their bytes stay in the landing zone\n",
                                format_count(static_cast<std::int64_t>(ids.size())))));
  return std::ssize(ids);
}

Result<int> run_discard(CommandContext& context, const Selection& selection) {
  TARN_RETURN_IF_ERROR(on_record(context, {"tarn quarantine discard", "", kTable},
                                 [&] { return discard(context, selection); }));
  return kExitDone;
}

void add_selection(CLI::App& command, Selection& selection) {
  command.add_option("--feed", selection.feed, "Only entries of this feed");
  command.add_option("--code", selection.code, "Only entries with this error code");
  command.add_option("--file", selection.file, "Only files that match this pattern (* and ?)")
      ->type_name("GLOB");
}

}  // namespace

void add_quarantine_command(CLI::App& app, CommandContext& context) {
  CLI::App* group = app.add_subcommand("quarantine", "Look at refused records, and load them after the mend");
  group->require_subcommand(1);
  auto selection = std::make_shared<Selection>();
  auto grouped = std::make_shared<bool>(false);
  selection->status = "open";

  CLI::App* list = group->add_subcommand("list", "List entries, oldest first");
  add_selection(*list, *selection);
  list->add_option("--status", selection->status, "Only entries in this status")
      ->check(CLI::IsMember({"open", "replayed", "discarded", "all"}))
      ->capture_default_str();
  list->add_option("--limit", selection->limit, "How many at most")
      ->check(at_least_one())
      ->capture_default_str();
  list->add_flag("--group", *grouped, "Count entries by feed and code instead");
  list->footer(
      "Examples:\n  tarn quarantine list --group\n  tarn quarantine list --feed labs --code "
      "record.out_of_range");
  add_output_option(*list, context);
  context.on_run(*list, [&context, selection, grouped] { return run_list(context, *selection, *grouped); });

  CLI::App* show = group->add_subcommand("show", "Show one entry with its raw text");
  auto id = std::make_shared<std::int64_t>(0);
  show->add_option("id", *id, "The entry's number")->required();
  show->footer("Examples:\n  tarn quarantine show 12");
  add_output_option(*show, context);
  context.on_run(*show, [&context, id] { return run_show(context, *id); });

  CLI::App* replay = group->add_subcommand(
      "replay", "Read entries again under today's contracts; what passes is loaded, once");
  replay->add_option("ids", selection->ids, "Numbers of entries");
  add_selection(*replay, *selection);
  replay->add_flag("--all", selection->all, "Every open entry");
  replay->footer(
      "Examples:\n  tarn quarantine replay --feed labs\n  tarn quarantine replay 12 13\n  tarn quarantine "
      "replay --all");
  add_output_option(*replay, context);
  context.on_run(*replay, [&context, selection] { return run_replay(context, *selection); });

  CLI::App* discard = group->add_subcommand("discard", "Close entries that are not to be loaded");
  discard->add_option("ids", selection->ids, "Numbers of entries");
  add_selection(*discard, *selection);
  discard->add_flag("--all", selection->all, "Every open entry");
  discard->add_option("--note", selection->note, "Why");
  discard->footer("Examples:\n  tarn quarantine discard 12 --note 'test file of the vendor'");
  context.on_run(*discard, [&context, selection] { return run_discard(context, *selection); });
}

}  // namespace tarn::cli
