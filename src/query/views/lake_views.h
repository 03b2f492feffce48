#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "engine/connection.h"
#include "query/access/principal.h"
#include "query/lake.h"
#include "table/scan.h"

namespace tarn::query {

/// A table that a statement names, and which snapshot of it.
struct TableUse {
  TableName table;
  /// Nothing: the present state.
  std::optional<table::SnapshotSelector> at;
};

/// What a view shows, for the audit.
struct ViewFacts {
  TableName table = {};
  std::optional<std::int64_t> snapshot = {};  ///< Nothing: the table has none yet.
  std::vector<VisibleColumn> columns = {};
  std::vector<std::string> filters = {};  ///< As TablePolicy::written_filters.
};

/// Where place_rows() makes its views: no namespace of a lake is called so, and no user may name it.
inline constexpr std::string_view kWriteSchema = "tarn_write";

/// A use's view.
struct UsedView {
  std::string schema;
  std::shared_ptr<const ViewFacts> facts;
};

/// Keeps views in the engine's connection that stand for lake tables: `"namespace"."table"` for the present
/// state,
/// `"namespace@snapshot"."table"` for a former one. A view is made when it is first used and again when its
/// table's snapshot or schema has changed. One thread at a time.
class LakeViews {
 public:
  LakeViews(engine::Connection& connection, const Lake& lake) : connection_(connection), lake_(lake) {}

  /// From now on the views show what the principal sees, who must outlive this. Before the first ensure().
  void serve(const Principal& principal) { principal_ = &principal; }

  /// Brings the views of all uses to one consistent state of the lake: that of some moment during the call.
  /// Returns each use's view. Errors: table.snapshot_not_found, sql.unreadable_table, and those
  /// of catalog, state and store.
  Result<std::vector<UsedView>> ensure(const std::vector<TableUse>& uses);
  /// Makes the view `kWriteSchema."name"` of a table's live rows as they are, with their places, and returns
  /// what it reads. Good until the next call. Errors: as of ensure().
  Result<table::Scan> place_rows(const catalog::Table& table);
  /// Until show_present(), `rows`, a SELECT of all of its columns, stands for what `table` holds at
  /// `snapshot`.
  void show_only(const TableName& table, std::int64_t snapshot, std::string rows) {
    stand_in_.emplace(StandIn{table, snapshot, std::move(rows)});
  }
  void show_present();
  /// Makes the engine's view of a view of the lake, or of what a policy leaves of it: `select` as the engine
  /// understands it, whose tables ensure() has brought. Errors: sql.unreadable_table.
  Status ensure_query(const TableName& name, const std::string& select);
  /// Drops the views of tables that are not (or no more) among `tables`, and those of ensure_query() that are
  /// not among `queries`; both are sorted.
  Status forget_others(const std::vector<TableName>& tables, const std::vector<TableName>& queries);
  /// Another number each time that a view changed: the engine's plans of before do not see the change.
  std::uint64_t generation() const { return generation_; }

 private:
  Result<std::vector<catalog::Table>> load_consistently(const std::vector<TableUse>& uses);
  Result<std::shared_ptr<const ViewFacts>> ensure_view(const catalog::Table& table, const TableUse& use,
                                                       const std::string& schema);
  Result<std::string> view_schema(const catalog::Table& table, const TableUse& use) const;

  engine::Connection& connection_;
  Lake lake_;
  std::uint64_t generation_ = 0;
  std::uint64_t tables_generation_ = 0;  ///< Queries are made anew when what they stand on has changed.
  const Principal* principal_ = nullptr;
  /// What each view was made from, by its own name: a metadata location, or the schema of a former state.
  struct View {
    TableName table;
    std::string made_from;
    std::shared_ptr<const ViewFacts> facts;
    std::vector<engine::RowFilterUse> filters;  ///< That its text names.
  };
  std::map<TableName, View> views_;
  struct Query {
    std::string select;
    std::uint64_t tables_generation = 0;
  };
  std::map<TableName, Query> queries_;
  std::vector<engine::RowFilterUse> placed_;
  struct StandIn {
    TableName table;
    std::int64_t snapshot;
    std::string rows;
  };
  std::optional<StandIn> stand_in_;
};

}  // namespace tarn::query
