#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "engine/connection.h"
#include "query/access/principal.h"
#include "query/visible_tables.h"
#include "state/database.h"
#include "state/ledger.h"

namespace tarn::query {

/// The lake's records about itself, as tables of the schema `ops`: files, quarantine, runs, batches,
/// snapshots, tables, columns, audit. They are filled from the state and the catalog when a statement names
/// them, so that each statement sees their present state. One thread at a time.
class OpsTables {
 public:
  OpsTables(engine::Connection& connection, state::Database& state, catalog::Catalog& catalog)
      : connection_(connection), state_(state), catalog_(catalog) {}

  /// From now on `ops.tables` and `ops.columns` show what the principal sees, who must outlive this.
  void serve(const Principal& principal) { principal_ = &principal; }

  /// The names, without the schema.
  static std::vector<std::string_view> names();
  /// One of names() with its columns.
  static VisibleTable describe(std::string_view name);
  /// Fills one of names().
  Status load(std::string_view name);

 private:
  Status load_files();
  Status load_quarantine();
  Status load_runs();
  Status load_batches();
  Status load_snapshots();
  Status load_tables();
  Status load_columns();
  /// In audit/ops_audit.cpp: records are only ever added, and so are rows.
  Status load_audit();
  Status recreate(std::string_view name);
  Result<std::vector<catalog::Table>> all_tables();
  TablePolicy policy_of(const catalog::Table& table) const;

  engine::Connection& connection_;
  state::Database& state_;
  catalog::Catalog& catalog_;
  const Principal* principal_ = nullptr;
  /// What `ops.files` was filled from, to fill it anew only when it changed.
  state::LedgerSummary loaded_summary_;
  bool files_loaded_ = false;
  std::optional<std::int64_t> last_audit_;  ///< The last record of `ops.audit`, once there is that table.
};

}  // namespace tarn::query
