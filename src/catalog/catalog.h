#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "iceberg/update.h"
#include "iceberg/view_metadata.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "state/database.h"
#include "state/tables/dropped_tables.h"
#include "state/tables/table_pointers.h"

namespace tarn::catalog {

class MetadataCache;

using Properties = state::Properties;

/// A table as it was when it was loaded or committed: immutable.
struct Table {
  TableName name = {};
  std::string metadata_location = "";
  std::shared_ptr<const iceberg::TableMetadata> metadata = {};
};

struct CreateTable {
  TableName name = {};
  iceberg::Schema schema = {};         ///< Field ids are assigned anew.
  iceberg::PartitionSpec spec = {};    ///< Against `schema`.
  iceberg::SortOrder sort_order = {};  ///< Against `schema`.
  Properties properties = {};
  std::string location = "";  ///< Empty: new_location().
  std::int32_t format_version = 2;
};

/// A view as it was when it was loaded or committed: immutable.
struct View {
  TableName name = {};
  std::string metadata_location = "";
  std::shared_ptr<const iceberg::ViewMetadata> metadata = {};
};

struct CreateView {
  TableName name = {};
  iceberg::Schema schema = {};
  iceberg::ViewVersion version = {};
  Properties properties = {};
  std::string location = "";  ///< Empty: new_location().
};

struct ViewCommit {
  TableName name = {};
  std::vector<iceberg::AssertViewUuid> requirements = {};
  std::vector<iceberg::ViewUpdate> updates = {};
};

/// What update_namespace_properties() did, by key.
struct PropertyChanges {
  std::vector<std::string> updated = {};
  std::vector<std::string> removed = {};
  std::vector<std::string> missing = {};  ///< To be removed, but not there.
};

/// What becomes of a dropped table's files: they stay for whoever uses them, or for maintenance to remove.
enum class Purge : std::uint8_t { kNo, kYes };

/// What purge() did.
struct PurgeReport {
  std::int64_t files_removed = 0;
  std::int64_t bytes_removed = 0;
  std::int64_t files_left = 0;  ///< That could not be removed.
};

/// What one commit does to one table. With AssertCreate among the requirements the table is created from the
/// updates (a staged creation, see new_location()); its namespace must exist. Names that the same commit
/// drops or renames away are free for its creations and renames.
struct TableCommit {
  TableName name = {};
  std::vector<iceberg::TableRequirement> requirements = {};
  std::vector<iceberg::TableUpdate> updates = {};
  std::optional<TableName> rename_to = {};  ///< Of a table that exists: its name behind the commit.
  std::optional<Purge> drop = {};           ///< As drop_table(); without updates and another name.

  /// Behind the commit.
  const TableName& final_name() const { return rename_to ? *rename_to : name; }
};

struct CommitResult {
  std::vector<Table> tables = {};  ///< The new state, in the order of the commits.
  /// Old metadata files that should have been removed and could not be; harmless.
  std::vector<std::string> not_removed = {};
};

/// The catalog: namespaces, tables and views, and the one door through which they change. Pointers to
/// metadata files are rows of the state database; metadata files lie in the object store, at
/// `<warehouse>/<namespace>/<table>/metadata/NNNNN-<uuid>.metadata.json`. Nothing is ever written or removed
/// outside of the warehouse and the other locations it was given.
///
/// A commit of several tables is atomic: metadata files are written and synced first, then one state
/// transaction swaps every pointer and takes the caller's own writes along (`on_commit`). Whatever fails or
/// crashes before that transaction leaves the tables as they were, and at worst files that no pointer names.
///
/// Threads: all members may be called by many threads at once, and by other processes on the same database.
///
///   Catalog catalog(database, store, clock, random, "file:///lake");
///   TARN_ASSIGN_OR_RETURN(const Table table, catalog.load_table({"curated", "encounter"}));
///   const TableCommit commits[] = {{table.name, {AssertRefSnapshotId{"main", head}}, {AddSnapshot{…}, …}}};
///   TARN_ASSIGN_OR_RETURN(auto result, catalog.commit(commits, [&](state::Transaction& transaction) {
///     return state::settle(transaction, settlements);
///   }));
class Catalog {
 public:
  /// All must outlive the catalog. `warehouse` is a location that the store holds; tables whose creators name
  /// a location may lie below it or below one of `more_locations`.
  Catalog(state::Database& database, io::ObjectStore& store, io::Clock& clock, io::Random& random,
          std::string warehouse, std::vector<std::string> more_locations = {});
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  /// Missing parents are created too. catalog.namespace_exists, catalog.bad_name.
  Status create_namespace(const std::string& name, const Properties& properties = {});
  /// catalog.namespace_not_found, catalog.namespace_not_empty.
  Status drop_namespace(const std::string& name);
  /// catalog.namespace_not_found.
  Result<Properties> namespace_properties(const std::string& name);
  /// The folder that new tables of the namespace get theirs in: its property `location`, or one below the
  /// warehouse. catalog.namespace_not_found.
  Result<std::string> namespace_location(const std::string& name);
  Result<bool> namespace_exists(const std::string& name);
  /// Sets some and removes some. catalog.namespace_not_found, catalog.property_conflict.
  Result<PropertyChanges> update_namespace_properties(const std::string& name, const Properties& set,
                                                      std::span<const std::string> remove);
  /// All, sorted, by their dotted names; or the direct children of `parent` (catalog.namespace_not_found).
  Result<std::vector<std::string>> list_namespaces(const std::optional<std::string>& parent = std::nullopt);

