// Looking at tables; what changes them is in command_table_change.cpp.
#include "cli/tables/command_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <vector>

#include "base/civil_time.h"
#include "base/size.h"
#include "cli/access/on_record.h"
#include "cli/errors.h"
#include "cli/tables/command_maintain.h"
#include "iceberg/literal.h"
#include "table/deletes/delete_file.h"
#include "table/scan.h"

namespace tarn::cli {
namespace {

struct LookOptions {
  std::string table;
  std::string snapshot;
  std::string other;
  bool deletes = false;
  std::size_t limit = 100;
};

Result<catalog::Table> load(CommandContext& context, const std::string& text) {
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const TableName name, named_table(*catalog, text));
  return catalog->load_table(name);
}

std::int64_t number_of(const iceberg::Snapshot& snapshot, const std::string& key) {
  const auto found = snapshot.summary.find(key);
  return found == snapshot.summary.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

std::string text_of(const iceberg::Snapshot& snapshot, const std::string& key) {
  const auto found = snapshot.summary.find(key);
  return found == snapshot.summary.end() ? std::string() : found->second;
}

Grid facts_grid(const catalog::Table& table) {
  const iceberg::TableMetadata& metadata = *table.metadata;
  Grid grid({{"what"}, {"name"}, {"value"}});
  const auto row = [&](std::string_view what, std::string_view name, std::string_view value) {
    grid.text(what).text(name).text_or_null(value).end_row();
  };
  row("table", "location", metadata.location);
  row("table", "metadata", table.metadata_location);
  row("table", "uuid", metadata.table_uuid);
  row("table", "format version", std::to_string(metadata.format_version));
  for (const iceberg::NestedField& field : metadata.current_schema().fields()) {
    row("column", field.name,
        field.type.to_string() + (field.required ? ", required" : "") + fmt::format(", id {}", field.id));
  }
  const iceberg::Schema& schema = metadata.current_schema();
  for (const iceberg::PartitionField& field : metadata.default_spec().fields) {
    row("partition", field.name,
        fmt::format("{} of {}", field.transform.to_string(), schema.name_of(field.source_id)));
  }
  for (const iceberg::SortField& field : metadata.default_sort_order().fields) {
    row("sort", schema.name_of(field.source_id),
        fmt::format("{}, {}, nulls {}", field.transform.to_string(),
                    field.direction == iceberg::SortDirection::kDescending ? "descending" : "ascending",
                    field.null_order == iceberg::NullOrder::kNullsFirst ? "first" : "last"));
  }
  for (const auto& [name, value] : metadata.properties) row("property", name, value);
  for (const auto& [name, ref] : metadata.refs) {
    row(ref.kind == iceberg::SnapshotRef::Kind::kBranch ? "branch" : "tag", name,
        std::to_string(ref.snapshot_id));
  }
  row("size", "snapshots", format_count(std::ssize(metadata.snapshots)));
  if (const iceberg::Snapshot* now = metadata.current_snapshot(); now != nullptr) {
    row("size", "rows",
        format_count(number_of(*now, "total-records") - number_of(*now, "total-position-deletes")));
    row("size", "data files", format_count(number_of(*now, "total-data-files")));
    row("size", "delete files", format_count(number_of(*now, "total-delete-files")));
    row("size", "bytes", format_count(number_of(*now, "total-files-size")));
  }
  return grid;
}

Result<int> run_show(CommandContext& context, const LookOptions& options) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, load(context, options.table));
  RenderOptions render_options = context.render_options();
  render_options.footer = false;
  TARN_RETURN_IF_ERROR(context.print(render(facts_grid(table), render_options)));
  return kExitDone;
}

