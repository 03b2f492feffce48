#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "iceberg/schema_update.h"
#include "query/lake.h"
#include "table/snapshot_builder.h"

namespace tarn::query {

/// Changes of the lake's tables that are prepared one after the other, seen by who prepares them only, and
/// committed together or not at all. Files are written as changes are prepared; the catalog hears of them in
/// commit(). A table is what it was when the transaction first changed or pin()ned it; when somebody else has
/// changed it since, commit() answers catalog.commit_conflict. One thread at a time.
///
///   LakeTransaction transaction(lake);
///   TARN_ASSIGN_OR_RETURN(const catalog::Table table, transaction.pin(name));
///   … write files …
///   TARN_RETURN_IF_ERROR(transaction.change_rows(name, {.data_files = files}));
///   TARN_ASSIGN_OR_RETURN(auto committed, transaction.commit());
class LakeTransaction final : public StagedTables {
 public:
  /// What the lake refers to must outlive this; without `lake.writing` nothing can be changed.
  explicit LakeTransaction(const Lake& lake);
  /// Takes back what was not committed.
  ~LakeTransaction() override;
  LakeTransaction(const LakeTransaction&) = delete;
  LakeTransaction& operator=(const LakeTransaction&) = delete;

  Result<catalog::Table> load_table(const TableName& name) const override;
  Result<std::vector<TableName>> list_tables() const override;

  /// The table, which stays as it is now until the transaction ends. Errors: as of load_table().
  Result<catalog::Table> pin(const TableName& name);
  /// Errors: those of Catalog::stage_table(), and catalog.table_exists for a table of this transaction.
  Result<catalog::Table> create_table(const TableName& name, const iceberg::Schema& schema);
  Status drop_table(const TableName& name);
  Status rename_table(const TableName& from, const TableName& to);
  Status set_properties(const TableName& name, std::map<std::string, std::string> properties);
  Status change_schema(const TableName& name, const iceberg::SchemaUpdate::Outcome& outcome);
  /// Builds a snapshot. Its files are the transaction's from now on, as those of note_files() are.
  Status change_rows(const TableName& name, table::SnapshotChange change);
  /// Files that were written for the transaction: they are removed unless it is committed.
  void note_files(const std::vector<table::NewFile>& files);

  bool is_empty() const;

  struct Committed {
    TableName table;
    std::optional<std::int64_t> snapshot;  ///< Nothing: it has none.
  };
  /// The changed tables as commit() will leave them, dropped ones included.
  std::vector<Committed> changed() const;
  /// Afterwards the transaction is empty, unless it failed. Errors: those of Catalog::commit().
  Result<std::vector<Committed>> commit();
  void roll_back();

  /// How far the transaction has come.
  struct State;
  std::shared_ptr<const State> save() const;
  /// Back to what save() returned; files of changes since stay until the transaction ends.
  void restore(const std::shared_ptr<const State>& state);

 private:
  struct Entry;
  Result<Entry*> touch(const TableName& name);
  Status apply(Entry& entry, const std::vector<iceberg::TableUpdate>& updates);
  std::vector<catalog::TableCommit> commits() const;
  bool is_vacated(const TableName& name) const;
  std::string next_location();
  void forget();

  Lake lake_;
  std::unique_ptr<State> state_;
  std::vector<std::string> files_;
  std::uint64_t changes_ = 0;
};

}  // namespace tarn::query
