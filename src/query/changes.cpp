#include "query/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/civil_time.h"
#include "engine/source_place.h"
#include "query/views/view_sql.h"
#include "table/deletes/delete_file.h"
#include "table/errors.h"
#include "table/scan.h"

namespace tarn::query {
namespace {

using engine::quote_identifier;
using table::Scan;
using table::ScanTask;

/// The files in which two snapshots differ.
struct Difference {
  Scan removed;             ///< Files of the first only.
  Scan added;               ///< Files of the second only.
  Scan kept_before;         ///< Files of both whose deleted rows may differ, as the first reads them …
  Scan kept_after;          ///< … and as the second does.
  bool may_regain = false;  ///< Rows of kept files may be live again.
};

std::set<std::string> paths_of(const std::vector<std::shared_ptr<const table::LiveFile>>& files) {
  std::set<std::string> paths;
  for (const auto& file : files) paths.insert(table::delete_file_key(file->file));
  return paths;
}

/// Delete files apply to many data files; which of them they name is known only from within.
class NewDeletes {
 public:
  explicit NewDeletes(io::ObjectStore& store) : store_(store) {}

  Result<bool> names(const ScanTask& task, const std::set<std::string>& known) {
    for (const auto& file : task.deletes) {
      const std::string key = table::delete_file_key(file->file);
      if (known.contains(key)) continue;
      auto at = named_.find(key);
      if (at == named_.end()) {
        TARN_ASSIGN_OR_RETURN(const table::DeletedPositions positions,
                              table::read_position_deletes(store_, file->file));
        at = named_.emplace(key, std::set<std::string>()).first;
        for (const auto& [path, rows] : positions) at->second.insert(path);
      }
      if (at->second.contains(task.data->file.file_path)) return true;
    }
    return false;
  }