Result<int> run_history(CommandContext& context, const LookOptions& options) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, load(context, options.table));
  std::vector<const iceberg::Snapshot*> snapshots;
  for (const iceberg::Snapshot& snapshot : table.metadata->snapshots) snapshots.push_back(&snapshot);
  std::ranges::sort(snapshots, std::ranges::greater(),
                    [](const iceberg::Snapshot* snapshot) { return snapshot->sequence_number; });
  Grid grid({{"snapshot"},
             {"committed"},
             {"operation"},
             {"rows added", Align::kRight},
             {"rows removed", Align::kRight},
             {"rows", Align::kRight},
             {"files", Align::kRight},
             {"refs"},
             {"by"}});
  for (const iceberg::Snapshot* snapshot : snapshots) {
    std::string refs;
    for (const auto& [name, ref] : table.metadata->refs)
      if (ref.snapshot_id == snapshot->snapshot_id) refs += (refs.empty() ? "" : ", ") + name;
    if (grid.rows().size() >= options.limit) {
      grid.leave_out(1);
      continue;
    }
    const std::string batch = text_of(*snapshot, "tarn.batch-id");
    const std::string maintenance = text_of(*snapshot, "tarn.maintenance");
    grid.text(std::to_string(snapshot->snapshot_id))
        .timestamp_us(snapshot->timestamp_ms * 1000)
        .text(snapshot->operation)
        .number(number_of(*snapshot, "added-records") - number_of(*snapshot, "removed-position-deletes"))
        .number(number_of(*snapshot, "deleted-records") + number_of(*snapshot, "added-position-deletes") -
                2 * number_of(*snapshot, "removed-position-deletes"))
        .number(number_of(*snapshot, "total-records") - number_of(*snapshot, "total-position-deletes"))
        .number(number_of(*snapshot, "total-data-files") + number_of(*snapshot, "total-delete-files"))
        .text_or_null(refs)
        .text_or_null(!batch.empty()        ? "batch " + batch
                      : maintenance.empty() ? ""
                                            : "maintenance")
        .end_row();
  }
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  return kExitDone;
}

/// "code: A … Z; at: …" of the columns with bounds, as many as fit.
std::string bounds_of(const iceberg::DataFile& file, const iceberg::Schema& schema) {
  constexpr std::size_t kLongest = 200;
  std::string text;
  for (const auto& [id, lower] : file.lower_bounds) {
    const iceberg::NestedField* field = schema.find(id);
    const std::string* upper = file.upper_bounds.find(id);
    if (field == nullptr || upper == nullptr) continue;
    const auto low = iceberg::Literal::from_binary(field->type, lower);
    const auto high = iceberg::Literal::from_binary(field->type, *upper);
    if (!low.ok() || !high.ok()) continue;
    text += fmt::format("{}{}: {} … {}", text.empty() ? "" : "; ", schema.name_of(id), low->to_string(),
                        high->to_string());
    if (text.size() > kLongest) break;
  }
  return text;
}

Result<table::Scan> scan_of(CommandContext& context, const catalog::Table& table,
                            const std::string& snapshot) {
  if (snapshot.empty()) return table::plan_scan(context.manifests(), *table.metadata);
  TARN_ASSIGN_OR_RETURN(const iceberg::Snapshot* chosen,
                        chosen_snapshot(*table.metadata, {.snapshot = snapshot, .before = ""}));
  return table::plan_scan(context.manifests(), *table.metadata, table::SnapshotById{chosen->snapshot_id});
}

