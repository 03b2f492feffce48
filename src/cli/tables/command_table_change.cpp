// Mending tables: every change is a commit through the catalog, under the project's lock.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>

#include "base/size.h"
#include "catalog/errors.h"
#include "cli/access/on_record.h"
#include "cli/errors.h"
#include "cli/tables/command_maintain.h"
#include "cli/tables/command_table.h"

namespace tarn::cli {
namespace {

using iceberg::SnapshotRef;

struct ChangeOptions {
  std::string table;
  std::string name;  // of a branch or tag; the metadata file of `restore`
  SnapshotChoice choice;
  std::string keep;  // how long a branch or tag is kept
  bool remove = false;
};

struct OpenTable {
  catalog::Catalog* catalog = nullptr;
  state::ProcessLock lock;
  catalog::Table table;
};

Result<OpenTable> open_table(CommandContext& context, const std::string& text, const std::string& command) {
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(auto lock, lock_tables(context, command));
  TARN_ASSIGN_OR_RETURN(const TableName name, named_table(*catalog, text));
  TARN_ASSIGN_OR_RETURN(catalog::Table table, catalog->load_table(name));
  return OpenTable{catalog, std::move(lock), std::move(table)};
}

Status commit(OpenTable& open, std::vector<iceberg::TableRequirement> requirements,
              std::vector<iceberg::TableUpdate> updates) {
  const std::vector<catalog::TableCommit> commits = {
      {open.table.name, std::move(requirements), std::move(updates)}};
  TARN_RETURN_IF_ERROR(open.catalog->commit(commits));
  return ok_status();
}

bool is_ancestor(const iceberg::TableMetadata& metadata, std::int64_t snapshot_id) {
  const iceberg::Snapshot* snapshot = metadata.current_snapshot();
  for (std::size_t i = 0; snapshot != nullptr && i <= metadata.snapshots.size(); ++i) {
    if (snapshot->snapshot_id == snapshot_id) return true;
    if (!snapshot->parent_snapshot_id) return false;
    snapshot = metadata.snapshot_by_id(*snapshot->parent_snapshot_id);
  }
  return false;
}

Result<int> run_rollback(CommandContext& context, const ChangeOptions& options) {
  TARN_ASSIGN_OR_RETURN(OpenTable open, open_table(context, options.table, "tarn table rollback"));
  const iceberg::TableMetadata& metadata = *open.table.metadata;
  TARN_ASSIGN_OR_RETURN(const iceberg::Snapshot* target, chosen_snapshot(metadata, options.choice));
  if (!is_ancestor(metadata, target->snapshot_id)) {
    return Error(kUsage, fmt::format("the current snapshot does not descend from {}", target->snapshot_id))
        .with_hint(
            "`tarn table history` shows the order; name a branch with `tarn table branch` to keep both");
  }
  SnapshotRef ref = metadata.refs.find(iceberg::kMainBranch)->second;
  ref.snapshot_id = target->snapshot_id;
  TARN_RETURN_IF_ERROR(commit(
      open, {iceberg::AssertRefSnapshotId{std::string(iceberg::kMainBranch), metadata.current_snapshot_id}},
      {iceberg::SetSnapshotRef{std::string(iceberg::kMainBranch), ref}}));
  TARN_RETURN_IF_ERROR(context.print(
      fmt::format("`{}` is again as of snapshot {}; before, it was at {}: `tarn table rollback` cannot go "
                  "forward, a tag on that number keeps it\n",
                  open.table.name.to_string(), target->snapshot_id, *metadata.current_snapshot_id)));
  context.note(
      "files whose rows are gone now still count as committed: they are not loaded again by themselves");
  return kExitDone;
}

Result<int> run_ref(CommandContext& context, const ChangeOptions& options, SnapshotRef::Kind kind) {
  const bool is_tag = kind == SnapshotRef::Kind::kTag;
  TARN_ASSIGN_OR_RETURN(OpenTable open,
                        open_table(context, options.table, is_tag ? "tarn table tag" : "tarn table branch"));
  const iceberg::TableMetadata& metadata = *open.table.metadata;
  const auto existing = metadata.refs.find(options.name);
  if (existing != metadata.refs.end() && existing->second.kind != kind)
    return Error(kUsage, fmt::format("`{}` is a {}", options.name, is_tag ? "branch" : "tag"));
  if (options.remove) {
    if (existing == metadata.refs.end() || options.name == iceberg::kMainBranch)
      return Error(kUsage, fmt::format("there is no `{}` that could be removed", options.name));
    TARN_RETURN_IF_ERROR(commit(open,
                                {iceberg::AssertRefSnapshotId{options.name, existing->second.snapshot_id}},
                                {iceberg::RemoveSnapshotRef{options.name}}));
    TARN_RETURN_IF_ERROR(context.print(fmt::format("`{}` is removed\n", options.name)));
    return kExitDone;
  }
  if (existing != metadata.refs.end())
    return Error(kUsage, fmt::format("`{}` exists already, at snapshot {}", options.name,
                                     existing->second.snapshot_id))
        .with_hint("remove it first, with --remove");
  const iceberg::Snapshot* target = metadata.current_snapshot();
  if (!options.choice.snapshot.empty() || !options.choice.before.empty()) {
    TARN_ASSIGN_OR_RETURN(target, chosen_snapshot(metadata, options.choice));
  }
  if (target == nullptr) return Error(kUsage, "the table is empty: there is nothing to name");
  SnapshotRef ref;
  ref.kind = kind;
  ref.snapshot_id = target->snapshot_id;
  if (!options.keep.empty()) {
    ref.max_ref_age_ms = parse_duration_ms(options.keep);
    if (!ref.max_ref_age_ms)
      return Error(kUsage, fmt::format("`{}` is no duration", options.keep)).with_hint("such as 30d");
  }
  TARN_RETURN_IF_ERROR(commit(open, {iceberg::AssertRefSnapshotId{options.name, std::nullopt}},
                              {iceberg::SetSnapshotRef{options.name, ref}}));
  TARN_RETURN_IF_ERROR(
      context.print(fmt::format("`{}` names snapshot {}\n", options.name, target->snapshot_id)));
  return kExitDone;
}

Result<int> run_dropped(CommandContext& context) {
  TARN_RETURN_IF_ERROR(check_state(context));
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const auto dropped, catalog->dropped_tables());
  Grid grid({{"table"}, {"dropped"}, {"kept until"}, {"metadata"}});
  for (const state::DroppedTable& table : dropped) {
    grid.text(table.name.to_string())
        .timestamp_us(table.dropped_at_us)
        .timestamp_us(table.dropped_at_us + project->spec.maintenance.orphan_grace_ms * 1000)
        .text(table.metadata_location)
        .end_row();
  }
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  return kExitDone;
}

/// The last of that name that was dropped.
Result<catalog::Table> restored(catalog::Catalog& catalog, const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const auto dropped, catalog.dropped_tables());
  const auto last = std::ranges::find(dropped.rbegin(), dropped.rend(), name, &state::DroppedTable::name);
  if (last != dropped.rend()) return catalog.restore_table(*last, name);
  return Error(catalog::kTableNotFound,
               fmt::format("no table `{}` was dropped whose files are still kept", name.to_string()))
      .with_hint("`tarn table dropped` lists them; of others, name the newest metadata file");
}