  /// catalog.table_exists, catalog.view_exists, catalog.namespace_not_found, catalog.bad_name,
  /// catalog.bad_location, and those of iceberg::TableMetadata::create.
  Result<Table> create_table(const CreateTable& table);
  /// The metadata that create_table() would commit, and its folders `metadata` and `data` (for engines that
  /// write files before they commit and make no folders), but no table: that is commit()'s, with
  /// AssertCreate.
  Result<iceberg::TableMetadata> stage_table(const CreateTable& table);
  /// A table from a metadata file that exists; its files stay where they are. `overwrite`: a table of that
  /// name is pointed to the file. catalog.table_exists, catalog.bad_location, catalog.metadata_not_found …
  Result<Table> register_table(const TableName& name, const std::string& metadata_location,
                               bool overwrite = false);
  /// The present state. Metadata is cached by its location. catalog.table_not_found,
  /// catalog.metadata_not_found.
  Result<Table> load_table(const TableName& name);
  /// That the metadata file of a loaded table is there still: the cache may outlive it.
  /// catalog.metadata_not_found.
  Status check_metadata_file(const Table& table);
  /// Whether the catalog has it, without reading its metadata.
  Result<bool> table_exists(const TableName& name);
  /// Sorted; of one namespace (catalog.namespace_not_found) or of all.
  Result<std::vector<TableName>> list_tables(const std::optional<std::string>& schema = std::nullopt);
  /// Forgets the table. With Purge::kYes it is one of dropped_tables() from then on: who reads it goes on
  /// reading, until purge(). catalog.table_not_found.
  Status drop_table(const TableName& name, Purge purge = Purge::kNo);
  /// Those that were dropped with Purge::kYes and not purged yet, the oldest first.
  Result<std::vector<state::DroppedTable>> dropped_tables();
  /// Gives a dropped table a name again. catalog.metadata_not_found, catalog.table_exists,
  /// catalog.view_exists, catalog.namespace_not_found, catalog.bad_name; state.not_found when it is none of
  /// dropped_tables() any more.
  Result<Table> restore_table(const state::DroppedTable& dropped, const TableName& name);
  /// Removes everything below a dropped table's location, unless another table or view has its metadata
  /// there, and forgets it when nothing is left. While one that was dropped later has its metadata there,
  /// nothing is done. Safe to repeat.
  Result<PurgeReport> purge(const state::DroppedTable& dropped);
  /// catalog.table_not_found, catalog.table_exists, catalog.view_exists, catalog.namespace_not_found,
  /// catalog.bad_name.
  Status rename_table(const TableName& from, const TableName& to);

  /// The same for views; they share their names with tables. catalog.view_not_found, catalog.view_exists,
  /// catalog.table_exists, catalog.namespace_not_found, catalog.bad_name, catalog.bad_location,
  /// catalog.commit_conflict, iceberg.bad_update …; `state.commit_unknown` as in commit().
  Result<View> create_view(const CreateView& view);
  Result<View> register_view(const TableName& name, const std::string& metadata_location);
  Result<View> load_view(const TableName& name);
  Result<bool> view_exists(const TableName& name);
  Result<std::vector<TableName>> list_views(const std::optional<std::string>& schema = std::nullopt);
  Result<View> commit_view(const ViewCommit& commit);
  Status drop_view(const TableName& name);
  Status rename_view(const TableName& from, const TableName& to);

