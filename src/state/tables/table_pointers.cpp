#include "state/tables/table_pointers.h"

#include <fmt/format.h>

#include "state/connection.h"
#include "state/errors.h"

namespace tarn::state {
namespace {

Result<bool> namespace_exists(Connection& connection, const std::string& name) {
  TARN_ASSIGN_OR_RETURN(const auto found,
                        connection.integer("SELECT 1 FROM namespaces WHERE name = ?", name));
  return found.has_value();
}

Status require_namespace(Connection& connection, const std::string& name) {
  TARN_ASSIGN_OR_RETURN(const bool exists, namespace_exists(connection, name));
  if (!exists) return Error(kNotFound, fmt::format("there is no namespace `{}`", name));
  return ok_status();
}

Status insert_properties(Connection& connection, const std::string& name, const Properties& properties) {
  TARN_ASSIGN_OR_RETURN(
      Statement insert,
      connection.prepare("INSERT INTO namespace_properties (namespace, key, value) VALUES (?, ?, ?)"));
  for (const auto& [key, value] : properties) {
    insert.bind(name, key, value);
    TARN_RETURN_IF_ERROR(insert.run());
  }
  return ok_status();
}

TablePointer read_pointer(const Statement& row) {
  return {.table = {row.text(0), row.text(1)},
          .metadata_location = row.text(2),
          .previous_metadata_location = row.text(3),
          .kind = row.integer(4) == 0 ? EntryKind::kTable : EntryKind::kView};
}

Result<std::optional<TablePointer>> find(Connection& connection, const TableName& table) {
  TARN_ASSIGN_OR_RETURN(Statement row, connection.prepare("SELECT namespace, name, metadata_location, "
                                                          "previous_metadata_location, kind FROM tables "
                                                          "WHERE namespace = ? AND name = ?"));
  row.bind(table.schema, table.name);
  TARN_ASSIGN_OR_RETURN(const bool found, row.step());
  return found ? std::optional(read_pointer(row)) : std::nullopt;
}

Error no_table(const TableName& table) {
  return Error(kNotFound, fmt::format("there is no table `{}`", table.to_string()));
}

}  // namespace

Status insert_namespace(Transaction& transaction, const std::string& name, const Properties& properties) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(
      const std::int64_t inserted,
      connection.run("INSERT INTO namespaces (name) VALUES (?) ON CONFLICT (name) DO NOTHING", name));
  if (inserted == 0) return Error(kConflict, fmt::format("the namespace `{}` exists", name));
  return insert_properties(connection, name, properties);
}

Status replace_namespace_properties(Transaction& transaction, const std::string& name,
                                    const Properties& properties) {
  Connection& connection = transaction.connection();
  TARN_RETURN_IF_ERROR(require_namespace(connection, name));
  TARN_RETURN_IF_ERROR(connection.run("DELETE FROM namespace_properties WHERE namespace = ?", name));
  return insert_properties(connection, name, properties);
}

Status remove_namespace(Transaction& transaction, const std::string& name) {
  Connection& connection = transaction.connection();
  TARN_RETURN_IF_ERROR(require_namespace(connection, name));
  // "/" follows "." in ASCII: all names that begin with "name.".
  TARN_ASSIGN_OR_RETURN(
      const auto nested,
      connection.integer("SELECT 1 FROM namespaces WHERE name > ? AND name < ?", name + ".", name + "/"));
  TARN_ASSIGN_OR_RETURN(const auto held,
                        connection.integer("SELECT 1 FROM tables WHERE namespace = ? LIMIT 1", name));
  if (nested || held) return Error(kConflict, fmt::format("the namespace `{}` is not empty", name));
  TARN_RETURN_IF_ERROR(connection.run("DELETE FROM namespaces WHERE name = ?", name));
  return ok_status();
}

Result<std::optional<Properties>> find_namespace(Database& database, const std::string& name) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows, reading->prepare("SELECT p.key, p.value FROM namespaces n "
                                                         "LEFT JOIN namespace_properties p "
                                                         "ON p.namespace = n.name WHERE n.name = ?"));
  rows.bind(name);
  std::optional<Properties> properties;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return properties;
    if (!properties) properties.emplace();
    if (!rows.is_null(0)) properties->emplace(rows.text(0), rows.text(1));
  }
}

Result<std::vector<std::string>> list_namespaces(Database& database) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows, reading->prepare("SELECT name FROM namespaces ORDER BY name"));
  std::vector<std::string> names;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return names;
    names.push_back(rows.text(0));
  }
}

Status insert_table(Transaction& transaction, const TableName& table, const std::string& metadata_location,
                    EntryKind kind) {
  Connection& connection = transaction.connection();
  TARN_RETURN_IF_ERROR(require_namespace(connection, table.schema));
  TARN_ASSIGN_OR_RETURN(const std::int64_t inserted,
                        connection.run("INSERT INTO tables (namespace, name, metadata_location, kind) "
                                       "VALUES (?, ?, ?, ?) ON CONFLICT (namespace, name) DO NOTHING",
                                       table.schema, table.name, metadata_location, static_cast<int>(kind)));
  if (inserted == 0) return Error(kConflict, fmt::format("the table `{}` exists", table.to_string()));
  return ok_status();
}

Status swap_table_pointer(Transaction& transaction, const PointerSwap& swap) {
  TARN_ASSIGN_OR_RETURN(const std::int64_t swapped,
                        transaction.connection().run(
                            "UPDATE tables SET metadata_location = ?, previous_metadata_location = ? "
                            "WHERE namespace = ? AND name = ? AND metadata_location = ?",
                            swap.next, swap.expected, swap.table.schema, swap.table.name, swap.expected));
  if (swapped == 0)
    return Error(kConflict, fmt::format("the table `{}` changed or is gone", swap.table.to_string()));
  return ok_status();
}

Status remove_table(Transaction& transaction, const TableName& table) {
  TARN_ASSIGN_OR_RETURN(const std::int64_t removed,
                        transaction.connection().run("DELETE FROM tables WHERE namespace = ? AND name = ?",
                                                     table.schema, table.name));
  return removed == 0 ? Status(no_table(table)) : ok_status();
}

Status rename_table(Transaction& transaction, const TableName& from, const TableName& to) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(const auto source, find(connection, from));
  if (!source) return no_table(from);
  TARN_RETURN_IF_ERROR(require_namespace(connection, to.schema));
  TARN_ASSIGN_OR_RETURN(const auto target, find(connection, to));
  if (target) return Error(kConflict, fmt::format("the table `{}` exists", to.to_string()));
  TARN_RETURN_IF_ERROR(
      connection.run("UPDATE tables SET namespace = ?, name = ? WHERE namespace = ? AND name = ?", to.schema,
                     to.name, from.schema, from.name));
  return ok_status();
}

Result<std::optional<TablePointer>> find_table(Database& database, const TableName& table) {
  const Database::Reading reading(database);
  return find(*reading.operator->(), table);
}

Result<std::optional<TablePointer>> find_table(Transaction& transaction, const TableName& table) {
  return find(transaction.connection(), table);
}

Result<std::vector<TablePointer>> list_tables(Database& database, const std::string& schema) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(Statement rows,
                        reading->prepare("SELECT namespace, name, metadata_location, "
                                         "previous_metadata_location, kind FROM tables "
                                         "WHERE namespace = ?1 OR ?1 = '' ORDER BY namespace, name"));
  rows.bind(schema);
  std::vector<TablePointer> pointers;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) return pointers;
    pointers.push_back(read_pointer(rows));
  }
}

}  // namespace tarn::state
