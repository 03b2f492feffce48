#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "iceberg/update.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "state/database.h"

namespace tarn::catalog {

class MetadataCache;

using Properties = std::map<std::string, std::string>;

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
};

/// What one commit does to one table. With AssertCreate among the requirements the table is created from the
/// updates (a staged creation, see new_location()); its namespace must exist.
struct TableCommit {
  TableName name = {};
  std::vector<iceberg::TableRequirement> requirements = {};
  std::vector<iceberg::TableUpdate> updates = {};
};

struct CommitResult {
  std::vector<Table> tables = {};  ///< The new state, in the order of the commits.
  /// Old metadata files that should have been removed and could not be; harmless, orphan removal takes them.
  std::vector<std::string> not_removed = {};
};

/// The catalog: namespaces and tables, and the one door through which tables change. Pointers to metadata
/// files are rows of the state database; metadata files lie in the object store, at
/// `<warehouse>/<namespace>/<table>/metadata/NNNNN-<uuid>.metadata.json`.
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
  /// All must outlive the catalog. `warehouse` is a location that the store holds, without a trailing slash.
  Catalog(state::Database& database, io::ObjectStore& store, io::Clock& clock, io::Random& random,
          std::string warehouse);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  /// Missing parents are created too. catalog.namespace_exists, catalog.bad_name.
  Status create_namespace(const std::string& name, const Properties& properties = {});
  /// catalog.namespace_not_found, catalog.namespace_not_empty.
  Status drop_namespace(const std::string& name);
  /// catalog.namespace_not_found.
  Result<Properties> namespace_properties(const std::string& name);
  /// Sets some, then removes some. catalog.namespace_not_found.
  Status update_namespace_properties(const std::string& name, const Properties& set,
                                     std::span<const std::string> remove);
  /// All, sorted, by their dotted names; or the direct children of `parent` (catalog.namespace_not_found).
  Result<std::vector<std::string>> list_namespaces(const std::optional<std::string>& parent = std::nullopt);

  /// catalog.table_exists, catalog.namespace_not_found, catalog.bad_name, and those of
  /// iceberg::TableMetadata::create.
  Result<Table> create_table(const CreateTable& table);
  /// A table from a metadata file that exists; its files stay where they are. catalog.table_exists …
  Result<Table> register_table(const TableName& name, const std::string& metadata_location);
  /// The present state. Metadata is cached by its location. catalog.table_not_found.
  Result<Table> load_table(const TableName& name);
  /// Whether the catalog has it, without reading its metadata.
  Result<bool> table_exists(const TableName& name);
  /// Sorted; of one namespace (catalog.namespace_not_found) or of all.
  Result<std::vector<TableName>> list_tables(const std::optional<std::string>& schema = std::nullopt);
  /// Forgets the table; its files stay. catalog.table_not_found.
  Status drop_table(const TableName& name);
  /// catalog.table_not_found, catalog.table_exists, catalog.namespace_not_found, catalog.bad_name.
  Status rename_table(const TableName& from, const TableName& to);

  /// A folder for a new table that no other table uses or used, for staged creations.
  Result<std::string> new_location(const TableName& name);

  using OnCommit = std::function<Status(state::Transaction&)>;
  /// Commits all tables or none. `on_commit` runs inside the one transaction, after the pointers were
  /// swapped; it may be empty, as may `commits`. It must not use the catalog or begin transactions. It runs
  /// at most once; when it fails, so does the commit.
  ///
  /// Errors: catalog.commit_conflict (a requirement does not hold, or a pointer moved: load again and retry),
  /// catalog.table_not_found, catalog.table_exists (AssertCreate), catalog.bad_commit, catalog.bad_location,
  /// catalog.commit_failed, iceberg.bad_update …, the store's and on_commit's own. After every error but
  /// `state.commit_unknown` nothing happened; that one comes back only when reading back failed as well (or
  /// when there was no table whose pointer could be read back).
  ///
  /// Each former metadata file is kept until `write.metadata.previous-versions-max` (100) later ones exist,
  /// then removed unless `write.metadata.delete-after-commit.enabled` is `false`.
  Result<CommitResult> commit(std::span<const TableCommit> commits, const OnCommit& on_commit = {});

 private:
  struct Staged;

  Result<std::shared_ptr<const iceberg::TableMetadata>> read_metadata(const std::string& location);
  Result<Staged> stage(const TableCommit& commit);
  Result<Staged> stage_creation(const TableCommit& commit);
  Result<Staged> stage_new(const TableName& name, iceberg::TableMetadata metadata);
  Status check_location(const iceberg::TableMetadata& metadata, const std::string& former);
  Status publish(std::vector<Staged>& staging, const OnCommit& on_commit);
  Status write_metadata(const std::vector<Staged>& staging);
  Status swap_pointers(const std::vector<Staged>& staging, const OnCommit& on_commit);
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
  std::unique_ptr<MetadataCache> cache_;
};

}  // namespace tarn::catalog