  /// That a location which a client named is in the warehouse or another place given. catalog.bad_location.
  Status check_location(const std::string& location) const;
  /// Whether no table or view but `name` has its metadata below `location`, and that is in the warehouse or
  /// another place given: whoever may read all that lies there reads nobody else's.
  Result<bool> is_alone_below(const TableName& name, const std::string& location);
  /// A folder for a new table that no other table uses or used.
  Result<std::string> new_location(const TableName& name);

  using OnCommit = std::function<Status(state::Transaction&)>;
  /// Commits all tables or none. `on_commit` runs inside the one transaction, after the pointers were
  /// swapped; it may be empty, as may `commits`. It must not use the catalog or begin transactions. It runs
  /// at most once; when it fails, so does the commit. When somebody else's commit comes first, the updates
  /// are applied anew upon it as long as the requirements hold.
  ///
  /// Tables that are renamed or dropped are so in the same transaction, after all checks.
  ///
  /// Errors: catalog.commit_conflict (a requirement does not hold, or a snapshot was prepared upon an older
  /// state: load again and retry), catalog.table_not_found, catalog.table_exists (AssertCreate,
  /// rename_to), catalog.view_exists, catalog.namespace_not_found, catalog.bad_commit, catalog.bad_location,
  /// catalog.commit_failed, iceberg.bad_update …, the store's and on_commit's own. After every error but
  /// `state.commit_unknown` nothing happened; that one comes back only when reading back failed as well (or
  /// when there was no table whose pointer could be read back).
  ///
  /// Each former metadata file is kept until `write.metadata.previous-versions-max` (100) later ones exist,
  /// then removed unless `write.metadata.delete-after-commit.enabled` is `false`.
  Result<CommitResult> commit(std::span<const TableCommit> commits, const OnCommit& on_commit = {});

 private:
  struct Staged;
  using Kind = state::EntryKind;

  Result<std::shared_ptr<const iceberg::TableMetadata>> read_metadata(const std::string& location);
  Result<std::shared_ptr<const iceberg::ViewMetadata>> read_view(const std::string& location);
  Result<std::string> read_file(const std::string& location);
  Result<std::optional<state::TablePointer>> find(const TableName& name, Kind kind);
  Result<std::vector<TableName>> list(const std::string& schema, Kind kind);
  Status check_vacant(const TableName& name, Kind kind);
  Status drop(const TableName& name, Kind kind);
  Status note_dropped(state::Transaction& transaction, const Table& table);
  Status rename(const TableName& from, const TableName& to, Kind kind);
  Result<iceberg::TableMetadata> new_metadata(const CreateTable& table);
  using Names = std::set<TableName>;
  /// `vacated`: names that the commit frees.
  Result<Staged> stage(const TableCommit& commit, const Names& vacated);
  Result<Staged> stage_creation(const TableCommit& commit, const Names& vacated);
  Result<Staged> stage_new(const TableName& name, iceberg::TableMetadata metadata);
  Result<Staged> stage_view(const ViewCommit& commit);
  Result<View> publish_view(Staged staged);
  std::string location_of(const std::string& schema, const Properties& properties) const;
  bool is_below(const std::string& location, const std::string& root) const;
  Status publish(std::vector<Staged>& staging, const OnCommit& on_commit);
  Status write_metadata(std::vector<Staged>& staging);
  Status swap_pointers(const std::vector<Staged>& staging, const OnCommit& on_commit);
  Status swap_pointer(state::Transaction& transaction, const Staged& staged);
  Status move_names(state::Transaction& transaction, const std::vector<Staged>& staging);
  Result<bool> read_back(const std::vector<Staged>& staging);
  Error abandon(const std::vector<Staged>& staging, Error error);
  std::vector<std::string> remove_trimmed(const std::vector<Staged>& staging);
  std::string new_uuid();
  std::int64_t now_ms();

  state::Database& database_;
  io::ObjectStore& store_;
  io::Clock& clock_;
  io::Random& random_;
  std::string warehouse_;
  std::vector<std::string> roots_;  ///< The warehouse and the other locations.
  std::unique_ptr<MetadataCache> cache_;
};

}  // namespace tarn::catalog
