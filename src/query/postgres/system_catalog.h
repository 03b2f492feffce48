#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "engine/connection.h"
#include "query/postgres/identity.h"
#include "query/visible_tables.h"

namespace tarn::query::postgres {

/// The number of a table, the same in every session: of its name.
std::int64_t relation_oid(const TableName& table);
std::int64_t schema_oid(std::string_view schema);
/// Of the system catalog's own relations: 1259 of `pg_class`. 0 for others.
std::int64_t system_relation_oid(std::string_view name);

/// What PostgreSQL's clients look up before and besides their queries, in a session's own database. One
/// thread at a time.
class SystemCatalog {
 public:
  explicit SystemCatalog(engine::Connection& connection) : connection_(connection) {}

  /// Makes it at the first call, and brings it to what there is now. Errors: those of the engine.
  Status refresh(const std::vector<VisibleTable>& tables, const Identity& identity,
                 const std::string& default_schema);

 private:
  Status make();
  Status fill_types();
  Status fill_tables(const std::vector<VisibleTable>& tables);
  Status fill_session(const Identity& identity, const std::string& default_schema);

  engine::Connection& connection_;
  bool is_made_ = false;
  std::string tables_state_;  ///< What the tables were filled from.
  std::string session_state_;
};

}  // namespace tarn::query::postgres
