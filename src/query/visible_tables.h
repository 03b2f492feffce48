#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "engine/column_type.h"
#include "query/access/principal.h"
#include "query/lake.h"
#include "query/statement_plan.h"

namespace tarn::query {

/// A table or view as a session may see it.
struct VisibleTable {
  struct Column {
    std::string name;
    engine::ColumnType type = {};
    std::string sql_type = {};  ///< As SQL writes it: "DECIMAL(12,2)", `STRUCT("a" BIGINT)[]`.
    bool required = false;
    std::string description = {};
    int key_position = 0;  ///< From 1; 0: not of the key.
  };
  TableName name;
  std::string description = {};
  std::int64_t records = 0;
  std::int64_t size_bytes = 0;
  std::string state = {};  ///< Differs when anything else here may differ.
  bool is_view = false;
  bool is_materialized = false;  ///< A table that keeps the rows of a query.
  std::string view_sql = {};     ///< The query of either; empty: not for this session to know.
  std::vector<Column> columns = {};
};

/// Those of `known`, with what their contracts say of their columns, as far as the principal sees them; null:
/// the owner, who sees all. Errors: those of the catalog.
Result<std::vector<VisibleTable>> visible_tables(const Lake& lake, const KnownNames& known,
                                                 const Principal* principal);

}  // namespace tarn::query