 private:
  io::ObjectStore& store_;
  std::map<std::string, std::set<std::string>> named_;
};

Result<Difference> difference(io::ObjectStore& store, const Scan& before, const Scan& after,
                              const iceberg::Schema& schema) {
  Difference result;
  for (Scan* scan : {&result.removed, &result.added, &result.kept_before, &result.kept_after})
    scan->schema = schema;
  std::map<std::string_view, const ScanTask*> former;
  for (const ScanTask& task : before.tasks) former.emplace(task.data->file.file_path, &task);
  NewDeletes deletes(store);
  for (const ScanTask& task : after.tasks) {
    const auto known = former.find(task.data->file.file_path);
    if (known == former.end()) {
      result.added.tasks.push_back(task);
      continue;
    }
    const ScanTask& then = *known->second;
    former.erase(known);
    const std::set<std::string> old_deletes = paths_of(then.deletes);
    const std::set<std::string> new_deletes = paths_of(task.deletes);
    if (old_deletes == new_deletes) continue;
    const bool regains = !std::ranges::includes(new_deletes, old_deletes);
    if (!regains) {
      TARN_ASSIGN_OR_RETURN(const bool named, deletes.names(task, old_deletes));
      if (!named) continue;
    }
    result.may_regain = result.may_regain || regains;
    result.kept_before.tasks.push_back(then);
    result.kept_after.tasks.push_back(task);
  }
  for (const auto& [path, task] : former) result.removed.tasks.push_back(*task);
  return result;
}

/// The rows of `whole`, and those of `some` that `others`, the same files at the other time, have not.
Result<std::string> side_sql(const Scan& whole, const Scan& some, const Scan& others,
                             const iceberg::TableMetadata& metadata, ScanFilters& filters) {
  TARN_ASSIGN_OR_RETURN(std::string sql, scan_sql(whole, metadata, filters));
  if (some.tasks.empty()) return sql;
  TARN_ASSIGN_OR_RETURN(const std::string rows, scan_sql(some, metadata, filters, Places::kWith));
  TARN_ASSIGN_OR_RETURN(const std::string places, scan_sql(others, metadata, filters, Places::kWith));
  return fmt::format(
      "{0} UNION ALL SELECT * EXCLUDE ({3}, {4}) FROM ({1}) b ANTI JOIN (SELECT {3}, {4} FROM ({2})) a USING "
      "({3}, "
      "{4})",
      sql, rows, places, kPlaceFile, kPlaceRow);
}

/// Rows of both sides with the same identifier are an update, or nothing where they are equal.
std::string keyed_sql(const iceberg::Schema& schema, const std::vector<std::string>& key) {
  std::string same;
  std::string order;
  for (const std::string& name : key) {
    const std::string column = quote_identifier(name);
    same += fmt::format("{}g.{} IS NOT DISTINCT FROM f.{}", same.empty() ? "" : " AND ", column, column);
    order += fmt::format("c.{}, ", column);
  }
  std::string differ;
  for (const iceberg::NestedField& field : schema.fields()) {
    const std::string column = quote_identifier(field.name);
    differ += fmt::format("{}g.{} IS DISTINCT FROM f.{}", differ.empty() ? "" : " OR ", column, column);
  }
  return fmt::format(
      "SELECT _tarn_type, c.* EXCLUDE (_tarn_type) FROM (SELECT 'DELETE' AS _tarn_type, g.* FROM gone g ANTI "
      "JOIN fresh f ON {0} UNION "
      "ALL "
      "SELECT 'INSERT', f.* FROM fresh f ANTI JOIN gone g ON {0} UNION ALL SELECT 'UPDATE_BEFORE', g.* FROM "
      "gone g "
      "SEMI JOIN fresh f ON {0} AND ({1}) UNION ALL SELECT 'UPDATE_AFTER', f.* FROM fresh f SEMI JOIN gone g "
      "ON {0} "
      "AND ({1})) c ORDER BY {2}_tarn_type DESC",
      same, differ, order);
}

std::vector<std::string> key_of(const iceberg::Schema& schema) {
  std::vector<std::string> key;
  for (const iceberg::NestedField& field : schema.fields()) {
    const auto& ids = schema.identifier_field_ids();
    if (std::ranges::find(ids, field.id) != ids.end()) key.push_back(field.name);
  }
  return key;
}

Result<std::string> changes_sql(const Difference& files, const iceberg::TableMetadata& metadata,
                                ScanFilters& filters) {
  const iceberg::Schema& schema = metadata.current_schema();
  TARN_ASSIGN_OR_RETURN(const std::string gone,
                        side_sql(files.removed, files.kept_before, files.kept_after, metadata, filters));
  Scan none;
  none.schema = schema;
  TARN_ASSIGN_OR_RETURN(const std::string fresh,
                        side_sql(files.added, files.may_regain ? files.kept_after : none,
                                 files.may_regain ? files.kept_before : none, metadata, filters));
  const std::vector<std::string> key = key_of(schema);
  const bool both = !files.added.tasks.empty() || files.may_regain;
  const bool rewritten = !files.removed.tasks.empty() && both;
  std::string changes = "SELECT 'DELETE' AS _tarn_type, * FROM gone UNION ALL SELECT 'INSERT', * FROM fresh";
  if (!key.empty() && both)
    changes = keyed_sql(schema, key);
  else if (rewritten)
    changes =
        "SELECT 'DELETE' AS _tarn_type, * FROM (FROM gone EXCEPT ALL FROM fresh) UNION ALL SELECT 'INSERT', "
        "* FROM "
        "(FROM "
        "fresh EXCEPT ALL FROM gone)";
  return fmt::format("WITH gone AS MATERIALIZED ({}), fresh AS MATERIALIZED ({}), changes AS ({})", gone,
                     fresh, changes);
}

/// The oldest ancestor of `to`, itself included, that is still there.
const iceberg::Snapshot& oldest_of(const iceberg::TableMetadata& metadata, const iceberg::Snapshot& to) {
  const iceberg::Snapshot* oldest = &to;
  for (std::size_t steps = 0; steps < metadata.snapshots.size() && oldest->parent_snapshot_id; ++steps) {
    const iceberg::Snapshot* parent = metadata.snapshot_by_id(*oldest->parent_snapshot_id);
    if (parent == nullptr) break;
    oldest = parent;
  }
  return *oldest;
}

}  // namespace

std::string oldest_start(const iceberg::TableMetadata& metadata) {
  const iceberg::Snapshot* current = metadata.current_snapshot();
  if (current == nullptr) return "the table is empty and has no snapshot yet";
  const iceberg::Snapshot& oldest = oldest_of(metadata, *current);
  return fmt::format("the oldest snapshot that changes can be told from is {} of {}", oldest.snapshot_id,
                     format_timestamp_utc(oldest.timestamp_ms * 1000));
}

Result<std::vector<const iceberg::Snapshot*>> snapshots_after(const iceberg::TableMetadata& metadata,
                                                              const iceberg::Snapshot& from,
                                                              const iceberg::Snapshot& to) {
  std::vector<const iceberg::Snapshot*> snapshots;
  const iceberg::Snapshot* at = &to;
  while (at->snapshot_id != from.snapshot_id) {
    snapshots.push_back(at);
    const iceberg::Snapshot* parent =
        at->parent_snapshot_id ? metadata.snapshot_by_id(*at->parent_snapshot_id) : nullptr;
    if (parent == nullptr || snapshots.size() > metadata.snapshots.size()) {
      return Error(table::kNotAnAncestor,
                   fmt::format("snapshot {} does not lead to {}", from.snapshot_id, to.snapshot_id))
          .with_hint(oldest_start(metadata) + ": begin there with a copy of the table");
    }
    at = parent;
  }
  std::ranges::reverse(snapshots);
  return snapshots;
}

Status collect_changes(engine::Connection& connection, io::ObjectStore& store,
                       table::ManifestCache& manifests, const iceberg::TableMetadata& metadata,
                       const std::vector<const iceberg::Snapshot*>& snapshots) {
  const auto head = [](std::int64_t ordinal, std::int64_t snapshot, std::int64_t timestamp_ms) {
    return fmt::format(
        "SELECT _tarn_type AS _change_type, {}::INTEGER AS _change_ordinal, {}::BIGINT AS "
        "_commit_snapshot_id, "
        "TIMESTAMPTZ '{}' AS _committed_at, * EXCLUDE (_tarn_type) FROM changes",
        ordinal, snapshot, format_timestamp_utc(timestamp_ms * 1000));
  };
  Difference none;
  for (Scan* scan : {&none.removed, &none.added, &none.kept_before, &none.kept_after})
    scan->schema = metadata.current_schema();
  const auto deleted_rows = std::make_shared<DeletedRows>();
  ScanFilters no_filters(connection, store, deleted_rows);
  TARN_ASSIGN_OR_RETURN(const std::string empty, changes_sql(none, metadata, no_filters));
  TARN_RETURN_IF_ERROR(connection.run(
      fmt::format("CREATE OR REPLACE TEMP TABLE _tarn_changes AS {} {}", empty, head(0, 0, 0))));
  std::optional<Scan> before;
  std::optional<std::int64_t> before_id;
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    const iceberg::Snapshot& snapshot = *snapshots[i];
    // The same rows in other files.
    if (snapshot.operation == iceberg::kOperationReplace) continue;
    if (before_id != snapshot.parent_snapshot_id || !before) {
      before.emplace();
      if (snapshot.parent_snapshot_id) {
        TARN_ASSIGN_OR_RETURN(
            before, table::plan_scan(manifests, metadata, table::SnapshotById{*snapshot.parent_snapshot_id}));
      }
    }
    TARN_ASSIGN_OR_RETURN(Scan after,
                          table::plan_scan(manifests, metadata, table::SnapshotById{snapshot.snapshot_id}));
    TARN_ASSIGN_OR_RETURN(Difference files, difference(store, *before, after, metadata.current_schema()));
    ScanFilters filters(connection, store, deleted_rows);
    TARN_ASSIGN_OR_RETURN(const std::string sql, changes_sql(files, metadata, filters));
    TARN_RETURN_IF_ERROR(connection.run(
        fmt::format("INSERT INTO _tarn_changes {} {}", sql,
                    head(static_cast<std::int64_t>(i), snapshot.snapshot_id, snapshot.timestamp_ms))));
    before = std::move(after);
    before_id = snapshot.snapshot_id;
  }
  return ok_status();
}

}  // namespace tarn::query
