#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "query/rewrite.h"
#include "query/table_references.h"
#include "query/views/lake_views.h"

namespace tarn::query {

/// The names that a statement may mean.
struct KnownNames {
  std::vector<TableName> tables;      ///< Of the catalog, sorted.
  std::vector<TableName> views = {};  ///< Queries with a name, sorted.
  std::string default_schema;         ///< Of USE; empty: none.
};

/// A table or view of the lake where a statement names it.
struct PlacedUse {
  NameChain chain;
  std::size_t parts = 0;  ///< How many parts of the chain are the table's name; what follows is a column.
  TableName table;
  bool is_view = false;
};

/// What a statement needs before the engine can run it.
struct StatementNeeds {
  std::vector<PlacedUse> tables;
  std::vector<std::string> ops;  ///< Names of `ops` tables.
  bool whole_catalog = false;    ///< It looks at the engine's own catalog, where every table should be.
};

/// The one of that name among `names`, which are sorted: exactly, else ignoring case; or null.
const TableName* find_name(const std::vector<TableName>& names, const TableName& wanted);
/// The known table of that name.
const TableName* find_table(const KnownNames& known, const TableName& wanted);

/// Which of the known tables a statement names: exactly, else ignoring case. Errors: sql.bad_time_travel,
/// sql.unknown_table (an AT clause behind something else).
Result<StatementNeeds> find_needs(std::string_view sql, const KnownNames& known);

/// The table that was probably meant, as SQL writes it, or empty.
std::string nearest_table(std::string_view name, const KnownNames& known);

}  // namespace tarn::query
