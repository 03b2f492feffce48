#pragma once

#include <memory>

#include "cli/command_context.h"

namespace tarn::cli {

/// `tarn table show|history|files|diff|rollback|tag|branch|restore`.
void add_table_command(CLI::App& app, CommandContext& context);

/// `tarn changes`.
void add_changes_command(CLI::App& app, CommandContext& context);

/// Those of them that change a table; `table` is the command that they belong to.
void add_table_changes(CLI::App& table, CommandContext& context);

/// "2026-10-31" or "2026-10-31T23:59:00", of UTC, since the epoch. Errors: cli.usage.
Result<std::int64_t> utc_time_ms(const std::string& text);

/// "--to", "--before": which snapshot a user means.
struct SnapshotChoice {
  std::string snapshot;  ///< An id, a branch or a tag.
  std::string before;    ///< A time: the last snapshot before it.
};
/// Errors: cli.usage, table.snapshot_not_found.
Result<const iceberg::Snapshot*> chosen_snapshot(const iceberg::TableMetadata& metadata,
                                                 const SnapshotChoice& choice);

}  // namespace tarn::cli