/// How many files it printed, with the bounds of their columns, which are values.
Result<std::int64_t> print_files(CommandContext& context, const LookOptions& options) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, load(context, options.table));
  TARN_ASSIGN_OR_RETURN(const table::Scan scan, scan_of(context, table, options.snapshot));
  Grid grid({{"kind"},
             {"file"},
             {"partition"},
             {"rows", Align::kRight},
             {"size", Align::kRight},
             {"delete files", Align::kRight},
             {"sequence", Align::kRight},
             {"bounds"}});
  const auto row = [&](std::string_view kind, const table::LiveFile& file, std::size_t deletes) {
    if (grid.rows().size() >= options.limit) {
      grid.leave_out(1);
      return;
    }
    const iceberg::PartitionSpec* spec = table.metadata->spec_by_id(file.spec_id);
    std::string name = table::delete_file_key(file.file);
    if (name.starts_with(table.metadata->location + "/")) name.erase(0, table.metadata->location.size() + 1);
    grid.text(kind)
        .text(name)
        .text_or_null(spec == nullptr ? std::string() : spec->path_of(file.file.partition))
        .number(file.file.record_count)
        .size_bytes(static_cast<std::uint64_t>(table::stored_bytes(file.file)))
        .number(static_cast<std::int64_t>(deletes))
        .number(file.sequence_number)
        .text_or_null(bounds_of(file.file, scan.schema))
        .end_row();
  };
  for (const table::ScanTask& task : scan.tasks)
    if (!options.deletes) row("data", *task.data, task.deletes.size());
  for (const auto& file : scan.delete_files) row("deletes", *file, 0);
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  return std::ssize(grid.rows());
}

Result<int> run_files(CommandContext& context, const LookOptions& options) {
  TARN_RETURN_IF_ERROR(check_state(context));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const TableName name, named_table(*catalog, options.table));
  TARN_RETURN_IF_ERROR(on_record(context, {"tarn table files", name.to_string(), name.to_string()},
                                 [&] { return print_files(context, options); }));
  return kExitDone;
}

struct Totals {
  std::map<std::string, const table::LiveFile*> files;  // by table::delete_file_key()
  std::int64_t rows = 0;                                // live
};

Totals totals_of(const table::Scan& scan) {
  Totals totals;
  for (const table::ScanTask& task : scan.tasks) {
    totals.files.emplace(table::delete_file_key(task.data->file), task.data.get());
    totals.rows += task.data->file.record_count;
  }
  for (const auto& file : scan.delete_files) {
    totals.files.emplace(table::delete_file_key(file->file), file.get());
    totals.rows -= file->file.record_count;
  }
  return totals;
}

Result<int> run_diff(CommandContext& context, const LookOptions& options) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, load(context, options.table));
  TARN_ASSIGN_OR_RETURN(const table::Scan first, scan_of(context, table, options.snapshot));
  TARN_ASSIGN_OR_RETURN(const table::Scan second, scan_of(context, table, options.other));
  const Totals from = totals_of(first);
  const Totals to = totals_of(second);
  Grid grid({{"change"}, {"kind"}, {"file"}, {"rows", Align::kRight}, {"size", Align::kRight}});
  const auto compare = [&](const Totals& have, const Totals& lack, std::string_view change) {
    for (const auto& [path, file] : have.files) {
      if (lack.files.contains(path)) continue;
      if (grid.rows().size() >= options.limit) {
        grid.leave_out(1);
        continue;
      }
      grid.text(change)
          .text(file->file.content == iceberg::FileContent::kData ? "data" : "deletes")
          .text(path)
          .number(file->file.record_count)
          .size_bytes(static_cast<std::uint64_t>(table::stored_bytes(file->file)))
          .end_row();
    }
  };
  compare(from, to, "removed");
  compare(to, from, "added");
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  if (context.output == OutputFormat::kTable) {
    TARN_RETURN_IF_ERROR(context.print(fmt::format("{} rows, then {}: {:+}\n", format_count(from.rows),
                                                   format_count(to.rows), to.rows - from.rows)));
  }
  return kExitDone;
}

template <std::invocable<CommandContext&, const LookOptions&> Run>
CLI::App* add_look(CLI::App& table, CommandContext& context, const std::string& name, const std::string& help,
                   const std::shared_ptr<LookOptions>& options, Run run) {
  CLI::App* command = table.add_subcommand(name, help);
  command->add_option("table", options->table, "The table")->required()->type_name("TABLE");
  add_output_option(*command, context);
  context.on_run(*command, [&context, options, run] { return run(context, *options); });
  return command;
}

}  // namespace