Result<catalog::Table> registered(CommandContext& context, catalog::Catalog& catalog, const TableName& name,
                                  std::string metadata_file) {
  if (!metadata_file.starts_with("file:") && !project::is_s3_location(metadata_file)) {
    TARN_ASSIGN_OR_RETURN(const auto path, context.resolve(metadata_file));
    metadata_file = io::file_uri(path.string());
  }
  return catalog.register_table(name, metadata_file);
}

Result<int> run_restore(CommandContext& context, const ChangeOptions& options) {
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const auto lock, lock_tables(context, "tarn table restore"));
  const std::size_t dot = options.table.rfind('.');
  if (dot == std::string::npos)
    return Error(kUsage, fmt::format("`{}` names no namespace", options.table))
        .with_hint("such as curated.encounter");
  const TableName name{options.table.substr(0, dot), options.table.substr(dot + 1)};
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, options.name.empty()
                                                        ? restored(*catalog, name)
                                                        : registered(context, *catalog, name, options.name));
  TARN_RETURN_IF_ERROR(context.print(fmt::format("`{}` is back, with {} snapshots\n", table.name.to_string(),
                                                 table.metadata->snapshots.size())));
  return kExitDone;
}

/// Changes a table, on record.
Result<int> changed(CommandContext& context, const std::string& command, const ChangeOptions& options,
                    const std::function<Result<int>(CommandContext&, const ChangeOptions&)>& run) {
  TARN_RETURN_IF_ERROR(check_state(context));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  // One that is to be restored is not there.
  const auto found = named_table(*catalog, options.table);
  const std::string table = found.ok() ? found->to_string() : options.table;
  const std::string arguments = options.name.empty() ? table : table + " " + options.name;
  const auto change = [&]() -> Result<std::int64_t> {
    TARN_RETURN_IF_ERROR(run(context, options));
    return 0;
  };
  TARN_RETURN_IF_ERROR(on_record(context, {"tarn table " + command, arguments, table}, change));
  return kExitDone;
}

