#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "engine/connection.h"
#include "iceberg/schema.h"

/// For this library only.
namespace tarn::query {

/// What has changed under a materialized view since its refresh: rows were added to one table, and nothing
/// else.
struct GrownTable {
  TableName table;
  std::string default_schema;           ///< Of names without one.
  std::set<std::string> columns_known;  ///< Of all tables that the query reads, in lower case.
};

/// How a materialized view gets the rows of its query.
struct RefreshPlan {
  enum class Kind : std::uint8_t {
    kFull,    ///< All anew.
    kAppend,  ///< What the query makes of the added rows is added to the view's.
    kMerge,   ///< What it makes of them is aggregated with the view's rows.
  };
  Kind kind = Kind::kFull;
  /// Of kMerge: for each column the function that makes one value of the former and the new one; empty: the
  /// column is of the key.
  std::vector<std::string> functions = {};
};

/// What is right whatever the rows are. kAppend: a selection, or a join in which each row of the table adds
/// rows and takes none away. kMerge: sums, counts, minima and the like of those, grouped by columns of the
/// result, all of types whose sums do not depend on the order. Everything else is kFull: so are functions
/// whose answer changes with time. `sql` is what the engine is given, `view` the view's columns. Errors:
/// those of the engine.
Result<RefreshPlan> plan_refresh(engine::Connection& connection, std::string_view sql,
                                 const GrownTable& grown, const iceberg::Schema& view);

}  // namespace tarn::query