Result<std::int64_t> utc_time_ms(const std::string& text) {
  // A date, or a date and a time, of UTC.
  CivilDate date;
  int hour = 0;
  int minute = 0;
  int second = 0;
  const int read = std::sscanf(text.c_str(), "%d-%u-%u%*1[T ]%d:%d:%d", &date.year, &date.month, &date.day,
                               &hour, &minute, &second);
  const auto days = read >= 3 ? days_from_civil(date) : std::nullopt;
  if (!days || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return Error(kUsage, fmt::format("`{}` is no time", text))
        .with_hint("such as 2026-10-31 or 2026-10-31T23:59:00, in UTC");
  return (std::int64_t{*days} * 86'400 + hour * 3600 + minute * 60 + second) * 1000;
}

Result<const iceberg::Snapshot*> chosen_snapshot(const iceberg::TableMetadata& metadata,
                                                 const SnapshotChoice& choice) {
  if (choice.snapshot.empty() == choice.before.empty())
    return Error(kUsage, "which snapshot? Give its number, branch or tag, or a time")
        .with_hint("`tarn table history TABLE` shows them");
  if (!choice.before.empty()) {
    TARN_ASSIGN_OR_RETURN(const std::int64_t time_ms, utc_time_ms(choice.before));
    return table::select_snapshot(metadata, table::SnapshotAsOf{time_ms - 1});
  }
  std::int64_t id = 0;
  const char* end = choice.snapshot.data() + choice.snapshot.size();
  const auto [at, code] = std::from_chars(choice.snapshot.data(), end, id);
  if (code == std::errc() && at == end) return table::select_snapshot(metadata, table::SnapshotById{id});
  return table::select_snapshot(metadata, table::SnapshotByRef{choice.snapshot});
}

void add_table_command(CLI::App& app, CommandContext& context) {
  CLI::App* table = app.add_subcommand("table", "Look at tables, their snapshots and files, and mend them");
  table->require_subcommand(1);
  table->footer(
      "Examples:\n  tarn table show curated.encounter\n  tarn table history encounter\n"
      "  tarn table rollback encounter --before 2026-11-20T08:00:00\n  tarn table tag encounter "
      "audited-2026");
  const auto fresh = [] { return std::make_shared<LookOptions>(); };
  add_look(*table, context, "show", "Columns, partitions, order, properties, branches, tags and sizes",
           fresh(), run_show)
      ->footer("Examples:\n  tarn table show curated.encounter");
  auto history = fresh();
  CLI::App* command = add_look(*table, context, "history", "The snapshots, newest first, and what made them",
                               history, run_history);
  command->add_option("--limit", history->limit, "How many at most")->capture_default_str();
  command->footer("Examples:\n  tarn table history encounter --limit 20");
  auto files = fresh();
  command = add_look(*table, context, "files", "The data and delete files of a snapshot", files, run_files);
  command->add_option("--snapshot", files->snapshot, "An id, a branch or a tag; default: the current one");
  command->add_flag("--deletes", files->deletes, "Delete files only");
  command->add_option("--limit", files->limit, "How many at most")->capture_default_str();
  command->footer(
      "Examples:\n  tarn table files encounter\n  tarn table files encounter --snapshot month-2026-10");
  auto diff = fresh();
  command = add_look(*table, context, "diff", "Files and rows added and removed between two snapshots", diff,
                     run_diff);
  command->add_option("from", diff->snapshot, "An id, a branch or a tag")->required()->type_name("FROM");
  command->add_option("to", diff->other, "The same; default: the current one")->type_name("TO");
  command->add_option("--limit", diff->limit, "How many files at most")->capture_default_str();
  command->footer("Examples:\n  tarn table diff encounter month-2026-10");
  add_table_changes(*table, context);
}

}  // namespace tarn::cli