void add_choice(CLI::App& command, ChangeOptions& options, const std::string& flag) {
  command.add_option(flag, options.choice.snapshot, "The snapshot: its number, a branch or a tag")
      ->type_name("SNAPSHOT");
  command.add_option("--before", options.choice.before, "The last snapshot before this time, in UTC")
      ->type_name("TIME");
}

void add_ref_command(CLI::App& table, CommandContext& context, SnapshotRef::Kind kind) {
  const std::string name = kind == SnapshotRef::Kind::kTag ? "tag" : "branch";
  CLI::App* command =
      table.add_subcommand(name, "Name a snapshot by a " + name + ", which keeps it from expiry");
  auto options = std::make_shared<ChangeOptions>();
  command->add_option("table", options->table, "The table")->required()->type_name("TABLE");
  command->add_option("name", options->name, "The " + name)->required()->type_name("NAME");
  add_choice(*command, *options, "--at");
  command
      ->add_option("--keep", options->keep, "How long, such as 365d; default: the table's setting, for ever")
      ->type_name("AGE");
  command->add_flag("--remove", options->remove, "Remove it; its snapshots expire by their age");
  command->footer("Examples:\n  tarn table " + name + " encounter audited-2026 --keep 3650d");
  context.on_run(*command, [&context, options, name, kind] {
    return changed(context, name, *options, [kind](CommandContext& with, const ChangeOptions& what) {
      return run_ref(with, what, kind);
    });
  });
}

}  // namespace

void add_table_changes(CLI::App& table, CommandContext& context) {
  CLI::App* rollback = table.add_subcommand("rollback", "Make a former snapshot the current one");
  auto back = std::make_shared<ChangeOptions>();
  rollback->add_option("table", back->table, "The table")->required()->type_name("TABLE");
  add_choice(*rollback, *back, "--to");
  rollback->footer(
      "Examples:\n  tarn table rollback encounter --to 4711\n"
      "  tarn table rollback encounter --before 2026-11-20T08:00:00");
  context.on_run(*rollback, [&context, back] { return changed(context, "rollback", *back, run_rollback); });
  add_ref_command(table, context, SnapshotRef::Kind::kTag);
  add_ref_command(table, context, SnapshotRef::Kind::kBranch);
  CLI::App* dropped = table.add_subcommand("dropped", "The dropped tables whose files are still kept");
  dropped->footer(
      "`tarn maintain` removes them `orphan_grace` after the drop; until then `tarn table restore` brings "
      "them back.\n\nExamples:\n  tarn table dropped");
  add_output_option(*dropped, context);
  context.on_run(*dropped, [&context] { return run_dropped(context); });
  CLI::App* restore = table.add_subcommand("restore", "Bring a dropped table back");
  auto lost = std::make_shared<ChangeOptions>();
  restore->add_option("table", lost->table, "The table's full name")->required()->type_name("TABLE");
  restore
      ->add_option("metadata", lost->name,
                   "Its newest metadata file, where `tarn table dropped` does not list it")
      ->type_name("FILE");
  restore->footer(
      "Examples:\n  tarn table restore curated.encounter\n  tarn table restore curated.encounter "
      "lake/curated/encounter/metadata/00042-….metadata.json");
  context.on_run(*restore, [&context, lost] { return changed(context, "restore", *lost, run_restore); });
}

}  // namespace tarn::cli
