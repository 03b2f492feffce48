#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/access/on_record.h"
#include "cli/commands/command_sql.h"
#include "cli/errors.h"
#include "cli/sql/result_printer.h"
#include "cli/storage/s3_settings.h"
#include "cli/tables/command_maintain.h"
#include "cli/tables/command_table.h"
#include "engine/source_place.h"
#include "query/changes.h"
#include "table/errors.h"

namespace tarn::cli {
namespace {

struct ChangesOptions {
  std::string table;
  std::string from;
  std::string to;
  std::string file;
};

/// A number, a branch, a tag, or a time: the last snapshot before it.
Result<const iceberg::Snapshot*> snapshot_of(const iceberg::TableMetadata& metadata,
                                             const std::string& text) {
  const bool is_time = text.size() > 4 && text[4] == '-' && text.find_first_not_of("0123456789") == 4;
  Result<const iceberg::Snapshot*> found =
      chosen_snapshot(metadata, {.snapshot = is_time ? "" : text, .before = is_time ? text : ""});
  if (found.ok() || found.error().name() != table::kSnapshotNotFound.name) return found;
  return Error(table::kSnapshotNotFound, is_time
                                             ? fmt::format("there is no snapshot before {}", text)
                                             : fmt::format("there is no snapshot, branch or tag `{}`", text))
      .with_hint(query::oldest_start(metadata) + ": older ones have expired, or never were");
}

/// Runs a COPY.
Result<std::int64_t> copied_rows(engine::Connection& connection, const std::string& sql) {
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, connection.query(sql));
  std::int64_t count = 0;
  rows.watch([&count](const engine::ResultSet::Step& step) { count += step.rows; });
  TARN_RETURN_IF_ERROR(engine::read_texts(rows));
  return count;
}

/// How many they are.
Result<std::int64_t> write_rows(CommandContext& context, const ChangesOptions& options,
                                engine::Connection& connection) {
  if (context.output == OutputFormat::kParquet) {
    return copied_rows(connection, fmt::format("COPY ({}) TO {} (FORMAT parquet, COMPRESSION zstd)",
                                               query::kChangesQuery, engine::quote_literal(options.file)));
  }
  auto sink = std::make_unique<FileSink>();
  RenderOptions render = context.render_options();
  if (!options.file.empty()) {
    TARN_ASSIGN_OR_RETURN(sink, FileSink::create(options.file));
    render.terminal = {};
  }
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, connection.query(query::kChangesQuery));
  TARN_ASSIGN_OR_RETURN(const std::uint64_t count, render_result(rows, render, *sink));
  TARN_RETURN_IF_ERROR(sink->close());
  return static_cast<std::int64_t>(count);
}

Result<int> run_changes(CommandContext& context, const ChangesOptions& options) {
  if (context.output == OutputFormat::kParquet && options.file.empty())
    return Error(kUsage, "Parquet is not for the terminal").with_hint("name a file with --file");
  TARN_RETURN_IF_ERROR(check_state(context));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const TableName name, named_table(*catalog, options.table));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, catalog->load_table(name));
  const iceberg::TableMetadata& metadata = *table.metadata;
  TARN_ASSIGN_OR_RETURN(const iceberg::Snapshot* const from, snapshot_of(metadata, options.from));
  const iceberg::Snapshot* to = metadata.current_snapshot();
  if (!options.to.empty()) {
    TARN_ASSIGN_OR_RETURN(to, snapshot_of(metadata, options.to));
  }
  if (from == nullptr || to == nullptr) return Error(kUsage, "the table is empty: there are no changes");
  TARN_ASSIGN_OR_RETURN(const auto snapshots, query::snapshots_after(metadata, *from, *to));
  TARN_ASSIGN_OR_RETURN(const auto engine, open_engine(context));
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const settings, context.settings());
  if (uses_s3(*settings)) {
    TARN_ASSIGN_OR_RETURN(s3::S3ObjectStore* const store, context.s3());
    TARN_RETURN_IF_ERROR(s3_renewal(*engine, *store)());
  }
  TARN_ASSIGN_OR_RETURN(const auto connection, engine->connect());
  const auto answer = [&]() -> Result<std::int64_t> {
    TARN_RETURN_IF_ERROR(
        query::collect_changes(*connection, context.store(), context.manifests(), metadata, snapshots));
    return write_rows(context, options, *connection);
  };
  const std::string read = fmt::format("{}@{}", name.to_string(), to->snapshot_id);
  TARN_RETURN_IF_ERROR(on_record(context, {"tarn changes", name.to_string(), read}, answer));
  context.note(fmt::format("up to snapshot {}: go on with `--from {}`", to->snapshot_id, to->snapshot_id));
  return kExitDone;
}

}  // namespace

void add_changes_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ChangesOptions>();
  CLI::App* command =
      app.add_subcommand("changes", "The rows that a table gained, lost and changed since a snapshot");
  command->footer(
      "Examples:\n  tarn changes encounter --from audited-2026\n"
      "  tarn changes curated.encounter --from 2026-11-20 --to 2026-11-21T06:00:00 -o csv --file day.csv\n"
      "\nEach row has _change_type (INSERT, DELETE, or UPDATE_BEFORE and UPDATE_AFTER where the table has a "
      "key),\n"
      "_change_ordinal, _commit_snapshot_id and _committed_at. Begin with a copy of the table as of a "
      "snapshot,\n"
      "then ask for what came after it, again and again. Compaction is no change. A tag keeps a snapshot "
      "from expiry.");
  command->add_option("table", options->table, "The table")->required()->type_name("TABLE");
  command
      ->add_option(
          "--from", options->from,
          "The snapshot that is known already: a number, branch, tag, or a time (UTC) for the last before it")
      ->required()
      ->type_name("SNAPSHOT");
  command->add_option("--to", options->to, "The last snapshot that is told; default: the current one")
      ->type_name("SNAPSHOT");
  add_output_option(*command, context, "--file");
  command->add_option("--file", options->file, "Write the answer into a file")->type_name("FILE");
  context.on_run(*command, [&context, options] { return run_changes(context, *options); });
}

}  // namespace tarn::cli
