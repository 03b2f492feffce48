#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "query/postgres/identity.h"

namespace tarn::query::postgres {

/// A statement in the engine's dialect.
struct Translation {
  std::string sql;
  /// It names relations or functions of the system catalog: they must be there, in the search path.
  bool names_system = false;
  /// A relation that `'…'::regclass` names and that there is not; empty: there is none such.
  std::string missing_relation = {};
};

/// Brings what PostgreSQL's clients send by habit into the engine's dialect, which understands most of it:
/// `pg_catalog.x`, `'t'::regclass`, `OPERATOR(pg_catalog.~)`, `to_char(d, 'YYYY-MM')`, `current_user`. Other
/// text stays as it is. `relation_oid` gives the number of a relation by its name, 0 for unknown ones. Pure.
Translation translate(std::string_view sql,
                      const std::function<std::int64_t(std::string_view name)>& relation_oid,
                      const Identity& identity, std::string_view default_schema);

}  // namespace tarn::query::postgres
