#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "catalog/errors.h"
#include "catalog/names.h"
#include "rest/call.h"
#include "rest/errors.h"

// What a request of a user may do: read tables that her roles show whole. Files cannot be masked nor
// filtered.
namespace tarn::rest {

Status Endpoints::permit(const Call& call, const Route& route) const {
  if (!call.user) return ok_status();
  switch (route.needs) {
    case Needs::kNothing:
      return ok_status();
    case Needs::kNamespace: {
      TARN_ASSIGN_OR_RETURN(const auto visible, visible_namespaces(*call.user));
      if (visible.contains(call.schema)) return ok_status();
      return Error(catalog::kNamespaceNotFound, fmt::format("Namespace does not exist: {}", call.schema));
    }
    case Needs::kTable:
      return permit_table(*call.user, call.table());
    case Needs::kView:
      return Error(catalog::kViewNotFound, fmt::format("View does not exist: {}", call.table().to_string()));
    case Needs::kClient:
      break;
  }
  return Error(kForbidden, "a user reads tables: what changes the catalog needs a client of its own")
      .with_hint("name the engine in `listeners.rest.clients`");
}

Status Endpoints::permit_table(const std::string& user, const TableName& name) const {
  TARN_ASSIGN_OR_RETURN(const bool seen, options_.readers->sees(user, name));
  if (!seen) return Error(catalog::kTableNotFound, fmt::format("Table does not exist: {}", name.to_string()));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, parts_.catalog.load_table(name));
  TARN_ASSIGN_OR_RETURN(const bool whole, options_.readers->sees_whole(user, name, *table.metadata));
  if (whole) return ok_status();
  return Error(kForbidden,
               fmt::format("{} has rows, columns or values that {} may not see, and files hold them all",
                           name.to_string(), user))
      .with_hint("read it by SQL, which shows what her roles allow");
}

Result<std::set<std::string>> Endpoints::visible_namespaces(const std::string& user) const {
  std::set<std::string> visible;
  TARN_ASSIGN_OR_RETURN(const auto tables, parts_.catalog.list_tables());
  for (const TableName& table : tables) {
    TARN_ASSIGN_OR_RETURN(const bool seen, options_.readers->sees(user, table));
    for (std::string name = table.schema; seen && !name.empty(); name = catalog::parent_namespace(name))
      visible.insert(name);
  }
  return visible;
}

Result<std::vector<TableName>> Endpoints::visible_tables(const Call& call,
                                                         std::vector<TableName> tables) const {
  if (!call.user) return tables;
  std::vector<TableName> visible;
  for (TableName& table : tables) {
    TARN_ASSIGN_OR_RETURN(const bool seen, options_.readers->sees(*call.user, table));
    if (seen) visible.push_back(std::move(table));
  }
  return visible;
}

}  // namespace tarn::rest
