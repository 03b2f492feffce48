#pragma once

#include <span>
#include <string_view>

/// PostgreSQL's system catalog and information schema as SQL for a session's own database: `tarn_pg` stands
/// for `pg_catalog`, `tarn_info` for the information schema (PostgreSQL 15, "System Catalogs", "The
/// Information Schema"). What a lake has stands in the tables `tarn_pg.lake_…`, which SystemCatalog fills;
/// everything else is views and macros over them, or empty. For this library only.
namespace tarn::query::postgres {

/// The schemas, the tables to be filled, and the functions. Run these in their order.
std::string_view system_functions();
std::string_view system_relations();
std::string_view information_schema();

/// A relation that a lake has nothing for.
struct EmptyRelation {
  std::string_view schema;
  std::string_view name;
  std::string_view columns;
};
std::span<const EmptyRelation> empty_relations();

}  // namespace tarn::query::postgres
