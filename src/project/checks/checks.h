#pragma once

#include <string_view>
#include <vector>

#include "project/load.h"
#include "project/project_spec.h"
#include "project/yaml_tree.h"

/// What must hold of values that are each well written. Internal.
namespace tarn::project {

/// Fills in what follows from what was written: `from` from the name, `required` of key columns and of a
/// history's versions, the notation of binary columns.
void complete_feed(FeedSpec& feed, Diagnostics& out);

/// One feed by itself. `clean`: no error was found in it before; otherwise what only follows from such errors
/// is not said again.
void check_feed(const FeedSpec& feed, bool clean, Diagnostics& out);

/// The columns of a feed, a child or a list<struct>: names, places, formats, constants.
void check_columns(const std::vector<ColumnSpec>& columns, const FormatSpec& format, Diagnostics& out);

/// `from` of columns and children, and `record`, by the format.
void check_places(const FeedSpec& feed, Diagnostics& out);

/// The values of `delete_when` by the column that it names.
void check_delete_values(const ColumnSpec& column, const DeleteRule& rule, Diagnostics& out);

/// What `mode: scd2` and `scd3` ask besides of their feed.
void check_history_columns(const FeedSpec& feed, Diagnostics& out);

/// The columns of `track` or `previous`; `code` for those that have no changes to tell.
void check_tracked(const FeedSpec& feed, const std::vector<Located<std::string>>& names,
                   const ErrorCode& code, Diagnostics& out);

/// Whether rows can be ordered as `sort` or `zorder` say.
void check_row_order(const FeedSpec& feed, Diagnostics& out);
/// What `mode: replace` asks besides of its feed.
void check_replace_columns(const FeedSpec& feed, Diagnostics& out);

/// All feeds of a project side by side. `clean`, of each feed: no error was told of it; one with errors is
/// not compared with others.
void check_project(const Project& project, const std::vector<bool>& clean, Diagnostics& out);

/// The folders of a project side by side; `project.folder_conflict`.
void check_folders(const Project& project, const FolderLookup& folders, Diagnostics& out);

/// What may lie in an object store, and what is said of that; `contract.bad_value`,
/// `project.plain_transport`.
void check_locations(const Project& project, Diagnostics& out);

/// access/*.yaml by itself and beside the contracts, when `clean` (no contract has an error); the codes
/// `access.*`. What only the SQL engine can tell of row filters is checked elsewhere.
void check_access(const Project& project, bool clean, Diagnostics& out);

/// Names that Tarn keeps for itself; `contract.reserved_name`.
void check_column_name(const Located<std::string>& name, Diagnostics& out);

/// The hint for a name that is not among the columns: the nearest, or all of them.
std::string column_hint(std::string_view name, const std::vector<ColumnSpec>& columns);

}  // namespace tarn::project
